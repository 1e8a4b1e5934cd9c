"""How the camera moved over a shot: one projective map a frame, from corners that agree.

Corners (Shi and Tomasi, 1994) of the last frame are followed back in time by pyramidal
Lucas-Kanade, there and back; what does not return is dropped, and when few are left, new
ones are taken up. A similarity is fitted to them by RANSAC (Fischler and Bolles, 1981);
corners that disagree with it in many frames move by themselves (water, leaves, a subject),
and the map is fitted anew to those that stay, as a homography where that explains more.

Coordinates are resolution-free: from the picture's center, in picture widths.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.analysis.flow import each
from longtake.analysis.pictures import Frames, Gray, gray

Map = NDArray[np.float64]  # (3, 3), projective, in centered picture widths
_Points = NDArray[np.float32]  # (n, 2), pixels

_CORNERS = 250
_QUALITY, _APART = 0.01, 7  # of the best corner; pixels between two
_WINDOW, _LEVELS = (17, 17), 3
_RETURNS = 0.7  # pixels: a corner that does not come back nearer than this is lost
_FITS = 1.2  # pixels off its map a corner may be
_GAIN = 0.05  # of the corners that a homography must explain beyond a similarity
_FEWEST = 24  # corners: fewer say nothing of the whole picture
_AGREE = 0.55  # of the corners: below this there is parallax, or no camera move at all
_WHILE, _LONG_WHILE = 24, 72  # frames
_STAND = 0.5  # of the corners have not moved: a tripod
_RECENT = 48  # frames that say whether the maps hold
_LEFT = 0.5  # of the corners: fewer, and new ones are taken up
_STEADY = 0.7  # of the frames a corner must follow the map
_BENDS = 0.03  # picture widths between the two kinds of map: more is a wrong one
_MOVED = 0.6 / 416  # picture widths: less is a tripod


@dataclass(frozen=True, slots=True)
class Track:
    """``views``: (time, 3, 3): where a place of the last frame's picture lies in each frame.

    ``agreement``: the share of corners that stay with the maps, 0 to 1.
    """

    views: NDArray[np.float64]
    agreement: float

    @property
    def reliable(self) -> bool:
        """Whether one map a frame explains the motion of most of the picture."""
        return self.agreement >= _AGREE

    @property
    def moves(self) -> bool:
        """Whether any corner of the picture leaves its place by a visible amount."""
        corners = np.array([[-0.5, -0.3], [0.5, -0.3], [-0.5, 0.3], [0.5, 0.3]])
        seen = np.stack([through(view, corners) for view in self.views])
        return float(np.abs(seen - corners).max()) > _MOVED


def through(view: Map, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """``places`` (n, 2) seen through a map: (n, 2)."""
    mapped = np.c_[places, np.ones(len(places))] @ view.T
    return np.asarray(mapped[:, :2] / mapped[:, 2:])


def in_pixels(view: Map, width: int, height: int) -> Map:
    """``view`` for pixel coordinates of a picture of this size: (3, 3)."""
    to_center = _centered(width, height)
    return np.asarray(np.linalg.inv(to_center) @ view @ to_center)


def _centered(width: int, height: int) -> Map:
    return np.array(
        [
            [1 / width, 0, (0.5 - width / 2) / width],
            [0, 1 / width, (0.5 - height / 2) / width],
            [0, 0, 1],
        ]
    )


def track(frames: Frames) -> Track:
    """Follow the camera over ``frames``: (time, height, width, 3) uint8, one shot, small."""
    lumas = each(gray, list(frames))
    height, width = lumas[0].shape
    last = len(lumas) - 1
    if _stands(lumas):
        return Track(np.stack([np.eye(3)] * len(lumas)), agreement=1.0)
    views = [np.eye(3)] * len(lumas)
    shares: list[float] = []
    base = last
    while base > 0:
        found, share = _stretch(lumas, base)
        for k, view in found.items():
            views[k] = view @ views[base]
        if base > last - _RECENT:
            shares.append(share)
        base = min(found)
    to_center = _centered(width, height)
    back = np.linalg.inv(to_center)
    return Track(
        views=np.stack([to_center @ view @ back for view in views]),
        agreement=min(shares, default=0.0),
    )


def _stretch(lumas: list[Gray], base: int) -> tuple[dict[int, Map], float]:
    """Maps from frame ``base`` to those before it, as long as its corners can be followed.

    And the share of those corners that stay with the maps.
    """
    corners = _corners(lumas[base])
    alive, points = np.arange(len(corners)), corners
    seen: dict[int, tuple[NDArray[np.intp], _Points]] = {}
    for k in range(base - 1, -1, -1):
        there, back = _followed(lumas[k + 1], lumas[k], points, np.eye(3))
        kept = np.linalg.norm(back - points, axis=1) < _RETURNS
        alive, points = alive[kept], there[kept]
        seen[k] = alive, points
        if len(alive) < max(_FEWEST, _LEFT * len(corners)):
            break
    follows, present = np.zeros(len(corners)), np.zeros(len(corners))
    for alive, points in seen.values():
        first = _similar(corners[alive], points)
        present[alive] += 1
        follows[alive] += _off(first, corners[alive], points) < _FITS
    steady = follows > _STEADY * np.maximum(present, 1)
    long = present > len(seen) / 2
    width = lumas[base].shape[1]
    maps = {
        k: _projective(corners[alive][steady[alive]], points[steady[alive]], width)
        for k, (alive, points) in seen.items()
    }
    share = float(steady[long].mean()) if long.sum() >= _FEWEST else 0.0
    return maps, share


def _stands(lumas: list[Gray]) -> bool:
    """Whether most corners are, after a while and a long while, where they were."""
    last = len(lumas) - 1
    for k in {max(0, last - _WHILE), max(0, last - _LONG_WHILE)}:
        corners, there = _matched(lumas[last], lumas[k], np.eye(3))
        if _share(np.eye(3), corners, there) < _STAND:
            return False
    return True


def _corners(picture: Gray) -> _Points:
    found = cv2.goodFeaturesToTrack(picture, _CORNERS, _QUALITY, _APART)
    return np.asarray([] if _none(found) else found, np.float32).reshape(-1, 2)


def _matched(one: Gray, two: Gray, guess: Map) -> tuple[_Points, _Points]:
    """Corners of ``one``, and where they lie in ``two``: those that come back."""
    corners = _corners(one)
    there, back = _followed(one, two, corners, guess)
    kept = np.linalg.norm(back - corners, axis=1) < _RETURNS
    return corners[kept], there[kept]


def _similar(corners: _Points, there: _Points) -> Map:
    """The similarity that most corners follow; none for too few of them."""
    if len(corners) < _FEWEST:
        return np.eye(3)
    found, _ = cv2.estimateAffinePartial2D(
        corners, there, method=cv2.RANSAC, ransacReprojThreshold=_FITS
    )
    return np.eye(3) if _none(found) else np.vstack([found, [0.0, 0.0, 1.0]])


def _projective(corners: _Points, there: _Points, width: int) -> Map:
    """The similarity, or a homography near it that explains clearly more corners."""
    similar = _similar(corners, there)
    share = _share(similar, corners, there)
    if len(corners) < _FEWEST or share > 1 - _GAIN:
        return similar
    found, _ = cv2.findHomography(corners, there, cv2.RANSAC, _FITS, maxIters=200)
    if _none(found):
        return similar
    free, places = np.asarray(found, np.float64), corners.astype(np.float64)
    if _share(free, corners, there) <= share + _GAIN:
        return similar
    bent = np.abs(through(free, places) - through(similar, places)).max()
    return free if bent < _BENDS * width else similar


def _none(found: object) -> bool:
    """Whether OpenCV found nothing: its types know no None."""
    return found is None


def _followed(
    one: Gray, two: Gray, corners: _Points, guess: Map
) -> tuple[_Points, _Points]:
    """Where ``corners`` of ``one`` lie in ``two``, and where those lie in ``one`` again."""
    if not len(corners):
        return corners, corners
    near = np.asarray(through(guess, corners.astype(np.float64)), np.float32)
    settings = {
        "winSize": _WINDOW,
        "maxLevel": _LEVELS,
        "flags": cv2.OPTFLOW_USE_INITIAL_FLOW,
    }
    there, found, _ = cv2.calcOpticalFlowPyrLK(one, two, corners, near, **settings)  # type: ignore[call-overload]
    back, again, _ = cv2.calcOpticalFlowPyrLK(
        two, one, there, corners.copy(), **settings
    )  # type: ignore[call-overload]
    lost = (found.ravel() == 0) | (again.ravel() == 0)
    back[lost] = np.inf
    return there, back


def _share(view: Map, corners: _Points, there: _Points) -> float:
    """The share of corners that follow ``view``; 0 where there are too few to tell."""
    if len(corners) < _FEWEST:
        return 0.0
    return float((_off(view, corners, there) < _FITS).mean())


def _off(view: Map, corners: _Points, there: _Points) -> NDArray[np.float64]:
    """By how many pixels each corner misses its place."""
    if not len(corners):
        return np.zeros(0)
    missed = through(view, corners.astype(np.float64)) - there
    return np.asarray(np.linalg.norm(missed, axis=1))
