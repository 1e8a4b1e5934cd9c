"""What must hold of records, of what they refer to, and of what refers to them."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from longtake import records
from longtake.invariants.look import Look
from longtake.store import tables

_record = tables.records.c
_clip = tables.clips.c
_FLAGS = {"waiting": {0}, "running": {0}, "success": {1}, "fail": {2, 3}}


def references_lead_somewhere(look: Look) -> Iterator[str]:
    """Whatever names a row of another table names one that is there.

    Broken, the database was changed without its own checks: a key or a record may belong
    to no account, a clip to no record.
    """
    for table in tables.metadata.sorted_tables:
        for key in table.foreign_keys:
            rows = look.connection.execute(
                select(key.parent)
                .distinct()
                .where(key.parent.is_not(None), key.parent.not_in(select(key.column)))
            )
            for missing in rows.scalars():
                yield (
                    f"{table.name}.{key.parent.name} names {missing}, which is not in "
                    f"{key.column.table.name}"
                )


def states_and_flags_agree(look: Look) -> Iterator[str]:
    """A record's state, flag, error and times tell one story.

    Broken, a client is told at once that its task has failed and that it goes on.
    """
    for row in look.connection.execute(select(tables.records)):
        settled = row.state not in records.OPEN
        if (
            row.success_flag not in _FLAGS[row.state]
            or (row.completed_ms is not None) != settled
            or (row.error_code is not None) != (row.state == "fail")
            or (row.state == "running" and None in (row.enqueued_ms, row.started_ms))
        ):
            yield (
                f"record {row.id}: state {row.state}, flag {row.success_flag}, enqueued "
                f"{row.enqueued_ms}, started {row.started_ms}, completed {row.completed_ms}, error {row.error_code}"
            )


def success_has_videos(look: Look) -> Iterator[str]:
    """A record that succeeded has the videos 0 to n - 1, and no other record has any.

    Broken, a client paid for a result it cannot name, or sees one it did not pay for.
    """
    rows = look.connection.execute(
        select(_record.id, _record.state, _clip.index.label("number"))
        .outerjoin_from(tables.records, tables.clips, _clip.record_id == _record.id)
        .order_by(_record.id, _clip.index)
    )
    found: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        indexes = found.setdefault((row.id, row.state), [])
        if row.number is not None:
            indexes.append(row.number)
    for (record_id, state), indexes in found.items():
        if (state == "success") != bool(indexes):
            yield f"record {record_id}: its state is {state}, its videos {indexes}"
        elif indexes != list(range(len(indexes))):
            yield f"record {record_id}: its videos are numbered {indexes}"


def clips_belong_to_their_record(look: Look) -> Iterator[str]:
    """A clip, a delivery and a record's parent are of the same account as the record.

    Broken, one account sees what is another's.
    """
    parent = tables.records.alias("parent")
    owned = (
        ("clip", tables.clips, _clip.record_id),
        ("delivery", tables.deliveries, tables.deliveries.c.record_id),
    )
    for what, table, record_id in owned:
        rows = look.connection.execute(
            select(table.c.id, _record.id.label("record_id"))
            .join_from(table, tables.records, record_id == _record.id)
            .where(table.c.account_id != _record.account_id)
        )
        for row in rows:
            yield f"{what} {row.id} is of another account than its record {row.record_id}"
    rows = look.connection.execute(
        select(_record.id, parent.c.id.label("parent_id"))
        .join_from(tables.records, parent, _record.parent_id == parent.c.id)
        .where(parent.c.account_id != _record.account_id)
    )
    for row in rows:
        yield f"record {row.id} is of another account than its parent {row.parent_id}"


def parents_exist(look: Look) -> Iterator[str]:
    """A record that extends another names one that is there, and which of its videos.

    Broken, a lineage ends in nothing.
    """
    parents = tables.records.alias()
    rows = look.connection.execute(
        select(_record.id, _record.parent_id, _record.parent_index).where(
            _record.parent_id.is_not(None),
            _record.parent_id.not_in(select(parents.c.id))
            | _record.parent_index.is_(None),
        )
    )
    for row in rows:
        yield f"record {row.id}: its parent is {row.parent_id}, index {row.parent_index}"


def progress_is_of_running_records(look: Look) -> Iterator[str]:
    """Progress is kept only while a record runs.

    Broken, a settled task still seems to move; its worker wrote after it was settled.
    """
    told = tables.progress.c.record_id
    rows = look.connection.execute(
        select(_record.id, _record.state)
        .join_from(tables.progress, tables.records, told == _record.id)
        .where(_record.state != "running")
    )
    for row in rows:
        yield f"record {row.id}: its state is {row.state}"


def repeats_name_records(look: Look) -> Iterator[str]:
    """An idempotency key leads to a record of its own account.

    Broken, a repeated request is answered with an error instead of its first answer.
    """
    kept = tables.idempotency.c
    rows = look.connection.execute(
        select(kept.account_id, kept.key, kept.task_id)
        .outerjoin_from(
            tables.idempotency,
            tables.records,
            (kept.task_id == _record.id) & (kept.account_id == _record.account_id),
        )
        .where(_record.id.is_(None))
    )
    for row in rows:
        yield f"account {row.account_id}: key {row.key!r} leads to {row.task_id}"


def open_records_are_in_the_queue(look: Look) -> Iterator[str]:
    """Somebody is going to make every record that has a place in the queue, or runs.

    Broken, a task was lost: its credits stay held and nobody works on it.
    """
    if look.queue_view is None:
        return
    after = ""
    while batch := records.enqueued(look.connection, after=after):
        wanted = [record.id for record in batch]
        alive = set(look.queue_view(wanted))
        for record in batch:
            if record.id not in alive:
                yield f"record {record.id}: its state is {record.state}"
        after = wanted[-1]


def free_places_are_taken(look: Look) -> Iterator[str]:
    """No task waits for a place in the queue while its account has a free one.

    Broken, the end of one task did not enqueue the next: it may wait for ever.
    """
    for line in records.lines(look.connection):
        n_places = look.store.settings.at_a_time(line.tier)
        if line.n_enqueued < n_places:
            yield f"account {line.account_id}: {line.n_enqueued} of {n_places} are taken"
