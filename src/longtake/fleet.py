"""The fleet: which workers run, and what their engines declare."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, delete, insert, select, update

from longtake import clock
from longtake.store.tables import workers

ALIVE_MS = 60_000  # a worker that has been silent for longer does not count as running


class Declared(BaseModel):
    """What an engine says of itself."""

    model_config = ConfigDict(frozen=True)

    name: str
    version: str
    limits: dict[str, Any]  # engines.protocol.Limits, as JSON


class Known(Declared):
    """An engine that some worker has declared; ``running``: and one of those runs now."""

    running: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One worker, as it last said of itself; ``running``: and not long ago."""

    executor: str
    host: str
    pid: int
    engines: tuple[str, ...]
    started_ms: int
    seen_ms: int  # 0: it has said good-bye
    running: bool


def announce(
    connection: Connection, executor: str, engines: Iterable[Declared]
) -> None:
    """Write down that ``executor`` runs here and now, with ``engines``."""
    now = clock.now_ms()
    connection.execute(delete(workers).where(workers.c.executor == executor))
    connection.execute(
        insert(workers).values(
            executor=executor,
            host=socket.gethostname(),
            pid=os.getpid(),
            engines={one.name: one.model_dump() for one in engines},
            started_ms=now,
            seen_ms=now,
        )
    )


def seen(connection: Connection, executor: str) -> None:
    """``executor`` still runs; to be said several times a minute."""
    _see(connection, executor, clock.now_ms())


def leave(connection: Connection, executor: str) -> None:
    """``executor`` has stopped. What it declared stays known."""
    _see(connection, executor, 0)


def engines(connection: Connection) -> dict[str, Known]:
    """Every engine that a worker has ever declared, as the latest one did."""
    oldest_ms = clock.now_ms() - ALIVE_MS
    found: dict[str, Known] = {}
    for row in connection.execute(select(workers).order_by(workers.c.seen_ms)):
        for name, declared in row.engines.items():
            found[name] = Known(**declared, running=row.seen_ms >= oldest_ms)
    return dict(sorted(found.items()))


def listed(connection: Connection) -> tuple[Worker, ...]:
    """Every worker that is known, by name."""
    oldest_ms = clock.now_ms() - ALIVE_MS
    rows = connection.execute(select(workers).order_by(workers.c.executor))
    return tuple(
        Worker(
            executor=row.executor,
            host=row.host,
            pid=row.pid,
            engines=tuple(sorted(row.engines)),
            started_ms=row.started_ms,
            seen_ms=row.seen_ms,
            running=row.seen_ms >= oldest_ms,
        )
        for row in rows
    )


def _see(connection: Connection, executor: str, at_ms: int) -> None:
    connection.execute(
        update(workers).where(workers.c.executor == executor).values(seen_ms=at_ms)
    )
