"""For the operator, with an admin key: accounts, keys, credits, callbacks of everybody.

To any other key these paths do not exist.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field, StringConstraints
from sqlalchemy import Connection

from longtake import callbacks, keys, ledger
from longtake.api import account as own
from longtake.api import auth, deliveries, shapes
from longtake.api.account import EntryView, KeyId, Keys, NewKey
from longtake.api.body import Ask, json_body
from longtake.api.deliveries import DeliveryId, DeliveryView, State
from longtake.api.envelope import Answer, Envelope
from longtake.api.fields import Signed, Truth
from longtake.api.shapes import Before, Limit, Page, Shape
from longtake.callbacks import Delivery
from longtake.errors import FieldInvalid
from longtake.keys import Account
from longtake.settings import Settings

router = APIRouter(tags=["admin"], prefix="/api/v1/admin")

AccountId = Annotated[str, Path(max_length=100, description="Its id, or its name.")]
Name = Annotated[str, StringConstraints(max_length=100)]


class AccountWhole(Shape):
    """An account, as the operator sees it."""

    id: str
    name: str
    tier: str
    at_a_time: int = Field(description="How many of its tasks run at a time, at most.")
    balance: int = Field(description="Credits.")
    create_time: int = Field(description="Epoch milliseconds.")


class DeliveryOfAccount(DeliveryView):
    """A delivery, and whose it is."""

    account_id: str
    account: str = Field(description="Its name.")


class TierView(Shape):
    """One tier of accounts."""

    name: str
    at_a_time: int = Field(description="How many tasks an account of it runs at most.")


class Tiers(Shape):
    """Every tier that the settings name."""

    tiers: tuple[TierView, ...]


class AccountAsk(Ask):
    """A new account."""

    name: Name
    tier: Name = Field("standard", description="One of the setting `tiers`.")
    credits: Signed = Field(0, description="Granted to it at once.")


class TierAsk(Ask):
    """Another tier for an account."""

    tier: Name = Field(description="One of the setting `tiers`.")


class GrantAsk(Ask):
    """Credits for an account."""

    credits: Signed = Field(description="Negative ones are taken back.")
    note: Annotated[str, StringConstraints(max_length=200)] = ""


class KeyOfAccountAsk(Ask):
    """A new key for an account."""

    name: Name = ""
    admin: Truth = Field(False, description="Whether it opens these paths too.")


@router.get("/accounts", response_model=Answer[Page[AccountWhole]])
def list_accounts(
    caller: auth.Administrator,
    store: auth.Books,
    limit: Limit = 50,
    before: Before = None,
) -> Envelope:
    """Every account, newest first."""
    cursor = shapes.read_moment(before)
    with store.database.reading() as connection:
        found = sorted(
            keys.accounts(connection),
            key=lambda one: (one.created_ms, one.id),
            reverse=True,
        )
        older = [
            one for one in found if cursor is None or (one.created_ms, one.id) < cursor
        ]
        page = shapes.paged(
            older[: limit + 1],
            limit,
            lambda one: _whole(connection, one, store.settings),
            lambda one: shapes.moment_cursor(one.created_ms, one.id),
        )
    return shapes.ok(page)


@router.post("/accounts", response_model=Answer[AccountWhole])
def open_account(
    caller: auth.Administrator,
    ask: Annotated[AccountAsk, json_body(AccountAsk)],
    store: auth.Books,
) -> Envelope:
    """A new account; it has no key yet."""
    _require_tier(store.settings, ask.tier)
    with store.database.transaction() as connection:
        account = keys.open_account(connection, ask.name, tier=ask.tier)
        if ask.credits:
            ledger.grant(connection, account.id, ask.credits)
        whole = _whole(connection, account, store.settings)
    return shapes.ok(whole)


@router.get("/tiers", response_model=Answer[Tiers])
def list_tiers(caller: auth.Administrator, store: auth.Books) -> Envelope:
    """The tiers that an account can be put into."""
    known = store.settings.tiers.items()
    tiers = tuple(TierView(name=name, at_a_time=most) for name, most in known)
    return shapes.ok(Tiers(tiers=tiers))


@router.get("/accounts/{account_id}", response_model=Answer[AccountWhole])
def read_account(
    caller: auth.Administrator, account_id: AccountId, store: auth.Books
) -> Envelope:
    """One account."""
    with store.database.reading() as connection:
        account = keys.account(connection, account_id)
        return shapes.ok(_whole(connection, account, store.settings))


@router.patch("/accounts/{account_id}", response_model=Answer[AccountWhole])
def change_tier(
    caller: auth.Administrator,
    account_id: AccountId,
    ask: Annotated[TierAsk, json_body(TierAsk)],
    store: auth.Books,
) -> Envelope:
    """Put an account into another tier; what runs already runs on."""
    _require_tier(store.settings, ask.tier)
    with store.database.transaction() as connection:
        account = keys.account(connection, account_id)
        keys.set_tier(connection, account.id, ask.tier)
        changed = keys.account(connection, account.id)
        whole = _whole(connection, changed, store.settings)
    return shapes.ok(whole)


@router.post("/accounts/{account_id}/grants", response_model=Answer[AccountWhole])
def grant(
    caller: auth.Administrator,
    account_id: AccountId,
    ask: Annotated[GrantAsk, json_body(GrantAsk)],
    store: auth.Books,
) -> Envelope:
    """Give an account credits, or take some back."""
    with store.database.transaction() as connection:
        account = keys.account(connection, account_id)
        ledger.grant(connection, account.id, ask.credits, note=ask.note)
        whole = _whole(connection, account, store.settings)
    return shapes.ok(whole)


@router.get("/accounts/{account_id}/history", response_model=Answer[Page[EntryView]])
def read_history(
    caller: auth.Administrator,
    account_id: AccountId,
    store: auth.Books,
    limit: Limit = 50,
    before: own.EntryId = None,
) -> Envelope:
    """What an account was granted, what it held, paid and got back, newest first."""
    with store.database.reading() as connection:
        account = keys.account(connection, account_id)
        page = own.history_page(connection, account.id, limit=limit, before=before)
    return shapes.ok(page)


@router.get("/accounts/{account_id}/keys", response_model=Answer[Keys])
def list_keys(
    caller: auth.Administrator, account_id: AccountId, store: auth.Books
) -> Envelope:
    """The keys of an account."""
    with store.database.reading() as connection:
        account = keys.account(connection, account_id)
        return shapes.ok(own.keys_of(connection, account.id))


@router.post("/accounts/{account_id}/keys", response_model=Answer[NewKey])
def create_key(
    caller: auth.Administrator,
    account_id: AccountId,
    ask: Annotated[KeyOfAccountAsk, json_body(KeyOfAccountAsk)],
    store: auth.Books,
) -> Envelope:
    """A new key for an account; an admin key, if so asked."""
    with store.database.transaction() as connection:
        account = keys.account(connection, account_id)
        text, key = keys.create(
            connection,
            account.id,
            secret=store.secret,
            name=ask.name,
            admin=ask.admin,
        )
    return shapes.ok(NewKey(**dict(own.key_view(key)), key=text))


@router.delete("/accounts/{account_id}/keys/{key_id}", response_model=Answer[Keys])
def revoke_key(
    caller: auth.Administrator,
    account_id: AccountId,
    key_id: KeyId,
    store: auth.Books,
) -> Envelope:
    """Stop a key of an account, from its next request on."""
    with store.database.transaction() as connection:
        account = keys.account(connection, account_id)
        left = own.revoked(connection, key_id, by=caller, account_id=account.id)
    return shapes.ok(left)


@router.get("/deliveries", response_model=Answer[Page[DeliveryOfAccount]])
def list_deliveries(
    caller: auth.Administrator,
    store: auth.Books,
    state: State = None,
    limit: Limit = 20,
    before: Before = None,
) -> Envelope:
    """The callbacks of all accounts, newest first; `state=dead` are the dead letters."""
    cursor = shapes.read_moment(before)
    with store.database.reading() as connection:
        found = callbacks.listed(
            connection, account_id=None, state=state, before=cursor, limit=limit + 1
        )
        page = shapes.paged(
            found,
            limit,
            lambda one: _of_account(connection, one),
            lambda one: shapes.moment_cursor(one.created_ms, one.id),
        )
    return shapes.ok(page)


@router.post(
    "/deliveries/{delivery_id}/redeliver", response_model=Answer[DeliveryOfAccount]
)
def redeliver(
    caller: auth.Administrator, delivery_id: DeliveryId, tasks: auth.Work
) -> Envelope:
    """Deliver anybody's callback again, from now and from the first attempt on."""
    again = tasks.redeliver(delivery_id, account_id=None)
    with tasks.store.database.reading() as connection:
        return shapes.ok(_of_account(connection, again))


def _whole(
    connection: Connection, account: Account, settings: Settings
) -> AccountWhole:
    return AccountWhole(
        id=account.id,
        name=account.name,
        tier=account.tier,
        at_a_time=settings.at_a_time(account.tier),
        balance=ledger.balance(connection, account.id),
        create_time=account.created_ms,
    )


def _of_account(connection: Connection, delivery: Delivery) -> DeliveryOfAccount:
    owner = keys.account(connection, delivery.account_id)
    return DeliveryOfAccount(
        **dict(deliveries.viewed(delivery)), account_id=owner.id, account=owner.name
    )


def _require_tier(settings: Settings, tier: str) -> None:
    if tier not in settings.tiers:
        raise FieldInvalid(
            f"tier is none of {', '.join(settings.tiers)}.", field="tier"
        )
