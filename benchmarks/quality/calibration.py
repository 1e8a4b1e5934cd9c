"""Whether the gate tells good from bad: areas under curves, bands, the confusion table.

Bands are calibrated on what really happened alone: every end lies at the same quantile of
the real futures, and that quantile is the strictest at which a given share of them still
passes all ends together. Leave-one-clip-out: the bands for a clip come from the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.scores import REAL, Score
from longtake.analysis.gate import BANDS, judge
from longtake.analysis.measures import Measures

Ends = Mapping[str, tuple[float, float]]  # by measure: accepted from, accepted to

_SHARE = 0.85  # of the real futures are to pass: 80 % is asked, and clips differ
_TAILS = np.geomspace(0.001, 0.2, 60)  # quantiles to try, loosest first


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
    """Bands from the real futures in ``found``, of which ``share`` pass.

    Each clip counts the same, however many windows it has.
    """
    real = [one for one in found if one["maker"] == REAL]
    counts = dict.fromkeys({one["clip"] for one in real}, 0)
    for one in real:
        counts[one["clip"]] += 1
    weights = np.array([1 / counts[one["clip"]] for one in real])
    for tail in reversed(_TAILS):
        ends = _ends(real, weights, float(tail))
        passed = np.array([within(one, ends) for one in real])
        if weights[passed].sum() >= share * weights.sum():
            return ends
    return _ends(real, weights, 0.0)


def _ends(
    real: Sequence[Score], weights: NDArray[np.float64], tail: float
) -> dict[str, tuple[float, float]]:
    ends = {}
    for name, band in BANDS.items():
        known = [k for k, one in enumerate(real) if name in one]
        values = np.array([real[k][name] for k in known])
        low, high = _quantiles(values, weights[known], tail)
        ends[name] = (-np.inf if band.low is None else low, high)
    return ends


def _quantiles(
    values: NDArray[np.float64], weights: NDArray[np.float64], tail: float
) -> tuple[float, float]:
    """The values beyond which ``tail`` of the weight lies, at either end."""
    order = np.argsort(values)
    below = np.cumsum(weights[order]) / weights.sum()
    low = int(np.searchsorted(below, tail + 1e-12))
    high = int(np.searchsorted(below, 1 - tail - 1e-12))
    return float(values[order[low]]), float(values[order[min(high, len(order) - 1)]])


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
