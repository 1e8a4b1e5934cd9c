"""Moments in the life of tasks, as they can be seen from outside: in the books and files."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from longtake import clock
from tests.running import Server

LOOK_EVERY_S = 0.01

Seen = set[tuple[str, str]]  # (record, what happened to it)
Look = Callable[[Server], Seen]


def _of(statement: str) -> Look:
    """A look at the rows of ``statement``: a record's id and what tells rows apart."""
    return lambda server: {(str(r[0]), str(r[1])) for r in server.rows(statement)}


def _step(name: str) -> Look:
    """A look at the steps of this name that the durable library has on record."""

    def look(server: Server) -> Seen:
        table = durable(server, "operation_outputs")
        rows = server.rows(
            f"SELECT workflow_uuid, function_id FROM {table} "  # noqa: S608 - our own words
            "WHERE function_name LIKE :name",
            name=f"%{name}%",
        )
        return {(str(r[0]), str(r[1])) for r in rows}

    return look


def _written(server: Server) -> Seen:
    """The files of results that have their names, settled or not."""
    found = (server.settings.data / "files" / "clips").glob("*/*/*")
    return {(path.parent.name, path.name) for path in found}


MOMENTS: dict[str, Look] = {
    "accepted": _of("SELECT id, 0 FROM lt_records"),
    "claimed": _of("SELECT id, 0 FROM lt_records WHERE started_ms IS NOT NULL"),
    "begun": _step("begin"),
    "at work": _of("SELECT record_id, stage FROM lt_progress"),
    "written": _written,
    "made": _step("candidate"),
    "settled": _of("SELECT id, 0 FROM lt_records WHERE success_flag > 0"),
    "attempted": _of(
        "SELECT record_id, lt_attempts.id FROM lt_attempts "
        "JOIN lt_deliveries ON lt_deliveries.id = delivery_id"
    ),
    "delivered": _of(
        "SELECT record_id, id FROM lt_deliveries WHERE state = 'delivered'"
    ),
}


def next_one(server: Server, name: str, *, timeout_s: float) -> str | None:
    """Wait until ``name`` happens once more; the record it happened to, if it did."""
    look = MOMENTS[name]
    before = look(server)
    deadline = clock.monotonic_s() + timeout_s
    while clock.monotonic_s() < deadline:
        if new := look(server) - before:
            return min(new)[0]
        time.sleep(LOOK_EVERY_S)
    return None


def durable(server: Server, table: str) -> str:
    """The name of a table of the durable library."""
    return table if server.store.database.on_sqlite else f"dbos.{table}"


def claims(server: Server) -> dict[str, int]:
    """Records between claim and settle, each with the living slot that has it."""
    status = durable(server, "workflow_status")
    rows = server.rows(
        f"SELECT r.id, w.pid FROM lt_records r "  # noqa: S608 - our own words
        f"JOIN {status} s ON s.workflow_uuid = r.id "
        "JOIN lt_workers w ON w.executor = s.executor_id "
        "WHERE s.status = 'PENDING' AND r.state = 'running'"
    )
    alive = set(server.of_kind("slot"))
    return {str(r[0]): int(r[1]) for r in rows if r[1] in alive}


def holder(server: Server, record: str) -> int | None:
    """The slot in whose hands the making of ``record`` was last."""
    rows = server.rows(
        f"SELECT w.pid FROM {durable(server, 'workflow_status')} s "  # noqa: S608
        "JOIN lt_workers w ON w.executor = s.executor_id WHERE s.workflow_uuid = :id",
        id=record,
    )
    return int(rows[0][0]) if rows else None


def below(server: Server, pid: int) -> set[int]:
    """All that ``pid`` has started, and what that has."""
    parents = {child: parent(child) for child in server.processes()}
    found = {pid}
    while more := {child for child, its in parents.items() if its in found} - found:
        found |= more
    return found - {pid}


def parent(pid: int) -> int:
    """The parent of ``pid``; 0 where that has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:  # it has ended
        return 0
    return int(stat.rpartition(")")[2].split()[1])
