"""The engine of a slot: one at a time, kept warm between tasks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from longtake.engines.host import LIMITS
from longtake.engines.process import EngineProcess
from longtake.fleet import Declared


class Engines:
    """Starts the engine that is asked for and keeps it, until another is asked for.

    At most one is alive, so that a slot takes the memory of one. One task at a time has
    it; the next waits.
    """

    def __init__(self) -> None:
        self._lease = threading.Lock()
        self._engine: EngineProcess | None = None

    @contextmanager
    def lease(self, name: str) -> Iterator[EngineProcess]:
        """The engine ``name``, running, for one task.

        Left with work under way (an error, a stop), it is killed; the next task gets a
        fresh one. Raises EngineUnknown and EngineFailed.
        """
        with self._lease:
            engine = self._started(name)
            try:
                yield engine
            finally:
                if not engine.idle:
                    engine.kill()

    def declared(self, name: str) -> Declared:
        """What the engine ``name`` says of itself. Raises EngineUnknown, EngineFailed."""
        with self.lease(name) as engine:
            limits = LIMITS.dump_python(engine.limits, mode="json")
            return Declared(name=name, version=engine.version, limits=limits)

    def kill(self) -> None:
        """End the engine, also under a task, which then ends as Canceled."""
        if engine := self._engine:
            engine.halt()
        with self._lease:
            self._drop()

    def _started(self, name: str) -> EngineProcess:
        engine = self._engine
        if engine and engine.name == name and engine.idle:
            return engine
        self._drop()
        self._engine = EngineProcess(name).__enter__()
        return self._engine

    def _drop(self) -> None:
        engine, self._engine = self._engine, None
        if engine:
            engine.kill()
