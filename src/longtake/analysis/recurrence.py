"""What comes again: frames shown before, time running backwards, a beat.

A weight-free engine re-uses frames, and a viewer notices it in two ways: motion that runs
backwards, and a loop short and regular enough to be heard like a drum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtake.analysis.distances import Thumbnails, apart, thumbnails
from longtake.analysis.pictures import Frames

_EQUAL = 0.3  # of the clip's median step: nearer than this is the same frame again
_BESIDE = 2  # frames before and after the nearest one
_DISTINCT = 0.6  # of the distance of those: then the pose is recognized
_JUMP = 4  # frames: a larger change of source is a jump, not playing
_WINDOW = 3  # frames to each side over which the direction of time is judged
_BACKWARDS = -0.1  # source frames per frame: slower is standing still
_SHORTEST_BEAT = 4  # frames between two showings; nearer ones are one
_SHOWINGS = 3  # that make a beat
_EVEN = 0.1  # of two intervals that they may differ by
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
    return recalled(thumbnails(context), thumbnails(new))


def recalled(context: Thumbnails, new: Thumbnails) -> Recall | None:
    """:func:`recall` from thumbnails."""
    seen = np.concatenate([context, new])
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
    """How much of a continuation comes on a beat: 0 (nothing) to 1 (a hard loop).

    ``again``: (new, all) bool, whether new frame i is the same as frame j, where the last
    columns are the new frames themselves. A new frame is on a beat when it is one of three
    showings, one after the other, whose two intervals agree within a tenth. (In a row of
    tones 2.5 % is just noticed, Friberg and Sundberg, 1995; pictures are taken for four
    times as coarse.) A frame counts as shown again only together with the second one after
    or before it, so that turning back is another showing than going on.
    """
    total = again.shape[1]
    first = total - len(again)
    every = np.zeros((total, total), np.bool_)
    every[first:] = again
    every |= every.T
    going_on = every[:-_BESIDE, :-_BESIDE] & every[_BESIDE:, _BESIDE:]
    same = np.zeros_like(every)
    same[:-_BESIDE, :-_BESIDE] |= going_on
    same[_BESIDE:, _BESIDE:] |= going_on
    on = [_on_a_beat(same[k], k) for k in range(first, total)]
    return float(np.mean(on))


def _on_a_beat(same: NDArray[np.bool_], k: int) -> bool:
    """Whether frame ``k`` is one of three evenly spaced showings of the same."""
    times = np.flatnonzero(same)
    parts = np.split(times, np.flatnonzero(np.diff(times) >= _SHORTEST_BEAT) + 1)
    shown = np.array([part.mean() for part in parts if part.size])
    if len(shown) < _SHOWINGS:
        return False
    gaps = np.diff(shown)
    even = np.abs(np.diff(gaps)) <= np.maximum(1, _EVEN * (gaps[1:] + gaps[:-1]) / 2)
    here = int(np.abs(shown - k).argmin())
    return bool(even[max(0, here - 2) : here + 1].any())
