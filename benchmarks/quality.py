"""What really happened next, held out of real clips and made again by each engine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks import results
from longtake.analysis.cuts import transitions
from longtake.analysis.gate import BANDS, judge
from longtake.analysis.measures import Measures, measure
from longtake.analysis.pictures import Frame, Frames, gray, small
from longtake.engines import registry
from longtake.engines.protocol import Ask, Engine
from longtake.media import decode
from longtake.media.probe import probe

CLIPS = Path(__file__).resolve().parent.parent.parent / "shared" / "clips"
QUESTION = (
    "How near does a continuation come to what really happened next, and would the gate "
    "let it through? (Up to five windows of each real clip, none across a cut or fade: "
    "at most 5 s of context, then 0.5 to 2 s held out, at 416 pixels wide. Each cell is the "
    "median over all windows, with the 5th and 95th percentile; what really happened is "
    "measured like a continuation. PSNR (RGB) and SSIM (luma) are of the frame so many "
    "steps after the join; later than half a second they reward freezing. The last column "
    "is the median of the paired differences (of passing: their mean), with the 95 % "
    "interval of 2000 bootstrap samples of whole clips.)"
)
COLUMNS = ("score", "accepted", "real", "motion", "persistence", "motion_-_persistence")
ENGINES = ("motion", "persistence")
REAL = "real"

_LATER = (1, 6, 12)  # frames after the join
_WINDOWS = 5  # of one clip
_CONTEXT_S, _MOST_S = 5, 2
_LEAST_S = Fraction(1, 2)  # of context, and held out
_FEWEST = 12  # frames likewise: the last of _LATER must be among them
_SAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of one clip: what an engine is given, and what came after."""

    clip: str
    join: int
    rate: Fraction
    context: Frames
    future: Frames


def psnr(a: Frame, b: Frame) -> float:
    """Peak signal-to-noise ratio of two RGB pictures in dB; 100 where they are equal."""
    error = float(np.square(a.astype(np.float64) - b).mean())
    return 100.0 if error == 0 else min(100.0, 10 * float(np.log10(255**2 / error)))


def ssim(a: Frame, b: Frame) -> float:
    """Structural similarity of two pictures' luma (Wang et al., 2004; Gaussian 1.5)."""
    x, y = (gray(frame).astype(np.float64) for frame in (a, b))

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(cv2.GaussianBlur(values, (11, 11), 1.5), np.float64)

    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mx, my = mean(x), mean(y)
    vx, vy, both = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    alike = (2 * mx * my + c1) * (2 * both + c2)
    return float((alike / ((mx**2 + my**2 + c1) * (vx + vy + c2))).mean())


def windows(path: Path) -> Iterator[Window]:
    """The windows of one clip, evenly spread, none with a change of shot in its future."""
    clip = probe(path)
    video = clip.video
    frames = np.stack(
        [
            small(decode.upright(frame, video.rotation))
            for frame in decode.frames(clip, first=0, count=video.n_frames)
        ]
    )
    rate = video.rate
    least = max(_FEWEST, round(_LEAST_S * rate))
    most, before = round(_MOST_S * rate), round(_CONTEXT_S * rate)
    changes = transitions(frames)
    joins = [
        join
        for join in range(least, len(frames) - least + 1)
        if not any(
            one.end > join - _FEWEST and one.first < join + least for one in changes
        )
    ]
    count = min(_WINDOWS, len(joins))
    for i in np.linspace(0, len(joins) - 1, count) if count else ():
        join = joins[round(i)]
        later = [one.first for one in changes if one.first > join]
        end = min([join + most, len(frames), *later])
        yield Window(
            clip=path.stem,
            join=join,
            rate=rate,
            context=frames[max(0, join - before) : join],
            future=frames[join:end],
        )


def continued(
    engine: str, window: Window
) -> tuple[Frames, Sequence[int | None] | None]:
    """As many frames as are held out, made by ``engine``, and its source map."""
    ask = Ask(window.context, window.rate, len(window.future), seed=0)
    made = _ready(engine).extend(ask)
    return np.stack(list(made.frames)), made.source_map


