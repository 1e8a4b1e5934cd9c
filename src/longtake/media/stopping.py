"""A stop that reaches every process at work on one extension, silent ones too.

Whoever waits for a process of ours is blocked in a pipe and looks at nothing else. So the
threads that watch those processes look: each kills its own once the stop is set.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Event

from longtake.errors import Canceled

LOOK_EVERY_S = 0.1

_current: ContextVar[Event | None] = ContextVar("stop", default=None)


@contextmanager
def heeding(stop: Event | None) -> Iterator[None]:
    """Processes that are opened or asked in this block end when ``stop`` is set.

    Whoever waits for one of them gets Canceled.
    """
    token = _current.set(stop)
    try:
        yield
    finally:
        _current.reset(token)


def current() -> Event:
    """The stop of the block we are in; one that nobody sets where there is none."""
    return _current.get() or Event()


def check() -> None:
    """Raise Canceled once the stop of the block we are in is set."""
    if current().is_set():
        raise canceled()


def canceled() -> Canceled:
    """The error of work that was stopped."""
    return Canceled("It was canceled; nothing was left behind.")
