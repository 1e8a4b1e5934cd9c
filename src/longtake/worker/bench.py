"""What one slot works with, and what the steps of its workflows share."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from tempfile import TemporaryDirectory
from typing import TypeVar

from sqlalchemy import Connection

from longtake.door import Door
from longtake.errors import DatabaseUnreachable
from longtake.store import Store
from longtake.tasks import Tasks
from longtake.worker.engines import Engines
from longtake.worker.turn import HandedBack, Turn

T = TypeVar("T")

_AGAIN_AFTER_S = 0.5


class Bench:
    """Everything a slot works with. Setting ``leaving`` ends what is under way."""

    def __init__(self, store: Store, name: str) -> None:
        self.name, self.store, self.tasks = name, store, Tasks(store)
        self.door, self.engines = Door(store.settings), Engines()
        self.turn, self.leaving = Turn(), threading.Event()
        self._desks = store.settings.data / "work"
        self._desk = self._desks / name
        self.clear(name)
        self._desk.mkdir(parents=True)

    def desk(self) -> TemporaryDirectory[str]:
        """A folder to work in, gone afterwards."""
        return TemporaryDirectory(dir=self._desk)

    def other_desks(self) -> set[str]:
        """The slots, alive or dead, that have a desk in this data folder, but ours."""
        return {desk.name for desk in self._desks.iterdir()} - {self.name}

    def clear(self, name: str) -> None:
        """Remove the desk of the slot ``name`` and what a dead process has left on it."""
        with suppress(FileNotFoundError):
            shutil.rmtree(self._desks / name)

    def patiently(self, act: Callable[[], T]) -> T:
        """Do ``act``, again and again while the database cannot be reached.

        No task fails or is lost because the books were closed for a while. Raises
        HandedBack where this process is leaving meanwhile.
        """
        while True:
            try:
                return act()
            except DatabaseUnreachable:
                if self.leaving.wait(_AGAIN_AFTER_S):
                    raise HandedBack from None

    def read(self, look: Callable[[Connection], T]) -> T:
        """What ``look`` finds in the books, as patiently."""

        def act() -> T:
            with self.store.database.reading() as connection:
                return look(connection)

        return self.patiently(act)
