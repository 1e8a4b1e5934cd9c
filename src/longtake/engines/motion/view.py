"""The view: which part of the scene each new frame shows, when the clip's camera moved.

The scene is drawn in the coordinates of the clip's last frame. The clip's camera path is
split into a smooth part, which goes on and comes to rest, and the rest, the shake of a
hand, which stays with the frames that are played. How long the move goes on depends on
how much of what would come into view has never been seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import atan2, ceil, cos, exp, floor, hypot, log, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.analysis.camera import Map, Track, through
from longtake.engines.motion.sway import mirrored

Pose = NDArray[np.float64]  # (4,): right, down (picture widths), log of scale, radians

_SMOOTH_S = 0.35  # sigma of what counts as the smooth part of the path
_HELD_S = 2.0  # in which a path that turns back
_SWAYS = 2  # times or more,
_BACK = 0.25  # of its range each, is a hand's and goes nowhere
_RECENT_S = 0.5  # of the path say how fast it ends
_LONGEST_S, _SHORTEST_S = 16.0, 0.25  # in which the move comes to rest
UNSEEN = 0.06  # of the picture may never have been seen
_NEAREST = log(1 / 1.25)  # of scale: zooming in further shows there is no more detail
_SLOWEST = 0.02 / 416  # picture widths a frame: slower is no move
_ROUNDS = 8  # of bisection
_DIGITS = 7  # of picture widths: what is drawn first is what is drawn from the tag
_GRID = (64, 36)  # places of the picture that are asked whether they were seen
_SHAKEN = 60  # frames whose shake goes on beyond the end
_FORGOTTEN = 0.8  # of the shake is left with each frame beyond the end


@dataclass(frozen=True, slots=True, eq=False)
class Camera:
    """``views``: (n, 3, 3), from the last frame's coordinates to those of each frame before.

    ``views[k]`` belongs to place -k, so that the first is the identity. ``velocity``: the
    pose gained with each frame at the join; ``rest`` frames later it is none, and it
    begins to fall gently. ``shake``: (n, 4), the part of each frame's pose that is no move.
    """

    views: NDArray[np.float64]
    velocity: tuple[float, float, float, float]
    rest: float
    shake: NDArray[np.float64]

    def view(self, place: float) -> Map:
        """From the last frame's coordinates to those of the frame at a whole ``place``."""
        return np.asarray(self.views[min(round(-place), len(self.views) - 1)])

    def pose(self, *times: float) -> Pose:
        """Where the smooth path leads at a new frame, without any shake.

        One time, or one for each number of the pose, where some of them rest. Before
        the join, where time runs backwards, it is the clip's own path.
        """
        past = max(0.0, -1 - times[0])
        if past:
            return self._before(past)
        share = np.minimum((np.asarray(times) + 1) / self.rest, 1.0)
        passed = self.rest * (share - share**3 + share**4 / 2)
        return np.asarray(np.multiply(self.velocity, passed) - self.shake[0])

    def _before(self, past: float) -> Pose:
        """The smooth path ``past`` frames before the last original one."""
        last = len(self.views) - 1
        early, late = min(ceil(past), last), min(floor(past), last)
        poses = [_pose(self.views[k]) - self.shake[k] for k in (late, early)]
        return np.asarray(poses[0] + (past - floor(past)) * (poses[1] - poses[0]))

    def shaken(self, place: float, *, goes_on: bool = False) -> Pose:
        """The shake that belongs to ``place``; beyond the end it is forgotten, or goes on."""
        if place >= 0 and goes_on:
            return np.asarray(mirrored(self.shake[:_SHAKEN], place))
        if place >= 0:
            return np.asarray(self.shake[0] * _FORGOTTEN**place)
        return np.asarray(self.shake[min(round(-place), len(self.shake) - 1)])

    def to_json(self) -> list[object]:
        """Compact, since it travels in a tag of the file."""
        return [
            [_short(view[:2].ravel()) for view in self.views]
            if np.allclose(self.views[:, 2], (0, 0, 1), atol=1e-9)
            else [_short(view.ravel()) for view in self.views],
            _short(self.velocity),
            self.rest,
            [_short(one) for one in self.shake],
        ]

    @classmethod
    def from_json(cls, row: list[object]) -> Camera:
        """Read :meth:`to_json`; raises what NumPy raises for anything else."""
        views, velocity, rest, shake = row
        flat = np.asarray(views, np.float64)
        if flat.shape[1] == 6:  # noqa: PLR2004 - affine: the last row goes without saying
            flat = np.hstack([flat, np.tile([0.0, 0.0, 1.0], (len(flat), 1))])
        x, y, scale, angle = np.asarray(velocity, np.float64)
        return cls(
            views=flat.reshape(-1, 3, 3),
            velocity=(float(x), float(y), float(scale), float(angle)),
            rest=float(np.float64(rest)),  # type: ignore[arg-type]
            shake=np.asarray(shake, np.float64).reshape(-1, 4),
        )


def _short(numbers: object) -> list[float]:
    return [round(float(one), _DIGITS) for one in np.asarray(numbers, np.float64)]


