"""When frames are shown, in a source and in a result: exact, in ticks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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


def allowed_shift(
    source: Shown, result: Shown, n_kept: int, first: int = 0
) -> Fraction:
    """How far a kept frame's time may be off, seconds.

    Nothing where the result's ticks can say the source's times. Otherwise one tick of the
    coarser time base; and as much where the source was put on an even grid.
    """
    fits = (source.base / result.base).denominator == 1
    even = _even(result.pts[:n_kept])
    was_even = _even(source.pts[first : first + n_kept])
    if fits and (was_even or not even):
        return Fraction(0)
    return max(source.base, result.base)


def _even(pts: Sequence[int]) -> bool:
    return len({later - one for one, later in pairwise(pts)}) == 1


def uneven_step(
    result: Shown, n_kept: int, step: Fraction
) -> tuple[int, Fraction] | None:
    """The first new frame that is not ``step`` seconds after the one before, and its step.

    Each may stand at the tick nearest to its exact time, so that steps may be a tick off
    where ``step`` is not a whole number of them.
    """
    wanted = step / result.base
    whole = wanted.denominator == 1
    first = max(1, n_kept)
    for rank, (one, later) in enumerate(pairwise(result.pts[first - 1 :]), first):
        off = abs(later - one - wanted)
        if off >= 1 or (whole and off):
            return rank, (later - one) * result.base
    return None


def disorder(order: Iterable[tuple[int, int | None]]) -> Iterator[int]:
    """The packets, of (pts, dts), decoded before their forerunner or after they are due.

    A packet without a decoding time (some containers keep none) is passed over.
    """
    last = None
    for index, (pts, dts) in enumerate(order):
        if dts is None:
            continue
        if dts > pts or (last is not None and dts <= last):
            yield index
        last = dts
