"""Clips that come in from outside: imported by a client, adopted from another service."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import Connection, select

from longtake import clips, clock, records
from longtake.clips import Facts
from longtake.clips.look import Seen
from longtake.errors import DatabaseUnreachable, FieldInvalid, NotFound
from longtake.records import Record
from longtake.store import Store
from longtake.store.files import Stored
from longtake.store.tables import accounts

_DAY_MS = 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file that came in (``Files.arrival``), and what a look at it found."""

    path: Path
    seen: Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What becomes a record beside its videos. ``task_id`` is another service's."""

    origin: Literal["imported", "adopted"]
    task_type: str
    params: Mapping[str, Any]
    prompt: str | None = None
    task_id: str | None = None
    created_ms: int | None = None


def known(connection: Connection, account_id: str, intake: Intake) -> Record | None:
    """The record that this intake has made before.

    Raises FieldInvalid where the account has another record under its id.
    """
    if intake.task_id is None:
        return None
    try:
        record = records.find(connection, account_id, intake.task_id)
    except NotFound:
        return None
    if (record.origin, record.params) != (intake.origin, intake.params):
        raise FieldInvalid(
            f"taskId {intake.task_id!r} names a record of other content already; delete "
            "that first, or use another id.",
            field="taskId",
        )
    return record


def take_in(
    store: Store, account_id: str, arrived: Sequence[Arrived], intake: Intake
) -> Record:
    """Keep the files and write their record, complete and free of charge.

    The same intake again answers the same record, see :func:`known`. Raises what that
    raises, OutputRefused and DatabaseUnreachable.
    """
    record_id = uuid4().hex
    with ExitStack() as undo:
        kept = [
            _keep(store, undo, f"clips/{account_id}/{record_id}/{index}", one)
            for index, one in enumerate(arrived)
        ]
        try:
            with store.database.transaction() as connection:
                _one_at_a_time(connection, account_id)
                if record := known(connection, account_id, intake):
                    return record
                record = _add(store, connection, account_id, record_id, intake)
                for index, video in enumerate(kept):
                    _add_clip(connection, record, index, video)
        except DatabaseUnreachable:
            undo.pop_all()  # it may be committed; if not, the sweep finds the files
            raise
        undo.pop_all()
    return record


@dataclass(frozen=True, slots=True)
class _Kept:
    key: str
    poster: str
    stored: Stored
    facts: Facts


def _keep(store: Store, undo: ExitStack, place: str, one: Arrived) -> _Kept:
    facts = one.seen.facts
    key, poster = f"{place}.{facts.suffix}", f"{place}.jpg"
    undo.callback(store.files.delete, [key, poster])
    stored = store.files.keep(one.path, key)
    store.files.put_bytes(one.seen.poster, poster)
    return _Kept(key, poster, stored, facts)


def _add(
    store: Store,
    connection: Connection,
    account_id: str,
    record_id: str,
    intake: Intake,
) -> Record:
    return records.add(
        connection,
        account_id=account_id,
        record_id=record_id,
        task_id=intake.task_id,
        task_type=intake.task_type,
        origin=intake.origin,
        params=intake.params,
        prompt=intake.prompt,
        created_ms=intake.created_ms,
        expires_ms=clock.now_ms() + store.settings.media_days * _DAY_MS,
    )


def _add_clip(connection: Connection, record: Record, index: int, kept: _Kept) -> None:
    name = secrets.token_hex(
        16
    )  # it is all that protects the file, unlike a record's id
    clips.add(
        connection,
        record_id=record.id,
        account_id=record.account_id,
        index=index,
        media_name=f"{name}_0_{index}.{kept.facts.suffix}",
        object_key=kept.key,
        stored=kept.stored,
        facts=kept.facts,
        poster_key=kept.poster,
    )


def _one_at_a_time(connection: Connection, account_id: str) -> None:
    """Let intakes of one account wait for one another, until each is committed."""
    locked = select(accounts.c.id).where(accounts.c.id == account_id)
    connection.execute(locked.with_for_update())
