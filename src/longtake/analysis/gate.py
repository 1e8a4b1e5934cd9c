"""The gate: whether a continuation is let through, and in plain words why not."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log

from pydantic import Field

from longtake.analysis.measures import Measures
from longtake.media.clip import Facts


@dataclass(frozen=True, slots=True)
class Band:
    """Where a measure must lie, ends included, and what it means beside it."""

    low: float | None
    high: float | None
    too_low: str
    too_high: str

    def __contains__(self, value: float) -> bool:
        return self.failure(value) is None

    def failure(self, value: float) -> str | None:
        """What it means that the measure is ``value``, or None where it is accepted."""
        if self.low is not None and value < self.low:
            return self.too_low
        if self.high is not None and value > self.high:
            return self.too_high
        return None

    def __str__(self) -> str:
        if self.low is None:
            return f"at most {self.high:g}"
        return f"{self.low:g} to {self.high:g}"


# By how much a continuation may miss its bands in all (see `beyond`): what really happened
# misses some, too, by a little; what is flawed misses one by far (benchmarks/quality).
SLACK = 0.6

# `repeat` has no band: a weight-free engine re-uses frames, so it is only told.
BANDS: dict[str, Band] = {
    "seam": Band(
        0.4,
        2.0,
        "The picture hardly changes across the join: it freezes there",
        "The picture jumps at the join",
    ),
    "seam_residual": Band(
        0.3,
        2.2,
        "The first new frame is only a moved copy of the last old one",
        "The join shows even with the motion taken away",
    ),
    "velocity_jump": Band(
        None, 2.0, "", "Motion changes abruptly at the join: it turns, stops or skips"
    ),
    "worst_residual": Band(
        None, 2.6, "", "Somewhere in the new part the picture jumps"
    ),
    "life": Band(
        0.7,
        4.0,
        "The picture is only pushed about: motion in the new part never changes",
        "Motion in the new part is more restless than in the clip",
    ),
    "flicker": Band(
        0.25, 3.0, "The new part is lifelessly smooth", "The new part flickers"
    ),
    "motion": Band(
        0.15,
        3.5,
        "Motion dies away in the new part",
        "Motion runs away in the new part",
    ),
    "freeze": Band(None, 0.25, "", "The new part stands still for too long"),
    "sharpness": Band(
        0.75,
        1.35,
        "The new part is blurred",
        "The new part is noisier or harsher than the clip",
    ),
    "sharpness_tail": Band(
        0.7,
        1.6,
        "The last new frames are blurred",
        "The last new frames are noisier or harsher than the clip",
    ),
    "grain": Band(
        0.2,
        3.0,
        "The fine grain of the clip is gone in the new part",
        "The new part is grainier than the clip",
    ),
    "color_jump": Band(None, 4.0, "", "The colors change at the join, all at once"),
    "color_drift": Band(None, 15.0, "", "The colors drift away from the clip's"),
    "rewind": Band(None, 0.05, "", "The new part plays backwards"),
    "rhythm": Band(None, 0.5, "", "The new part loops with a beat"),
}


class Verdict(Facts):
    """``failures``: why not, one sentence each. ``beside``: what passes all the same, though
    it lies a little outside its band. ``unmeasured``: measures that could not be taken.

    ``bands``: what each measure was held against, (low, high), None for no end.
    """

    passed: bool
    failures: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    unmeasured: tuple[str, ...] = ()
    bands: dict[str, tuple[float | None, float | None]] = Field(default_factory=dict)


def judge(measures: Measures, *, asked_for: frozenset[str] = frozenset()) -> Verdict:
    """Hold ``measures`` against their bands: in all they may miss them by ``SLACK``.

    ``asked_for`` names measures that the direction itself takes out of their band
    ("rewind" where the prompt says reverse): they are not held against it. What could
    not be measured cannot fail, and is named.
    """
    unknown = asked_for - BANDS.keys()
    assert not unknown, f"no such measure: {sorted(unknown)}"
    outside, unmeasured = [], []
    for name, band in BANDS.items():
        value: float | None = getattr(measures, name)
        if value is None:
            unmeasured.append(name)
        elif name not in asked_for and (failure := band.failure(value)):
            outside.append(
                f"{failure} ({name.replace('_', ' ')} {value:.2f}, accepted {band})."
            )
    passed = beyond(measures, asked_for=asked_for) <= SLACK
    return Verdict(
        passed=passed,
        failures=() if passed else tuple(outside),
        beside=tuple(outside) if passed else (),
        unmeasured=tuple(unmeasured),
        bands={name: (band.low, band.high) for name, band in BANDS.items()},
    )


def beyond(measures: Measures, *, asked_for: frozenset[str] = frozenset()) -> float:
    """By how much ``measures`` lie outside their bands, added up over all of them.

    In distances of an end from what is like the clip: a ratio that may be 2 adds nothing
    up to there and 1 at 4; a share that may be 0.2 adds 1 at 0.4.
    """
    values = (
        (band, getattr(measures, name))
        for name, band in BANDS.items()
        if name not in asked_for
    )
    return sum(
        max(0.0, _distance(band, value) - 1)
        for band, value in values
        if value is not None
    )


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
