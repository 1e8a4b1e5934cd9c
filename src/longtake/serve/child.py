"""A child process of the supervisor: started, started again when it dies, stopped."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, cast

from longtake import clock, logs, settings

_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 30.0

_log = logs.get(__name__)


class Child:
    """``python -m MODULE ARGUMENTS...`` in a process group of its own.

    So that an interrupt at the terminal comes to the supervisor alone, which then stops
    its children in order. Its settings are ours but for ``changes``, as they stand when
    it is started. Once it works it says so, in one line on stdout.
    """

    def __init__(
        self, module: str, *arguments: str, changes: Mapping[str, object]
    ) -> None:
        self._module, self._arguments, self._changes = module, arguments, changes
        self._process: subprocess.Popen[bytes] | None = None
        self._due_s = 0.0
        self._wait_s = _FIRST_WAIT_S
        self._worked = False

    def start(self) -> None:
        """Start it."""
        command = [sys.executable, "-P", "-m", "longtake.serve.leash", self._module]
        self._process = subprocess.Popen(
            [*command, *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=settings.environment(self._changes),
            process_group=0,
        )
        self._worked = False

    def works(self, patience_s: float) -> bool:
        """Whether it has said that it works, or says so within ``patience_s`` seconds."""
        assert self._process, "it was started"
        if not self._worked:
            stream = cast(IO[bytes], self._process.stdout)
            readable, _, _ = select.select([stream], [], [], patience_s)
            self._worked = bool(readable and stream.readline())
        return self._worked

    def look(self) -> None:
        """Start it again if it has died; later each time, where it never came to work."""
        process, now_s = self._process, clock.monotonic_s()
        if process and (status := process.poll()) is not None:
            if self.works(0):
                self._wait_s = _FIRST_WAIT_S
            _close(process)
            self._process = None
            self._due_s = now_s + self._wait_s
            _log.error(
                "died", child=self._module, status=status, again_in_s=self._wait_s
            )
            self._wait_s = min(2 * self._wait_s, _LONGEST_WAIT_S)
        if not self._process and now_s >= self._due_s:
            self.start()

    def ask_to_stop(self) -> None:
        """Ask it to finish and leave."""
        if self._process:
            self._process.terminate()

    def gone(self) -> bool:
        """Whether it has left."""
        return self._process is None or self._process.poll() is not None

    def kill(self) -> None:
        """End it now, if it has not left."""
        process, self._process = self._process, None
        if process:
            if process.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            _close(process)


def _close(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()
