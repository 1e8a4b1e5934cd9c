"""What the command prints: words for people, one JSON document for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Annotated, Any

import typer

AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document, for programs.")
]


def document(value: dict[str, Any]) -> None:
    """Print ``value`` as the one JSON document of this run."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def fail(code: str, message: str, *, as_json: bool) -> None:
    """Say why there is no result: on stderr, or as the JSON document."""
    if as_json:
        document({"error": {"code": code, "message": message}})
    else:
        sys.stderr.write(f"longtake: {message}\n")


def say(text: str = "") -> None:
    """Print one line for people."""
    sys.stdout.write(text + "\n")


def facts(rows: Iterable[tuple[str, str]]) -> None:
    """Print names and values in two columns; long values wrap within theirs."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(Text(f"  {name}"), Text(value))
    Console(highlight=False).print(table)
