"""Exact time: ticks of a time base, steps, rates. Nothing here rounds but where it says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import median_low

# Rates that cameras, programs and broadcasters mean when a file says something near them.
STANDARD_RATES = tuple(
    sorted(
        [Fraction(n) for n in (8, 10, 12, 15, 16, 18, 20, 24, 25, 30, 48, 50, 60)]
        + [Fraction(n) for n in (72, 90, 100, 120, 144, 200, 240)]
        + [Fraction(n * 1000, 1001) for n in (12, 15, 24, 30, 48, 60, 120, 240)]
        + [Fraction(25, 2)]
    )
)
_NEAR = Fraction(
    1, 500
)  # share of a step within which a varying rate means a standard one


@dataclass(frozen=True, slots=True)
class Pace:
    """How the frames of a stream follow one another."""

    step: Fraction  # seconds
    variable: bool  # whether times miss every constant rate by more than one tick

    @property
    def rate(self) -> Fraction:
        """Frames per second."""
        return 1 / self.step


def new_frames(seconds: Fraction, rate: Fraction) -> int:
    """How many frames last ``seconds``: the nearest whole number, halves upward."""
    return int((2 * seconds * rate + 1) // 2)


def frames_before(pts: Sequence[int], tick: Fraction, moment: Fraction) -> int:
    """How many of the ascending ``pts`` begin before ``moment``, seconds after the first.

    A frame that begins less than half a tick before it counts as beginning at it.
    """
    limit = moment / tick + pts[0] - Fraction(1, 2)
    return sum(time < limit for time in pts)


def pace(
    pts: Sequence[int], tick: Fraction, *, declared: Fraction | None = None
) -> Pace:
    """The pace of ascending ``pts`` in ticks of ``tick`` seconds; needs two at least.

    Where all times lie within a tick of a standard rate that is the pace (of several,
    the ``declared`` one, else the closest); else within a tick of any constant rate; else
    times vary, and the pace is their median step, or the standard one next to it.
    """
    for rate in _candidates(pts, tick, declared):
        if drift(pts, 1 / (rate * tick)) <= 1:
            return Pace(1 / rate, variable=False)
    mean = Fraction(pts[-1] - pts[0], len(pts) - 1)
    if drift(pts, mean) <= 1:
        return Pace(mean * tick, variable=False)
    return Pace(_standard(median_step(pts) * tick, tick), variable=True)


def median_step(pts: Sequence[int]) -> int:
    """The median distance of neighbors, in ticks, at least 1; needs two."""
    return max(1, median_low([b - a for a, b in pairwise(pts)]))


def drift(pts: Sequence[int], step: Fraction) -> Fraction:
    """The largest distance of any time from the grid of ``step`` that begins at the first.

    All in ticks.
    """
    n, d = (
        step.numerator,
        step.denominator,
    )  # whole numbers: a fraction per frame is slow
    worst = max(abs((time - pts[0]) * d - rank * n) for rank, time in enumerate(pts))
    return Fraction(worst, d)


def _candidates(
    pts: Sequence[int], tick: Fraction, declared: Fraction | None
) -> list[Fraction]:
    """Standard rates that fit the whole length to a tick, the most likely first."""
    span, n_steps = (pts[-1] - pts[0]) * tick, len(pts) - 1
    fitting = [r for r in STANDARD_RATES if abs(n_steps / r - span) <= tick]
    fitting.sort(key=lambda rate: abs(n_steps / rate - span))
    if declared in fitting:
        fitting.insert(0, declared)
    return fitting


def _standard(step: Fraction, tick: Fraction) -> Fraction:
    """The step of the nearest standard rate if that is near, else ``step``."""
    nearest = min((1 / r for r in STANDARD_RATES), key=lambda other: abs(other - step))
    return nearest if abs(nearest - step) <= max(tick, step * _NEAR) else step
