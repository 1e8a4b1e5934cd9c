"""What must hold of files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select

from longtake import clips
from longtake.errors import NotFound
from longtake.invariants.look import Look
from longtake.store import tables

_BATCH = 500
_clip, _upload, _record = tables.clips.c, tables.uploads.c, tables.records.c


def clips_have_their_files(look: Look) -> Iterator[str]:
    """The file of every clip that is not due to go is there, and so are its pictures.

    Broken, a URL that a client was given answers 404 before its time. A size or, in a
    deep look, a checksum that differs: the disk or somebody has changed the file.
    """
    rows = look.connection.execute(
        select(_clip.object_key, _clip.poster_key, _clip.filmstrip_key, *_facts(_clip))
        .join_from(tables.clips, tables.records)
        .where(
            _clip.expired_ms.is_(None),
            _record.deleted_ms.is_(None),
            (_record.expires_ms > look.now_ms) | _record.expires_ms.is_(None),
        )
    )
    for row in rows:
        yield from _wrong(look, row)
        for key in (row.poster_key, row.filmstrip_key):
            if key and not look.store.files.local_path(key).is_file():
                yield f"{key} is missing"


def uploads_have_their_files(look: Look) -> Iterator[str]:
    """The file of every upload that is not due to go is there, as it was sent.

    Broken, a request that names the upload fails.
    """
    rows = look.connection.execute(
        select(_upload.object_key, *_facts(_upload)).where(
            _upload.expires_ms > look.now_ms
        )
    )
    for row in rows:
        yield from _wrong(look, row)


def files_have_their_rows(look: Look) -> Iterator[str]:
    """Every file is a clip's, an upload's, or of a task that still runs.

    Broken, the disk fills with what nobody can name or delete. What is young may still
    be waiting for its row; the sweep of a worker removes what a crash has left.
    """
    keys = (key for key, _ in look.store.files.keys(before_ms=look.grown_ms + 1))
    while batch := list(islice(keys, _BATCH)):
        for key in clips.unnamed(look.connection, batch):
            yield f"{key} belongs to nothing"


def _facts(table: Any) -> tuple[Any, ...]:
    return table.size_bytes, table.sha256


def _wrong(look: Look, row: Row[Any]) -> Iterator[str]:
    try:
        size_bytes = look.store.files.size(row.object_key)
    except NotFound:
        yield f"{row.object_key} is missing"
        return
    if size_bytes != row.size_bytes:
        yield f"{row.object_key} has {size_bytes} bytes instead of {row.size_bytes}"
    elif look.deep:
        with suppress(NotFound), look.store.files.local(row.object_key) as path:
            if _sha256(path) != row.sha256:
                yield f"{row.object_key} has other bytes than were put there"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
