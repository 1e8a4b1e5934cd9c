"""A subject without its background: how much of each pixel it is, and its own colors.

Where a pixel lies between the colors of the subject beside it and those of the background
behind it, it is a mixture of the two (the compositing equation, Porter and Duff 1984, solved
for the share); the background's part is taken out, so that none of it travels along.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]  # (height, width, 3)
Alpha = NDArray[np.float32]  # (height, width), 0 to 1

_PALEST, _CLEAR = 8.0, 28.0  # gray levels off the background: none of it is, all is
_ALIKE = 24.0  # gray levels: colors nearer than this cannot be told apart
_AROUND = 2.5  # sigma, in small pixels, of what counts as beside
_SMALL = 416  # pixels of width: what a small pixel is one of
_SQUARE = np.ones((3, 3), np.uint8)


def matte(
    colors: Picture,
    behind: Picture,
    known: Alpha,
    outline: tuple[Alpha, Alpha],
    width: int,
) -> tuple[Picture, Alpha]:
    """The colors of a subject, times how much of each pixel it is; and how much that is.

    ``colors``, ``behind``: (h, w, 3), a part of a frame and what lies behind it where that
    is ``known``; ``outline``: the coarse one of the subject, and what lies deep inside it.
    ``width``: of the frame.
    """
    inside, deep = outline
    pixel = max(width / _SMALL, 0.5)
    off = np.abs(colors - behind).max(axis=-1)
    off = cv2.GaussianBlur(off, (0, 0), max(0.5, 0.5 * pixel))
    differs = ramp(off, _PALEST, _CLEAR)
    filled = np.maximum(differs, deep)  # where they look alike
    near = ramp(inside, 0.1, 0.4)
    sure = cv2.erode(((near * filled) > 0.95).astype(np.uint8), _SQUARE)  # noqa: PLR2004
    weight = sure.astype(np.float32)
    own, much = (
        cv2.GaussianBlur(one, (0, 0), _AROUND * pixel)
        for one in (colors * weight[..., None], weight)
    )
    apart = own / np.maximum(much, 1e-4)[..., None] - behind
    squared = np.square(apart).sum(axis=-1)
    share = np.einsum("ijk,ijk->ij", colors - behind, apart) / np.maximum(squared, 1)
    told = (much > 0.02) & (squared > 3 * _ALIKE**2)  # noqa: PLR2004
    mixed = np.where(told, np.clip(share, 0, 1), filled)
    alpha = near * np.where(sure > 0, 1, mixed)
    alpha = np.where(known > 0.5, alpha, ramp(inside, 0.35, 0.65))  # noqa: PLR2004
    alpha = np.asarray(alpha, np.float32)[..., None]
    ink = np.clip(colors - (1 - alpha) * behind, 0, 255 * alpha)
    return np.asarray(ink, np.float32), np.asarray(alpha[..., 0], np.float32)


def ramp(values: NDArray[np.floating], low: float, high: float) -> Alpha:
    """0 up to ``low``, 1 from ``high`` on."""
    return np.asarray(np.clip((values - low) / (high - low), 0, 1), np.float32)
