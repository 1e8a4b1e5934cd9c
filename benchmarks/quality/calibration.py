"""Whether the gate tells good from bad: areas under curves, the slack, the confusion table.

The bands say what each measure takes for like the clip; the slack says by how much a
continuation may miss them in all. That one number is calibrated: the real futures that it
lets through are as many as can be while no maker of flawed ones gets more than one in twenty
through. (Bands of their own for what a dozen clips show do not generalize: ends drawn in to
hold the real futures of the others refused 15 of 26 of a clip left out.) Leave-one-clip-out:
the slack for a clip comes from the other clips.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from benchmarks.quality.scores import REAL, Score
from longtake.analysis.gate import BANDS, SLACK, beyond, judge
from longtake.analysis.measures import Measures

_FLAWED = 0.05  # of a maker's may pass
_SLACKS = np.linspace(0, 2, 41)


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


def missed(score: Score) -> float:
    """By how much a continuation misses the bands in all."""
    return beyond(measures(score))


def calibrated(found: Sequence[Score]) -> float:
    """The slack that the scores in ``found`` ask for: the middle of the best."""
    real = [missed(one) for one in found if one["maker"] == REAL]
    flawed: dict[str, list[float]] = {}
    for one in found:
        if one["maker"] not in (REAL, "motion"):
            flawed.setdefault(one["maker"], []).append(missed(one))
    through = {
        float(slack): sum(one <= slack for one in real)
        for slack in _SLACKS
        if all(np.mean(np.array(some) <= slack) <= _FLAWED for some in flawed.values())
    }
    most = max(through.values(), default=0)
    return float(np.median([s for s, n in through.items() if n == most] or [0.0]))


def slacks(found: Sequence[Score]) -> dict[str, float]:
    """For each clip the slack that the other clips ask for."""
    return {
        clip: calibrated([one for one in found if one["clip"] != clip])
        for clip in sorted({one["clip"] for one in found})
    }


def left_out(found: Sequence[Score]) -> list[bool]:
    """For every score whether it passes with the slack of the other clips."""
    allowed = slacks(found)
    return [missed(one) <= allowed[one["clip"]] for one in found]


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
    """By measure: how many of a maker's are refused with it outside, and not without it."""
    outside, alone = Counter[str](), Counter[str]()
    for one in found:
        if one["maker"] == maker and not passes(one):
            for name, band in BANDS.items():
                if name in one and one[name] not in band:
                    outside[name] += 1
                    without = beyond(measures(one), asked_for=frozenset({name}))
                    alone[name] += without <= SLACK
    return {name: (outside[name], alone[name]) for name in BANDS}
