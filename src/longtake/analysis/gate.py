"""The gate: whether a continuation is let through, and in plain words why not."""

from __future__ import annotations

from dataclasses import dataclass

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


# `repeat` has no band: a weight-free engine re-uses frames, so it is only told.
BANDS: dict[str, Band] = {
    "seam": Band(
        0.4,
        2.0,
        "the picture hardly changes across the join: it freezes there",
        "the picture jumps at the join",
    ),
    "seam_residual": Band(
        0.3,
        2.2,
        "the first new frame is a smoothed copy of the last old one",
        "the join shows even with the motion taken away",
    ),
    "velocity_jump": Band(
        None, 2.0, "", "motion changes abruptly at the join: it turns, stops or skips"
    ),
    "worst_residual": Band(
        None, 2.6, "", "somewhere in the new part the picture jumps"
    ),
    "flicker": Band(
        0.25, 3.0, "the new part is lifelessly smooth", "the new part flickers"
    ),
    "motion": Band(
        0.2, 3.5, "motion dies away in the new part", "motion runs away in the new part"
    ),
    "freeze": Band(None, 0.2, "", "the new part stands still for too long"),
    "sharpness": Band(
        0.75,
        1.35,
        "the new part is blurred",
        "the new part is noisier or harsher than the clip",
    ),
    "sharpness_tail": Band(
        0.7,
        1.6,
        "the last new frames are blurred",
        "the last new frames are noisier or harsher than the clip",
    ),
    "color_drift": Band(None, 15.0, "", "the colors drift away from the clip's"),
    "rewind": Band(None, 0.05, "", "the new part plays backwards"),
    "rhythm": Band(None, 0.5, "", "the new part loops with a beat"),
}


class Verdict(Facts):
    """``failures``: one sentence each. ``unmeasured``: measures that could not be taken."""

    passed: bool
    failures: tuple[str, ...] = ()
    unmeasured: tuple[str, ...] = ()


def judge(measures: Measures, *, asked_for: frozenset[str] = frozenset()) -> Verdict:
    """Hold ``measures`` against their bands.

    ``asked_for`` names measures that the direction itself takes out of their band
    ("rewind" where the prompt says reverse): they are not held against it. What could
    not be measured cannot fail, and is named.
    """
    unknown = asked_for - BANDS.keys()
    assert not unknown, f"no such measure: {sorted(unknown)}"
    failures, unmeasured = [], []
    for name, band in BANDS.items():
        value: float | None = getattr(measures, name)
        if value is None:
            unmeasured.append(name)
        elif name not in asked_for and (failure := band.failure(value)):
            failures.append(
                f"{failure} ({name.replace('_', ' ')} {value:.2f}, accepted {band})."
            )
    return Verdict(
        passed=not failures, failures=tuple(failures), unmeasured=tuple(unmeasured)
    )
