"""The blind sheet: what really happened and ours, side by side, and nobody says which.

    python -m benchmarks.quality.blind make [HOW_MANY]
    python -m benchmarks.quality.blind count PICKS

``make`` draws pairs in random order, as sheets of stills and as films. ``key.json`` beside
them says which is real: it is opened by ``count``, which takes a JSON object from a pair's
number to the letter ("A" or "B") that somebody took for the real one.
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import av
import numpy as np

from benchmarks import results
from benchmarks.quality import cache, scores, tables
from benchmarks.quality.scores import ENGINES
from benchmarks.quality.windows import CLIPS, IN_ALL, KINDS, Window, allotted
from longtake.analysis.pictures import Frames
from longtake.analysis.sheet import Sheet
from longtake.engines.motion import render

FOLDER = Path("blind")
QUESTION = (
    "Can what really happened be told from what `motion` made of the same frames? Pairs in "
    "random order, looked at as stills over time without the key; 0.5 of the picks right "
    "would be perfect. The interval is of 2000 bootstrap samples of whole clips."
)
COLUMNS = ("kind", "pairs", "right", "share", "interval", "goal")

_GOALS = {"texture": "0.6", "camera": "0.6", "all": "0.75"}
_CELL, _GAP, _HEAD = 186, 4, 22  # pixels
_PAIRS = 3  # on a sheet
_BEFORE_S = (1.0, 0.4, 0.0)  # of the clip, before its last frame
_AFTER = 6  # pictures of either continuation
_PAPER, _INK, _OWN = (19, 21, 26), (232, 234, 240), (116, 160, 214)


def make(folder: Path, total: int) -> None:
    """Draw ``total`` pairs, and write which is which beside them."""
    pairs = list(_pairs(total))
    random = np.random.default_rng(seed := secrets.randbits(32))
    order = random.permutation(len(pairs))
    key = []
    for first in range(0, len(order), _PAIRS):
        shown = []
        for number, chosen in enumerate(order[first : first + _PAIRS], start=first + 1):
            window, ours = pairs[chosen]
            real_first = bool(random.integers(2))
            both = (window.future, ours) if real_first else (ours, window.future)
            shown.append((number, window, both))
            key.append(
                {
                    "pair": number,
                    "clip": window.clip,
                    "join": window.join,
                    "real": "A" if real_first else "B",
                }
            )
            film(window, both, folder / "films" / f"{number:03}.mp4")
        _sheet(shown, folder / "sheets" / f"{first + 1:03}.png")
    told = {"seed": seed, "pairs": key}
    (folder / "key.json").write_text(json.dumps(told, indent=1) + "\n")
    print(
        f"{len(key)} pairs in {folder}/sheets and {folder}/films; do not open the key."
    )


def counted(
    key: list[dict[str, Any]], picks: Mapping[str, str]
) -> list[dict[str, Any]]:
    """How many picks were right, by kind of clip and in all."""
    looked_at = [one for one in key if str(one["pair"]) in picks]
    rows = []
    for kind in (*dict.fromkeys(KINDS.values()), "all"):
        groups: dict[str, list[float]] = {}
        for one in looked_at:
            if kind in (KINDS.get(one["clip"]), "all"):
                right = picks[str(one["pair"])] == one["real"]
                groups.setdefault(one["clip"], []).append(float(right))
        picked = [right for group in groups.values() for right in group]
        if picked:
            low, high = tables.interval(list(groups.values()), np.mean)
            rows.append(
                {
                    "kind": kind,
                    "pairs": len(picked),
                    "right": int(sum(picked)),
                    "share": f"{np.mean(picked):.2f}",
                    "interval": f"{low:.2f} to {high:.2f}",
                    "goal": _GOALS.get(kind, ""),
                }
            )
    return rows


def film(window: Window, both: tuple[Frames, Frames], path: Path) -> None:
    """Both side by side, A on the left, after the clip's last second."""
    path.parent.mkdir(parents=True, exist_ok=True)
    before = window.context[-round(window.rate) :]
    left, right = (np.concatenate([before, one]) for one in both)
    height, width = (side - side % 2 for side in left.shape[1:3])
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=window.rate, options={"crf": "16"})
        stream.width, stream.height, stream.pix_fmt = 2 * width, height, "yuv420p"
        for a, b in zip(left, right, strict=True):
            picture = np.concatenate([a[:height, :width], b[:height, :width]], axis=1)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        file.mux(stream.encode())