def placed(pose: Pose) -> Map:
    """From a picture at ``pose`` to the coordinates in which the pose is given: (3, 3)."""
    right, down, scale, angle = pose
    c, s = exp(scale) * cos(angle), exp(scale) * sin(angle)
    return np.array([[c, -s, right], [s, c, down], [0, 0, 1]])


def settled(view: Map, home: Map, share: float) -> Map:
    """``view`` on its way to ``home``, of which ``share`` is done."""
    if share >= 1:
        return home
    here, there = pose_of(view), pose_of(home)
    return placed(np.asarray(here + share * (there - here)))


def pose_of(view: Map) -> Pose:
    """Where a view looks from: of :func:`placed`, the inverse."""
    return _pose(np.asarray(np.linalg.inv(view)))


def _pose(view: Map) -> Pose:
    """The similarity nearest to the inverse of ``view``."""
    back = np.linalg.inv(view)
    back = back / back[2, 2]
    turned = back[0, 0] + back[1, 1], back[1, 0] - back[0, 1]
    return np.array(
        [back[0, 2], back[1, 2], log(hypot(*turned) / 2), atan2(turned[1], turned[0])]
    )


def camera(track: Track | None, rate: float, height: float) -> Camera | None:
    """The camera of a clip, or None where it stands still or cannot be told.

    ``height``: of the picture, in picture widths.
    """
    if track is None or not track.reliable or not track.moves:
        return None
    poses = np.stack([_pose(view) for view in track.views])
    smooth = _path(poses, rate)
    recent = max(2, round(_RECENT_S * rate))
    velocity = np.median(np.diff(smooth[-recent - 1 :], axis=0), axis=0)
    if hypot(*velocity[:2]) + abs(velocity[2]) + abs(velocity[3]) < _SLOWEST:
        velocity = np.zeros(4)
    x, y, scale, angle = _short(velocity)
    found = Camera(
        views=np.round(track.views[::-1], _DIGITS),
        velocity=(x, y, scale, angle),
        rest=_SHORTEST_S * rate,
        shake=np.round((poses - smooth)[::-1], _DIGITS),
    )
    return replace(found, rest=_rest(found, rate, height))


def _path(poses: NDArray[np.float64], rate: float) -> NDArray[np.float64]:
    """The smooth part of ``poses``; where a hand goes to and fro that is no move."""
    smooth = _smoothed(poses, _SMOOTH_S * rate)
    while_ = round(_HELD_S * rate)
    for axis in range(smooth.shape[1]):
        if _turns(poses[-while_:, axis]) >= _SWAYS:
            held = _smoothed(poses[:, axis : axis + 1], _HELD_S * rate, stay=False)
            smooth[:, axis] = held[:, 0]
    return smooth


def _turns(path: NDArray[np.float64]) -> int:
    """How often ``path`` turns back by a good part of its range."""
    least = _BACK * float(np.ptp(path))
    turns, way, farthest = 0, 0.0, float(path[0])
    for place in map(float, path):
        gone = place - farthest
        if not way and abs(gone) > least:
            way = float(np.sign(gone))
        if gone * way >= 0:
            farthest = place if way else farthest
        elif abs(gone) > least:
            turns, way, farthest = turns + 1, -way, place
    return turns


def _smoothed(
    poses: NDArray[np.float64], sigma: float, *, stay: bool = True
) -> NDArray[np.float64]:
    """Low-passed along time; the ends ``stay`` where they are, or become like the middle."""
    n = len(poses)
    reach = min(n - 1, round(3 * sigma))
    before, after = poses[reach:0:-1], poses[-2 : -2 - reach : -1]
    if stay:  # continued by point reflection
        before, after = 2 * poses[0] - before, 2 * poses[-1] - after
    run = np.concatenate([before, poses, after])
    blurred = cv2.GaussianBlur(run, (1, 0), sigmaX=0.1, sigmaY=max(sigma, 0.3))
    return np.asarray(blurred[reach : reach + n])


def _rest(moving: Camera, rate: float, height: float) -> float:
    """The longest time to come to rest whose way stays with what was seen, in frames."""
    short, long = _SHORTEST_S * rate, _LONGEST_S * rate
    for _ in range(_ROUNDS):
        middle = (short * long) ** 0.5
        end = np.multiply(moving.velocity, middle / 2)
        fits = end[2] >= _NEAREST and unseen(moving, placed(end), height) <= UNSEEN
        short, long = (middle, long) if fits else (short, middle)
    return round(short, 3)


def unseen(moving: Camera, view: Map, height: float) -> float:
    """The share of what ``view`` shows that no frame of the clip shows."""
    across, along = ((np.arange(n) + 0.5) / n - 0.5 for n in _GRID)
    x, y = np.meshgrid(across, along * height)
    places = through(view, np.c_[x.ravel(), y.ravel()])
    seen = np.zeros(len(places), np.bool_)
    for to_frame in moving.views:
        there = np.abs(through(to_frame, places))
        seen |= (there[:, 0] <= 0.5) & (there[:, 1] <= height / 2)  # noqa: PLR2004
    return 1 - float(seen.mean())
