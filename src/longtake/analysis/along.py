"""What the measures look at, frame by frame around a join: to be drawn and looked at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from longtake.analysis.curves import PIXELS
from longtake.analysis.flow import each
from longtake.analysis.measures import (
    ENERGY,
    LEVELS,
    RECENT,
    Compared,
    detail,
    shifts,
)
from longtake.media.clip import Facts

_SHOWN = 72  # frames of the clip before its join
_DIGITS = 3

Series = tuple[float | None, ...]


class Along(Facts):
    """One entry for each frame: the clip's last ``n_before``, then all new ones.

    ``change`` (from the frame before; the first known one after the join is the seam),
    ``motion`` and ``sharpness`` are ratios to the clip, 1 = like it; ``color`` is the distance from the
    color of the clip's last second, CIE Lab. None where there is nothing to compare: what
    lies before the clip's last cut, a repeat that the clip shows too, a clip of one frame.
    """

    n_before: int
    change: Series
    motion: Series
    sharpness: Series
    color: Series


def along(found: Compared) -> Along:
    """The course of what was compared; the measures of it are ratios to the same clip."""
    clip = found.clip
    n_context, n = len(found.context), len(clip.frames)
    n_before = min(_SHOWN, n_context)
    own = np.flatnonzero(~clip.repeated)[-n:]  # where in the context its frames are
    places = np.concatenate([own, n_context + np.flatnonzero(found.kept)])
    count = n_context + len(found.new)
    change, motion = np.full((2, count), np.nan)
    if found.run is not None:
        run, recent = found.run, slice(max(0, n - 1 - RECENT), n - 1)
        change[places[1:]] = _ratios(run.step, np.median(run.step[recent]), LEVELS)
        motion[places[1:]] = _ratios(run.speed, run.speed[: n - 1].mean(), PIXELS)
    sharp, shift = np.full((2, count), np.nan)
    shown = list(clip.frames[-n_before:])
    sharp[own[-n_before:]] = [fine for fine, _ in each(detail, shown)]
    shift[own[-n_before:]] = shifts(shown, clip)
    sharp[n_context:], shift[n_context:] = found.sharpness, found.shift
    begin = n_context - n_before
    return Along(
        n_before=n_before,
        change=_series(change[begin:]),
        motion=_series(motion[begin:]),
        sharpness=_series(_ratios(sharp, clip.sharpness, ENERGY)[begin:]),
        color=_series(shift[begin:]),
    )


def _ratios(
    values: NDArray[np.float64], own: float | np.floating, floor: float
) -> NDArray[np.float64]:
    return (values + floor) / (float(own) + floor)


def _series(values: NDArray[np.float64]) -> Series:
    return tuple(
        round(float(value), _DIGITS) if np.isfinite(value) else None for value in values
    )
