"""The bridge: what moves at the end of the clip goes on moving, for a few frames.

Each pixel of the last original frame keeps its velocity, which decays from frame to
frame. That is right for a third of a second and no longer: nothing new comes into view.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from longtake.analysis.flow import Flow, Preset, difference, flow, warp
from longtake.analysis.pictures import Gray

DECAY = 0.9  # of the velocity, from one frame to the next
REACH = 14.0  # places beyond the last frame after which all stands still
LOOK_BACK = 6  # frames before the last in which its velocity is looked for
_STILL = 0.05  # gray levels: two frames nearer than this are one frame shown twice
_ROUNDS = 6  # of the fixed-point search for where a pixel came from


def distance(place: float) -> float:
    """Steps of undamped motion that a decaying one has made at ``place`` >= 0."""
    return float((1 - DECAY ** min(place, REACH)) / (1 - DECAY))


def velocity(grays: Sequence[Gray]) -> Flow:
    """Pixels per frame of what the last frame shows: (h, w, 2) float32.

    ``grays``: (h, w) uint8, the last frame first, then those before it. Repeats of the
    last frame hold no time of the scene, so the motion since the frame before them is
    spread over the gap.
    """
    last = grays[0]
    for gap, before in enumerate(grays[1:], start=1):
        if difference(last, before) > _STILL:
            moved = flow(last, before, Preset.MEDIUM)
            return np.asarray(-cv2.blur(moved, (5, 5)) / gap, np.float32)
    return np.zeros((*last.shape, 2), np.float32)


def field(momentum: Flow, place: float) -> Flow:
    """The displacement that draws ``place`` > 0 from the last frame: (h, w, 2) float32.

    A pixel x shows what was at y, where y + distance * velocity(y) = x.
    """
    far = np.float32(distance(place))
    found: Flow = -far * momentum
    for _ in range(_ROUNDS):
        found = -far * np.asarray(warp(momentum, found), np.float32)
    return found
