"""The bridge: what moves at the end of the clip goes on moving, for a few frames.

Each pixel of the last original frame keeps its velocity, which decays from frame to
frame: slowly where the clip's last steps agreed on it, at once where they did not (water,
leaves, what was just uncovered). That holds for a third of a second and no longer:
nothing new comes into view.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.analysis.flow import Flow, Preset, difference, flow, warp
from longtake.analysis.pictures import Gray

REACH = 16.0  # places beyond the last frame after which all stands still
LOOK_BACK = 8  # frames at the clip's end in which its velocity is looked for
_STEADY, _ERRATIC = 0.9, 0.4  # decay of the velocity, per frame
_DISAGREEMENT = 1.0  # pixels, and
_RELATIVE_DISAGREEMENT = 0.3  # of the velocity: more is no steady motion
_STILL = 0.05  # gray levels: two frames nearer than this are one frame shown twice
_REPEATED = 0.15  # of the largest step: nearer frames too, but for the codec's noise
_ROUNDS = 6  # of the fixed-point search for where a pixel came from


@dataclass(frozen=True, slots=True)
class Momentum:
    """``velocity``: (h, w, 2) float32, pixels per frame; ``decay``: (h, w, 1), per frame."""

    velocity: Flow
    decay: NDArray[np.float32]


def momentum(grays: Sequence[Gray]) -> Momentum:
    """How what the last frame shows is moving.

    ``grays``: (h, w) uint8, the last frame first, then those before it. Repeats of a frame
    hold no time of the scene: the motion since the frame before is spread over the gap.
    """
    changes = [difference(a, b) for a, b in pairwise(grays)]
    least = max(_STILL, _REPEATED * max(changes, default=0.0))
    distinct = [0] + [k for k, change in enumerate(changes, start=1) if change > least]
    steps: list[Flow] = [
        flow(grays[later], grays[earlier], Preset.MEDIUM) / np.float32(later - earlier)
        for later, earlier in pairwise(distinct[:3])
    ]
    if not steps:
        still = np.zeros((*grays[0].shape, 2), np.float32)
        return Momentum(still, np.full_like(still[..., :1], _STEADY))
    velocity = steps[0]
    before = np.asarray(warp(steps[-1], -velocity), np.float32)
    apart = np.linalg.norm(velocity - before, axis=-1)
    allowed = _DISAGREEMENT + _RELATIVE_DISAGREEMENT * np.linalg.norm(velocity, axis=-1)
    trust = cv2.blur(np.exp(-np.square(apart / allowed)), (9, 9))[..., None]
    if len(steps) == 1:
        trust *= 0  # nothing agrees with it: where it is wrong, it would tear
    return Momentum(
        np.asarray(cv2.blur(velocity, (5, 5)), np.float32),
        np.asarray(_ERRATIC + (_STEADY - _ERRATIC) * trust, np.float32),
    )


def field(moving: Momentum, place: float) -> Flow:
    """The displacement that draws ``place`` > 0 from the last frame: (h, w, 2) float32.

    A pixel x shows what was at y, where y has moved to x.
    """
    kept = moving.decay ** np.float32(min(place, REACH))
    moved: Flow = moving.velocity * ((1 - kept) / (1 - moving.decay))
    found: Flow = -moved
    for _ in range(_ROUNDS):
        found = -np.asarray(warp(moved, found), np.float32)
    return found
