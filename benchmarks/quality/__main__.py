"""``python -m benchmarks.quality``: all windows of all clips, the tables and the sheets."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import results
from benchmarks.quality import cache, controls, scores, sheets, tables
from benchmarks.quality.scores import ENGINES, MAKERS, REAL, TURN, Score
from benchmarks.quality.windows import CLIPS, HELD_OUT, IN_ALL, Window, allotted
from longtake.analysis.measures import Measures
from longtake.engines.motion import render

QUESTION = (
    "How near does a continuation come to what really happened next, and does the gate "
    "tell good from bad? ({n} windows of the real clips, none across a cut or fade: "
    "at most 5 s of context, then min(4 s, half of the clip) held out, or what is left of "
    "it, at 416 pixels wide. Each cell is the median over all windows, with the 5th and "
    "95th percentile; what really happened is measured like a continuation. PSNR (RGB) "
    "and SSIM (luma) are of the frame so many steps after the join; later than half a "
    "second they reward freezing. Differences are medians of paired differences, with the "
    "95 % interval of 2000 bootstrap samples of whole clips.)"
)
_PROCESSES = 2
_MEASURED: dict[str, Callable[[Window], list[Score]]] = {
    "real_and_controls": scores.real_and_controls,
    "engines": scores.engines,
}
_SHEETS = results.FOLDER / "sheets"


def main(words: Sequence[str]) -> None:
    """Measure what was not yet measured by these sources, and write everything.

    A number asks for as many windows instead of a hundred.
    """
    paths = sorted(CLIPS.glob("*.mp4"))
    if not paths:
        sys.exit(f"There are no real clips at {CLIPS}; this benchmark needs them.")
    total = int(words[0]) if words else IN_ALL
    with ProcessPoolExecutor(_PROCESSES) as pool:
        counts = dict(zip(paths, pool.map(_joins, paths), strict=True))
        dealt = allotted(counts, total)
        # Every clip's first window, then every clip's second: the last are the finest.
        asks = sorted((k, path) for path, n in dealt.items() for k in range(n))
        found = []
        for done, some in enumerate(pool.map(_scored, asks), start=1):
            found += some
            print(f"{done} of {total}: {some[0]['clip']}", flush=True)
    found.sort(key=lambda one: (one["clip"], one["join"], MAKERS.index(one["maker"])))
    _write(found)
    for path in paths:
        _sheet(path, found)


def _joins(path: Path) -> int:
    return len(cache.held(path).ends)


def _scored(ask: tuple[int, Path]) -> list[Score]:
    """Every score of one window of a clip, counted from 0."""
    number, path = ask
    held = cache.held(path)
    window = held.window(held.joins(number + 1)[-1])
    seconds = len(window.future) / float(window.rate)
    found = [
        one
        for kind, measured in _MEASURED.items()
        for one in cache.scored(window, kind, measured)
    ]
    return [one | {"s_new": seconds} for one in found]


def _write(found: Sequence[Score]) -> None:
    sections: list[tuple[str, Sequence[str], list[dict[str, Any]]]] = [
        ("What the gate lets through", tables.CONFUSION, tables.confusion(found)),
        (
            "With and without choosing by the gate",
            tables.CHOOSING,
            tables.choosing(found),
        ),
        (
            "Area under the curve, each measure against each maker",
            tables.AREAS,
            tables.areas(found),
        ),
        (
            "What is refused, and by which measure alone",
            tables.REFUSALS,
            tables.refusals(found),
        ),
        ("By how much the bands may be missed", tables.SLACKED, tables.slacks(found)),
        ("Clip by clip", tables.PER_CLIP, tables.per_clip(found)),
    ]
    loops = "; ".join(tables.loops_that_pass(found)) or "none"
    text = "\n\n".join(
        f"## {title}\n\n{results.table(columns, rows)}"
        for title, columns, rows in sections
    )
    results.write(
        "quality",
        QUESTION.format(n=len({(one["clip"], one["join"]) for one in found})),
        tables.MEDIANS,
        tables.medians(found),
        details=_packed(found),
        more=f"{text}\n\n{tables.slack_told(found)}\n\nHard loops that the gate lets through: {loops}.",
    )


def _packed(found: Sequence[Score]) -> list[list[Any]]:
    """The scores a line each, the first naming what the others hold."""
    names = ["clip", "join", "n_new", "maker", *Measures.model_fields]
    names += [f"{kind}_{k}" for kind in ("psnr", "ssim") for k in scores.LATER]
    names += ["cpu_s", "peak_mb"]
    rows = [[one.get(name) for name in names] for one in found]
    return [names] + [
        [round(v, 3) if isinstance(v, float) else v for v in row] for row in rows
    ]


def _sheet(path: Path, found: Sequence[Score]) -> None:
    """The middle window of a clip, everything drawn again."""
    held = cache.held(path)
    window = held.window(*held.joins(1))
    (plan,) = (
        one["plan"]
        for one in found
        if (one["clip"], one["join"]) == (window.clip, window.join)
        and one["maker"] == ENGINES[0]
    )
    rows = {
        REAL: window.future,
        ENGINES[0]: np.stack(list(render(window.context, plan))),
        TURN: controls.turn_around(window.context, window.future),
        "hard_loop": controls.hard_loop(window.context, window.future),
        "pure_flow": controls.pure_flow(window.context, window.future),
    }
    name = f"{path.stem}-held-out.jpg" if path.stem in HELD_OUT else f"{path.stem}.jpg"
    sheets.contact(window, rows, _SHEETS / name)


if __name__ == "__main__":
    main(sys.argv[1:])
