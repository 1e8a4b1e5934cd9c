"""A record: what a task looks like from outside; how one is written down and found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import Connection, Select, and_, insert, or_, select, tuple_

from longtake import clock
from longtake.errors import FieldInvalid, NotFound
from longtake.records.work import Work
from longtake.store import tables

Origin = Literal["made", "imported", "adopted"]
State = Literal["waiting", "running", "success", "fail"]
OPEN: tuple[State, ...] = ("waiting", "running")

_table = tables.records
_parent = tables.records.alias("parent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One row, and the wire's id of the record that it extends, unless that is deleted."""

    id: str
    account_id: str
    task_id: str
    task_type: str
    origin: Origin
    state: State
    success_flag: int
    error_code: str | None
    error_message: str | None
    prompt: str | None
    params: Mapping[str, Any]
    work: Mapping[str, Any]
    parent_id: str | None
    parent_task_id: str | None
    parent_index: int | None
    callback_url: str | None
    credits: int
    priority: int
    created_ms: int
    enqueued_ms: int | None
    started_ms: int | None
    completed_ms: int | None
    expires_ms: int | None
    deleted_ms: int | None

    @property
    def open(self) -> bool:
        """Whether it waits or runs."""
        return self.state in OPEN


Cursor = tuple[int, str]  # (created_ms, id) of the last record of the page before


def add(
    connection: Connection,
    *,
    account_id: str,
    task_type: str,
    params: Mapping[str, Any],
    work: Work | None = None,
    origin: Origin = "made",
    record_id: str | None = None,
    task_id: str | None = None,
    prompt: str | None = None,
    parent_id: str | None = None,
    parent_index: int | None = None,
    callback_url: str | None = None,
    credits: int = 0,
    priority: int = 100,
    created_ms: int | None = None,
    expires_ms: int | None = None,
) -> Record:
    """A new record: waiting for a worker if there is ``work``, else complete at once.

    ``params`` is the request with its defaults filled in. ``record_id`` is given where
    files were put under it already, ``task_id`` for an adopted record only. Raises
    FieldInvalid where the account has that id already.
    """
    record_id = record_id or uuid4().hex
    if (
        task_id
    ):  # two that adopt the same at once: the second waits, then sees the first
        owner = tables.accounts.c.id == account_id
        connection.execute(select(tables.accounts.c.id).where(owner).with_for_update())
    task_id = task_id or record_id
    taken = select(_table.c.id).where(
        _table.c.account_id == account_id, _table.c.task_id == task_id
    )
    if connection.execute(taken).first():
        raise FieldInvalid(f"There is a record {task_id!r} already.", field="taskId")
    now_ms = clock.now_ms()
    connection.execute(
        insert(_table).values(
            id=record_id,
            account_id=account_id,
            task_id=task_id,
            task_type=task_type,
            origin=origin,
            state="waiting" if work else "success",
            success_flag=0 if work else 1,
            prompt=prompt,
            params=dict(params),
            work=work.model_dump(mode="json", exclude_none=True) if work else {},
            parent_id=parent_id,
            parent_index=parent_index,
            callback_url=callback_url,
            credits=credits,
            priority=priority,
            created_ms=now_ms if created_ms is None else created_ms,
            completed_ms=None if work else now_ms,
            expires_ms=expires_ms,
        )
    )
    return by_id(connection, record_id)


def by_id(connection: Connection, record_id: str) -> Record:
    """The record with our own id, deleted or not. Raises NotFound."""
    found = _records(connection, _query().where(_table.c.id == record_id))
    if not found:
        raise NotFound("Record does not exist")
    return found[0]


def find(connection: Connection, account_id: str, task_id: str) -> Record:
    """The account's record with the wire's id. Raises NotFound: a deleted one as well."""
    found = _records(
        connection,
        _query().where(
            _table.c.account_id == account_id,
            _table.c.task_id == task_id,
            _table.c.deleted_ms.is_(None),
        ),
    )
    if not found:
        raise NotFound("Record does not exist")
    return found[0]


def listed(
    connection: Connection,
    account_id: str,
    *,
    query: str = "",
    states: tuple[State, ...] = (),
    origin: Origin | None = None,
    before: Cursor | None = None,
    limit: int = 50,
) -> tuple[Record, ...]:
    """The account's records, newest first; ``query`` is looked for in prompt and id."""
    wanted = (
        _query()
        .where(_table.c.account_id == account_id, _table.c.deleted_ms.is_(None))
        .order_by(_table.c.created_ms.desc(), _table.c.id.desc())
        .limit(limit)
    )
    if query:
        wanted = wanted.where(
            or_(
                _table.c.prompt.icontains(query, autoescape=True),
                _table.c.task_id.icontains(query, autoescape=True),
            )
        )
    if states:
        wanted = wanted.where(_table.c.state.in_(states))
    if origin is not None:
        wanted = wanted.where(_table.c.origin == origin)
    if before is not None:
        wanted = wanted.where(tuple_(_table.c.created_ms, _table.c.id) < before)
    return _records(connection, wanted)


def enqueued(
    connection: Connection, *, after: str = "", limit: int = 200
) -> tuple[Record, ...]:
    """Open records in the queue, of all accounts by id, from behind ``after`` on."""
    return _records(
        connection,
        _query()
        .where(
            _table.c.state.in_(OPEN),
            _table.c.enqueued_ms.is_not(None),
            _table.c.id > after,
        )
        .order_by(_table.c.id)
        .limit(limit),
    )


def lineage(
    connection: Connection, account_id: str, task_id: str
) -> tuple[Record, ...]:
    """What the record came from, itself, and all that came from it, oldest first.

    Parents say how they hang together. A deleted record is passed over: what came from
    it hangs on what it came from.
    """
    start = find(connection, account_id, task_id)
    here = select(_table.c.id, _table.c.parent_id).where(_table.c.id == start.id)
    up = here.cte("up", recursive=True)
    up = up.union(
        select(_table.c.id, _table.c.parent_id).where(_table.c.id == up.c.parent_id)
    )
    down = here.cte("down", recursive=True)
    down = down.union(
        select(_table.c.id, _table.c.parent_id).where(_table.c.parent_id == down.c.id)
    )
    found = _records(
        connection,
        _query()
        .where(
            or_(_table.c.id.in_(select(up.c.id)), _table.c.id.in_(select(down.c.id)))
        )
        .order_by(_table.c.created_ms, _table.c.id),
    )
    known = {record.id: record for record in found}
    return tuple(
        _bridged(record, known) for record in found if record.deleted_ms is None
    )


def _bridged(record: Record, known: Mapping[str, Record]) -> Record:
    """``record`` as the child of the nearest ancestor that is not deleted."""
    child = record
    while (parent := known.get(child.parent_id or "")) and parent.deleted_ms:
        child = parent
    return replace(
        record,
        parent_id=child.parent_id,
        parent_task_id=child.parent_task_id,
        parent_index=child.parent_index,
    )


def _query() -> Select[Any]:
    return select(_table, _parent.c.task_id.label("parent_task_id")).select_from(
        _table.outerjoin(
            _parent,
            and_(_parent.c.id == _table.c.parent_id, _parent.c.deleted_ms.is_(None)),
        )
    )


def _records(connection: Connection, query: Select[Any]) -> tuple[Record, ...]:
    return tuple(Record(**row) for row in connection.execute(query).mappings())
