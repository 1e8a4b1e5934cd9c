"""When the frames of a result are shown: the source's own times, then the grid behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Schedule:
    """Presentation times in ticks of ``tick`` seconds.

    ``kept`` are the shown frames of the source that stay, as they were; then come
    ``n_new`` frames at ``rate``, each at its exact time rounded once.
    """

    kept: Sequence[int]
    n_new: int
    rate: Fraction
    tick: Fraction

    @property
    def join(self) -> Fraction:
        """Seconds at which the first new frame is shown: zero where it is the first of all.

        On the grid that began with the first frame, where the last is still on it: what
        ticks round off does not add up from join to join.
        """
        if not self.kept:
            return Fraction(0)
        behind = self.kept[-1] * self.tick + 1 / self.rate
        grid = self.kept[0] * self.tick + len(self.kept) / self.rate
        return grid if abs(grid - behind) <= self.tick else behind

    @property
    def end(self) -> Fraction:
        """Seconds at which the last frame ends."""
        return self.join + self.n_new / self.rate

    def __len__(self) -> int:
        return len(self.kept) + self.n_new

    def pts(self, rank: int) -> int:
        """Ticks of the frame ``rank``; one past the last is where it ends."""
        if rank < len(self.kept):
            return self.kept[rank]
        return round((self.join + (rank - len(self.kept)) / self.rate) / self.tick)

    def shift(self, tick: Fraction) -> Fraction | None:
        """The largest change, seconds, that ticks of ``tick`` make to a kept time, if any."""
        ratio = self.tick / tick
        if ratio.denominator == 1 or not self.kept:
            return None
        return max(abs(round(time * ratio) - time * ratio) for time in self.kept) * tick

    def duration(self, rank: int) -> int:
        """Ticks from the frame ``rank`` to the next."""
        return self.pts(rank + 1) - self.pts(rank)
