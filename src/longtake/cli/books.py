"""What the commands of an operator share: the data folder they work on, and its books."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from longtake.settings import Settings
    from longtake.store import Store

Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="The server's data folder.",
        show_default="LONGTAKE_DATA, or ~/.longtake",
    ),
]
Owner = Annotated[str, typer.Option("--account", help="The account, by name or id.")]
DEFAULT_ACCOUNT = "default"


def settings_of(data: Path | None) -> Settings:
    """The settings of this process, with the data folder that was named."""
    from longtake import settings

    return settings.Settings(data=data) if data else settings.load()


@contextmanager
def books(data: Path | None) -> Iterator[Store]:
    """The books of a data folder. Raises SetupIncomplete where there are none."""
    from longtake.store import Store

    store = Store(settings_of(data))
    try:
        yield store
    finally:
        store.close()


def studio_link(address: str, code: str) -> str:
    """The studio with a code in the part of a URL that a browser keeps to itself."""
    return f"{address}/#code={code}"


def broken_books(data: Path | None, *, deep: bool) -> dict[str, Any] | None:
    """What of the invariants does not hold; None where there is no data folder.

    Raises SetupIncomplete where one is named that is none.
    """
    settings = settings_of(data)
    if data is None and not (settings.data / "secret").exists():
        return None
    # Not before: a system that cannot serve is looked at all the same.
    from longtake.invariants import INVARIANTS
    from longtake.invariants import check as look
    from longtake.tasks.queue import OPEN, Queue

    with books(data) as store, closing(Queue(store.database)) as queue:
        broken = look(
            store,
            queue_view=lambda workflows: {
                workflow
                for workflow, state in queue.states(workflows).items()
                if state in OPEN
            },
            deep=deep,
        )
    return {
        "data": str(settings.data),
        "n_invariants": len(INVARIANTS),
        "broken": [asdict(one) | {"means": one.means} for one in broken],
    }
