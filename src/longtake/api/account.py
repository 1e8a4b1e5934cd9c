"""The caller's own account: balance and history, keys, and what callbacks are signed with."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field, StringConstraints
from sqlalchemy import Connection

from longtake import keys, ledger
from longtake.api import auth, shapes
from longtake.api.body import Ask, json_body
from longtake.api.envelope import Answer, Envelope
from longtake.api.shapes import Limit, Number, Page, Shape
from longtake.errors import FieldInvalid, NotFound
from longtake.keys import Key
from longtake.ledger import Entry

router = APIRouter(tags=["account"])

KeyId = Annotated[str, Path(max_length=64, description="The `id` of a key, as listed.")]
EntryId = Annotated[
    Annotated[Number, Field(ge=1, le=2**63 - 1)] | None,
    Query(description="The `next` of the page before this one."),
]


class KeyView(Shape):
    """A key, without its text."""

    id: str
    name: str
    prefix: str = Field(description="How its text begins.")
    admin: bool
    create_time: int = Field(description="Epoch milliseconds.")
    revoke_time: int | None = Field(description="Null unless it was revoked.")
    expire_time: int | None = Field(description="When it ends; null: it does not.")


class NewKey(KeyView):
    """A new key. Its text is told this once."""

    key: str


class AccountView(Shape):
    """An account, and the key that asked."""

    id: str
    name: str
    tier: str
    at_a_time: int = Field(description="How many of its tasks run at a time, at most.")
    balance: int = Field(description="Credits.")
    key: KeyView


class EntryView(Shape):
    """One line of an account's history."""

    id: int
    kind: Literal["grant", "hold", "capture", "release"] = Field(
        description="A hold takes credits for a task; a capture, worth 0, makes it a "
        "charge; a release gives it back."
    )
    credits: int = Field(description="Signed.")
    task_id: str | None
    note: str
    time: int = Field(description="Epoch milliseconds.")


class Keys(Shape):
    """Keys, oldest first, revoked ones too."""

    keys: tuple[KeyView, ...]


class SecretView(Shape):
    """A secret that signs callbacks, without its text."""

    create_time: int
    expire_time: int | None = Field(description="Set by a rotation: then it is gone.")


class Secrets(Shape):
    """The secrets that sign callbacks now, newest first."""

    secrets: tuple[SecretView, ...]


class NewSecret(Shape):
    """A new secret. Its text is told this once."""

    secret: str = Field(description="`whsec_...`")


class KeyAsk(Ask):
    """What a new key is called."""

    name: Annotated[str, StringConstraints(max_length=100)] = ""


@router.get("/api/v1/account", response_model=Answer[AccountView])
def read_account(caller: auth.Caller, store: auth.Books) -> Envelope:
    """Whose key this is, and what the account may still spend."""
    account = caller.account
    with store.database.reading() as connection:
        balance = ledger.balance(connection, account.id)
    return shapes.ok(
        AccountView(
            id=account.id,
            name=account.name,
            tier=account.tier,
            at_a_time=store.settings.at_a_time(account.tier),
            balance=balance,
            key=key_view(caller),
        )
    )


@router.get("/api/v1/account/history", response_model=Answer[Page[EntryView]])
def read_history(
    caller: auth.Caller,
    store: auth.Books,
    limit: Limit = 50,
    before: EntryId = None,
) -> Envelope:
    """What was granted, held, charged and given back, newest first."""
    with store.database.reading() as connection:
        own = caller.account.id
        page = history_page(connection, own, limit=limit, before=before)
    return shapes.ok(page)


@router.get("/api/v1/account/keys", response_model=Answer[Keys])
def list_keys(caller: auth.Caller, store: auth.Books) -> Envelope:
    """The account's keys."""
    with store.database.reading() as connection:
        return shapes.ok(keys_of(connection, caller.account.id))


@router.post("/api/v1/account/keys", response_model=Answer[NewKey])
def create_key(
    caller: auth.Caller,
    ask: Annotated[KeyAsk, json_body(KeyAsk)],
    store: auth.Books,
) -> Envelope:
    """A further key of the account; never an admin key."""
    with store.database.transaction() as connection:
        text, key = keys.create(
            connection, caller.account.id, secret=store.secret, name=ask.name
        )
    return shapes.ok(NewKey(**dict(key_view(key)), key=text))


@router.delete("/api/v1/account/keys/{key_id}", response_model=Answer[Keys])
def revoke_key(caller: auth.Caller, key_id: KeyId, store: auth.Books) -> Envelope:
    """Stop one of the account's keys, from its next request on; this one too."""
    own = caller.account.id
    with store.database.transaction() as connection:
        left = revoked(connection, key_id, by=caller, account_id=own)
    return shapes.ok(left)


@router.get("/api/v1/account/secrets", response_model=Answer[Secrets])
def list_secrets(caller: auth.Caller, store: auth.Books) -> Envelope:
    """The secrets that the account's callbacks are signed with; never their text."""
    with store.database.reading() as connection:
        found = keys.secrets_listed(connection, caller.account.id)
    return shapes.ok(
        Secrets(
            secrets=tuple(
                SecretView(create_time=one.created_ms, expire_time=one.expires_ms)
                for one in found
            )
        )
    )


@router.post("/api/v1/account/secrets", response_model=Answer[NewSecret])
def create_secret(caller: auth.Caller, store: auth.Books) -> Envelope:
    """A new secret for callbacks; from now on they are signed with it as well."""
    with store.database.transaction() as connection:
        text = keys.add_secret(connection, caller.account.id)
    return shapes.ok(NewSecret(secret=text))


@router.post("/api/v1/account/secrets/rotate", response_model=Answer[NewSecret])
def rotate_secret(caller: auth.Caller, store: auth.Books) -> Envelope:
    """A new secret for callbacks; those there are go on signing for 24 hours."""
    with store.database.transaction() as connection:
        text = keys.rotate_secret(connection, caller.account.id)
    return shapes.ok(NewSecret(secret=text))


def history_page(
    connection: Connection, account_id: str, *, limit: int, before: int | None
) -> Page[EntryView]:
    """A page of an account's history."""
    found = ledger.history(connection, account_id, before=before, limit=limit + 1)
    return shapes.paged(found, limit, _entry, lambda one: str(one.id))


def keys_of(connection: Connection, account_id: str) -> Keys:
    """An account's keys as they are shown."""
    return Keys(keys=tuple(map(key_view, keys.listed(connection, account_id))))


def revoked(connection: Connection, key_id: str, *, by: Key, account_id: str) -> Keys:
    """Revoke a key of an account; its keys then. Raises NotFound for any other key.

    An admin key is stopped by an admin key only: raises FieldInvalid.
    """
    owned = {one.id: one for one in keys.listed(connection, account_id)}
    if key_id not in owned:
        raise NotFound(f"There is no key {key_id!r}.")
    if owned[key_id].admin and not by.admin:
        raise FieldInvalid("An admin key can revoke this key; yours cannot.")
    keys.revoke(connection, key_id)
    return keys_of(connection, account_id)


def key_view(key: Key) -> KeyView:
    """A key as it is shown."""
    return KeyView(
        id=key.id,
        name=key.name,
        prefix=key.prefix,
        admin=key.admin,
        create_time=key.created_ms,
        revoke_time=key.revoked_ms,
        expire_time=key.expires_ms,
    )


def _entry(entry: Entry) -> EntryView:
    assert entry.kind != "checkpoint", "histories leave them out"
    return EntryView(
        id=entry.id,
        kind=entry.kind,
        credits=entry.credits,
        task_id=entry.record_id,
        note=entry.note,
        time=entry.at_ms,
    )
