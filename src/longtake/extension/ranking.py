"""Which of several candidates is best, by what was measured of them."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, log

from longtake.analysis.gate import BANDS, Band
from longtake.analysis.measures import Measures
from longtake.report import Report


def ranked(reports: Sequence[Report]) -> list[int]:
    """The places of ``reports`` in their sequence, best first.

    Those that pass the gate come before those that fail it, few failures before many,
    then the one that behaves most like the clip (:func:`distance`); equals keep their
    order.
    """

    def worse(place: int) -> tuple[int, float]:
        steps = reports[place].steps
        failures = sum(len(step.verdict.failures) for step in steps)
        return failures, sum(distance(step.measures) for step in steps)

    return sorted(range(len(reports)), key=worse)


def distance(measures: Measures) -> float:
    """How far a continuation is from the clip's own behavior, over all measures.

    Each adds 0 where it is like the clip and 1 at an end of its band; what could not be
    measured adds nothing.
    """
    values = ((band, getattr(measures, name)) for name, band in BANDS.items())
    return sum(_distance(band, value) for band, value in values if value is not None)


def _distance(band: Band, value: float) -> float:
    assert band.high, "every band has an upper end"
    if band.low is None:  # less is better
        return value / band.high
    if value <= 0:
        return inf
    return log(value) / log(band.low if value < 1 else band.high)
