"""``longtake accounts``, ``keys`` and ``secrets``: who may call, and how we sign."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from longtake.cli.books import DEFAULT_ACCOUNT, Data, Owner, books, studio_link
from longtake.cli.console import AsJson, document, moment, say, table

if TYPE_CHECKING:
    from longtake.keys import Key

Which = Annotated[str, typer.Argument(help="The key's id or prefix, as listed.")]

_SHOWN = len("whsec_") + 6

account_commands = typer.Typer(
    help="Who owns records and credits.", no_args_is_help=True
)
key_commands = typer.Typer(help="What callers show: API keys.", no_args_is_help=True)
secret_commands = typer.Typer(
    help="What an account's callbacks are signed with.", no_args_is_help=True
)


@account_commands.command("create")
def create_account(
    name: Annotated[str, typer.Argument(help="A name that nobody has yet.")],
    *,
    tier: Annotated[
        str, typer.Option(help="How many tasks run at a time; LONGTAKE_TIERS has them.")
    ] = "standard",
    unlimited: Annotated[
        bool, typer.Option("--unlimited", help="Grant a billion credits.")
    ] = False,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Open an account."""
    from longtake import keys, ledger

    with books(data) as store:
        _require_tier(tier, store.settings.tiers)
        with store.database.transaction() as connection:
            account = keys.open_account(connection, name, tier=tier)
            if unlimited:
                ledger.grant(connection, account.id, ledger.UNLIMITED, note="unlimited")
    if json:
        document({"account": asdict(account)})
        return
    say(f"Account {account.name} is open; a key: longtake keys create --account {name}")


@account_commands.command("list")
def list_accounts(*, data: Data = None, json: AsJson = False) -> None:
    """List the accounts and their balances."""
    from longtake import keys, ledger

    with books(data) as store, store.database.reading() as connection:
        found = [
            asdict(account) | {"balance": ledger.balance(connection, account.id)}
            for account in keys.accounts(connection)
        ]
    if json:
        document({"accounts": found})
        return
    table(
        ("name", "tier", "balance", "since", "id"),
        (
            (
                one["name"],
                one["tier"],
                f"{one['balance']:,}",
                moment(one["created_ms"]),
                one["id"],
            )
            for one in found
        ),
    )


