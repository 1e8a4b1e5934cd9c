"""Where a subject is, exactly: its frames held against each other.

The middle of an outline sways with every step, and with every piece of it that looks
like the background. So each frame of a subject is matched with those in which its pose is
most like it, and the places that agree best with all of these are taken (least squares).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.analysis.flow import each
from longtake.analysis.pictures import Frames, gray
from longtake.analysis.subjects import Mask, Subject

_ALIKE_S = 0.4  # at least, to the frames whose pose is like it
_ALIKE = 2  # of them
_REACH = 4  # pixels from where the outline's middle says
_NOISE = 6.0  # gray levels that a good match is off by
_HOLD = 0.02  # weight of the outlines' middles, which say where all of it is


def centered_on(
    subject: Subject, frames: Frames, apart: NDArray[np.float64], rate: float
) -> Subject:
    """``subject`` with exact centers.

    ``frames``: (time, height, width, 3) uint8, steady, in which it was found. ``apart``:
    how far its poses are apart, the first in time first.
    """
    n = len(subject.masks)
    lumas = [gray(one).astype(np.float32) for one in frames[-n:][::-1]]
    pairs = list(_pairs(apart[::-1, ::-1], max(2, round(_ALIKE_S * rate))))

    def matched(pair: tuple[int, int]) -> tuple[NDArray[np.float64], float] | None:
        return _match(subject, lumas, *pair)

    square, values = _HOLD**2 * np.eye(n), _HOLD**2 * subject.centers
    for (one, other), found in zip(pairs, each(matched, pairs), strict=True):
        if found is not None:
            way, sure = found
            square[[one, other], [one, other]] += sure**2
            square[[one, other], [other, one]] -= sure**2
            values[one] -= sure**2 * way
            values[other] += sure**2 * way
    exact = np.asarray(np.linalg.solve(square, values), np.float64)
    return replace(subject, centers=exact)


def _pairs(apart: NDArray[np.float64], least: int) -> Iterator[tuple[int, int]]:
    """Each frame with those that are most like it, at least ``least`` frames before."""
    n = len(apart)
    for k in range(n):
        for first in (k + least, k + n // 2):  # far ones keep errors from adding up
            alike = np.argsort(apart[k, first:])[:_ALIKE]
            yield from ((k, first + int(one)) for one in alike)


def _match(
    subject: Subject, lumas: list[NDArray[np.float32]], one: int, other: int
) -> tuple[NDArray[np.float64], float] | None:
    """The way from ``one`` to ``other`` in pixels, and how sure it is; None: lost."""
    mask = _inner(subject.masks[one])
    rows, columns = np.nonzero(mask)
    top, bottom, left, right = rows.min(), rows.max(), columns.min(), columns.max()
    part = lumas[one][top : bottom + 1, left : right + 1]
    weight = mask[top : bottom + 1, left : right + 1].astype(np.float32)
    guess = np.rint(subject.centers[other] - subject.centers[one]).astype(np.int64)
    side = 2 * _REACH
    around = cv2.copyMakeBorder(
        lumas[other], side, side, side, side, cv2.BORDER_REPLICATE
    )
    y, x = top + guess[1] + _REACH, left + guess[0] + _REACH
    height, width = part.shape[0] + 2 * _REACH, part.shape[1] + 2 * _REACH
    if y < 0 or x < 0 or y + height > around.shape[0] or x + width > around.shape[1]:
        return None
    field = around[y : y + height, x : x + width]
    off = cv2.matchTemplate(field, part, cv2.TM_SQDIFF, mask=weight) / weight.sum()
    row, column = np.unravel_index(int(off.argmin()), off.shape)
    if not (0 < row < 2 * _REACH and 0 < column < 2 * _REACH):
        return None
    finer = np.array(
        [
            column + _vertex(off[row, column - 1 : column + 2]),
            row + _vertex(off[row - 1 : row + 2, column]),
        ]
    )
    sure = _NOISE / (_NOISE + float(np.sqrt(max(off[row, column], 0))))
    return guess + finer - _REACH, sure


def _inner(mask: Mask) -> Mask:
    """``mask`` without its edge, which shows some of the background, if enough is left."""
    inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return inner if inner.sum() > mask.sum() / 2 else mask


def _vertex(values: NDArray[np.float32]) -> float:
    """Where the parabola through three values is least, from the middle one."""
    before, here, after = (float(one) for one in values)
    bend = before - 2 * here + after
    return 0.0 if bend <= 0 else (before - after) / (2 * bend)
