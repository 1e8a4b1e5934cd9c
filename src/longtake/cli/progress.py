"""Progress on a terminal: what is being done, how far, and how long it will take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
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
        TextColumn("{task.fields[counted]}"),
        TimeRemainingColumn(compact=True),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task("Looking at the clip", total=None, counted="")
        stage: tuple[str, int] | None = None

        def listen(now: Progress) -> None:
            nonlocal stage, task
            many = now.total > 1
            if (now.stage, now.step) != stage:
                stage = (now.stage, now.step)
                step = f" ({now.step} of {now.steps})" if now.steps > 1 else ""
                bar.remove_task(task)
                total = now.total if many else None
                task = bar.add_task(_STAGES[now.stage] + step, total=total, counted="")
            counted = f"{now.done} of {now.total} frames" if many else ""
            bar.update(task, completed=now.done, counted=counted)

        yield listen
