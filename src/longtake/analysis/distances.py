"""How far any two frames are apart, in pose and in motion.

Video textures (Schödl, Szeliski, Salesin and Essa, SIGGRAPH 2000, section 3.1): a jump is
invisible where the frames around both of its places are alike, not the two alone. A
pendulum is at the middle in both swings, and only its neighbors in time tell them apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.analysis.pictures import Frames, gray

CELLS = (36, 64)  # rows and columns: pixels of a thumbnail
_SIZE = CELLS[::-1]
_TAPS = np.array([1, 4, 6, 4, 1], np.float64) / 16  # binomial, over five frames
_COMMON = 0.5  # of the picture: two that share less are not compared
_FLOOR = 0.25  # gray levels: the least a step counts, so that noise is no distance

Matrix = NDArray[np.float64]
Thumbnails = NDArray[np.float32]  # (time, pixels)


def thumbnails(frames: Frames) -> Thumbnails:
    """Luma of every frame at 64x36, averaged over areas: (time, 2304) float32."""
    return shrunk([gray(frame).astype(np.float32) for frame in frames])


def shrunk(pictures: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """(height, width) float32 pictures at 64x36, averaged over areas: (time, 2304)."""
    small = [cv2.resize(one, _SIZE, interpolation=cv2.INTER_AREA) for one in pictures]
    return np.stack(small).reshape(len(small), -1).astype(np.float32, copy=False)


def apart(
    some: NDArray[np.float32],
    others: NDArray[np.float32],
    seen: NDArray[np.float32] | None = None,
) -> Matrix:
    """Root mean square difference of every two thumbnails, in gray levels.

    (m, pixels) and (n, pixels) float32 give (m, n) float64. ``seen``: for a square matrix
    of thumbnails that do not show everything, how much each shows of each pixel, 0 to 1;
    pixels that one of two does not show do not count, and two that have less than half of
    the picture in common are infinitely far apart.
    """
    a, b = some.astype(np.float64), others.astype(np.float64)
    if seen is None:
        squares = np.square(a).mean(1)[:, None] + np.square(b).mean(1)[None]
        products = a @ b.T / a.shape[1]
        return np.asarray(np.sqrt(np.maximum(squares - 2 * products, 0)))
    mask = seen.astype(np.float64)
    common = mask @ mask.T
    total = np.square(a) * mask @ mask.T + mask @ (np.square(b) * mask).T
    total -= 2 * (a * mask) @ (b * mask).T
    found = np.sqrt(np.maximum(total, 0) / np.maximum(common, 1))
    found[common < _COMMON * a.shape[1]] = np.inf
    return np.asarray(found)


def distances(
    pictures: NDArray[np.float32], seen: NDArray[np.float32] | None = None
) -> Matrix:
    """Distance of every two frames with their neighbors in time: (n, n), in median steps.

    ``pictures``: :func:`thumbnails`; ``seen``: as of :func:`apart`. The distance of
    frames i and j is the binomial mean of those of i + k and j + k for k from -2 to 2; at
    either end of the clip, of those that there are. One median step of the clip
    (unfiltered) is 1.
    """
    plain = apart(pictures, pictures, seen)
    steps = np.diagonal(plain, 1)
    steps = steps[np.isfinite(steps)]
    step = max(_FLOOR, float(np.median(steps))) if steps.size else 1.0
    return _along_diagonal(plain) / step


def _along_diagonal(plain: Matrix) -> Matrix:
    n, half = len(plain), len(_TAPS) // 2
    total, weight = np.zeros_like(plain), np.zeros_like(plain)
    for k, tap in enumerate(_TAPS, -half):
        here = slice(max(0, -k), min(n, n - k))
        there = slice(max(0, k), min(n, n + k))
        total[here, here] += tap * plain[there, there]
        weight[here, here] += tap
    return total / weight
