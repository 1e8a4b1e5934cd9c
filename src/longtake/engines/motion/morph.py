"""One picture becomes another: aligned by flow, and in two bands.

The two are first warped toward each other, so that an edge moves instead of appearing
twice. Then the low band dissolves over the whole transition while the high band switches
in its middle third: a dissolve of the high band alone would look soft half-way. (Burt
and Adelson 1983 for the bands; the alignment is the usual frame interpolation.)
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.analysis.flow import Flow, flow
from longtake.analysis.pictures import Gray, gray, small

Picture = NDArray[np.float32]  # (height, width, 3), 0..255
_LOW_BAND = 1 / 80  # sigma of the low band, in picture widths
_STIFFNESS = 3.0  # sigma in small pixels by which the flows are smoothed
_REDUCED = 4  # the low band is filtered on a picture this much smaller


def shares(time: float, at: int, fade: int) -> tuple[float, float]:
    """How much of the later run is seen at ``time``: of its low and its high band."""
    share = (time - at + 1) / (fade + 1)
    return _smooth(share), _smooth(3 * share - 1)


def _smooth(share: float) -> float:
    share = min(max(share, 0.0), 1.0)
    return share * share * (3 - 2 * share)


def alignment(one: Gray, two: Gray, share: float) -> tuple[Flow, Flow]:
    """Displacements that bring ``one`` and ``two`` to their common shape at ``share``.

    Both (h, w) uint8; returns two (h, w, 2) float32 fields for backward warps. The flows
    are smoothed: where the two differ a warp may be wrong, but it must not tear.
    """
    there, back = _smooth_flow(one, two), _smooth_flow(two, one)
    passed, left = np.float32(share), np.float32(1 - share)
    to_one = passed * (passed * back - left * there)
    to_two = left * (left * there - passed * back)
    return to_one, to_two


def _smooth_flow(one: Gray, two: Gray) -> Flow:
    return np.asarray(cv2.GaussianBlur(flow(one, two), (0, 0), _STIFFNESS), np.float32)


def drawn(one: Picture, two: Picture, low: float, high: float) -> Picture:
    """:func:`mix` of two pictures that are drawn already, aligned first."""
    small_one, small_two = _sketched(one), _sketched(two)
    height, width = one.shape[:2]
    finer = np.array([width, height], np.float32) / small_one.shape[::-1]
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    plain = np.dstack([x, y]).astype(np.float32)

    def moved(picture: Picture, by: Flow) -> Picture:
        grid = plain + cv2.resize(by, (width, height)) * np.float32(finer)
        return np.asarray(
            cv2.remap(  # type: ignore[call-overload]  # None: no second map
                picture, grid, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
            ),
            np.float32,
        )

    to_one, to_two = alignment(small_one, small_two, low)
    return mix(moved(one, to_one), moved(two, to_two), low, high)


def _sketched(picture: Picture) -> Gray:
    return gray(small(np.asarray(np.clip(picture, 0, 255), np.uint8)))


def mix(one: Picture, two: Picture, low: float, high: float) -> Picture:
    """``one`` becomes ``two`` by ``low`` in the low band and by ``high`` in the high."""
    mixed = np.asarray(cv2.addWeighted(one, 1 - high, two, high, 0), np.float32)
    if low != high:
        mixed += _low_band(two - one, low - high)
    return mixed


def _low_band(picture: Picture, gain: float) -> Picture:
    """The low band of ``picture``, times ``gain``."""
    height, width = picture.shape[:2]
    reduced = (max(1, width // _REDUCED), max(1, height // _REDUCED))
    little = cv2.resize(picture, reduced, interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(little, (0, 0), max(0.5, _LOW_BAND * reduced[0]))
    weighed = np.asarray(blurred * np.float32(gain))  # while it is small
    return np.asarray(
        cv2.resize(weighed, (width, height), interpolation=cv2.INTER_LINEAR), np.float32
    )
