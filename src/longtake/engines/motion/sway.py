"""The sway: what moves a little to and fro at the end of the clip goes on doing so.

Leaves, a hand that holds the camera, what breathes: each place of the last frame is
followed back in time, and what its way departs from its own smooth course is its sway. It
is small and leads nowhere, so it may be played again, mirrored in time and in place (then
it leaves the last frame as it came), and a picture that comes to rest still lives. What moves far (an arm, a wave) has none: it would bend the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import floor
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.analysis.flow import Flow, flow, warp
from longtake.analysis.pictures import Gray

LOOK_BACK = 32  # frames at the clip's end that are followed
FEWEST = 12  # frames: fewer show no course
_COURSE = 5.0  # frames: sigma of what counts as the course
_QUARTER = 4  # it is kept this much smaller: it has no edges
_SOFT = 1.5  # sigma in quarter pixels
_FAR = 2.5  # pixels: what departs from its course by more is no sway
_FORGOTTEN = 0.93  # of how the last frame stands is left with each new one

Sways = NDArray[np.float32]  # (frames, h, w, 2), the last frame first; pixels


def sways(grays: Sequence[Gray]) -> Sways:
    """How every place departs from its course in the last frame and those before it.

    ``grays``: (h, w) uint8, the last frame first. In quarters of their size.
    """
    height, width = grays[0].shape
    size = (max(1, width // _QUARTER), max(1, height // _QUARTER))
    way: Flow = np.zeros((height, width, 2), np.float32)
    ways = [np.zeros((*size[::-1], 2), np.float32)]
    for later, earlier in pairwise(grays):
        step = np.asarray(warp(flow(later, earlier), way), np.float32)
        way = way + step
        ways.append(np.asarray(cv2.resize(way, size, interpolation=cv2.INTER_AREA)))
    flat = np.stack(ways).reshape(len(ways), -1)
    apart = (flat - _smoothed(flat)).reshape(-1, *size[::-1], 2)
    far = np.sqrt(np.square(apart).sum(axis=-1).mean(axis=0))
    kept = cv2.GaussianBlur(np.exp(-np.square(far / _FAR)), (0, 0), _SOFT)
    soft = [cv2.GaussianBlur(one, (0, 0), _SOFT) for one in apart]
    return np.asarray(np.stack(soft) * kept[None, ..., None], np.float32)


def _smoothed(ways: NDArray[np.float32]) -> NDArray[np.float32]:
    """(frames, n) low-passed along time; the ends are continued by point reflection."""
    reach = min(len(ways) - 1, round(3 * _COURSE))
    before = 2 * ways[0] - ways[reach:0:-1]
    after = 2 * ways[-1] - ways[-2 : -2 - reach : -1]
    run = np.concatenate([before, ways, after])
    taps = cv2.getGaussianKernel(2 * reach + 1, _COURSE).astype(np.float32)
    blurred = cv2.sepFilter2D(run, -1, np.ones(1, np.float32), taps)
    return np.asarray(blurred[reach : reach + len(ways)], np.float32)


def mirrored(found: NDArray[Any], place: float) -> NDArray[Any]:
    """What goes on after ``found`` (frames, ...), the last first, at ``place`` beyond it.

    The same motion at first, and in the end no offset.
    """
    at = turning(place, len(found))
    early = min(floor(at), max(0, len(found) - 2))
    late = min(early + 1, len(found) - 1)
    here = found[early] + (at - early) * (found[late] - found[early])
    return np.asarray(2 * _FORGOTTEN**place * found[0] - here)


def turning(place: float, count: int) -> float:
    """Where ``place`` is in ``count`` frames that are played back, forth and back again."""
    last = count - 1
    return last - abs(place % (2 * last) - last) if last else 0.0


def last_step(found: Sways, size: tuple[int, ...]) -> Flow:
    """How the sway moved to the last frame: (h, w, 2), pixels."""
    step = found[0] - found[1]
    return np.asarray(cv2.resize(step, size[:2], interpolation=cv2.INTER_LINEAR))


def field(found: Sways, place: float, size: tuple[int, int]) -> Flow:
    """By how much what the last frame shows has moved at ``place`` > 0: (h, w, 2), pixels.

    ``size``: (width, height). It begins with none.
    """
    here = mirrored(found, place) - found[0]
    return np.asarray(
        cv2.resize(here.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    )
