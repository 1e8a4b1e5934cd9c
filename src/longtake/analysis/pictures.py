"""Small copies of frames, and what can be said of one picture alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]  # (height, width, 3) uint8, RGB
Frames = NDArray[np.uint8]  # (time, height, width, 3) uint8, RGB
Gray = NDArray[np.uint8]  # (height, width) uint8, luma

WIDTH = 416  # pixels: every measure is taken on pictures at most this wide
_GRAIN_BLOCK, _CALMEST = 8, 10  # pixels; percent of the blocks
_HIGH_BAND_SIGMA = 1.5  # pixels at WIDTH: finer than this is what blur takes first


class Pictures(Protocol):
    """Frames, of ``shape`` (time, height, width, 3), uint8: an array, or drawn when asked."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(time, height, width, 3)."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Frame: ...


def small(frame: Frame, width: int = WIDTH) -> Frame:
    """``frame`` at most ``width`` pixels wide, same aspect, averaged over areas.

    (height, width, 3) uint8 in and out; a picture that is not wider comes back as it is.
    """
    height, full = frame.shape[:2]
    if full <= width:
        return frame
    size = (width, max(1, round(height * width / full)))
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)


def gray(frame: Frame) -> Gray:
    """Luma (Rec. 601 weights) of an RGB picture: (height, width) uint8."""
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8)


def grays(frames: Iterable[Frame]) -> NDArray[np.uint8]:
    """Luma of every frame: (time, height, width) uint8."""
    return np.stack([gray(frame) for frame in frames])


def lab_mean(frame: Frame) -> NDArray[np.float64]:
    """Mean CIE L*a*b* (D65) of an sRGB picture: L in 0..100, a and b about -128..127."""
    return lab_statistics(frame)[0]


def lab_statistics(
    frame: Frame,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of CIE L*a*b* (D65), three numbers each."""
    # A quarter of the pixels say the same mean at a quarter of the cost.
    quarter = small(frame, max(1, frame.shape[1] // 2))
    lab = cv2.cvtColor(quarter.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    mean, deviation = cv2.meanStdDev(lab)
    return mean.ravel().astype(np.float64), deviation.ravel().astype(np.float64)


def sharpness(picture: Gray) -> float:
    """High-band energy of a luma picture, in squared gray levels.

    The mean square of what a Gaussian of 1.5 pixels takes away. Blur lowers it, noise
    and over-sharpening raise it.
    """
    return float(_fine(picture).mean())


def sharpness_and_grain(picture: Gray) -> tuple[float, float]:
    """:func:`sharpness`, and the same where the picture is calmest.

    That is the tenth percentile over blocks of 8 pixels: in a rich picture noise hides
    among the detail, but not in its sky, its shadows and its walls.
    """
    fine = _fine(picture)
    height, width = picture.shape
    size = (max(1, width // _GRAIN_BLOCK), max(1, height // _GRAIN_BLOCK))
    blocks = cv2.resize(fine, size, interpolation=cv2.INTER_AREA)
    return float(fine.mean()), float(np.percentile(blocks, _CALMEST))


def _fine(picture: Gray) -> NDArray[np.float32]:
    exact = picture.astype(np.float32)
    low = cv2.GaussianBlur(
        exact, (0, 0), _HIGH_BAND_SIGMA, borderType=cv2.BORDER_REFLECT
    )
    return np.asarray(np.square(exact - low), np.float32)
