"""Continuations with one known flaw each: what a user would otherwise reach for, and worse.

Each takes a clip's frames and its real future, both (time, height, width, 3) uint8, and
answers a continuation of as many frames as the future has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.analysis.flow import Preset, flow, warp
from longtake.analysis.pictures import Frames, gray
from longtake.engines.motion.plan import Plan, Run
from longtake.engines.motion.render import render

Control = Callable[[Frames, Frames], Frames]  # context, future -> continuation

_LOOP = 24  # frames
_EASE = 8  # frames in which a turn comes to rest, and in which it is under way again


def freeze(context: Frames, future: Frames) -> Frames:
    """The last frame, held."""
    return np.repeat(context[-1:], len(future), axis=0)


def ping_pong(context: Frames, future: Frames) -> Frames:
    """Back to the start and forth again, turning at once."""
    n = len(context)
    there_and_back = np.r_[np.arange(n - 2, -1, -1), np.arange(1, n)]
    return _played(context, there_and_back, len(future))


def turn_around(context: Frames, future: Frames) -> Frames:
    """Ping-pong made well: past the last frame, slower, at rest, slowly back, and again."""
    plan = Plan("turn", len(future), turning(len(context), len(future)), shot=8)
    return np.stack(list(render(context, plan)))


def turning(n_context: int, n: int) -> tuple[Run, ...]:
    """The runs of :func:`turn_around`: as far back and forth as the context reaches."""
    way = max(1, n_context - 1 - _EASE)
    runs = [Run(-1, 0.0, speed=1.0, then=0.0, ramp=_EASE)]
    while runs[-1].at < n:
        run = runs[-1]
        slowing = run.then == 0
        at = run.at + (_EASE if slowing else _EASE + way)
        then = -run.speed if slowing else 0.0
        runs.append(Run(at, run.place(at), speed=run.then, then=then, ramp=_EASE))
    return tuple(runs)


def hard_loop(context: Frames, future: Frames) -> Frames:
    """The last second over and over."""
    last = context[-_LOOP:]
    return _played(last, np.arange(len(last)), len(future))


def pure_flow(context: Frames, future: Frames) -> Frames:
    """The last frame, every pixel of it moving on as it moved last."""
    last = context[-1]
    back = flow(gray(last), gray(context[-2]), Preset.MEDIUM)
    moved = [warp(last, back * np.float32(k + 1)) for k in range(len(future))]
    return np.asarray(np.stack(moved), np.uint8)


def skip(context: Frames, future: Frames) -> Frames:
    """The future without its first eight frames (and so shorter)."""
    return future[min(8, len(future) // 2) :]


def blur(context: Frames, future: Frames) -> Frames:
    """The future a little out of focus."""
    return _each(future, np.full(len(future), 1.2), _blurred)


def melt(context: Frames, future: Frames) -> Frames:
    """The future ever more out of focus."""
    return _each(future, np.linspace(0.01, 2, len(future)), _blurred)


def noise(context: Frames, future: Frames) -> Frames:
    """The future under grain."""
    grain = np.random.default_rng(5).normal(0, 10, future.shape)
    return _bytes(future + grain)


def pulse(context: Frames, future: Frames) -> Frames:
    """The future lighter and darker by turns."""
    light = np.resize([14.0, -14.0], (len(future), 1, 1, 1))
    return _bytes(future.astype(np.float64) + light)


def tint(context: Frames, future: Frames) -> Frames:
    """A touch of pink that leaves luma within one level of what it was."""
    return _bytes(future + np.array([14.0, -6.0, -14.0]))


def creeping_tint(context: Frames, future: Frames) -> Frames:
    """The future ever more orange."""
    share = np.linspace(0, 1, len(future))[:, None, None, None]
    return _bytes(future + share * np.array([60.0, 10.0, -50.0]))


def cut(context: Frames, future: Frames) -> Frames:
    """Half-way through, another place: the picture upside down and in other colors."""
    half = len(future) // 2
    return np.concatenate([future[:half], 255 - future[half:, ::-1]])


# Those of the benchmark, by the names of its rows; `turn_around` besides.
CONTROLS: dict[str, Control] = {
    "hard_loop": hard_loop,
    "ping_pong": ping_pong,
    "pure_flow": pure_flow,
    "blur": blur,
    "skip": skip,
    "tint": tint,
    "noise": noise,
}


def _played(context: Frames, order: NDArray[np.intp], n: int) -> Frames:
    return np.ascontiguousarray(context[np.resize(order, n)])


def _blurred(frame: Frames, sigma: float) -> Frames:
    return np.asarray(cv2.GaussianBlur(frame, (0, 0), sigma), np.uint8)


def _each(
    frames: Frames, amounts: Iterable[float], work: Callable[[Frames, float], Frames]
) -> Frames:
    return np.stack([work(f, float(a)) for f, a in zip(frames, amounts, strict=True)])


def _bytes(frames: NDArray[np.float64]) -> Frames:
    return np.clip(np.rint(frames), 0, 255).astype(np.uint8)
