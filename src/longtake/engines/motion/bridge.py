"""The bridge: what moves at the end of the clip goes on moving, for a few frames.

Each pixel of the last original frame keeps its velocity, which decays from frame to
frame: slowly where the clip's last steps agreed on it, at once where they did not (water,
leaves, what was just uncovered). What moves at large goes on for a third of a second and
no longer: nothing new comes into view. What moves slowly, and as its surroundings do, may
take its time. To that comes its :mod:`sway`, where the clip is long enough to show one.
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
from longtake.engines.motion import sway
from longtake.engines.motion.sway import Sways

REACH = 16.0  # places beyond the last frame after which what has no sway stands still
LOOK_BACK = 8  # frames at the clip's end in which its velocity is looked for
_STEADY, _ERRATIC = 0.9, 0.4  # decay of the velocity, per frame
_QUICKEST, _SLOWEST = 0.6, 0.97  # decay of what is steady, by how far that may lead
_BENT = 0.35  # pixels, for each aside, by which the picture may bend before it rests
_FARTHEST = 0.05  # picture widths that it may move before it rests
_DISAGREEMENT = 1.0  # pixels, and
_RELATIVE_DISAGREEMENT = 0.3  # of the velocity: more is no steady motion
_STILL = 0.05  # gray levels: two frames nearer than this are one frame shown twice
_REPEATED = 0.15  # of the largest step: nearer frames too, but for the codec's noise
_EVEN = 3.0  # pixels: sigma over which motion is taken for one
_BESIDE = 25  # pixels: what bends lets its surroundings rest as well
_LEAST = 1e-3  # pixels
_ROUNDS = 6  # of the fixed-point search for where a pixel came from


@dataclass(frozen=True, slots=True)
class Momentum:
    """``velocity``: (h, w, 2) float32, pixels per frame; ``decay``: (h, w, 1), per frame.

    ``sways``: None where the clip is too short to show any.
    """

    velocity: Flow
    decay: NDArray[np.float32]
    sways: Sways | None = None


def momentum(grays: Sequence[Gray]) -> Momentum:
    """How what the last frame shows is moving.

    ``grays``: (h, w) uint8, the last frame first, then those before it. Repeats of a frame
    hold no time of the scene: the motion since the frame before is spread over the gap.
    """
    recent = grays[:LOOK_BACK]
    changes = [difference(a, b) for a, b in pairwise(recent)]
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
    velocity = np.asarray(cv2.blur(velocity, (5, 5)), np.float32)
    known: Sways | None = None
    steady: float | NDArray[np.float32] = _STEADY
    if len(grays) >= sway.FEWEST:  # of the motion, that which leads somewhere
        known = sway.sways(grays)
        velocity = velocity - sway.last_step(known, grays[0].shape[::-1])
        steady = _steady(velocity)
    return Momentum(
        velocity,
        np.asarray(_ERRATIC + (steady - _ERRATIC) * trust, np.float32),
        known,
    )


def _steady(velocity: Flow) -> NDArray[np.float32]:
    """The decay of steady motion, (h, w, 1): as slow as the picture bears it there.

    At the edge of what passes before something else it would tear, or be dragged along.
    """
    smooth = cv2.GaussianBlur(velocity, (0, 0), _EVEN)
    across, along = (
        cv2.Sobel(smooth, -1, *way, scale=1 / 8) for way in ((1, 0), (0, 1))
    )
    bend = np.sqrt(np.square(across).sum(axis=-1) + np.square(along).sum(axis=-1))
    near = cv2.dilate(bend, np.ones((_BESIDE, _BESIDE), np.uint8))
    pace = np.linalg.norm(smooth, axis=-1)
    width = velocity.shape[1]
    frames = np.minimum(
        _BENT / np.maximum(near, _LEAST), _FARTHEST * width / np.maximum(pace, _LEAST)
    )
    longest, shortest = (1 / (1 - one) for one in (_SLOWEST, _QUICKEST))
    even = cv2.GaussianBlur(np.clip(frames, shortest, longest), (0, 0), _BESIDE / 3)
    return np.asarray(1 - 1 / even, np.float32)[..., None]


def field(moving: Momentum, place: float) -> Flow:
    """The displacement that draws ``place`` > 0 from the last frame: (h, w, 2) float32.

    A pixel x shows what was at y, where y has moved to x.
    """
    passed = place if moving.sways is not None else min(place, REACH)
    kept = moving.decay ** np.float32(passed)
    moved: Flow = moving.velocity * ((1 - kept) / (1 - moving.decay))
    if moving.sways is not None:
        height, width = moved.shape[:2]
        moved = moved + sway.field(moving.sways, place, (width, height))
    found: Flow = -moved
    for _ in range(_ROUNDS):
        found = -np.asarray(warp(moved, found), np.float32)
    return found
