"""The slow camera move over the picture: in, and then to and fro for ever.

A function of the time since the join alone, so that a chain of any length goes on
smoothly and never zooms further than its largest gain.
"""

from __future__ import annotations

from math import cos, pi, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.engines.motion.plan import Plan, Push, Run
from longtake.engines.motion.source import Matrix, Picture
from longtake.engines.motion.study import Study

KIND = "push"
_ZOOM = 0.08
_HALF_PERIOD_S = 4.0
_REST_S = 0.6  # in which the bridge comes to rest
_SWAY = 0.145  # of the zoom's gain, in picture widths: both then move pixels alike
_MOST_SHARPENING = 0.6


def camera(push: Push, time: int, width: int, height: int) -> Matrix:
    """Where the pixels of new frame ``time`` lie in the unmoved picture: (2, 3)."""
    phase = pi * _eased(time + 1, push.half_period / 4) / push.half_period
    if phase < pi:
        gain = push.zoom * (1 - cos(phase)) / 2
        sway = sin(phase) * (1 - cos(phase)) / 2
    else:
        gain = push.zoom * (0.75 - cos(phase) / 4)
        sway = sin(phase)
    scale = 1 / (1 + gain)
    aside = _SWAY * push.zoom * sway * width
    center_x, center_y = (width - 1) / 2, (height - 1) / 2
    return np.array(
        [
            [scale, 0, center_x * (1 - scale) + aside],
            [0, scale, center_y * (1 - scale)],
        ]
    )


def _eased(time: float, ease: float) -> float:
    """``time`` with a soft start of ``ease`` frames."""
    return time * time / (2 * ease) if time < ease else time - ease / 2


def crisp(picture: Picture, energy: float) -> Picture:
    """``picture`` with its high band brought back to ``energy`` (see :func:`detail`)."""
    high = _high_band(picture)
    now = _energy(high)
    if now <= 0 or now >= energy:
        return picture
    gain = min((energy / now) ** 0.5 - 1, _MOST_SHARPENING)
    return np.asarray(picture + np.float32(gain) * high, np.float32)


def detail(picture: Picture) -> float:
    """Mean square of the finest band of a picture: (height, width, 3) float32."""
    return _energy(_high_band(picture))


def _high_band(picture: Picture) -> NDArray[np.float32]:
    return np.asarray(picture - cv2.GaussianBlur(picture, (5, 5), 1.0), np.float32)


def _energy(high: NDArray[np.float32]) -> float:
    return float(cv2.norm(high, cv2.NORM_L2SQR) / high.size)


def propose(study: Study, n_frames: int) -> Plan:
    """The bridge comes to rest, and the camera moves slowly over what it left."""
    ease = study.frames_in(_REST_S)
    plan = Push(zoom=_ZOOM, half_period=float(study.frames_in(_HALF_PERIOD_S)))
    return Plan(
        KIND,
        n_frames,
        (Run(at=-1, source=0.0, speed=1.0, then=0.0, ramp=ease),),
        push=plan,
        box=study.box,
    )
