"""What the engine knows of a clip before it plans: looked at once, small."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from longtake.analysis.distances import thumbnails
from longtake.analysis.flow import difference, each
from longtake.analysis.pictures import Frame, small
from longtake.engines.protocol import Frames

_TAPS = np.array([1.0, 4.0, 6.0, 4.0, 1.0])  # binomial, along the diagonal


@dataclass(frozen=True, slots=True)
class Study:
    """The last shot of a clip.

    ``frames``: (time, h, w, 3) uint8, inside letterbox bars, at most 416 pixels wide.
    ``apart``: (time, time) float64, how far two moments are apart in pose and motion, in
    steps (the clip's median change from frame to frame). ``step``: gray levels.
    """

    frames: Frames
    rate: Fraction
    box: tuple[int, int, int, int] | None
    apart: NDArray[np.float64]
    step: float

    @property
    def last(self) -> int:
        """The index of the last frame."""
        return len(self.frames) - 1

    def frames_in(self, seconds: float) -> int:
        """``seconds`` in frames, at least one."""
        return max(1, round(seconds * float(self.rate)))


def study(context: Frames, rate: Fraction) -> Study:
    """Look at ``context``: (time, height, width, 3) uint8, RGB, at ``rate``."""
    frames = np.stack(each(_small, list(context)))
    steps = [difference(a, b) for a, b in zip(frames, frames[1:], strict=False)]
    return Study(
        frames=frames,
        rate=rate,
        box=None,
        apart=_apart(frames),
        step=float(np.median(steps)) if steps else 0.0,
    )


def _small(frame: Frame) -> Frame:
    return small(frame)


def _apart(frames: Frames) -> NDArray[np.float64]:
    seen = thumbnails(frames)
    plain = np.stack([np.abs(seen - one).mean(axis=1) for one in seen])
    step = np.median(np.diagonal(plain, 1)) if len(seen) > 1 else 1.0
    return _along_diagonal(plain.astype(np.float64)) / max(float(step), 1e-3)


def _along_diagonal(plain: NDArray[np.float64]) -> NDArray[np.float64]:
    """Five taps along the diagonal; at the edges, those of them that lie inside."""
    n = len(plain)
    total, weight = np.zeros_like(plain), np.zeros_like(plain)
    for tap, shift in zip(_TAPS, range(-2, 3), strict=True):
        here = slice(max(0, -shift), n - max(0, shift))
        there = slice(max(0, shift), n - max(0, -shift))
        total[here, here] += tap * plain[there, there]
        weight[here, here] += tap
    return total / weight
