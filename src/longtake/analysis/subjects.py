"""What travels through a scene: cut out of the background that it crosses.

Frames are seen by one camera (stabilized). The background is the median over time; what
differs from it, more than it ever wavers, is the foreground; and a part of the foreground
that can be followed back from the last frame, going one way, keeping its size, whole and
apart from the rest, is a subject. Whatever is less clear than that is none: no subject is
better than a torn one.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.analysis.flow import each
from longtake.analysis.pictures import Frame, Frames

Mask = NDArray[np.bool_]  # (height, width)

MOST = 3  # subjects
_SAMPLES = 25  # frames of which the median is taken
_LEVELS = 12.0  # gray levels off the background: less is no foreground
_WAVERS = 4.0  # times what the background itself wavers by
_SMALLEST, _LARGEST = 0.002, 0.2  # of the picture
_BUSY = 0.25  # of the picture in the foreground: then there is no background
_EXPLAINED = 0.3  # of the foreground at the end belongs to subjects
_JUMP = 0.6  # of its size off its course, from one frame to the next
_GROWS = 1.6  # from one frame to the next its area changes by less
_COURSE = 0.3  # of its velocity is new in each frame
_SHORTEST_S = 0.75  # it is followed
_WAY = 1.5  # of its own length along its way it must have traveled
_NEAR = 0.08  # of the picture's width, at least
_STRAIGHT = 0.8  # net way by way
_STEADY = 0.3  # spread of its area, in logarithms, beside growing evenly
_SOLID = 0.5  # of its convex hull
_LEAVING_S = 0.5  # it may have been leaving the picture at the end
_SAME = 0.5  # of two outlines in common: then it goes out as it went
_EDGE = 1  # pixels: nearer than this to the border it may be cut off


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """One subject, the last frame that shows it whole first, and then those before it.

    ``leaving`` frames after it are those in which it is on its way out of the picture.

    ``masks``: (n, height, width) bool. ``centers``: (n, 2), pixels right and down.
    ``areas``: (n,), pixels.
    """

    masks: NDArray[np.bool_]
    centers: NDArray[np.float64]
    areas: NDArray[np.float64]
    leaving: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Blob:
    mask: Mask
    center: NDArray[np.float64]
    area: float
    cut: bool  # by the border of what the frame shows

    @property
    def size(self) -> float:
        return float(self.area**0.5)


def median(frames: Frames, valid: NDArray[np.bool_]) -> tuple[Frame, Mask]:
    """The median over time of what is valid, and where anything is.

    (time, height, width, 3) uint8 and (time, height, width) bool.
    """
    ordered = np.where(valid[..., None], frames, np.uint8(255))
    ordered.sort(axis=0)
    count = valid.sum(axis=0)
    middle = np.maximum(count - 1, 0) // 2
    found = np.take_along_axis(ordered, middle[None, ..., None], axis=0)[0]
    return np.asarray(found, np.uint8), np.asarray(count > 0)


def subjects(
    frames: Frames, seen: NDArray[np.bool_], rate: float
) -> tuple[Subject, ...]:
    """The subjects of a shot, the largest first; none where any of it is unclear.

    ``frames``: (time, height, width, 3) uint8, steady; ``seen``: (time, height, width)
    bool, what each of them shows, the last one all of its picture; ``rate`` in frames
    per second.
    """
    if len(frames) < _SHORTEST_S * rate:
        return ()
    fronts = _foreground(frames, seen)
    if np.median([front.sum() / shown.sum() for front, shown in fronts]) > _BUSY:
        return ()
    blobs = [_blobs(*one) for one in reversed(fronts)]
    found, explained = [], 0.0
    for last in blobs[0]:
        leaving = _leaving(last, blobs[: 1 + round(_LEAVING_S * rate)])
        way = _followed(leaving[-1], blobs[len(leaving) - 1 :])
        if _travels(way, seen[-1], rate) and _goes_out(leaving, way):
            found.append((len(leaving) - 1, way))
            explained += last.area
    if explained < _EXPLAINED * sum(one.area for one in blobs[0]):
        return ()
    found = sorted(found, key=lambda one: -one[1][0].area)[:MOST]
    return tuple(
        Subject(
            masks=np.stack([one.mask for one in way]),
            centers=np.stack([one.center for one in way]),
            areas=np.array([one.area for one in way]),
            leaving=leaving,
        )
        for leaving, way in found
    )


def _foreground(frames: Frames, seen: NDArray[np.bool_]) -> list[tuple[Mask, Mask]]:
    """For each frame what is before the background, and what the frame shows."""
    picked = np.linspace(0, len(frames) - 1, min(_SAMPLES, len(frames)))
    sample = picked.round().astype(np.int64)
    behind, known = median(frames[sample], seen[sample])

    def apart(k: int) -> NDArray[np.uint8]:
        red, green, blue = cv2.split(cv2.absdiff(frames[k], behind))
        return np.asarray(cv2.max(cv2.max(red, green), blue), np.uint8)

    offs = np.stack([apart(int(k)) for k in sample])
    usual, _ = median(offs[..., None], seen[sample])
    wavers = cv2.dilate(usual[..., 0], np.ones((3, 3), np.uint8)).astype(np.float32)
    least = np.maximum(_LEVELS, _WAVERS * cv2.blur(wavers, (3, 3)))

    def front(k: int) -> tuple[Mask, Mask]:
        shown = cv2.erode((seen[k] & known).astype(np.uint8), np.ones((3, 3), np.uint8))
        off = cv2.GaussianBlur(apart(k).astype(np.float32), (0, 0), 0.8)
        return np.asarray((off > least) & (shown > 0)), np.asarray(shown > 0)

    return each(front, range(len(frames)))


def _blobs(front: Mask, shown: Mask) -> list[_Blob]:
    """The connected parts of a foreground that are large enough, without holes."""
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    closed = cv2.morphologyEx(front.astype(np.uint8), cv2.MORPH_CLOSE, disk)
    outlines, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    found = []
    beside = cv2.dilate((~shown).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    beside[: _EDGE + 1], beside[-_EDGE - 1 :] = True, True
    beside[:, : _EDGE + 1], beside[:, -_EDGE - 1 :] = True, True
    for outline in outlines:
        mask = np.zeros(front.shape, np.uint8)
        cv2.drawContours(mask, [outline], 0, 1, cv2.FILLED)
        inside = mask > 0
        area = int(inside.sum())
        if area < _SMALLEST * shown.sum():
            continue
        rows, columns = np.nonzero(inside)
        center = np.array([columns.mean(), rows.mean()])
        found.append(_Blob(inside, center, float(area), bool(beside[inside].any())))
    return found


def _leaving(last: _Blob, blobs: list[list[_Blob]]) -> list[_Blob]:
    """``last``, and if it is cut, what it was before, back to where it was whole."""
    found = [last]
    for candidates in blobs[1:]:
        now = found[-1]
        common = [float((one.mask & now.mask).sum()) for one in candidates]
        if not now.cut or max(common, default=0.0) < now.area / 3:
            break
        found.append(candidates[int(np.argmax(common))])
    return found


def _goes_out(leaving: list[_Blob], way: list[_Blob]) -> bool:
    """Whether what is seen of it at the end is what its way leads to."""
    passed = len(leaving) - 1
    if not passed:
        return True
    recent = min(len(way), 2 * passed + 1)
    right, down = (way[0].center - way[recent - 1].center) * passed / (recent - 1)
    moved = cv2.warpAffine(
        way[0].mask.astype(np.uint8),
        np.array([[1, 0, right], [0, 1, down]], np.float64),
        way[0].mask.shape[::-1],
    )
    both, either = (moved > 0) & leaving[0].mask, (moved > 0) | leaving[0].mask
    return bool(both.sum() >= _SAME * either.sum())


def _followed(last: _Blob, blobs: list[list[_Blob]]) -> list[_Blob]:
    """``last`` and what it was in the frames before, as far as that is certain."""
    way, course = [last], np.zeros(2)
    if last.cut:
        return way
    for candidates in blobs[1:]:
        now = way[-1]
        expected = now.center + course
        allowed = _JUMP if len(way) > 2 else 2 * _JUMP  # noqa: PLR2004 - no course yet
        near = [
            one
            for one in candidates
            if np.hypot(*(one.center - expected)) < allowed * now.size
            and 1 / _GROWS < one.area / now.area < _GROWS
        ]
        if not near:
            break
        best = min(near, key=lambda one: float(np.hypot(*(one.center - expected))))
        if best.cut:
            break
        step = best.center - now.center
        course = step if len(way) == 1 else course + _COURSE * (step - course)
        way.append(best)
    return way


def _travels(way: list[_Blob], picture: Mask, rate: float) -> bool:
    """Whether what was followed goes somewhere, in one piece; ``picture``: the last one."""
    last = way[0]
    if len(way) < _SHORTEST_S * rate or last.area > _LARGEST * picture.sum():
        return False
    centers = np.stack([one.center for one in way])
    net = centers[0] - centers[-1]
    far = float(np.hypot(*net))
    if far < _NEAR * picture.any(axis=0).sum() or far < _WAY * _length(
        last.mask, net / max(far, 1e-6)
    ):
        return False
    # A walker's center sways with every step: its way is measured over longer ones.
    pace = max(1, round(_SHORTEST_S * rate / 3))
    stops = np.vstack([centers[::pace], centers[-1:]])
    if far < _STRAIGHT * np.hypot(*np.diff(stops, axis=0).T).sum():
        return False
    grown = np.log([one.area for one in way])
    times = np.arange(len(way))
    evenly = np.polynomial.Polynomial.fit(times, grown, 1)(times)
    return bool(np.std(grown - evenly) < _STEADY and _solid(last.mask) > _SOLID)


def _length(mask: Mask, along: NDArray[np.float64]) -> float:
    """How long ``mask`` is in the direction ``along``, in pixels."""
    rows, columns = np.nonzero(mask)
    return float(np.ptp(columns * along[0] + rows * along[1])) + 1


def _solid(mask: Mask) -> float:
    """Area by the area of the convex hull."""
    rows, columns = np.nonzero(mask)
    hull = cv2.convexHull(np.c_[columns, rows].astype(np.int32))
    filled = cv2.fillConvexPoly(np.zeros(mask.shape, np.uint8), hull, 1)
    return float(mask.sum() / filled.sum())
