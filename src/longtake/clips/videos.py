"""The videos of a record."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    and_,
    delete,
    exists,
    insert,
    select,
    update,
)

from longtake import clock
from longtake.clips.facts import Facts
from longtake.errors import NotFound
from longtake.store.files import Stored
from longtake.store.tables import clips, records, uploads


@dataclass(frozen=True, slots=True)
class Clip:
    """One video of a record."""

    id: str
    record_id: str
    account_id: str
    index: int  # as on the wire, from 0
    media_name: str
    object_key: str
    size_bytes: int
    sha256: str
    facts: Facts
    report: dict[str, Any] | None
    poster_key: str | None
    filmstrip_key: str | None
    created_ms: int
    expired_ms: int | None  # when its files went

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of its files."""
        named = (self.object_key, self.poster_key, self.filmstrip_key)
        return tuple(key for key in named if key is not None)


def add(
    connection: Connection,
    *,
    record_id: str,
    account_id: str,
    index: int,
    media_name: str,
    object_key: str,
    stored: Stored,
    facts: Facts,
    report: dict[str, Any] | None = None,
    poster_key: str | None = None,
    filmstrip_key: str | None = None,
) -> Clip:
    """Give a record its video ``index``; the files are there already."""
    clip = Clip(
        id=secrets.token_hex(16),
        record_id=record_id,
        account_id=account_id,
        index=index,
        media_name=media_name,
        object_key=object_key,
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
        facts=facts,
        report=report,
        poster_key=poster_key,
        filmstrip_key=filmstrip_key,
        created_ms=clock.now_ms(),
        expired_ms=None,
    )
    row = asdict(clip) | {"facts": facts.model_dump(mode="json")}
    connection.execute(insert(clips).values(row))
    return clip


def of(connection: Connection, record_id: str) -> tuple[Clip, ...]:
    """The videos of a record in their order, expired ones too."""
    return of_each(connection, [record_id])[record_id]


def of_each(
    connection: Connection, record_ids: Sequence[str]
) -> dict[str, tuple[Clip, ...]]:
    """The videos of several records, by record; none for a record without."""
    rows = connection.execute(
        select(clips).where(clips.c.record_id.in_(record_ids)).order_by(clips.c.index)
    )
    found: dict[str, list[Clip]] = defaultdict(list)
    for row in rows:
        found[row.record_id].append(clip_of(row))
    return {record_id: tuple(found[record_id]) for record_id in record_ids}


def by_id(connection: Connection, clip_id: str) -> Clip:
    """The video with our own id. Raises NotFound."""
    row = connection.execute(select(clips).where(clips.c.id == clip_id)).one_or_none()
    if row is None:
        raise NotFound("The clip to go on from is gone.")
    return clip_of(row)


def by_media_name(connection: Connection, media_name: str) -> Clip:
    """The video of this media name. Raises NotFound."""
    row = connection.execute(
        select(clips).where(clips.c.media_name == media_name)
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no clip {media_name}.")
    return clip_of(row)


def expire(connection: Connection, now_ms: int, limit: int = 50) -> list[str]:
    """Mark videos as expired whose record says that their time has come.

    Returns the keys to delete *before* the commit: whatever fails then is done again. A
    video that an open task goes on from waits for that task.
    """
    task = records.alias()
    needed = exists().where(
        task.c.parent_id == records.c.id, task.c.state.in_(("waiting", "running"))
    )
    rows = connection.execute(
        select(clips)
        .join(records, records.c.id == clips.c.record_id)
        .where(clips.c.expired_ms.is_(None), records.c.expires_ms <= now_ms, ~needed)
        .limit(limit)
    )
    found = [clip_of(row) for row in rows]
    connection.execute(
        update(clips)
        .where(clips.c.id.in_([clip.id for clip in found]))
        .values(expired_ms=now_ms)
    )
    return [key for clip in found for key in clip.keys]


def remove(connection: Connection, record_ids: Sequence[str]) -> list[str]:
    """Remove the rows of records that are about to be removed themselves.

    Returns the keys to delete before the commit; they may be gone already.
    """
    chosen = clips.c.record_id.in_(record_ids)
    found = [clip_of(row) for row in connection.execute(select(clips).where(chosen))]
    connection.execute(delete(clips).where(chosen))
    return [key for clip in found for key in clip.keys]


def unnamed(connection: Connection, keys: Iterable[str]) -> list[str]:
    """Those of ``keys`` that nothing refers to: left by a process that died.

    The files of an open record are not among them: its row is yet to come. Ask only for
    keys that have lain for a while (``Files.keys(before_ms=...)``), since a file is put
    before its row.
    """
    asked = list(keys)
    known: set[str] = set()
    for column in (clips.c.object_key, clips.c.poster_key, clips.c.filmstrip_key):
        known.update(
            connection.scalars(
                select(column).where(column.in_(asked), clips.c.expired_ms.is_(None))
            )
        )
    known.update(
        connection.scalars(
            select(uploads.c.object_key).where(uploads.c.object_key.in_(asked))
        )
    )
    owners = {key: parts[2] for key in asked if (parts := key.split("/"))[3:]}
    unsettled = set(
        connection.scalars(
            select(records.c.id).where(
                and_(
                    records.c.id.in_(set(owners.values())),
                    records.c.state.in_(("waiting", "running")),
                )
            )
        )
    )
    return [
        key for key in asked if key not in known and owners.get(key) not in unsettled
    ]


def clip_of(row: Row[Any]) -> Clip:
    """The clip of a row that has its columns, and maybe others."""
    values = row._asdict()
    kept = {field.name: values[field.name] for field in fields(Clip)}
    return Clip(**kept | {"facts": Facts.model_validate(kept["facts"])})
