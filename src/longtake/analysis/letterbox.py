"""Black bars around the picture, so that what is measured and moved is the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtake.analysis.pictures import Frames, gray

_LOOKED_AT = 24  # frames, evenly spread
_BLACK = 20  # gray levels a bar may reach, with the ringing of a codec
_EVEN = 4.0  # gray levels between its darkest and lightest (5th to 95th percentile)
_EDGE = 10.0  # gray levels by which the picture beside it rises at once
_ALONG = 0.5  # of the edge's length: a dark scene has no straight edge
_SOFT = 2  # pixels over which scaling blurs the edge
_LARGEST = 0.4  # of the side: a bar wider than this is a picture of the dark
_SMALLEST = 2  # pixels


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a picture: rows ``top`` to ``bottom``, half-open; likewise columns."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.right - self.left, self.bottom - self.top

    @property
    def slices(self) -> tuple[slice, slice]:
        """What cuts it out of a picture: rows and columns."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def crop(self, frames: Frames) -> Frames:
        """This part of ``frames`` ([time,] height, width, 3); a view."""
        return frames[..., self.top : self.bottom, self.left : self.right, :]


def letterbox(frames: Frames) -> Box:
    """The part of ``frames`` (time, height, width, 3) uint8 that is not black bars.

    A bar is black and even in all frames and ends in a straight edge beyond which the
    picture is lighter at once, along half of it at least, in some frame. Each side is
    judged alone: bars need not be symmetrical.
    """
    count = min(_LOOKED_AT, len(frames))
    chosen = [frames[round(i)] for i in np.linspace(0, len(frames) - 1, count)]
    lumas = np.stack([gray(frame) for frame in chosen])
    lightest = lumas.max(axis=0)
    top, bottom = _bar(lightest), _bar(lightest[::-1])
    height, width = lightest.shape
    inside = lightest[top : height - bottom]
    left, right = _bar(inside.T), _bar(inside.T[::-1])
    return Box(top, height - bottom, left, width - right)


def _bar(lightest: NDArray[np.uint8]) -> int:
    """Rows of a bar at the top of a picture (each pixel its lightest moment)."""
    rows = lightest.astype(np.float32)
    low, high = np.percentile(rows, [5, 95], axis=1)
    black = (high <= _BLACK) & (high - low <= _EVEN)
    size = int(np.argmin(black)) if not black.all() else len(black)
    if not _SMALLEST <= size <= _LARGEST * len(rows):
        return 0
    soft = rows[size : size + _SOFT + 1]
    rises = soft[-1] - rows[max(0, size - 1 - _SOFT)] >= _EDGE
    if rises.mean() < _ALONG:
        return 0
    return size + int(np.argmax(soft.mean(axis=1) >= soft[-1].mean() / 2))
