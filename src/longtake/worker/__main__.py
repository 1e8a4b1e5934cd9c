"""A slot: ``python -P -m longtake.worker [--engine NAME]...``, started by the supervisor.

One process that makes one task at a time, with the engines named or all installed ones.
SIGTERM: it takes nothing more, finishes what it makes or hands it back, and leaves; a
second one ends it at once.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import time
from types import FrameType

from longtake import fleet, logs, settings
from longtake.engines import registry
from longtake.errors import EngineFailed, LongtakeError, SetupIncomplete
from longtake.fleet import Declared
from longtake.store import Store
from longtake.worker import executor, locks, workflows
from longtake.worker.bench import Bench
from longtake.worker.sweep import Sweep

_UNWIND_S = 5  # to let go of what is handed back
_CONNECTIONS = 20
_LOOK_EVERY_S = 0.2

_log = logs.get(__name__)


def main() -> int:
    """Work until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m longtake.worker")
    parser.add_argument("--engine", action="append", default=[])
    asked = parser.parse_args()
    logs.set_up("worker")
    signals = _Signals()
    try:
        _work(asked.engine or list(registry.names()), signals)
    except LongtakeError as error:
        _log.error("cannot work", reason=str(error), code=error.code)
        return error.exit_code
    return 0


class _Signals:
    """Whether we were asked to leave. Asked twice, we are gone.

    A plain value, looked at again and again: an Event set by a signal's handler can wait
    for the very thread that the signal has interrupted.
    """

    def __init__(self) -> None:
        self._came = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def wait(self) -> None:
        """Return once one has come."""
        while not self._came:
            time.sleep(_LOOK_EVERY_S)

    def _note(self, _: int, __: FrameType | None) -> None:
        if self._came:
            os._exit(1)
        self._came = True


def _work(names: list[str], signals: _Signals) -> None:
    store = Store(settings.load(), pool_size=_CONNECTIONS)
    held = locks.locks(store)
    number = locks.take_first(held)
    name = locks.name_of(number)
    logs.set_up(name)
    bench = Bench(store, name)
    try:
        engines = _declared(bench, names)
        bench.tasks.queue.register(engines)
        with store.database.transaction() as connection:
            fleet.announce(connection, name, engines.values())
        load = executor.create(store, bench.tasks.queue, name, engines)
        workflows.register(bench)
        executor.launch()
        sweep = Sweep(bench, held, number, load.running)
        sweep.start()
        _log.info("works", engines=sorted(engines))
        sys.stdout.write(json.dumps({"slot": name}) + "\n")
        sys.stdout.flush()
        signals.wait()
        _leave(bench)
        sweep.stop()
    finally:
        bench.engines.kill()
        bench.clear(name)
        store.close()
        held.close()


def _declared(bench: Bench, names: list[str]) -> dict[str, Declared]:
    """What the engines say of themselves; the default one last, so that it stays warm."""
    default = bench.store.settings.engine
    found: dict[str, Declared] = {}
    for name in sorted(names, key=lambda name: name == default):
        try:
            found[name] = bench.engines.declared(name)
        except EngineFailed as error:
            _log.error("engine left out", engine=name, reason=str(error))
    if not found:
        raise SetupIncomplete("No engine can be started; see longtake check.")
    return found


def _leave(bench: Bench) -> None:
    _log.info("leaves")
    bench.turn.close()
    grace_s = bench.store.settings.stop_grace_s
    no_longer = threading.Timer(grace_s, bench.leaving.set)
    no_longer.start()
    executor.stop(grace_s + _UNWIND_S)
    no_longer.cancel()
    if left := bench.tasks.queue.held(bench.name):
        bench.tasks.queue.hand_back(left)
        _log.info("handed back", n_workflows=len(left))
    with bench.store.database.transaction() as connection:
        fleet.leave(connection, bench.name)


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(status)  # whatever threads are stuck in something
