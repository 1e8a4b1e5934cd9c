"""Whether motion goes somewhere or to and fro."""

from __future__ import annotations

import cv2
import numpy as np

from longtake.analysis.flow import Flow, each, flow
from longtake.analysis.pictures import Frames, grays, small

_WIDTH = 208  # pixels: which way something goes shows at half of what is measured
_BLOCK = 8  # pixels: what moves is followed place by place
_MOVING = 0.05  # pixels a frame: slower is noise


def directedness(frames: Frames) -> float:
    """|mean flow| / mean |flow| over time, place by place, of what moves: 0 to 1.

    ``frames``: (time, height, width, 3) uint8. Each 8-pixel block of them, at most 208
    pixels wide, sums its flow over time; what sways returns and sums to nothing, what
    walks, drives or falls does not. Two cars that pass each other are both directed, so
    blocks are not summed with each other; each counts by how much moves in it. 0 where
    nothing moves or there is one frame only.
    """
    lumas = grays(small(frame, _WIDTH) for frame in frames)

    def coarse(k: int) -> Flow:
        moved = flow(lumas[k], lumas[k + 1])
        height, width = moved.shape[:2]
        size = (max(1, width // _BLOCK), max(1, height // _BLOCK))
        return np.asarray(
            cv2.resize(moved, size, interpolation=cv2.INTER_AREA), np.float32
        )

    flows = each(coarse, range(len(lumas) - 1))
    if not flows:
        return 0.0
    moved = np.stack(flows)
    lengths = np.linalg.norm(moved, axis=-1)
    moved[lengths < _MOVING], lengths[lengths < _MOVING] = 0, 0
    way = float(lengths.sum())
    return float(np.linalg.norm(moved.sum(axis=0), axis=-1).sum()) / way if way else 0.0
