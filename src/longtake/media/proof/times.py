"""When frames are shown, in a source and in a result: exact, in ticks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Shown:
    """Presentation times of the shown frames in order, ticks of ``base`` seconds."""

    pts: Sequence[int]
    base: Fraction

    def seconds(self, rank: int) -> Fraction:
        """When frame ``rank`` is shown."""
        return self.pts[rank] * self.base


def shift(
    source: Shown, result: Shown, n_kept: int, *, first: int = 0
) -> tuple[Fraction, int]:
    """Largest change of a kept frame's time since the first one's, seconds, and its rank.

    The result's frame 0 is the source's frame ``first``.
    """
    ours, theirs = source.base, result.base
    scale = ours.denominator * theirs.denominator
    own, other = (
        ours.numerator * theirs.denominator,
        theirs.numerator * ours.denominator,
    )
    zero = source.pts[first] * own - result.pts[0] * other
    worst, rank = 0, 0
    for index in range(n_kept):
        off = source.pts[first + index] * own - result.pts[index] * other - zero
        if abs(off) > worst:
            worst, rank = abs(off), index
    return Fraction(worst, scale), rank


def allowed_shift(source: Shown, result: Shown, n_kept: int) -> Fraction:
    """How far a kept frame's time may be off, seconds.

    Nothing where the result's ticks can say the source's times. Otherwise one tick of the
    coarser time base; and as much where the source was put on an even grid.
    """
    fits = (source.base / result.base).denominator == 1
    even = len({later - one for one, later in pairwise(result.pts[:n_kept])}) == 1
    was_even = len({later - one for one, later in pairwise(source.pts[:n_kept])}) == 1
    if fits and (was_even or not even):
        return Fraction(0)
    return max(source.base, result.base)


def uneven_step(
    result: Shown, n_kept: int, step: Fraction
) -> tuple[int, Fraction] | None:
    """The first new frame that is not ``step`` seconds after the one before, and its step.

    New frames may stand at a constant whole number of ticks nearest to ``step``, or each
    at the tick nearest to its exact time; anything else is uneven.
    """
    pts = result.pts[max(0, n_kept - 1) :]
    steps = [later - one for one, later in pairwise(pts)]
    if not steps or (
        min(steps) == max(steps) and abs(steps[0] * result.base - step) < result.base
    ):
        return None
    whole = (step / result.base).denominator == 1
    allowed = Fraction(0) if whole else result.base
    for index, at in enumerate(pts):
        if abs((at - pts[0]) * result.base - index * step) > allowed:
            return max(0, n_kept - 1) + index, steps[index - 1] * result.base
    return None


def disorder(dts: Sequence[int]) -> int | None:
    """The first packet whose decoding time is not after the one before, or None."""
    for index, (one, later) in enumerate(pairwise(dts), 1):
        if later <= one:
            return index
    return None
