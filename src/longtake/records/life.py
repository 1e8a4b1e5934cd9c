"""The life of a record: waiting, running, then success or fail, once and for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, or_, select, tuple_, update

from longtake import clock
from longtake.errors import NotFound, RecordNotReady
from longtake.records.record import OPEN, Record, State, by_id, find
from longtake.records.work import Work
from longtake.store import tables
from longtake.store.database import upsert

_table = tables.records
_engine = _table.c.work["engine"].as_string()
_order = (_table.c.priority, _table.c.created_ms, _table.c.id)  # of an account's tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a running task is: ``done`` of ``total`` steps of a stage.

    ``picture`` is the latest frame as a small JPEG; None keeps the one before.
    """

    stage: str
    done: int
    total: int
    candidate: int = 0
    picture: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How many records of an account wait for or run on an engine."""

    account_id: str
    engine: str
    state: State
    n: int
    oldest_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An account of whose tasks some wait for a place in the queue."""

    account_id: str
    tier: str
    n_enqueued: int


def begin(connection: Connection, record_id: str) -> Work | None:
    """Take the record up: its work, or None where it is settled already.

    A record that runs already is taken up again: its worker has died.
    """
    row = connection.execute(
        select(_table.c.state, _table.c.work)
        .where(_table.c.id == record_id)
        .with_for_update()
    ).first()
    if row is None:
        raise NotFound("Record does not exist")
    if row.state not in OPEN:
        return None
    connection.execute(
        update(_table)
        .where(_table.c.id == record_id, _table.c.state == "waiting")
        .values(state="running", started_ms=clock.now_ms())
    )
    return Work.model_validate(row.work)


def succeed(connection: Connection, record_id: str, *, expires_ms: int) -> bool:
    """Settle the record as made; False, and nothing done, if it was settled before."""
    return _settle(
        connection, record_id, state="success", success_flag=1, expires_ms=expires_ms
    )


def fail(
    connection: Connection, record_id: str, *, code: str, message: str, flag: int
) -> bool:
    """Settle the record as failed; False, and nothing done, if it was settled before.

    ``flag`` is the wire's: 2 before an engine ran, 3 after it, or canceled.
    """
    assert flag in {2, 3}, "0 and 1 do not say failed"
    return _settle(
        connection,
        record_id,
        state="fail",
        success_flag=flag,
        error_code=code,
        error_message=message,
    )


def tell(connection: Connection, record_id: str, progress: Progress) -> bool:
    """Keep how far the record is; False, and nothing kept, once it runs no more."""
    row = connection.execute(
        select(_table.c.state)
        .where(_table.c.id == record_id)
        .with_for_update(read=True)
    ).first()
    if row is None or row.state != "running":
        return False
    told: dict[str, Any] = {
        "stage": progress.stage,
        "done": progress.done,
        "total": progress.total,
        "candidate": progress.candidate,
        "at_ms": clock.now_ms(),
    }
    if progress.picture is not None:
        told["picture"] = progress.picture
    upsert(connection, tables.progress, {"record_id": record_id}, told)
    return True


def progress(connection: Connection, record_id: str) -> Progress | None:
    """How far the record is; None while it waits and once it is settled."""
    told = tables.progress.c
    row = (
        connection.execute(
            select(
                told.stage, told.done, told.total, told.candidate, told.picture
            ).where(told.record_id == record_id)
        )
        .mappings()
        .first()
    )
    return Progress(**row) if row else None


def line_up(
    connection: Connection, account_id: str, n_places: int
) -> tuple[Record, ...]:
    """Give the account's next tasks a place in the queue, up to ``n_places`` in all.

    Next is who has the lowest priority, then the oldest. The caller has locked the
    account, and enqueues those that are answered in the same transaction.
    """
    owned = _table.c.account_id == account_id
    n_enqueued = connection.execute(
        select(func.count()).where(
            owned, _table.c.state.in_(OPEN), _table.c.enqueued_ms.is_not(None)
        )
    ).scalar_one()
    if n_enqueued >= n_places:
        return ()
    following = connection.scalars(
        select(_table.c.id)
        .where(owned, _table.c.state == "waiting", _table.c.enqueued_ms.is_(None))
        .order_by(*_order)
        .limit(n_places - n_enqueued)
    ).all()
    connection.execute(
        update(_table)
        .where(_table.c.id.in_(following))
        .values(enqueued_ms=clock.now_ms())
    )
    return tuple(by_id(connection, record_id) for record_id in following)


