"""Accounts and their keys.

A key is shown once and kept as an HMAC-SHA-256 under the store's secret: it carries 256
random bits, so that a slow hash would protect nothing and cost every request. What may
be shown of it later is its prefix.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets as randomness
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, RowMapping, Select, insert, or_, select
from sqlalchemy import update as change
from sqlalchemy.exc import IntegrityError

from longtake import clock
from longtake.errors import FieldInvalid, KeyRefused, NotFound
from longtake.store import tables

_MARK = "lt_"
_SHAPE = re.compile(r"lt_[A-Za-z0-9_-]{8,200}")
_PREFIX_LENGTH = len(_MARK) + 8
_NAME_LENGTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who owns records and credits. ``tier`` is one of ``settings.tiers``."""

    id: str
    name: str
    tier: str
    created_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of an account; ``prefix`` is all that can be shown of it."""

    id: str
    account: Account
    name: str
    prefix: str
    admin: bool
    created_ms: int
    revoked_ms: int | None
    expires_ms: int | None = None  # None: it does not

    @property
    def accepted(self) -> bool:
        """Whether it still opens anything."""
        ended = self.expires_ms is not None and self.expires_ms <= clock.now_ms()
        return self.revoked_ms is None and not ended


def open_account(
    connection: Connection, name: str, *, tier: str = "standard"
) -> Account:
    """A new account. Raises FieldInvalid where the name is taken or makes no sense."""
    account = Account(
        id=uuid4().hex, name=_named(name), tier=tier, created_ms=clock.now_ms()
    )
    if not account.name:
        raise FieldInvalid("An account needs a name.", field="name")
    try:
        connection.execute(
            insert(tables.accounts).values(
                id=account.id,
                name=account.name,
                tier=account.tier,
                created_ms=account.created_ms,
            )
        )
    except IntegrityError as error:
        raise FieldInvalid(
            f"There is an account named {account.name!r} already.", field="name"
        ) from error
    return account


def account(connection: Connection, name_or_id: str) -> Account:
    """The account with this name or id. Raises NotFound."""
    owner = tables.accounts.c
    row = (
        connection.execute(
            select(tables.accounts)
            .where(or_(owner.name == name_or_id, owner.id == name_or_id))
            .order_by(owner.id != name_or_id)  # who names himself like an id comes last
        )
        .mappings()
        .first()
    )
    if row is None:
        raise NotFound(f"There is no account {name_or_id!r}.")
    return Account(**row)


def accounts(connection: Connection) -> tuple[Account, ...]:
    """Every account, oldest first."""
    rows = connection.execute(
        select(tables.accounts).order_by(
            tables.accounts.c.created_ms, tables.accounts.c.name
        )
    )
    return tuple(Account(**row) for row in rows.mappings())


def set_tier(connection: Connection, account_id: str, tier: str) -> None:
    """Put the account into another tier; what is in the queue already stays there."""
    connection.execute(
        change(tables.accounts)
        .where(tables.accounts.c.id == account_id)
        .values(tier=tier)
    )


def create(
    connection: Connection,
    account_id: str,
    *,
    secret: bytes,
    name: str = "",
    admin: bool = False,
    expires_ms: int | None = None,
) -> tuple[str, Key]:
    """A new key: its text, which is known only now, and what is kept of it.

    ``secret`` is the store's. Raises NotFound where there is no such account.
    """
    owner = account(connection, account_id)
    text = _MARK + randomness.token_urlsafe(32)
    kept = Key(
        id=uuid4().hex,
        account=owner,
        name=_named(name),
        prefix=text[:_PREFIX_LENGTH],
        admin=admin,
        created_ms=clock.now_ms(),
        revoked_ms=None,
        expires_ms=expires_ms,
    )
    connection.execute(
        insert(tables.keys).values(
            id=kept.id,
            account_id=owner.id,
            name=kept.name,
            prefix=kept.prefix,
            digest=digest(text, secret),
            admin=kept.admin,
            created_ms=kept.created_ms,
            expires_ms=expires_ms,
        )
    )
    return text, kept


def find(connection: Connection, text: str, *, secret: bytes) -> Key:
    """The key whose text this is. Raises KeyRefused: unknown or revoked, never which.

    The database is asked for the prefix only; digests are compared in constant time.
    """
    refused = KeyRefused("This key is not accepted: unknown or revoked.")
    if not _SHAPE.fullmatch(text):  # Postgres would choke on some texts
        raise refused
    wanted = digest(text, secret)
    rows = connection.execute(
        _keys(tables.keys.c.digest).where(tables.keys.c.prefix == text[:_PREFIX_LENGTH])
    ).mappings()
    for row in rows:
        if hmac.compare_digest(row["digest"], wanted) and (key := _key(row)).accepted:
            return key
    raise refused


def listed(
    connection: Connection, account_id: str | None = None, *, revoked: bool = True
) -> tuple[Key, ...]:
    """The keys of one account or of all, oldest first; those that ended too unless not."""
    query = _keys().order_by(tables.keys.c.created_ms, tables.keys.c.id)
    if account_id is not None:
        query = query.where(tables.keys.c.account_id == account_id)
    found = map(_key, connection.execute(query).mappings())
    return tuple(key for key in found if revoked or key.accepted)


def revoke(connection: Connection, key: str) -> Key:
    """Stop the key with this id or shown prefix, from its next request on.

    Raises NotFound, and FieldInvalid where two keys share the prefix. A key that was
    revoked before keeps its time.
    """
    rows = (
        connection.execute(
            _keys().where(or_(tables.keys.c.id == key, tables.keys.c.prefix == key))
        )
        .mappings()
        .all()
    )
    if not rows:
        raise NotFound(
            f"There is no key {key!r}; give its id or its prefix, as listed."
        )
    if len(rows) > 1:
        raise FieldInvalid(
            f"{len(rows)} keys begin with {key!r}; give the id instead.", field="key"
        )
    found = _key(rows[0])
    connection.execute(
        change(tables.keys)
        .where(tables.keys.c.id == found.id, tables.keys.c.revoked_ms.is_(None))
        .values(revoked_ms=clock.now_ms())
    )
    return found


def rotate(connection: Connection, key: str, *, secret: bytes) -> tuple[str, Key]:
    """A new key in the place of one, which stops. Raises as :func:`revoke` does.

    Who needs both for a while creates the second first and revokes the first later.
    """
    old = revoke(connection, key)
    if old.revoked_ms is not None:
        raise FieldInvalid(
            f"The key {old.prefix}... was revoked before; create a new one.",
            field="key",
        )
    return create(
        connection, old.account.id, secret=secret, name=old.name, admin=old.admin
    )


def _named(name: str) -> str:
    name = name.strip()
    if len(name) > _NAME_LENGTH or not name.isprintable():
        raise FieldInvalid(
            f"A name has up to {_NAME_LENGTH} printable characters.", field="name"
        )
    return name


def digest(text: str, secret: bytes) -> str:
    """What is kept of a text, under the store's secret; hex."""
    return hmac.digest(secret, text.encode(), hashlib.sha256).hex()


def _keys(*more: Any) -> Select[Any]:
    """Keys with their accounts; the accounts' columns are labeled ``account_...``."""
    owner = tables.accounts.c
    kept = tables.keys.c
    return select(
        kept.id,
        kept.name,
        kept.prefix,
        kept.admin,
        kept.created_ms,
        kept.revoked_ms,
        kept.expires_ms,
        owner.id.label("account_id"),
        owner.name.label("account_name"),
        owner.tier.label("account_tier"),
        owner.created_ms.label("account_created_ms"),
        *more,
    ).join_from(tables.keys, tables.accounts)


def _key(row: RowMapping) -> Key:
    return Key(
        id=row["id"],
        account=Account(
            id=row["account_id"],
            name=row["account_name"],
            tier=row["account_tier"],
            created_ms=row["account_created_ms"],
        ),
        name=row["name"],
        prefix=row["prefix"],
        admin=row["admin"],
        created_ms=row["created_ms"],
        revoked_ms=row["revoked_ms"],
        expires_ms=row["expires_ms"],
    )
