"""Continuations with one known flaw each, made from a clip and its real future."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.moving import Frames

Control = Callable[[Frames, Frames], Frames]  # context, future -> continuation


def freeze(context: Frames, future: Frames) -> Frames:
    return np.repeat(context[-1:], len(future), axis=0)


def ping_pong(context: Frames, future: Frames) -> Frames:
    n = len(context)
    there_and_back = np.r_[np.arange(n - 2, -1, -1), np.arange(1, n)]
    return _played(context, there_and_back, len(future))


def hard_loop(context: Frames, future: Frames) -> Frames:
    return _played(context[-24:], np.arange(24), len(future))


def skip(context: Frames, future: Frames) -> Frames:
    """The future without its first eight frames (and so eight shorter)."""
    return future[8:]


def blur(context: Frames, future: Frames) -> Frames:
    return _each(future, np.full(len(future), 1.2), _blurred)


def melt(context: Frames, future: Frames) -> Frames:
    return _each(future, np.linspace(0.01, 2, len(future)), _blurred)


def noise(context: Frames, future: Frames) -> Frames:
    grain = np.random.default_rng(5).normal(0, 10, future.shape)
    return _bytes(future + grain)


def pulse(context: Frames, future: Frames) -> Frames:
    light = np.resize([14.0, -14.0], (len(future), 1, 1, 1))
    return _bytes(future.astype(np.float64) + light)


def tint(context: Frames, future: Frames) -> Frames:
    """A touch of pink that leaves luma within one level of what it was."""
    return _bytes(future + np.array([14.0, -6.0, -14.0]))


def creeping_tint(context: Frames, future: Frames) -> Frames:
    share = np.linspace(0, 1, len(future))[:, None, None, None]
    return _bytes(future + share * np.array([60.0, 10.0, -50.0]))


def cut(context: Frames, future: Frames) -> Frames:
    """Half-way through, another place: the picture upside down and in other colors."""
    half = len(future) // 2
    return np.concatenate([future[:half], 255 - future[half:, ::-1]])


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