def _pairs(total: int) -> Iterator[tuple[Window, Frames]]:
    """Every window and what the engine made of it, drawn again from its plan."""
    clips = [cache.held(path) for path in sorted(CLIPS.glob("*.mp4"))]
    dealt = allotted({held.clip: len(held.ends) for held in clips}, total)
    for held in clips:
        for join in held.joins(dealt[held.clip]):
            window = held.window(join)
            found = cache.scored(window, "engines", scores.engines)
            (plan,) = (one["plan"] for one in found if one["maker"] == ENGINES[0])
            yield window, np.stack(list(render(window.context, plan)))
            print(f"{window.clip} at {window.join}", flush=True)


def _sheet(shown: list[tuple[int, Window, tuple[Frames, Frames]]], path: Path) -> None:
    """A few pairs under each other: the clip's end, then A above B at the same times."""
    path.parent.mkdir(parents=True, exist_ok=True)
    talls = [
        round(_CELL * window.context.shape[1] / window.context.shape[2])
        for _, window, _ in shown
    ]
    columns = len(_BEFORE_S) + _AFTER
    high = sum(_HEAD + 2 * (tall + _GAP) + 10 for tall in talls)
    sheet = Sheet(24 + columns * (_CELL + _GAP), high, _PAPER)
    top = 0
    for (number, window, both), tall in zip(shown, talls, strict=True):
        rows = [top + _HEAD + row * (tall + _GAP) for row in (0, 1)]
        sheet.text((4, top + 11), f"pair {number}", 15, _INK, "lm")
        n, last = len(window.future), len(window.context) - 1
        earlier = [max(0, last - round(s * window.rate)) for s in _BEFORE_S]
        later = np.linspace(min(2, n - 1), n - 1, _AFTER).round().astype(int)
        for row, (y, letter, made) in enumerate(zip(rows, "AB", both, strict=True)):
            sheet.text((12, y + tall / 2), letter, 20, _INK, "mm")
            pictures = [(window.context[k], k - last) for k in earlier]
            pictures += [(made[k], k + 1) for k in later]
            for column, (frame, offset) in enumerate(pictures):
                x = 24 + column * (_CELL + _GAP)
                sheet.picture(frame, (x, y, x + _CELL, y + tall))
                if not row:
                    stamp = f"{float(offset / window.rate):+.2f} s"
                    color = _INK if offset > 0 else _OWN
                    sheet.text((x + _CELL / 2, top + 11), stamp, 12, color, "mm")
        top += _HEAD + 2 * (tall + _GAP) + 10
    sheet.finished().save(path)


def _count(picks: Path, folder: Path) -> None:
    key = json.loads((folder / "key.json").read_text())["pairs"]
    picked = json.loads(picks.read_text())
    details = [one | {"picked": picked.get(str(one["pair"]))} for one in key]
    results.write("blind", QUESTION, COLUMNS, counted(key, picked), details=details)


def main(words: list[str]) -> None:
    """``make [HOW_MANY]`` or ``count PICKS``."""
    match words:
        case ["make", *number]:
            make(FOLDER, int(number[0]) if number else IN_ALL)
        case ["count", picks]:
            _count(Path(picks), FOLDER)
        case _:
            sys.exit("make [HOW_MANY], or count PICKS")


if __name__ == "__main__":
    main(sys.argv[1:])
