"""Whether the gate tells good from bad: areas under curves, bands, the confusion table.

Bands are calibrated from the gate's: an end is let out to where a real future lies that
would be refused, the cheapest first, as long as no maker of flawed ones gets through more
often for it. (Drawing ends in to what a dozen clips show does not generalize: bands that
held all of the others' real futures refused 15 of 26 of a clip left out.) Leave-one-clip-out:
the bands for a clip come from the other clips.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.quality.scores import REAL, Score
from longtake.analysis.gate import BANDS, judge
from longtake.analysis.measures import Measures

Ends = Mapping[str, tuple[float, float]]  # by measure: accepted from, accepted to

_FLAWED = 0.05  # of a maker's may pass
_MARGIN = 1.05  # by which an end lies outside of a real future that it is let out for


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


def calibrated(found: Sequence[Score]) -> Ends:
    """The gate's bands, let out for the real futures in ``found``."""
    real = [one for one in found if one["maker"] == REAL]
    flawed = [one for one in found if one["maker"] not in (REAL, "motion")]
    ends = {
        name: (-np.inf if band.low is None else band.low, band.high or np.inf)
        for name, band in BANDS.items()
    }
    return _let_out(ends, real, flawed)


def _let_out(ends: Ends, real: Sequence[Score], flawed: Sequence[Score]) -> Ends:
    while True:
        before = _through(ends, flawed)
        best, cost = ends, np.inf
        for one in real:
            wider = _around(one, ends)
            after = _through(wider, flawed)
            fine = all(after[m] <= max(before[m], _FLAWED) for m in after)
            passed = sum(within(other, wider) for other in real)
            gained = passed - sum(within(other, ends) for other in real)
            price = sum(after.values()) - sum(before.values())
            if gained and fine and price / gained < cost:
                best, cost = wider, price / gained
        if best is ends:
            return ends
        ends = best


def _through(ends: Ends, flawed: Sequence[Score]) -> dict[str, float]:
    """The share of every maker's continuations that lie within ``ends``."""
    total = Counter(one["maker"] for one in flawed)
    passed = Counter(one["maker"] for one in flawed if within(one, ends))
    return {maker: passed[maker] / n for maker, n in total.items()}


def _around(one: Score, ends: Ends) -> Ends:
    """``ends`` let out until ``one`` lies within them."""
    wider = dict(ends)
    for name, (low, high) in ends.items():
        if name in one and one[name] < low:
            wider[name] = one[name] / _MARGIN, high
        elif name in one and one[name] > high:
            wider[name] = low, one[name] * _MARGIN
    return wider


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
