"""Progress on a terminal: what is being done, how far, and how long it will take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

if TYPE_CHECKING:
    from longtake.extension import Progress

_STAGES = {
    "context": "Reading the end of the clip",
    "engine": "Planning the continuation",
    "frames": "Making new frames",
    "measure": "Measuring the join",
    "proof": "Proving the result",
}


@contextmanager
def shown() -> Iterator[Callable[[Progress], None] | None]:
    """A listener that draws a bar on stderr, or None where that is no terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    bar = Bar(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task("Looking at the clip", total=None)
        stage = ""

        def listen(now: Progress) -> None:
            nonlocal stage
            if now.stage != stage or not now.done:
                stage = now.stage
                step = f" ({now.step} of {now.steps})" if now.steps > 1 else ""
                bar.reset(task, description=_STAGES[now.stage] + step)
            counted = now.total if now.total > 1 else None
            bar.update(task, completed=now.done, total=counted)

        yield listen