@cache
def _ready(name: str) -> Engine:
    """The engine, in this process: frames of 416 pixels need no pipe."""
    engine = registry.load(name)
    engine.setup()
    return engine


def scores(window: Window, maker: str) -> dict[str, Any]:
    """Everything measured of one maker's continuation of one window."""
    new, source_map = window.future, None
    if maker != REAL:
        new, source_map = continued(maker, window)
    measures = measure(window.context, new, source_map=source_map)
    found: dict[str, Any] = {
        "clip": window.clip,
        "join": window.join,
        "n_new": len(new),
        "maker": maker,
        "passes": float(judge(measures).passed),
        **{name: value for name, value in measures if value is not None},
    }
    if maker != REAL:
        for k in _LATER:
            found[f"psnr_{k}"] = psnr(new[k - 1], window.future[k - 1])
            found[f"ssim_{k}"] = ssim(new[k - 1], window.future[k - 1])
    return found


def main() -> None:
    """Measure all clips of ../shared/clips and write the table."""
    paths = sorted(CLIPS.glob("*.mp4"))
    if not paths:
        sys.exit(f"There are no real clips at {CLIPS}; this benchmark needs them.")
    found: list[dict[str, Any]] = []
    for path in paths:
        held_out = list(windows(path))
        print(f"{path.stem}: {len(held_out)} windows", flush=True)
        for window in held_out:
            found += [scores(window, maker) for maker in (REAL, *ENGINES)]
    results.write("quality", QUESTION, COLUMNS, rows(found), details=_rounded(found))


def rows(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The table: one score a row, one maker a column."""
    names = [f"{kind}_{k}" for kind in ("psnr", "ssim") for k in _LATER]
    names += ["passes", *Measures.model_fields]
    return [
        {
            "score": _title(name),
            "accepted": str(BANDS.get(name, "")),
            **{maker: _spread(found, name, maker) for maker in (REAL, *ENGINES)},
            COLUMNS[-1]: _paired(found, name),
        }
        for name in names
    ]


def _title(name: str) -> str:
    kind, _, later = name.partition("_")
    if later.isdigit():
        return f"{kind.upper()} +{later}" + (" (dB)" if kind == "psnr" else "")
    return "passes the gate" if name == "passes" else name.replace("_", " ")


def _spread(found: list[dict[str, Any]], name: str, maker: str) -> str:
    values = [one[name] for one in found if one["maker"] == maker and name in one]
    if not values:
        return ""
    if name == "passes":
        return f"{sum(values):.0f} of {len(values)}"
    low, middle, high = np.percentile(values, [5, 50, 95])
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def _paired(found: list[dict[str, Any]], name: str) -> str:
    """Paired difference of the engines, with a bootstrap interval over clips."""
    by_window: dict[tuple[str, int], dict[str, float]] = {}
    for one in found:
        if name in one:
            by_window.setdefault((one["clip"], one["join"]), {})[one["maker"]] = one[
                name
            ]
    by_clip: dict[str, list[float]] = {}
    for (clip, _), values in by_window.items():
        if all(engine in values for engine in ENGINES):
            first, second = (values[engine] for engine in ENGINES)
            by_clip.setdefault(clip, []).append(first - second)
    if not by_clip:
        return ""
    # A share has no useful median; a score has windows so odd that its mean is theirs.
    typical = np.mean if name == "passes" else np.median
    groups = list(by_clip.values())
    low, high = interval(groups, typical)
    middle = typical(np.concatenate(groups))
    return f"{middle:+.2f} ({low:+.2f} to {high:+.2f})"


def interval(
    groups: list[list[float]], typical: Callable[[NDArray[np.float64]], np.floating]
) -> tuple[float, float]:
    """95 % interval of what is ``typical``, whole groups drawn again with return."""
    draw = np.random.default_rng(0)
    found = [
        typical(np.concatenate([groups[i] for i in chosen]))
        for chosen in draw.integers(0, len(groups), (_SAMPLES, len(groups)))
    ]
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


def _rounded(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {k: round(v, 3) if isinstance(v, float) else v for k, v in one.items()}
        for one in found
    ]


if __name__ == "__main__":
    main()
