"""What comes again: frames shown before, time running backwards, a beat.

A weight-free engine re-uses frames, and a viewer notices it in two ways: motion that runs
backwards, and a loop short and regular enough to be heard like a drum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtake.analysis.distances import apart, thumbnails
from longtake.analysis.pictures import Frames

_EQUAL = 0.3  # of the clip's median step: nearer than this is the same frame again
_BESIDE = 2  # frames before and after the nearest one
_DISTINCT = 0.6  # of the distance of those: then the pose is recognized
_JUMP = 4  # frames: a larger change of source is a jump, not playing
_WINDOW = 3  # frames to each side over which the direction of time is judged
_BACKWARDS = -0.1  # source frames per frame: slower is standing still
_SHORTEST_BEAT = 4  # frames
_FLOOR = 0.02  # gray levels at thumbnail size, where noise has averaged out


@dataclass(frozen=True, slots=True)
class Recall:
    """``repeat``: share of new frames nearly equal to a context frame.

    ``source_map``: (new,) float64, the context frame that each new frame clearly shows,
    NaN for none. ``again``: (new, context + new) bool, whether a new frame is the same as
    that frame.
    """

    repeat: float
    source_map: NDArray[np.float64]
    again: NDArray[np.bool_]


def recall(context: Frames, new: Frames) -> Recall | None:
    """Recognize context frames in ``new`` by root mean square distance of thumbnails.

    Both (time, height, width, 3) uint8. None where the context has no step to compare
    with: fewer than two frames, or a scene that stands still, in which every frame is
    equal to every other.
    """
    seen = thumbnails(np.concatenate([context, new]))
    n = len(context)
    steps = np.sqrt(np.square(np.diff(seen[:n], axis=0)).mean(axis=1))
    moving = steps[steps > _FLOOR]
    if not moving.size:
        return None
    away = apart(seen[n:], seen)
    again = away < _EQUAL * float(np.median(moving))
    nearest = away[:, :n].argmin(axis=1)
    shown = np.where(_distinct(away[:, :n], nearest), nearest, np.nan)
    return Recall(float(again[:, :n].any(axis=1).mean()), shown, again)


def _distinct(
    away: NDArray[np.float64], nearest: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Whether the nearest frame is clearly nearer than those two before and after it."""
    row, last = np.arange(len(away)), away.shape[1] - 1
    before, after = nearest - _BESIDE, nearest + _BESIDE
    beside = np.minimum(
        np.where(before >= 0, away[row, np.maximum(before, 0)], np.inf),
        np.where(after <= last, away[row, np.minimum(after, last)], np.inf),
    )
    return np.isfinite(beside) & (away[row, nearest] < _DISTINCT * beside)


def rewind(shown: NDArray[np.float64]) -> float:
    """Share of new frames around which the source runs backwards in time.

    ``shown``: (time,) float64, the source frame shown by each, NaN for none. Time runs
    backwards where the mean change of source over three frames to each side is negative,
    jumps of more than four frames left out: a jump back that then plays on is no rewind.
    """
    change = np.diff(shown)
    change[np.abs(change) > _JUMP] = np.nan
    backwards = 0
    for k in range(len(shown)):
        near = change[max(0, k - _WINDOW) : k + _WINDOW]
        near = near[np.isfinite(near)]
        backwards += bool(len(near) >= _WINDOW and near.mean() < _BACKWARDS)
    return backwards / len(shown)


def same_source(shown: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which new frames show the same source frame, give or take one: (new, new) bool."""
    with np.errstate(invalid="ignore"):
        return np.abs(shown[:, None] - shown[None]) <= 1


def rhythm(again: NDArray[np.bool_]) -> float:
    """How much of a continuation is one regular beat: 0 (none) to 1 (a hard loop).

    ``again``: (new, all) bool, whether new frame i is the same as frame j, where the last
    columns are the new frames themselves. For one period P, a new frame is on the beat
    when it belongs to three showings P apart, and something else is shown half-way
    between them (a held frame is a freeze, no beat). The answer is the largest share of
    new frames on the beat of one period.
    """
    n, total = again.shape
    first = total - n
    every = np.zeros((total, total), np.bool_)
    every[first:] = again
    every |= every.T
    best = 0.0
    for period in range(_SHORTEST_BEAT, (total - 1) // 2 + 1):
        near = np.diagonal(every, period) & ~_held(every, period)
        triple = near[:-period] & near[period:]
        on = np.zeros(total, np.bool_)
        for shift in (0, period, 2 * period):
            on[shift : shift + len(triple)] |= triple
        best = max(best, float(on[first:].mean()))
    return best


def _held(every: NDArray[np.bool_], period: int) -> NDArray[np.bool_]:
    """Whether a frame is still shown half a period later: (total - period,)."""
    half = period // 2
    return np.diagonal(every, half)[: len(every) - period]
