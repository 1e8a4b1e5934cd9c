"""Files sent ahead of a request, under a path that the account chose."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from longtake import clock
from longtake.errors import NotFound
from longtake.store.files import Stored
from longtake.store.tables import accounts, uploads

LIFE_MS = 3 * 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of an account."""

    id: str
    account_id: str
    path: str  # as the account named it, cleaned
    media_name: str
    object_key: str
    mime_type: str
    size_bytes: int
    sha256: str
    created_ms: int
    expires_ms: int


def add_upload(
    connection: Connection,
    *,
    upload_id: str,
    account_id: str,
    path: str,
    suffix: str,
    object_key: str,
    mime_type: str,
    stored: Stored,
) -> tuple[Upload, str | None]:
    """Keep an account's file at ``path``; one that was there before gives way.

    Returns the new row and the key of the file it replaced, to be deleted after the
    commit.
    """
    now = clock.now_ms()
    new = Upload(
        id=upload_id,
        account_id=account_id,
        path=path,
        media_name=f"{secrets.token_hex(16)}_0_0.{suffix}",
        object_key=object_key,
        mime_type=mime_type,
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
        created_ms=now,
        expires_ms=now + LIFE_MS,
    )
    # Two at once for a new path: the second waits, then sees the first one's row.
    connection.execute(
        select(accounts.c.id).where(accounts.c.id == account_id).with_for_update()
    )
    here = (uploads.c.account_id == account_id) & (uploads.c.path == path)
    old = connection.scalars(select(uploads.c.object_key).where(here)).one_or_none()
    if old is None:
        connection.execute(insert(uploads).values(asdict(new)))
    else:
        connection.execute(update(uploads).where(here).values(asdict(new)))
    return new, old


def upload(connection: Connection, account_id: str, upload_id: str) -> Upload:
    """An account's upload. Raises NotFound."""
    row = connection.execute(
        select(uploads).where(
            uploads.c.id == upload_id, uploads.c.account_id == account_id
        )
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such upload; it may have expired.")
    return upload_of(row)


def expire_uploads(connection: Connection, now_ms: int, limit: int = 50) -> list[str]:
    """Remove uploads whose time has come. Returns the keys to delete before the commit."""
    due = connection.execute(
        select(uploads.c.id, uploads.c.object_key)
        .where(uploads.c.expires_ms <= now_ms)
        .limit(limit)
    ).all()
    connection.execute(delete(uploads).where(uploads.c.id.in_([row.id for row in due])))
    return [row.object_key for row in due]


def upload_of(row: Row[Any]) -> Upload:
    """The upload of a row."""
    return Upload(**row._asdict())
