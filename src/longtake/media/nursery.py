"""The nursery: a process that has the libraries of limited children, and forks them.

``python -P -m longtake.media.nursery``, started by media.offspring with a line to it as
standard input: a sequence of packets, each the name of a module with the child's two ends
of its pipes and one end of a line of its own. On that the nursery says the child's process
id and, when it has ended, its status; the other end closed, it kills the child.

It has nobody's secrets, opens nobody's files and runs no thread: what it forks is as fresh
as a process of its own would be, and confines itself the same way (media.child). It ends
with the process that started it, or when nothing was asked of it for a while, and what it
forked ends with it.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from longtake.media import child

MESSAGE_BYTES = 4096
_FIRST = ("longtake.media.probe", "longtake.media.decode")  # what is asked for first
_N_DESCRIPTORS = 3
_IDLE_S = 30.0


@dataclass(frozen=True, slots=True)
class _Fork:
    """One child: its process, a descriptor of that, and the line to its owner."""

    pid: int
    ended: int
    line: socket.socket


class Nursery:
    """Serves what comes over ``line`` until that closes, or nothing came for ``idle_s``."""

    def __init__(self, line: socket.socket, *, idle_s: float = _IDLE_S) -> None:
        self._line, self._idle_ms = line, idle_s * 1000
        self._forks: dict[int, _Fork] = {}  # by both descriptors
        self._waiting = select.poll()
        self._waiting.register(line, select.POLLIN)

    def serve(self) -> None:
        """Fork, kill and collect."""
        while events := self._waiting.poll(None if self._forks else self._idle_ms):
            for descriptor, _ in events:
                fork = self._forks.get(descriptor)
                if descriptor == self._line.fileno():
                    if not self._take():
                        return
                elif fork is not None and descriptor == fork.ended:
                    self._collect(fork)
                elif fork is not None:
                    self._kill(fork)

    def _take(self) -> bool:
        """Fork for one request; False where the owner is gone."""
        asked, given, _, _ = socket.recv_fds(self._line, MESSAGE_BYTES, _N_DESCRIPTORS)
        if not asked:
            return False
        stdin, stdout, line = given
        with socket.socket(fileno=line) as line_to_it:
            try:
                fork = self._fork(asked.decode(), stdin, stdout, line_to_it)
            except (OSError, ImportError, AttributeError):
                return True  # closing its line says so
            finally:
                os.close(stdin)
                os.close(stdout)
        for descriptor in (fork.ended, fork.line.fileno()):
            self._forks[descriptor] = fork
            self._waiting.register(descriptor, select.POLLIN)
        return True

    def _fork(self, module: str, stdin: int, stdout: int, line: socket.socket) -> _Fork:
        work = _work_of(module)
        gc.freeze()  # what is there already is shared, not copied
        pid = os.fork()
        if not pid:
            try:
                line.close()
                self._line.close()
                for descriptor in self._forks:
                    os.close(descriptor)
                _live(work, stdin, stdout)
            finally:
                os._exit(1)
        with suppress(BrokenPipeError):  # nobody wants it any more: killed below
            line.send(str(pid).encode())
        return _Fork(pid, os.pidfd_open(pid), line.dup())

    def _kill(self, fork: _Fork) -> None:
        self._waiting.unregister(fork.line.fileno())
        for end in (os.killpg, os.kill):  # it may not lead its group yet
            with suppress(ProcessLookupError):
                end(fork.pid, signal.SIGKILL)

    def _collect(self, fork: _Fork) -> None:
        _, status = os.waitpid(fork.pid, 0)
        with suppress(OSError):  # nobody asks any more
            fork.line.send(str(os.waitstatus_to_exitcode(status)).encode())
        for descriptor in (fork.ended, fork.line.fileno()):
            del self._forks[descriptor]
            with suppress(KeyError):
                self._waiting.unregister(descriptor)
        os.close(fork.ended)
        fork.line.close()


def _work_of(module: str) -> Callable[..., dict[str, Any]]:
    """The work of ``module``, as ``python -m`` would find it; imported the first time."""
    found = import_module(module)
    if hasattr(found, "__path__"):
        found = import_module(f"{module}.__main__")
    work: Callable[..., dict[str, Any]] = found.work
    return work


def _live(work: child.Work, stdin: int, stdout: int) -> None:
    """The life of a child, from here on its own."""
    os.setsid()
    with suppress(OSError):  # what `ps` calls it
        name = work.__module__.removesuffix(".__main__").rpartition(".")[2]
        Path("/proc/self/comm").write_text(f"longtake-{name}"[:15])
    os.dup2(stdin, 0)
    os.dup2(stdout, 1)
    os.close(stdin)
    os.close(stdout)
    child.main(work)


if __name__ == "__main__":
    for name in _FIRST:
        _work_of(name)
    Nursery(socket.socket(fileno=0)).serve()
    sys.stdout.flush()
    os._exit(0)
