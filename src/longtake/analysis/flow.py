"""Dense optical flow, and what is left when it is taken away.

Flow is Dense Inverse Search (Kroeger et al., ECCV 2016) as OpenCV has it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from enum import IntEnum
from functools import lru_cache
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.analysis.pictures import Gray

Flow = NDArray[np.float32]  # (height, width, 2) float32, pixels to the right and down
Picture = NDArray[np.uint8] | NDArray[np.int16] | NDArray[np.float32]

_SMALLEST_SIDE = 32  # pixels: below this DIS has no coarse scale to search
_THREADS = 2
_SIZES = 8  # of pictures that a thread has a DIS for
_T = TypeVar("_T")
_R = TypeVar("_R")


class Preset(IntEnum):
    """How much work DIS does per picture (OpenCV's presets)."""

    ULTRAFAST = 0
    FAST = 1
    MEDIUM = 2


@contextmanager
def same_bits() -> Iterator[None]:
    """OpenCV in here gives the same bits on every machine and every run.

    DIS searches in as many stripes as OpenCV has threads, so the number of threads is
    part of the answer: it is one in here. Seeds OpenCV's generator too.
    """
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    cv2.setRNGSeed(0)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


def each(work: Callable[[_T], _R], items: Sequence[_T]) -> list[_R]:
    """``work`` done on every item, in order, on two threads, with the same bits.

    OpenCV lets go of the interpreter while it works: whole pictures side by side are
    faster than stripes of one.
    """
    with same_bits(), ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(work, items))


_own = threading.local()


def _searcher(preset: Preset, size: tuple[int, int]) -> cv2.DISOpticalFlow:
    """The calling thread's own DIS: the object keeps buffers and is not shareable.

    One for each size: a picture with no coarse scale changes the object's settings, and
    every later answer with them.
    """
    if not hasattr(_own, "searcher"):
        _own.searcher = lru_cache(maxsize=_SIZES)(_created)
    found: cv2.DISOpticalFlow = _own.searcher(preset, size)
    return found


def _created(preset: Preset, _: tuple[int, int]) -> cv2.DISOpticalFlow:
    return cv2.DISOpticalFlow.create(int(preset))


def flow(before: Gray, after: Gray, preset: Preset = Preset.FAST) -> Flow:
    """Where each pixel of ``before`` is found in ``after``.

    Both (height, width) uint8 of one size. Returns (height, width, 2) float32 such that
    ``before[y, x]`` looks like ``after[y + f[y, x, 1], x + f[y, x, 0]]``.
    """
    height, width = before.shape
    right, down = max(0, _SMALLEST_SIDE - width), max(0, _SMALLEST_SIDE - height)
    if right or down:
        before = _padded(before, right, down)
        after = _padded(after, right, down)
    searcher = _searcher(preset, before.shape)
    found = searcher.calc(before, after, None)  # type: ignore[call-overload]
    return np.ascontiguousarray(found[:height, :width], np.float32)


def _padded(picture: Gray, right: int, down: int) -> Gray:
    return np.asarray(
        cv2.copyMakeBorder(picture, 0, down, 0, right, cv2.BORDER_REPLICATE), np.uint8
    )


def warp(
    picture: Picture, displacement: Flow, interpolation: int = cv2.INTER_LINEAR
) -> Picture:
    """``picture`` fetched at every pixel's displaced place (backward warp).

    (height, width[, channels]) in and out, same type. ``warp(after, flow(before, after))``
    looks like ``before``. Beyond the border the picture is mirrored.
    """
    height, width = displacement.shape[:2]
    places = displacement + _grid(height, width)
    warped: Picture = cv2.remap(
        picture, places, None, interpolation, borderMode=cv2.BORDER_REFLECT
    )  # type: ignore[call-overload]
    return warped


@lru_cache(maxsize=4)
def _grid(height: int, width: int) -> Flow:
    rows, columns = np.mgrid[:height, :width]
    return np.dstack([columns, rows]).astype(np.float32)


def residual(before: Picture, after: Picture, displacement: Flow) -> float:
    """Mean absolute difference left when the motion is taken away, in levels of 8 bits."""
    return difference(before, warp(after, displacement))


def difference(before: Picture, after: Picture) -> float:
    """Mean absolute difference of two pictures of one size and type, in levels of 8 bits."""
    return cv2.norm(before, after, cv2.NORM_L1) / before.size


def speed(displacement: Flow) -> float:
    """Mean length of the displacement, in pixels."""
    return float(cv2.magnitude(displacement[..., 0], displacement[..., 1]).mean())


def change(first: Flow, second: Flow) -> float:
    """Mean length of what differs between two flows, in pixels."""
    return speed(second - first)
