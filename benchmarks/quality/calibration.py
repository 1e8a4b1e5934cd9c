"""Whether the gate tells good from bad: areas under curves, bands, the confusion table.

Bands are calibrated by peeling (the patient rule induction of Friedman and Fisher, 1999):
from bands that hold every real future, one end after the other is drawn in where that
refuses the most flawed continuations for the real futures it costs, until a given share of
these is left. Leave-one-clip-out: the bands for a clip come from the other clips.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from benchmarks.quality.scores import REAL, Score
from longtake.analysis.gate import BANDS, judge
from longtake.analysis.measures import Measures

Ends = Mapping[str, tuple[float, float]]  # by measure: accepted from, accepted to

_SHARE = 0.85  # of the real futures are to pass: 80 % is asked, and clips differ
_DEEPEST = 6  # real futures given up at a time
_SHARE_MARGIN = 0.02  # the same of a share of the frames, which may be 0
_MARGIN = 1.08  # by which an end lies outside of the last real future that it accepts


def badness(name: str, value: float) -> float:
    """How far from the clip's behavior a measure says it is: the larger, the worse."""
    if BANDS[name].low is None:
        return value
    return float(abs(np.log(max(value, 1e-6))))


def area(good: Sequence[float], bad: Sequence[float]) -> float:
    """Area under the curve: the chance that something bad scores worse than good.

    Ties count half; 0.5 is a coin, 1 is certainty.
    """
    a, b = np.asarray(good)[:, None], np.asarray(bad)[None]
    return float(((b > a) + 0.5 * (b == a)).mean())


def areas(found: Sequence[Score], makers: Sequence[str]) -> dict[str, dict[str, float]]:
    """:func:`area` of every measure that has a band, for each maker against the real."""

    def of(maker: str, name: str) -> list[float]:
        return [
            badness(name, one[name])
            for one in found
            if one["maker"] == maker and name in one
        ]

    return {
        name: {maker: area(of(REAL, name), of(maker, name)) for maker in makers}
        for name in BANDS
    }


def passes(score: Score) -> bool:
    """Whether the gate as it is lets a continuation through."""
    return judge(measures(score)).passed


def measures(score: Score) -> Measures:
    """The measures in a score; what is not in it could not be measured."""
    return Measures(**{name: score.get(name) for name in Measures.model_fields})


def within(score: Score, ends: Ends) -> bool:
    """Whether every measure of ``score`` lies within its ends."""
    return all(
        low <= score[name] <= high
        for name, (low, high) in ends.items()
        if name in score
    )


def calibrated(found: Sequence[Score], share: float = _SHARE) -> Ends:
    """Bands that refuse as much of what is flawed as ``share`` of the real futures allows.

    Each clip counts the same, however many windows it has.
    """
    real = [one for one in found if one["maker"] == REAL]
    flawed = [one for one in found if one["maker"] not in (REAL, "motion")]
    windows = Counter(one["clip"] for one in real)
    clips = len(windows)

    def weight(some: Sequence[Score]) -> float:
        return sum(1 / windows[one["clip"]] for one in some) / clips

    ends = {
        name: _around([one[name] for one in real if name in one], name)
        for name in BANDS
    }
    while True:
        flawed = [one for one in flawed if within(one, ends)]
        best, gain = ends, 0.0
        for name in BANDS:
            for drawn in _drawn_in(real, name):
                tried = {**ends, name: drawn}
                lost = weight(real) - weight(
                    kept := [one for one in real if within(one, tried)]
                )
                refused = sum(not within(one, tried) for one in flawed)
                if weight(kept) >= share and refused / max(lost, 1e-9) > gain:
                    best, gain = tried, refused / max(lost, 1e-9)
        if best is ends:
            return ends
        ends = best
        real = [one for one in real if within(one, ends)]


def _drawn_in(real: Sequence[Score], name: str) -> Iterator[tuple[float, float]]:
    """The band of a measure with a few of the outermost real futures given up."""
    values = sorted(one[name] for one in real if name in one)
    for n in range(min(_DEEPEST, len(values) - 1) + 1):
        yield _around(values[: len(values) - n], name)
        if n and BANDS[name].low is not None:
            yield _around(values[n:], name)


def _around(values: Sequence[float], name: str) -> tuple[float, float]:
    """The band just outside of ``values``."""
    low, high = min(values, default=0.0), max(values, default=0.0)
    if BANDS[name].low is None:
        return -np.inf, high * _MARGIN + _SHARE_MARGIN
    return low / _MARGIN, high * _MARGIN


def left_out(found: Sequence[Score]) -> list[bool]:
    """For every score whether it passes bands calibrated on the other clips."""
    clips = {one["clip"] for one in found}
    ends = {
        clip: calibrated([one for one in found if one["clip"] != clip])
        for clip in clips
    }
    return [within(one, ends[one["clip"]]) for one in found]


def rates(
    found: Sequence[Score], passed: Sequence[bool], makers: Sequence[str]
) -> dict[str, tuple[int, int]]:
    """How many of each maker's pass, and of how many."""
    counted = dict.fromkeys(makers, (0, 0))
    for one, through in zip(found, passed, strict=True):
        if one["maker"] in counted:
            n, total = counted[one["maker"]]
            counted[one["maker"]] = n + through, total + 1
    return counted


def refusals(found: Sequence[Score], maker: str) -> dict[str, tuple[int, int]]:
    """By measure: how many of a maker's it refuses, and how many it alone does."""
    counted = dict.fromkeys(BANDS, (0, 0))
    for one in found:
        if one["maker"] == maker:
            bad = [n for n, band in BANDS.items() if n in one and one[n] not in band]
            for name in bad:
                refused, alone = counted[name]
                counted[name] = refused + 1, alone + (len(bad) == 1)
    return counted
