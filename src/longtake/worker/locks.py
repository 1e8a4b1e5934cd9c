"""Slots have numbers, and each number has one living process at most.

The lock goes with its process, however that ends, so that no clock decides who is dead.
With SQLite it is a lock on a file in the data folder, with Postgres an advisory lock on
a connection of its own.
"""

from __future__ import annotations

import fcntl
from itertools import count
from pathlib import Path
from typing import IO, Protocol

from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from longtake.store import Store

_PREFIX = "slot-"
_SPACE = 0x6C74  # of our advisory locks; any number that is ours
# A host that vanishes without a word gives its locks back within half a minute.
_KEEPALIVE = (
    "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
)


class Locks(Protocol):
    """Numbers that this process can hold."""

    def take(self, number: int) -> bool:
        """Hold ``number``, unless another process does."""

    def release(self, number: int) -> None:
        """Let go of ``number``."""

    def holds(self, number: int) -> bool:
        """Whether ``number`` is ours since it was taken."""

    def close(self) -> None:
        """Let go of everything."""


def locks(store: Store) -> Locks:
    """The locks of this installation."""
    if store.database.on_sqlite:
        return _Files(store.settings.data / "locks")
    return _Session(store.database.url)


def name_of(number: int) -> str:
    """What the slot ``number`` is called, as executor of the durable library too."""
    return f"{_PREFIX}{number}"


def number_of(name: str) -> int:
    """The number of the slot ``name``."""
    return int(name.removeprefix(_PREFIX))


def take_first(held: Locks) -> int:
    """Hold the lowest free number."""
    return next(number for number in count() if held.take(number))


class _Files:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self._held: dict[int, IO[str]] = {}

    def take(self, number: int) -> bool:
        file = (self._folder / name_of(number)).open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._held[number] = file
        return True

    def release(self, number: int) -> None:
        self._held.pop(number).close()

    def holds(self, number: int) -> bool:
        return number in self._held

    def close(self) -> None:
        for number in list(self._held):
            self.release(number)


class _Session:
    def __init__(self, url: str) -> None:
        self._engine = create_engine(
            url,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args={"connect_timeout": 5, "options": _KEEPALIVE},
        )
        self._connection = self._engine.connect()

    def take(self, number: int) -> bool:
        if self._connection.closed:
            self._connection = self._engine.connect()
        return bool(self._ask(f"pg_try_advisory_lock({_SPACE}, {number})"))

    def release(self, number: int) -> None:
        self._ask(f"pg_advisory_unlock({_SPACE}, {number})")

    def holds(self, number: int) -> bool:
        try:
            self._ask("1")
        except DBAPIError:  # the lock went with the connection
            self._connection.close()
            return False
        return True

    def close(self) -> None:
        self._connection.close()
        self._engine.dispose()

    def _ask(self, what: str) -> object:
        return self._connection.scalar(text(f"SELECT {what}"))
