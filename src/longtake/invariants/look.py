"""What an invariant looks at, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from longtake.store import Store

QueueView = Callable[[Collection[str]], Collection[str]]
"""Of these workflows, those that the queue still has in hand."""


@dataclass(frozen=True, slots=True)
class Look:
    """One moment of the books, and the files beside them."""

    store: Store
    connection: Connection
    now_ms: int
    grown_ms: int  # files put after this moment may still be waiting for their row
    deep: bool  # read every file, too
    queue_view: QueueView | None


Invariant = Callable[[Look], Iterator[str]]
"""Yields one sentence for each place in which it does not hold."""
