"""Moments in the life of tasks, as they can be seen from outside: in the books and files."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from tests.running import Server


class Seen(NamedTuple):
    """That something happened to a record; ``which`` tells apart what can come twice."""

    moment: str
    record: str
    which: str


INSIDE = ("claimed", "begun", "at work", "written", "made")  # between claim and settle
OUTSIDE = ("accepted", "settled", "attempted", "delivered")


def seen(server: Server) -> set[Seen]:
    """Everything that has happened so far. One look at the books: it is taken often."""
    steps = durable(server, "operation_outputs")
    rows = server.rows(
        "SELECT 'accepted', id, '' FROM lt_records UNION ALL "  # noqa: S608 - our own words
        "SELECT 'claimed', id, '' FROM lt_records WHERE started_ms IS NOT NULL UNION ALL "
        f"SELECT 'begun', workflow_uuid, '' FROM {steps} "
        "WHERE function_name = 'begin' UNION ALL "
        "SELECT 'at work', record_id, stage FROM lt_progress UNION ALL "
        f"SELECT 'made', workflow_uuid, '' FROM {steps} "
        "WHERE function_name = 'candidate 0' UNION ALL "
        "SELECT 'settled', id, '' FROM lt_records WHERE success_flag > 0 UNION ALL "
        "SELECT 'attempted', record_id, CAST(lt_attempts.id AS TEXT) FROM lt_attempts "
        "JOIN lt_deliveries ON lt_deliveries.id = delivery_id UNION ALL "
        "SELECT 'delivered', record_id, id FROM lt_deliveries WHERE state = 'delivered'"
    )
    found = (server.settings.data / "files" / "clips").glob("*/*/*")
    written = {Seen("written", path.parent.name, path.name) for path in found}
    return written | {Seen(*row) for row in rows}


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
