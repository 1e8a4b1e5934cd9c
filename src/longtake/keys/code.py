"""Codes: each becomes a key, once, within ten minutes. They are kept as keys are."""

from __future__ import annotations

import secrets as randomness

from sqlalchemy import Connection, delete, insert, select

from longtake import clock
from longtake.errors import FieldInvalid
from longtake.keys.key import Key, create, digest
from longtake.store import tables

_LIFE_MS = 10 * 60_000
_KEY_NAME, _KEY_LIFE_MS = "studio", 7 * 24 * 3_600_000
UNKNOWN_CODE = (
    "code was used before, or is older than ten minutes; longtake keys link prints a "
    "new one."
)


def add_code(
    connection: Connection, account_id: str, *, secret: bytes, admin: bool = False
) -> str:
    """A code that can be exchanged for a key of the account, once, within ten minutes."""
    text, now_ms = randomness.token_hex(24), clock.now_ms()
    connection.execute(delete(tables.codes).where(tables.codes.c.expires_ms <= now_ms))
    connection.execute(
        insert(tables.codes).values(
            digest=digest(text, secret),
            account_id=account_id,
            admin=admin,
            expires_ms=now_ms + _LIFE_MS,
        )
    )
    return text


def is_code(connection: Connection, text: str, *, secret: bytes) -> bool:
    """Whether there is such a code; to be asked before a transaction is begun for it."""
    codes = tables.codes.c
    return bool(
        connection.scalar(
            select(codes.admin.is_not(None)).where(codes.digest == digest(text, secret))
        )
    )


def exchange(connection: Connection, text: str, *, secret: bytes) -> tuple[str, Key]:
    """The key that a code is good for, which then is good for none.

    Raises FieldInvalid. Keys that have ended are forgotten on the way.
    """
    codes, now_ms = tables.codes, clock.now_ms()
    row = connection.execute(
        delete(codes)
        .where(codes.c.digest == digest(text, secret), codes.c.expires_ms > now_ms)
        .returning(codes.c.account_id, codes.c.admin)
    ).first()
    if row is None:
        raise FieldInvalid(UNKNOWN_CODE, field="code")
    connection.execute(delete(tables.keys).where(tables.keys.c.expires_ms <= now_ms))
    return create(
        connection,
        row.account_id,
        secret=secret,
        name=_KEY_NAME,
        admin=row.admin,
        expires_ms=now_ms + _KEY_LIFE_MS,
    )
