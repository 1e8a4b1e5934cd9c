"""What an account's callbacks are signed with: shown once, kept whole, rotated."""

from __future__ import annotations

import base64
import secrets as randomness
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import Connection, delete, insert, or_, select
from sqlalchemy import update as change

from longtake import clock
from longtake.store import tables

_DAY_MS = 24 * 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """What callbacks are signed with; one with an end has been rotated."""

    text: str
    created_ms: int
    expires_ms: int | None


def add_secret(connection: Connection, account_id: str) -> str:
    """A new secret, ``whsec_...``; the account's other secrets go on signing."""
    text = "whsec_" + base64.b64encode(randomness.token_bytes(32)).decode()
    connection.execute(
        insert(tables.secrets).values(
            id=uuid4().hex,
            account_id=account_id,
            secret=text,
            created_ms=clock.now_ms(),
        )
    )
    return text


def rotate_secret(
    connection: Connection, account_id: str, *, overlap_ms: int = _DAY_MS
) -> str:
    """A new secret; those before it go on signing for ``overlap_ms``, then are gone."""
    now_ms = clock.now_ms()
    theirs = tables.secrets.c.account_id == account_id
    connection.execute(
        delete(tables.secrets).where(theirs, tables.secrets.c.expires_ms <= now_ms)
    )
    ends = tables.secrets.c.expires_ms  # an earlier rotation may have set a nearer one
    connection.execute(
        change(tables.secrets)
        .where(theirs, or_(ends.is_(None), ends > now_ms + overlap_ms))
        .values(expires_ms=now_ms + overlap_ms)
    )
    return add_secret(connection, account_id)


def secrets(connection: Connection, account_id: str) -> tuple[str, ...]:
    """What the account's callbacks are signed with now, newest first."""
    return tuple(found.text for found in secrets_listed(connection, account_id))


def secrets_listed(connection: Connection, account_id: str) -> tuple[Secret, ...]:
    """The secrets that sign now, newest first, with their times."""
    kept = tables.secrets.c
    rows = connection.execute(
        select(kept.secret, kept.created_ms, kept.expires_ms)
        .where(
            kept.account_id == account_id,
            or_(kept.expires_ms.is_(None), kept.expires_ms > clock.now_ms()),
        )
        .order_by(kept.expires_ms.is_not(None), kept.created_ms.desc(), kept.id)
    )
    return tuple(
        Secret(text=row[0], created_ms=row[1], expires_ms=row[2]) for row in rows
    )
