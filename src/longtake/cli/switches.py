"""``longtake switch``: stop and start kinds of new work on servers that run."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from longtake.cli.books import Data, books
from longtake.cli.console import AsJson, document, moment, say, table


class Position(StrEnum):
    """Where a switch stands."""

    ON = "on"
    OFF = "off"


def switch(
    name: Annotated[
        str | None, typer.Argument(help="Which; none lists them.", show_default=False)
    ] = None,
    position: Annotated[
        Position | None, typer.Argument(help="Where to.", show_default=False)
    ] = None,
    *,
    message: Annotated[
        str, typer.Option(help="What callers are told while it stops them.")
    ] = "",
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Stop or start a kind of new work, at once; what runs is finished.

    `longtake switch generate off` answers 505 to what starts from an image; `longtake
    switch maintenance on` answers 455 to all new work.
    """
    from longtake import limits

    if name is not None and position is None:
        raise typer.BadParameter("say on or off", param_hint="POSITION")
    with books(data) as store:
        if name is not None:
            with store.database.transaction() as connection:
                limits.switch(
                    connection, name, off=position is Position.OFF, message=message
                )
        with store.database.reading() as connection:
            found = limits.switches(connection)
    if json:
        document({"switches": [asdict(one) for one in found]})
        return
    if name is not None:
        say(f"{name} is {position}.")
        return
    table(
        ("switch", "is", "since", "what it lets through"),
        (
            (
                one.name,
                "off" if one.off else "on",
                moment(one.changed_ms),
                one.message or limits.SWITCHES[one.name],
            )
            for one in found
        ),
    )
