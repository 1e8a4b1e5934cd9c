"""Asking the motion engine for a direction, and measuring what the view does."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import degrees, tau

import numpy as np

from longtake.analysis.camera import track
from longtake.analysis.flow import flow, speed
from longtake.analysis.pictures import gray
from longtake.engines.motion import Motion
from longtake.engines.motion.view import pose_of
from longtake.engines.protocol import Ask, Continuation, Frames

RATE = Fraction(12)
N = 24


def asked(
    context: Frames, prompt: str | None, n: int = N, **more: object
) -> Continuation:
    return Motion().extend(Ask(context, RATE, n, 3, prompt, **more))  # type: ignore[arg-type]


def drawn(answer: Continuation) -> Frames:
    return np.stack(list(answer.frames))


def pose(before: Frames, frames: Frames) -> np.ndarray:
    """Where the view has gone from ``before``'s last frame to the last of ``frames``.

    Right and down in picture widths, factor, degrees.
    """
    found = track(np.concatenate([before[-1:], frames]))
    right, down, scale, angle = pose_of(found.views[0])
    return np.array([right, down, float(np.exp(-scale)), degrees(angle)])


def moving(frames: Frames) -> float:
    """Mean speed, pixels a frame."""
    return float(np.mean([speed(flow(gray(a), gray(b))) for a, b in pairwise(frames)]))


def gone(before: Frames, frames: Frames) -> np.ndarray:
    """How far the camera has gone since ``before``: (time, 4), pixels, log, degrees."""
    found = track(np.concatenate([before[-1:], frames]))
    first = np.linalg.inv(found.views[0])
    poses = np.array([pose_of(np.linalg.inv(one @ first)) for one in found.views[1:]])
    width = before.shape[2]
    return np.asarray(poses * [width, width, -1, 360 / tau])
