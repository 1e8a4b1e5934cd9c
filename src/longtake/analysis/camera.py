"""How the camera moved over a shot: one projective map a frame, from corners that agree.

Corners (Shi and Tomasi, 1994) are followed by pyramidal Lucas-Kanade there and back; what
does not return is dropped. A similarity is fitted to the rest by RANSAC (Fischler and
Bolles, 1981), and a homography where that explains more of them. Steps are chained to the
last frame, and each frame is then held against the last one directly, so that errors do
not add up.

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
_STRETCH, _RECENT = 8, 48  # frames over which the maps must hold; frames looked at
_BENDS = 0.03  # picture widths between the two kinds of map: more is a wrong one
_MOVED = 0.6 / 416  # picture widths: less is a tripod


@dataclass(frozen=True, slots=True)
class Track:
    """``views``: (time, 3, 3): where a place of the last frame's picture lies in each frame.

    ``agreement``: the median share of corners that follow the maps, 0 to 1.
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
    chained: list[Map] = [np.eye(3)]
    for step in reversed(each(lambda k: _step(lumas[k + 1], lumas[k]), range(last))):
        chained.append(step @ chained[-1])
    chained.reverse()

    def across(k: int) -> float:
        """How well the maps explain what happened in a longer stretch from ``k`` on."""
        end = min(k + _STRETCH, last)
        guess = chained[k] @ np.linalg.inv(chained[end])
        corners, there = _matched(lumas[end], lumas[k], guess)
        return _share(_similar(corners, there), corners, there)

    def directly(k: int) -> Map:
        if k >= last - 1:
            return chained[k]
        corners, there = _matched(lumas[last], lumas[k], chained[k])
        found = _projective(corners, there, width)
        return found if _share(found, corners, there) >= _AGREE else chained[k]

    shares = each(across, range(max(0, last - _RECENT), last, _STRETCH))
    to_center = _centered(width, height)
    back = np.linalg.inv(to_center)
    views = each(directly, range(last + 1))
    return Track(
        views=np.stack([to_center @ view @ back for view in views]),
        agreement=float(np.median(shares)) if shares else 0.0,
    )


def _step(one: Gray, two: Gray) -> Map:
    return _similar(*_matched(one, two, np.eye(3)))


def _matched(one: Gray, two: Gray, guess: Map) -> tuple[_Points, _Points]:
    """Corners of ``one``, and where they lie in ``two``: those that come back."""
    found = cv2.goodFeaturesToTrack(one, _CORNERS, _QUALITY, _APART)
    corners = np.asarray([] if _none(found) else found, np.float32).reshape(-1, 2)
    if len(corners) < _FEWEST:
        return corners[:0], corners[:0]
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
    off = through(view, corners.astype(np.float64)) - there
    return float((np.linalg.norm(off, axis=1) < _FITS).mean())
