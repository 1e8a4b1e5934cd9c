"""What a run of frames does, step by step: how much changes, how it moves, how that changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.analysis.flow import (
    Flow,
    change,
    difference,
    each,
    flow,
    residual,
    speed,
)
from longtake.analysis.pictures import Frames, gray

PIXELS = 0.02  # pixels: a fifth of what DIS can tell apart
_QUARTER = 4  # flows are kept this much smaller: DIS finds nothing finer
_LAGS = (5, 8)  # steps between flows compared: neighbors differ by what DIS errs


@dataclass(frozen=True, slots=True)
class Curves:
    """What a run of frames does, step by step; entry k is about frame k + 1.

    ``step``, ``residual``: levels. ``speed``: pixels. ``turn``: pixels by which the
    flow differs from the step before (first entry NaN). ``unrest``: by how much it differs
    from that of a while before, for as much as both are (first eight NaN). ``sway``: mean absolute second
    difference in levels (last entry NaN). All (time - 1,) float64.
    """

    step: NDArray[np.float64]
    residual: NDArray[np.float64]
    speed: NDArray[np.float64]
    turn: NDArray[np.float64]
    unrest: NDArray[np.float64]
    sway: NDArray[np.float64]


def curves(frames: Frames) -> Curves:
    """The curves of ``frames``: (time, height, width, 3) uint8, time at least 1."""
    lumas = each(gray, list(frames))

    def one(k: int) -> tuple[float, float, float, Flow]:
        moved = flow(lumas[k], lumas[k + 1])
        height, width = moved.shape[:2]
        size = (max(1, width // _QUARTER), max(1, height // _QUARTER))
        coarse = cv2.resize(moved, size, interpolation=cv2.INTER_AREA)
        return (
            difference(frames[k], frames[k + 1]),
            residual(frames[k], frames[k + 1], moved),
            speed(moved),
            np.asarray(coarse, np.float32),
        )

    def bent(k: int) -> float:
        before, here, after = (frames[j].astype(np.int16) for j in (k, k + 1, k + 2))
        return difference(before + after, 2 * here)

    steps = each(one, range(len(lumas) - 1))
    flows = [found[3] for found in steps]
    turns = [change(a, b) for a, b in pairwise(flows)]
    sways = each(bent, range(len(lumas) - 2))
    pad = [np.nan] * min(1, len(steps))
    return Curves(
        step=np.array([found[0] for found in steps], np.float64),
        residual=np.array([found[1] for found in steps], np.float64),
        speed=np.array([found[2] for found in steps], np.float64),
        turn=np.array(pad + turns, np.float64),
        unrest=_unrest(flows),
        sway=np.array(sways + pad, np.float64),
    )


def _unrest(flows: Sequence[Flow]) -> NDArray[np.float64]:
    """How much each flow differs from earlier ones: two, since motion may be periodic."""
    speeds = [speed(one) for one in flows]
    found = np.full(len(flows), np.nan)
    for k in range(max(_LAGS), len(flows)):
        found[k] = np.mean(
            [
                2
                * change(flows[k], flows[k - lag])
                / (speeds[k] + speeds[k - lag] + 2 * PIXELS)
                for lag in _LAGS
            ]
        )
    return found