def lines(connection: Connection) -> tuple[Line, ...]:
    """The accounts of whose tasks some wait for a place in the queue."""
    n_enqueued = func.count(_table.c.enqueued_ms)
    rows = connection.execute(
        select(
            _table.c.account_id, tables.accounts.c.tier, n_enqueued.label("n_enqueued")
        )
        .join_from(_table, tables.accounts, _table.c.account_id == tables.accounts.c.id)
        .where(_table.c.state.in_(OPEN))
        .group_by(_table.c.account_id, tables.accounts.c.tier)
        .having(func.count() > n_enqueued)
    )
    return tuple(Line(**row) for row in rows.mappings())


def counts(connection: Connection) -> dict[str, int]:
    """How many open records there are, of all accounts, by state."""
    rows = connection.execute(
        select(_table.c.state, func.count().label("n"))
        .where(_table.c.state.in_(OPEN))
        .group_by(_table.c.state)
    )
    return dict.fromkeys(OPEN, 0) | {row.state: row.n for row in rows}


def ahead(connection: Connection, record: Record) -> int:
    """How many open records of its account came, or come, to the queue before it."""
    place = (record.priority, record.created_ms, record.id)
    enqueued_ms = _table.c.enqueued_ms
    if record.enqueued_ms is None:
        before = or_(enqueued_ms.is_not(None), tuple_(*_order) < place)
    else:
        before = tuple_(enqueued_ms, *_order) < (record.enqueued_ms, *place)
    return connection.execute(
        select(func.count()).where(
            _table.c.account_id == record.account_id, _table.c.state.in_(OPEN), before
        )
    ).scalar_one()


def standing(connection: Connection) -> tuple[Standing, ...]:
    """The open records of all accounts, counted by account, engine and state."""
    rows = connection.execute(
        select(
            _table.c.account_id,
            _engine.label("engine"),
            _table.c.state,
            func.count().label("n"),
            func.min(_table.c.created_ms).label("oldest_ms"),
        )
        .where(_table.c.state.in_(OPEN))
        .group_by(_table.c.account_id, "engine", _table.c.state)
        .order_by(func.min(_table.c.created_ms))
    )
    return tuple(Standing(**row) for row in rows.mappings())


def discard(connection: Connection, account_id: str, task_id: str) -> None:
    """Hide a settled record from its account and let its media go.

    Its id on the wire is free again, so that what was adopted can be adopted anew.
    Raises NotFound, and RecordNotReady while it is open.
    """
    record = find(connection, account_id, task_id)
    if record.open:
        raise RecordNotReady("The record is still being made; cancel it first.")
    now_ms = clock.now_ms()
    connection.execute(
        update(_table)
        .where(_table.c.id == record.id)
        .values(deleted_ms=now_ms, expires_ms=now_ms, task_id=record.id)
    )


def outdated(connection: Connection, before_ms: int, limit: int) -> tuple[str, ...]:
    """Ids of settled records that were completed before ``before_ms``, oldest first."""
    rows = connection.execute(
        select(_table.c.id)
        .where(_table.c.state.not_in(OPEN), _table.c.completed_ms < before_ms)
        .order_by(_table.c.completed_ms)
        .limit(limit)
    )
    return tuple(rows.scalars())


def forget(connection: Connection, record_ids: Sequence[str]) -> None:
    """Remove records for good; their clips and deliveries must be gone before them.

    What they held and paid stays in the ledger. Records made from them become roots.
    """
    connection.execute(
        update(_table)
        .where(_table.c.parent_id.in_(record_ids))
        .values(parent_id=None, parent_index=None)
    )
    connection.execute(delete(_table).where(_table.c.id.in_(record_ids)))


def _settle(connection: Connection, record_id: str, **values: Any) -> bool:
    settled = connection.execute(
        update(_table)
        .where(_table.c.id == record_id, _table.c.state.in_(OPEN))
        .values(completed_ms=clock.now_ms(), **values)
    )
    connection.execute(
        delete(tables.progress).where(tables.progress.c.record_id == record_id)
    )
    return settled.rowcount == 1
