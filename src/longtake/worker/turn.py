"""One making at a time, also where two queues hand out a task in the same moment."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class HandedBack(BaseException):
    """This process is leaving: the task is for whoever comes next.

    Not an Exception, so that the durable library records nothing of it: the task stays
    in our hands until all of them are handed back together, or recovered if we are killed.
    """


class Turn:
    """Whose turn it is, by record.

    A record has its turn over all of its steps, and may be twice in this process: where
    the database was lost, the same task can be handed to it anew.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._record_id: str | None = None
        self._holders = 0
        self.closed = threading.Event()

    @contextmanager
    def of(self, record_id: str) -> Iterator[None]:
        """Wait for the turn of ``record_id``. Raises HandedBack once it is closed."""
        with self._changed:
            self._changed.wait_for(
                lambda: self.closed.is_set() or self._record_id in {None, record_id}
            )
            if self.closed.is_set():
                raise HandedBack
            self._record_id = record_id
            self._holders += 1
        try:
            yield
        finally:
            with self._changed:
                self._holders -= 1
                if not self._holders:
                    self._record_id = None
                    self._changed.notify_all()

    def close(self) -> None:
        """Nobody gets a turn from now on; whoever has it keeps it."""
        with self._changed:
            self.closed.set()
            self._changed.notify_all()
