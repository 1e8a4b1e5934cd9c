"""What watches over a making: that it is still wanted, and done in time."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Literal, Self

from longtake import clock, records
from longtake.errors import DatabaseUnreachable
from longtake.store.database import Database

_LOOK_EVERY_S = 0.2

Why = Literal["", "settled", "late", "leaving"]


class Watch:
    """Sets ``stop``, and says ``why``, once the making of a record has to end.

    That is: the record is no longer open (it was canceled), ``due_s`` of the monotonic
    clock has passed, or ``leaving`` is set.
    """

    def __init__(
        self,
        database: Database,
        record_id: str,
        *,
        due_s: float,
        leaving: threading.Event,
    ) -> None:
        self.stop = threading.Event()
        self.why: Why = ""
        self._database, self._record_id = database, record_id
        self._due_s, self._leaving = due_s, leaving
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.is_set():
            if why := self._reason():
                self.why = why
                self.stop.set()
                return
            self._done.wait(_LOOK_EVERY_S)

    def _reason(self) -> Why:
        if self._leaving.is_set():
            return "leaving"
        if clock.monotonic_s() > self._due_s:
            return "late"
        return "" if self._open() else "settled"

    def _open(self) -> bool:
        try:
            with self._database.reading() as connection:
                return records.by_id(connection, self._record_id).open
        except DatabaseUnreachable:
            return True  # nobody can say; the making goes on
