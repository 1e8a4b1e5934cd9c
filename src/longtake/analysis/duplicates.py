"""Frames that show again what the frame before them showed.

Film turned to another rate, animation drawn on twos, and dropped frames leave repeats
that hold no time of the scene: a clip's own step is measured without them.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.analysis.pictures import Frames, Gray, gray

_BLOCK = 16  # pixels: something small that moves shows in a block, not in the mean
_LARGEST = 2.0  # gray levels a block may differ by and still be coding noise
_SHARE = 0.2  # of the step usual around it
_NEARBY = 12  # steps to each side that say what is usual
_LONGEST_RUN = 4  # repeats in a row (rate times five); more is a scene that holds still


def duplicates(frames: Frames) -> NDArray[np.bool_]:
    """For each frame whether it repeats the one before it: (time,) bool.

    ``frames``: (time, height, width, 3) uint8, small (416 pixels wide). The first frame
    never repeats. A stretch that stands still is no run of duplicates: every step in it
    is as small as its neighbors, or it lasts longer than any change of rate makes it.
    """
    steps = [_step(gray(a), gray(b)) for a, b in pairwise(frames)]
    repeated = np.zeros(len(frames), np.bool_)
    mean = np.array([step for step, _ in steps])
    for k, (step, largest) in enumerate(steps):
        around = mean[max(0, k - _NEARBY) : k + _NEARBY + 1]
        usual = np.percentile(around, 90)
        repeated[k + 1] = largest < _LARGEST and step < _SHARE * usual
    for first, last in runs(repeated):
        if last - first > _LONGEST_RUN:
            repeated[first:last] = False
    return repeated


def keep(frames: Frames) -> NDArray[np.intp]:
    """Indices of the frames that repeat nothing, in order."""
    return np.flatnonzero(~duplicates(frames))


def runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Half-open ranges ``[first, last)`` in which ``flags`` is True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False]))))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _step(before: Gray, after: Gray) -> tuple[float, float]:
    """Mean absolute difference, and that of the block that differs most."""
    apart = cv2.absdiff(before, after).astype(np.float32)
    blocks = cv2.blur(apart, (_BLOCK, _BLOCK), borderType=cv2.BORDER_REFLECT)
    return float(apart.mean()), float(blocks.max())
