"""What the commands of an operator share: the data folder they work on, and its books."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
