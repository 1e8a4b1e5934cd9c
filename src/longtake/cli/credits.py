"""``longtake credits``: what an account may spend, and what became of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from longtake.cli.books import DEFAULT_ACCOUNT, Data, Owner, books
from longtake.cli.console import AsJson, document, moment, say, table

credit_commands = typer.Typer(help="What an account may spend.", no_args_is_help=True)


@credit_commands.command("grant")
def grant(
    credits: Annotated[
        int, typer.Argument(help="How many; `-- -50` takes 50 of them back.")
    ],
    *,
    account: Owner = DEFAULT_ACCOUNT,
    note: Annotated[str, typer.Option(help="Why; kept in the history.")] = "",
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Give an account credits."""
    from longtake import keys, ledger

    with books(data) as store, store.database.transaction() as connection:
        owner = keys.account(connection, account)
        balance = ledger.grant(connection, owner.id, credits, note=note)
    _balance(owner.name, balance, as_json=json)


@credit_commands.command("show")
def show(
    *, account: Owner = DEFAULT_ACCOUNT, data: Data = None, json: AsJson = False
) -> None:
    """Say what an account may still spend."""
    from longtake import keys, ledger

    with books(data) as store, store.database.reading() as connection:
        owner = keys.account(connection, account)
        balance = ledger.balance(connection, owner.id)
    _balance(owner.name, balance, as_json=json)


@credit_commands.command("history")
def history(
    *,
    account: Owner = DEFAULT_ACCOUNT,
    limit: Annotated[int, typer.Option(min=1, help="How many entries.")] = 50,
    before: Annotated[
        int | None, typer.Option(help="Those before the entry of this number.")
    ] = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """List what came and went, newest first."""
    from longtake import keys, ledger

    with books(data) as store, store.database.reading() as connection:
        owner = keys.account(connection, account)
        entries = ledger.history(connection, owner.id, before=before, limit=limit)
    if json:
        document(
            {"account": owner.name, "entries": [asdict(entry) for entry in entries]}
        )
        return
    table(
        ("number", "when", "what", "credits", "task or note"),
        (
            (
                str(entry.id),
                moment(entry.at_ms),
                entry.kind,
                f"{entry.credits:+,}",
                entry.record_id or entry.note or "-",
            )
            for entry in entries
        ),
    )


def _balance(account: str, balance: int, *, as_json: bool) -> None:
    if as_json:
        document({"account": account, "balance": balance})
    else:
        say(f"Account {account} has {balance:,} credits.")
