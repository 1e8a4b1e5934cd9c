"""``longtake adopt``: take over records of another service, under their ids."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from longtake.cli.books import DEFAULT_ACCOUNT, Data, Owner, books
from longtake.cli.console import AsJson, document, say

if TYPE_CHECKING:
    from longtake.tasks.adoption import Kind, Outcome

_WORDS: dict[Kind, str] = {
    "adopted": "adopted",
    "known": "there already",
    "expired": "expired",
    "nothing": "without videos",
    "failed": "failed",
}


def adopt(
    ids: Annotated[list[str] | None, typer.Argument(help="Task ids.")] = None,
    *,
    service: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="URL",
            help="The old service, such as https://api.example.com.",
        ),
    ],
    key: Annotated[
        str,
        typer.Option(
            help="Its key; - reads it from the first line of stdin.",
            envvar="LONGTAKE_ADOPT_KEY",
            show_default=False,
        ),
    ] = "",
    file: Annotated[
        Path | None,
        typer.Option(help="A file of task ids, one a line; # begins a remark."),
    ] = None,
    account: Owner = DEFAULT_ACCOUNT,
    per_second: Annotated[
        float, typer.Option(min=0.01, max=100, help="Requests per second, at most.")
    ] = 5,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Take over records of another service: ids, videos in their order, prompts.

    It may be stopped and run again at any time; what is here already is left alone. Exit
    code 15 says that something failed and is worth another run.
    """
    from longtake import keys
    from longtake.door import Door
    from longtake.errors import FetchFailed
    from longtake.tasks.adoption import adopt as each
    from longtake.tasks.vendor import Vendor

    task_ids = list(dict.fromkeys([*(ids or []), *_listed(file)]))
    with (
        books(data) as store,
        Vendor(service, _key(key, task_ids), per_second=per_second) as vendor,
    ):
        with store.database.reading() as connection:
            owner = keys.account(connection, account)
        found = []
        door = Door(store.settings)
        for outcome in each(store, owner.id, task_ids, vendor=vendor, door=door):
            found.append(outcome)
            if not json:
                say(f"[{len(found)}/{len(task_ids)}] {_line(outcome)}")
    counts = Counter(outcome.kind for outcome in found)
    if json:
        document({"adopted": [asdict(outcome) for outcome in found]})
    else:
        said = (f"{counts[kind]} {words}" for kind, words in _WORDS.items())
        say(f"Of {len(found)}: {', '.join(said)}.")
    if counts["failed"]:
        raise typer.Exit(FetchFailed.exit_code)


def _listed(file: Path | None) -> list[str]:
    """The ids in ``file``. Raises AskInvalid."""
    from longtake.errors import AskInvalid

    if file is None:
        return []
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise AskInvalid(f"'{file}' cannot be read: {error}.") from error
    return [found for line in lines if (found := line.partition("#")[0].strip())]


def _key(given: str, task_ids: list[str]) -> str:
    """The old service's key. Raises AskInvalid where it or every id is missing."""
    from longtake.errors import AskInvalid

    if not task_ids:
        raise AskInvalid("Name task ids, or a file of them with --file.")
    key = sys.stdin.readline().strip() if given == "-" else given.strip()
    if not key:
        raise AskInvalid(
            "The key of the old service is missing: LONGTAKE_ADOPT_KEY, or --key - and "
            "the key on stdin."
        )
    return key


def _line(outcome: Outcome) -> str:
    """One outcome in words."""
    text = f"{outcome.task_id}: {_WORDS[outcome.kind]}"
    if outcome.kind == "adopted":
        return f"{text}, {outcome.n_videos} video{'s' * (outcome.n_videos != 1)}"
    return f"{text}: {outcome.reason}" if outcome.reason else text
