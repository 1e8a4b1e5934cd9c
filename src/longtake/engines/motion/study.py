"""What the engine knows of a clip before it plans: looked at once, small."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.analysis.camera import in_pixels, track
from longtake.analysis.cuts import transitions
from longtake.analysis.distances import CELLS, distances, shrunk, thumbnails
from longtake.analysis.duplicates import keep
from longtake.analysis.flow import difference, each
from longtake.analysis.letterbox import letterbox
from longtake.analysis.pictures import Frame, gray, small
from longtake.engines.motion.plan import Grid, Plan, Push, Region, Run
from longtake.engines.motion.sway import LOOK_BACK
from longtake.engines.motion.view import Camera, camera
from longtake.engines.protocol import Frames

_LIVELIEST = 1.7  # times the usual step: the first new one is not to be larger
_CALMEST = 1 / 8  # of the median step
_FEW = 2  # frames: fewer make no step
_STILL = 0.1  # gray levels
_SHORTEST_DELAY_S = 0.25
_SHOWS = 0.8  # of the last frame's view: a frame that shows less is not played again
_EDGE = 1e-3
_RECENT = 24  # steps that say how the clip behaves at its end


Thumbnails = NDArray[np.float32]  # (time, pixels)


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
    camera: Camera | None
    thumbs: Thumbnails
    seen: Thumbnails | None
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

    def plan(
        self,
        kind: str,
        n_frames: int,
        runs: Sequence[Run],
        before: Plan | None = None,
        *,
        regions: tuple[Region, ...] = (),
        push: Push | None = None,
    ) -> Plan:
        """A plan of ``n_frames`` for this clip; what was played ``before`` stays as it is."""
        return Plan(
            kind,
            n_frames,
            tuple(runs),
            before.shot if before else self.shot,
            regions=regions,
            camera=before.camera if before else self.camera,
            push=push,
            box=before.box if before else self.box,
        ).kept(n_frames)

    def apart_in(self, cells: Grid) -> NDArray[np.float64]:
        """``apart`` by what lies in ``cells`` (36, 64) alone."""
        inside = cells.ravel()
        seen = None if self.seen is None else self.seen[:, inside]
        return spaced(self.thumbs[:, inside], seen)

    def changes(self) -> NDArray[np.float64]:
        """The usual step of every cell: (36, 64), gray levels."""
        steps = np.abs(np.diff(self.thumbs, axis=0))
        return np.asarray(np.mean(steps, axis=0).reshape(CELLS))

    def likeness(self) -> NDArray[np.float64]:
        """How far each cell is from what it was some frames before: (delays, 36, 64).

        For delays of a quarter of a second to half of the clip.
        """
        delays = range(self.frames_in(_SHORTEST_DELAY_S), len(self.thumbs) // 2)
        found = [
            np.square(self.thumbs[delay:] - self.thumbs[:-delay]).mean(axis=0)
            for delay in delays
        ]
        smooth = [spread(one.reshape(CELLS)) for one in found]
        return np.asarray(smooth).reshape(-1, *CELLS)

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
    height, width = frames.shape[1:3]
    moving_camera = None
    if len(frames) > _FEW:
        moving_camera = camera(track(frames), float(rate), height / width)
    thumbs, seen = steady(frames, moving_camera)
    return Study(
        frames=frames,
        rate=rate,
        box=None if box == whole else box,
        apart=spaced(thumbs, seen),
        camera=moving_camera,
        thumbs=thumbs,
        seen=seen,
        step=float(np.median(steps)) if steps else 0.0,
        last_step=steps[-1] if steps else 0.0,
        shot=min(len(recent), LOOK_BACK),
    )


def _small(frame: Frame) -> Frame:
    return small(frame)


def steady(
    frames: Frames, camera: Camera | None
) -> tuple[Thumbnails, Thumbnails | None]:
    """Thumbnails seen by the last frame's camera, and how much of each a frame shows."""
    if camera is None:
        return thumbnails(frames), None
    height, width = frames.shape[1:3]
    last = len(frames) - 1

    def seen(index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        to_frame = in_pixels(camera.view(index - last), width, height)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        both = [
            cv2.warpPerspective(one, to_frame, (width, height), flags=flags)
            for one in (gray(frames[index]).astype(np.float32), inside)
        ]
        return np.asarray(both[0], np.float32), np.asarray(both[1], np.float32)

    inside = np.ones((height, width), np.float32)
    pictures, masks = zip(*each(seen, range(last + 1)), strict=True)
    shown = shrunk(masks)
    return np.asarray(shrunk(pictures) / np.maximum(shown, _EDGE), np.float32), shown


def spread(cells: NDArray[np.floating]) -> NDArray[np.float64]:
    """Values of cells (36, 64), each with its neighbors."""
    return np.asarray(cv2.GaussianBlur(np.asarray(cells, np.float64), (0, 0), 1.0))


def spaced(pictures: Thumbnails, seen: Thumbnails | None = None) -> NDArray[np.float64]:
    """Distances in median steps, where it is calmer than that in calmer steps.

    Beside a whip pan any jump between two calm moments would seem small.
    """
    apart = distances(pictures, seen)
    if len(apart) < _FEW:
        return apart
    between = np.diagonal(apart, 1)  # already a mean over five frames
    around = (np.append(between, between[-1]) + np.append(between[0], between)) / 2
    calm = np.clip(np.minimum(around[:, None], around[None]), _CALMEST, 1)
    found = np.asarray(apart / calm)
    if seen is not None:  # what does not show most of the picture is no place to play
        found[:, seen.mean(axis=1) < _SHOWS] = np.inf
    return found
