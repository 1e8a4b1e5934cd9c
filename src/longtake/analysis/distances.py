"""How far any two frames are apart, in pose and in motion, and what a jump costs.

Video textures (Schödl, Szeliski, Salesin and Essa, SIGGRAPH 2000, section 3.1): a jump is
invisible where the frames around both of its places are alike, not the two alone. A
pendulum is at the middle in both swings, and only its neighbors in time tell them apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.analysis.pictures import Frames, gray

_SIZE = (64, 36)  # pixels, width and height
_TAPS = np.array([1, 4, 6, 4, 1], np.float64) / 16  # binomial, over five frames
_FLOOR = 0.25  # gray levels: the least a step counts, so that noise is no distance

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Landing:
    """Where to go on from the end of a clip: ``cost`` is in median steps of the clip."""

    frame: int
    cost: float


def thumbnails(frames: Frames) -> NDArray[np.float32]:
    """Luma of every frame at 64x36, averaged over areas: (time, 2304) float32."""
    shrunk = [
        cv2.resize(gray(frame).astype(np.float32), _SIZE, interpolation=cv2.INTER_AREA)
        for frame in frames
    ]
    return np.stack(shrunk).reshape(len(shrunk), -1).astype(np.float32, copy=False)


def apart(some: NDArray[np.float32], others: NDArray[np.float32]) -> Matrix:
    """Root mean square difference of every two thumbnails, in gray levels.

    (m, pixels) and (n, pixels) float32 give (m, n) float64.
    """
    a, b = some.astype(np.float64), others.astype(np.float64)
    squares = np.square(a).mean(1)[:, None] + np.square(b).mean(1)[None]
    products = a @ b.T / a.shape[1]
    return np.asarray(np.sqrt(np.maximum(squares - 2 * products, 0)))


def distances(frames: Frames) -> Matrix:
    """Distance of every two frames with their neighbors in time: (n, n), in median steps.

    The distance of frames i and j is the binomial mean of those of i + k and j + k for k
    from -2 to 2; at either end of the clip, of those that there are. One median step of
    the clip (unfiltered) is 1.
    """
    plain = apart(seen := thumbnails(frames), seen)
    steps = np.diagonal(plain, 1)
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


def jump_costs(apart_by: Matrix) -> Matrix:
    """Cost of showing frame j right after frame i: (n, n), in median steps.

    ``apart_by``: from :func:`distances`. After i its successor is expected, so the cost is
    the distance of i + 1 and j; playing on (j = i + 1) costs nothing. The last frame has
    no successor: there j - 1 is held against the last frame itself.
    """
    costs = np.empty_like(apart_by)
    costs[:-1] = apart_by[1:]
    costs[-1, 1:] = apart_by[-1, :-1]
    costs[-1, 0] = np.inf
    return costs


def best_landing(costs: Matrix, *, shortest: int) -> Landing | None:
    """The cheapest frame to go on from after the last, with ``shortest`` frames to play.

    None where the clip is too short for such a run.
    """
    reachable = costs[-1, : max(0, len(costs) - shortest + 1)]
    if not reachable.size or not np.isfinite(reachable).any():
        return None
    frame = int(reachable.argmin())
    return Landing(frame, float(reachable[frame]))


def candidates(costs: Matrix, *, limit: float, shortest: int) -> NDArray[np.bool_]:
    """The jumps worth considering: (n, n) bool, from row to column.

    Those below ``limit``, cheaper than their neighbors along the diagonal (jumping a frame
    earlier or later for the same change of time), and of at least ``shortest`` frames
    forwards or backwards.
    """
    n = len(costs)
    row, column = np.indices((n, n))
    wanted = (costs < limit) & (np.abs(row + 1 - column) >= shortest)
    earlier = np.full_like(costs, np.inf)
    later = np.full_like(costs, np.inf)
    earlier[1:, 1:] = costs[:-1, :-1]
    later[:-1, :-1] = costs[1:, 1:]
    return np.asarray(wanted & (costs <= earlier) & (costs <= later))
