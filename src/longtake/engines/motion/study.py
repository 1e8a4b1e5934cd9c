"""What the engine knows of a clip before it plans: looked at once, small."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from longtake.analysis.cuts import transitions
from longtake.analysis.distances import distances
from longtake.analysis.duplicates import keep
from longtake.analysis.flow import difference, each
from longtake.analysis.letterbox import letterbox
from longtake.analysis.pictures import Frame, gray, small
from longtake.engines.motion.bridge import LOOK_BACK
from longtake.engines.protocol import Frames

_LIVELIEST = 1.7  # times the usual step: the first new one is not to be larger
_CALMEST = 1 / 3  # of the median step
_FEW = 2  # frames: fewer make no step
_STILL = 0.1  # gray levels
_RECENT = 24  # steps that say how the clip behaves at its end


@dataclass(frozen=True, slots=True)
class Study:
    """The last shot of a clip, at ``rate`` frames per second.

    ``frames``: (time, h, w, 3) uint8, inside letterbox bars, at most 416 pixels wide.
    ``box``: those bars, in pixels of the clip. ``apart``: (time, time) float64, how far
    two moments are apart in pose and motion, in steps (the change from frame to frame:
    the clip's median one, or a smaller one that is usual around either). ``step`` is that of the clip's end, ``last_step`` its very last one,
    both in gray levels and without repeated frames. The bridge may rely on the clip's
    last ``shot`` frames.
    """

    frames: Frames
    rate: Fraction
    box: tuple[int, int, int, int] | None
    apart: NDArray[np.float64]
    step: float
    last_step: float
    shot: int

    @property
    def last(self) -> int:
        """The index of the last frame."""
        return len(self.frames) - 1

    @property
    def still(self) -> bool:
        """Whether there is no motion that could go on."""
        return self.step < _STILL

    @property
    def pace(self) -> float:
        """The speed at which the bridge begins, 1 or less.

        A clip that ends in its fastest motion would otherwise seem to jump there.
        """
        if self.last_step <= _LIVELIEST * self.step:
            return 1.0
        return _LIVELIEST * self.step / self.last_step

    def frames_in(self, seconds: float) -> int:
        """``seconds`` in frames, at least one."""
        return max(1, round(seconds * float(self.rate)))


def study(context: Frames, rate: Fraction) -> Study:
    """Look at ``context``: (time, height, width, 3) uint8, RGB, at ``rate``."""
    inside = letterbox(context)
    frames = np.stack(each(_small, list(inside.crop(context))))
    changes = transitions(frames)
    first = max((change.end for change in changes), default=0)
    moving = first
    if first == len(frames) - 1:  # in the midst of a fade there is motion all the same
        cuts = (change.end for change in changes if change.kind == "cut")
        moving = max(cuts, default=0)
    recent = frames[moving:]
    frames = frames[first:]
    lumas = [gray(frame) for frame in recent[keep(recent)][-_RECENT - 1 :]]
    steps = [difference(a, b) for a, b in pairwise(lumas)]
    box = (inside.top, inside.bottom, inside.left, inside.right)
    whole = (0, context.shape[1], 0, context.shape[2])
    return Study(
        frames=frames,
        rate=rate,
        box=None if box == whole else box,
        apart=_apart(frames),
        step=float(np.median(steps)) if steps else 0.0,
        last_step=steps[-1] if steps else 0.0,
        shot=min(len(recent), LOOK_BACK),
    )


def _small(frame: Frame) -> Frame:
    return small(frame)


def _apart(frames: Frames) -> NDArray[np.float64]:
    """Distances in median steps, where it is calmer than that in calmer steps.

    Beside a whip pan any jump between two calm moments would seem small.
    """
    apart = distances(frames)
    if len(apart) < _FEW:
        return apart
    between = np.diagonal(apart, 1)  # already a mean over five frames
    around = (np.append(between, between[-1]) + np.append(between[0], between)) / 2
    calm = np.clip(np.minimum(around[:, None], around[None]), _CALMEST, 1)
    return np.asarray(apart / calm)
