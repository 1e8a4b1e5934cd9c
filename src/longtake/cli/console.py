"""What the command prints: words for people, one JSON document for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
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
    """Print names and values in two columns; each line of a value on a line of its own."""
    rows = list(rows)
    width = max((len(name) for name, _ in rows), default=0)
    for name, value in rows:
        first, *more = value.splitlines() or [""]
        say(f"  {name:{width}}  {first}")
        for line in more:
            say(f"  {'':{width}}  {line}")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under ``header``, each column as wide as its widest cell."""
    lines = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (f"{cell:{width}}" for cell, width in zip(line, widths, strict=True))
        say("  ".join(cells).rstrip())


def moment(at_ms: int | None) -> str:
    """A moment in epoch milliseconds as people read it, in UTC; ``-`` for none."""
    if at_ms is None:
        return "-"
    return f"{datetime.fromtimestamp(at_ms // 1000, UTC):%Y-%m-%d %H:%M:%S}Z"