@account_commands.command("tier")
def change_tier(
    name: Annotated[str, typer.Argument(help="The account, by name or id.")],
    tier: Annotated[str, typer.Argument(help="One of LONGTAKE_TIERS.")],
    *,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Put an account into another tier; what runs already runs on."""
    from longtake import keys

    with books(data) as store:
        _require_tier(tier, store.settings.tiers)
        with store.database.transaction() as connection:
            account = keys.account(connection, name)
            keys.set_tier(connection, account.id, tier)
    if json:
        document({"account": asdict(account) | {"tier": tier}})
    else:
        say(f"Account {account.name} is of the tier {tier}.")


@key_commands.command("create")
def create_key(
    *,
    account: Owner = DEFAULT_ACCOUNT,
    name: Annotated[str, typer.Option(help="What it is for.")] = "",
    admin: Annotated[
        bool, typer.Option("--admin", help="Let it see and change every account.")
    ] = False,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Make a key and print it, alone on the last line. It is not shown again."""
    from longtake import keys

    with books(data) as store, store.database.transaction() as connection:
        text, key = keys.create(
            connection,
            keys.account(connection, account).id,
            secret=store.secret,
            name=name,
            admin=admin,
        )
    _show(text, key, as_json=json)


@key_commands.command("link")
def link(
    *,
    account: Owner = DEFAULT_ACCOUNT,
    admin: Annotated[
        bool, typer.Option("--admin", help="Let it see and change every account.")
    ] = False,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Print a link that opens the studio without a key, once, within ten minutes."""
    from longtake import keys

    with books(data) as store:
        with store.database.transaction() as connection:
            owner = keys.account(connection, account)
            code = keys.add_code(connection, owner.id, secret=store.secret, admin=admin)
        url = studio_link(store.settings.base_url, code)
    if json:
        document({"account": owner.name, "url": url})
        return
    say(f"The studio of account {owner.name}; the link works once, within ten minutes.")
    say(url)


@key_commands.command("list")
def list_keys(
    *,
    account: Annotated[
        str | None, typer.Option("--account", help="Of this account only.")
    ] = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """List the keys by their prefixes, revoked ones too."""
    from longtake import keys

    with books(data) as store, store.database.reading() as connection:
        owner = account and keys.account(connection, account).id
        found = keys.listed(connection, owner)
    if json:
        document({"keys": [_facts(key) for key in found]})
        return
    table(
        ("key", "account", "name", "may", "since", "until", "revoked"),
        (
            (
                f"{key.prefix}...",
                key.account.name,
                key.name or "-",
                "administer" if key.admin else "call",
                moment(key.created_ms),
                moment(key.expires_ms),
                moment(key.revoked_ms),
            )
            for key in found
        ),
    )


@key_commands.command("revoke")
def revoke_key(key: Which, *, data: Data = None, json: AsJson = False) -> None:
    """Stop a key, from its next request on."""
    from longtake import keys

    with books(data) as store, store.database.transaction() as connection:
        found = keys.revoke(connection, key)
    if json:
        document({"key": _facts(found)})
    else:
        say(f"{found.prefix}... of account {found.account.name} is revoked.")


@key_commands.command("rotate")
def rotate_key(key: Which, *, data: Data = None, json: AsJson = False) -> None:
    """Revoke a key and make another like it, printed alone on the last line."""
    from longtake import keys

    with books(data) as store, store.database.transaction() as connection:
        text, new = keys.rotate(connection, key, secret=store.secret)
    _show(text, new, as_json=json)


@secret_commands.command("create")
def create_secret(
    *, account: Owner = DEFAULT_ACCOUNT, data: Data = None, json: AsJson = False
) -> None:
    """Make a secret and print it, alone on the last line; others go on signing."""
    from longtake import keys

    with books(data) as store, store.database.transaction() as connection:
        owner = keys.account(connection, account)
        text = keys.add_secret(connection, owner.id)
    _show_secret(text, owner.name, as_json=json)


@secret_commands.command("rotate")
def rotate_secret(
    *,
    account: Owner = DEFAULT_ACCOUNT,
    overlap_h: Annotated[
        float, typer.Option("--overlap", min=0, help="Hours the old ones still sign.")
    ] = 24,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Make a secret in the place of those there are; 0 hours ends them at once."""
    from longtake import keys

    with books(data) as store, store.database.transaction() as connection:
        owner = keys.account(connection, account)
        text = keys.rotate_secret(
            connection, owner.id, overlap_ms=round(overlap_h * 3_600_000)
        )
    _show_secret(text, owner.name, as_json=json)


@secret_commands.command("list")
def list_secrets(
    *, account: Owner = DEFAULT_ACCOUNT, data: Data = None, json: AsJson = False
) -> None:
    """List the secrets that sign now, newest first, by their beginnings."""
    from longtake import keys

    with books(data) as store, store.database.reading() as connection:
        owner = keys.account(connection, account)
        found = keys.secrets_listed(connection, owner.id)
    if json:
        shown = [asdict(one) | {"text": f"{one.text[:_SHOWN]}..."} for one in found]
        document({"account": owner.name, "secrets": shown})
        return
    table(
        ("secret", "since", "until"),
        (
            (f"{one.text[:_SHOWN]}...", moment(one.created_ms), moment(one.expires_ms))
            for one in found
        ),
    )


def _require_tier(tier: str, tiers: dict[str, int]) -> None:
    from longtake.errors import FieldInvalid

    if tier not in tiers:
        raise FieldInvalid(
            f"There is no tier {tier!r}; there are {', '.join(tiers)} (LONGTAKE_TIERS).",
            field="tier",
        )


def _facts(key: Key) -> dict[str, Any]:
    return asdict(key) | {"account": key.account.name}


def _show(text: str, key: Key, *, as_json: bool) -> None:
    if as_json:
        document({"key": _facts(key) | {"text": text}})
        return
    may = " It may administer." if key.admin else ""
    say(f"A key of account {key.account.name}.{may} Keep it: it is not shown again.")
    say(text)


def _show_secret(text: str, account: str, *, as_json: bool) -> None:
    if as_json:
        document({"account": account, "secret": text})
        return
    say(f"What callbacks of account {account} are signed with. Keep it:")
    say(text)
