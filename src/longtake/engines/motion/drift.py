"""The *drift* plan: what moved comes to rest under a slow camera move, in and then to and fro.

A function of the time since the join alone, so that a chain of any length goes on
smoothly and never zooms further than its largest gain.
"""

from __future__ import annotations

from dataclasses import replace
from math import cos, pi, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.analysis.camera import Map, in_pixels
from longtake.analysis.flow import difference
from longtake.engines.motion import living, parallax
from longtake.engines.motion.plan import Plan, Push
from longtake.engines.motion.source import Picture
from longtake.engines.motion.study import Study

KIND = "drift"
_ZOOM = 0.08
_HALF_PERIOD_S = 4.0
_PACES = (1.0, 1.5, 2.0, 3.0, 4.0)
_EASES = (1 / 6, 1 / 2, 1.0)  # of the half period: in a calm clip speed gathers slowly
_EARLY_S = 0.25
_LIVELY = 0.45  # of the clip's own step: below 0.15 a viewer sees a still
_LOOKED_AT = (0.25, 0.5, 1.0, 1.5)  # of the half period
_START = pi / 3  # the zoom's phase at the join: it moves off at once
_SWAY = 0.145  # of the zoom's gain, in picture widths: both then move pixels alike
_MOST_SHARPENING = 0.6
_LESS = 0.7  # of the zoom, in every other pair of seeds


def camera(push: Push, time: float) -> Map:
    """From the pushed picture of new frame ``time`` to the unmoved one: (3, 3)."""
    turn = pi / push.half_period
    phase = _START + turn * _eased(time + 1, push.ease)
    if phase < pi:
        share = (cos(_START) - cos(phase)) / (cos(_START) + 1)
        sway = _swing(phase) - _swing(_START)
    else:
        share = (2 - cos(phase)) / 3
        sway = sin(phase) - _swing(_START)
    gain = push.zoom * share
    scale = 1 / (1 + gain)
    aside = push.side * _SWAY * push.zoom * sway
    return np.array([[scale, 0, aside], [0, scale, 0], [0, 0, 1]])


def _swing(phase: float) -> float:
    """The sway while the zoom still makes room for it."""
    return sin(phase) * (1 - cos(phase)) / 2


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


def propose(study: Study, n_frames: int, seed: int, before: Plan | None = None) -> Plan:
    """What moves comes to rest, but for the regions that can be played on, and is pushed.

    The move is as slow as a push-in should be, and faster where the clip itself is so
    lively that a slow one would look like a still beside it. A picture of which there is
    only one gets parallax. ``before`` is what was already played.
    """
    found = (
        living.living(study, n_frames, seed, before)
        if before is None or before.regions
        else None
    )
    regions = found.regions if found else ()
    runs = before.runs if before else (living.at_rest(study),)
    push = before.push if before else _varied(_move(study), seed)
    if push and not study.last:
        push = replace(push, depth=parallax.GAIN)
    return study.plan(KIND, n_frames, runs, before, regions=regions, push=push)


def _varied(push: Push, seed: int) -> Push:
    """One of four: to either side, and less far."""
    less = _LESS if seed // 2 % 2 else 1.0
    return replace(push, side=-1.0 if seed % 2 else 1.0, zoom=less * push.zoom)


def _move(study: Study) -> Push:
    moves = _moves(study)
    lively = (one for one in moves if _least_step(study, one) >= _LIVELY * study.step)
    move = next(lively, moves[-1])
    pulls = study.camera is not None and study.camera.velocity[2] > 0
    for share in _EASES[-1:] if pulls else _EASES:  # in must not follow out at once
        move = replace(move, ease=move.half_period * share)
        if _step(study, move, study.frames_in(_EARLY_S)) <= study.step:
            break
    return move


def _moves(study: Study) -> list[Push]:
    """From slow to fast: farther and quicker at once."""
    moves = []
    for pace in _PACES:
        half_period = _HALF_PERIOD_S * float(study.rate) / pace**0.5
        moves.append(Push(_ZOOM * pace**0.5, half_period, half_period * _EASES[0]))
    return moves


def _least_step(study: Study, push: Push) -> float:
    """The least step that ``push`` makes once it is under way, in gray levels."""
    return min(
        _step(study, push, round(push.half_period * share)) for share in _LOOKED_AT
    )


def _step(study: Study, push: Push, time: int) -> float:
    """What the move alone changes from the frame before ``time`` to it, in gray levels."""
    still = study.frames[-1].astype(np.float32)
    views = [_view(still, camera(push, time - k)) for k in (1, 0)]
    return difference(*views)


def _view(picture: Picture, view: Map) -> Picture:
    height, width = picture.shape[:2]
    return np.asarray(
        cv2.warpAffine(
            picture,
            in_pixels(view, width, height)[:2],
            (width, height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT,
        ),
        np.float32,
    )
