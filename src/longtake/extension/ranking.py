"""Which of several candidates is best, by what was measured of them."""

from __future__ import annotations

from collections.abc import Sequence

from longtake.analysis.gate import distance
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
