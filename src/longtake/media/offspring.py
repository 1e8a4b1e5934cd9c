"""The process of a limited child: forked by the nursery, or a start of Python.

A start of Python with NumPy and FFmpeg costs more than many a child's work, a fork next to
nothing (media.nursery). Forking is Linux's; elsewhere, and where the nursery does not
answer, every child is a process started for it.
"""

from __future__ import annotations

import atexit
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack, suppress
from typing import IO, Protocol, cast

from longtake.media import confine

_ANSWER_S = 60.0
_STATUS_BYTES = 16
if sys.platform == "win32":  # where start_new_session means nothing
    _CREATION_FLAGS = subprocess.CREATE_NEW_PROCESS_GROUP
else:
    _CREATION_FLAGS = 0


class Offspring(Protocol):
    """A child's process; it dies with the process ``parent``."""

    pid: int
    parent: int
    stdin: IO[bytes]
    stdout: IO[bytes]

    def poll(self) -> int | None:
        """Its exit status, negative for a signal, None while it runs."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, when it has ended. Raises subprocess.TimeoutExpired."""
        ...

    def kill(self) -> None:
        """End it and all of its group, and wait for that; safe at any time."""
        ...

    def close(self) -> None:
        """Let go of it, once it has ended, but for its pipes."""
        ...


def born(module: str) -> Offspring:
    """A process of the limited child ``module``, which awaits its request."""
    if sys.platform == "linux":
        for _ in range(2):  # the first may have ended a moment ago, idle
            with suppress(OSError, EOFError):
                return _Forked(module, _nursery())
    return _Started(module)


def prepare() -> None:
    """Start the nursery, which gets ready meanwhile, where children are soon wanted."""
    if sys.platform == "linux":
        with suppress(OSError):
            _nursery()


class _Started:
    """A start of Python."""

    def __init__(self, module: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=confine.environment(),
            start_new_session=True,
            creationflags=_CREATION_FLAGS,
        )
        self.pid, self.parent = self._process.pid, os.getpid()
        self.stdin = cast(IO[bytes], self._process.stdin)
        self.stdout = cast(IO[bytes], self._process.stdout)

    def poll(self) -> int | None:
        return self._process.poll()

    def wait(self, timeout: float | None = None) -> int:
        return self._process.wait(timeout)

    def kill(self) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError, PermissionError):
                if sys.platform == "win32":
                    self._process.kill()
                else:
                    os.killpg(self.pid, signal.SIGKILL)
        self.wait()

    def close(self) -> None:
        pass


class _Forked:
    """A fork of the nursery. Raises OSError or EOFError where it is not to be had."""

    def __init__(self, module: str, nursery: _Nursery) -> None:
        with ExitStack() as failing, ExitStack() as given:
            reading, writing = os.pipe(), os.pipe()
            given.callback(os.close, reading[0])
            given.callback(os.close, writing[1])
            self.stdin: IO[bytes] = os.fdopen(reading[1], "wb")
            self.stdout: IO[bytes] = os.fdopen(writing[0], "rb")
            failing.enter_context(self.stdin)
            failing.enter_context(self.stdout)
            self._line, theirs = socket.socketpair(
                socket.AF_UNIX, socket.SOCK_SEQPACKET
            )
            failing.enter_context(self._line)
            given.enter_context(theirs)
            nursery.ask(module, reading[0], writing[1], theirs.fileno())
            given.close()
            self._line.settimeout(_ANSWER_S)
            self.pid, self.parent = self._number(), nursery.pid
            failing.pop_all()
        self._status: int | None = None
        self._asking = threading.Lock()

    def _number(self) -> int:
        said = self._line.recv(_STATUS_BYTES)
        if not said:
            raise EOFError("the nursery has closed the line")
        return int(said)

    def poll(self) -> int | None:
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        status = self._ended(None if timeout is None else timeout * 1000)
        if status is None:
            raise subprocess.TimeoutExpired("a limited child", timeout or 0)
        return status

    def _ended(self, timeout_ms: float | None) -> int | None:
        """The status, which one thread hears and all are told."""
        if self._status is None:
            waiting = select.poll()
            waiting.register(self._line, select.POLLIN)
            if not waiting.poll(timeout_ms):
                return None
            with self._asking:
                if self._status is None:
                    try:
                        self._status = self._number()
                    except (OSError, EOFError):  # the nursery died, and it with that
                        self._status = -signal.SIGKILL
        return self._status

    def kill(self) -> None:
        if self._status is None:
            with suppress(OSError):
                self._line.shutdown(socket.SHUT_WR)
        self.wait()

    def close(self) -> None:
        self._line.close()


class _Nursery:
    """The process that forks, and the line to it."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "longtake.media.nursery"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
        self.pid = self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, module: str, *descriptors: int) -> None:
        socket.send_fds(self._line, [module.encode()], descriptors)

    def end(self) -> None:
        self._line.close()
        self._process.wait()

    def forsake(self) -> None:
        """Leave it to the process that we are a fork of."""
        self._line.close()
        self._process.returncode = 0


_current: _Nursery | None = None
_starting = threading.Lock()


def _nursery() -> _Nursery:
    """The one of this process, started where there is none."""
    global _current  # noqa: PLW0603 - one for all threads, for as long as it is asked
    environment = confine.environment()
    with _starting:
        if _current and not (_current.alive and _current.environment == environment):
            _current.end()
            _current = None
        _current = _current or _Nursery(environment)
        return _current


def _end() -> None:
    if _current:
        _current.end()


def _forsake() -> None:
    global _current, _starting  # whoever held the lock is not here
    if _current:
        _current.forsake()
    _current, _starting = None, threading.Lock()


atexit.register(_end)
if sys.platform != "win32":
    os.register_at_fork(after_in_child=_forsake)
