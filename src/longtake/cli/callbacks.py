"""``longtake callbacks``: what is owed, what came of it, and once more."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from longtake.cli.books import Data, books
from longtake.cli.console import AsJson, document, facts, moment, say, table

if TYPE_CHECKING:
    from longtake.callbacks import Attempt, Delivery
    from longtake.store import Store

commands = typer.Typer(
    help="Callbacks: what is owed and what came of it.", no_args_is_help=True
)
_PAGE = 100


class _State(StrEnum):
    OWED = "owed"
    DELIVERED = "delivered"
    DEAD = "dead"


Which = Annotated[str, typer.Argument(metavar="ID", help="A delivery, as listed.")]
Account = Annotated[
    str | None, typer.Option("--account", help="Of this account only, by name or id.")
]


@commands.command("list")
def list_deliveries(
    *,
    account: Account = None,
    state: Annotated[
        _State | None, typer.Option(help="Of this state; dead: given up.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="So many, newest first.")] = 50,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """List deliveries, newest first."""
    from longtake import callbacks

    with books(data) as store:
        found = _listed(store, account, state, limit)
    if json:
        document({"deliveries": [callbacks.view(one) for one in found]})
        return
    table(
        ("delivery", "task", "state", "attempts", "next", "url"),
        (
            (
                one.id,
                one.task_id,
                one.state,
                str(len(one.attempts)),
                moment(one.next_ms),
                one.url,
            )
            for one in found
        ),
    )


@commands.command()
def show(delivery: Which, *, data: Data = None, json: AsJson = False) -> None:
    """Show one delivery: its attempts and the body that is sent."""
    from longtake import callbacks

    with books(data) as store, store.database.reading() as connection:
        found = callbacks.find(connection, delivery, account_id=None)
    if json:
        document({"delivery": {**callbacks.view(found), "body": found.body}})
        return
    say(found.url)
    facts(
        [
            ("task", found.task_id),
            ("state", found.state),
            ("owed since", moment(found.created_ms)),
            ("next attempt", moment(found.next_ms)),
            ("webhook-id", found.webhook_id),
            ("body", found.body),
        ]
    )
    table(("round", "attempt", "began", "answer"), map(_tried, found.attempts))


@commands.command()
def redeliver(
    deliveries: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="As listed.")
    ] = None,
    *,
    dead: Annotated[
        bool, typer.Option("--dead", help="Everything that was given up.")
    ] = False,
    account: Account = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Deliver again, from now and from the first attempt on; delivered ones, too."""
    from longtake import callbacks
    from longtake.errors import AskInvalid
    from longtake.tasks import Tasks

    if bool(deliveries) == dead:
        raise AskInvalid("Name deliveries, or take --dead for all that were given up.")
    with books(data) as store:
        ids = deliveries or [
            one.id for one in _listed(store, account, _State.DEAD, None)
        ]
        owner = _owner(store, account)
        tasks = Tasks(store)
        found = []
        for one in ids:  # each is told as it is done, in case a later one is unknown
            found.append(tasks.redeliver(one, account_id=owner))
            if not json:
                say(f"{one}: owed again to {found[-1].url}")
    if json:
        document({"deliveries": [callbacks.view(one) for one in found]})
    else:
        say(f"{len(found)} in all; a running worker delivers them.")


def _owner(store: Store, account: str | None) -> str | None:
    """The account's id; None for all of them. Raises NotFound."""
    from longtake import keys

    if account is None:
        return None
    with store.database.reading() as connection:
        return keys.account(connection, account).id


def _listed(
    store: Store, account: str | None, state: _State | None, limit: int | None
) -> list[Delivery]:
    """Up to ``limit`` deliveries, page by page."""
    from longtake import callbacks

    owner = _owner(store, account)
    found: list[Delivery] = []
    while limit is None or len(found) < limit:
        with store.database.reading() as connection:
            page = callbacks.listed(
                connection,
                account_id=owner,
                state=state.value if state else None,
                before=(found[-1].created_ms, found[-1].id) if found else None,
                limit=_PAGE,
            )
        found += page
        if len(page) < _PAGE:
            break
    return found[:limit]


def _tried(attempt: Attempt) -> tuple[str, str, str, str]:
    answer = attempt.error or str(attempt.status or "-")
    if attempt.ended_ms is None:
        answer = "under way, or its process died"
    return str(attempt.round), str(attempt.number), moment(attempt.began_ms), answer
