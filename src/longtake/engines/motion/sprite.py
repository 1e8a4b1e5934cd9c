"""The *sprite* plan: what travels through the scene keeps traveling.

Video sprites (Schödl and Essa, "Controlled animation of video sprites", 2002): a subject
is cut out of its background, its frames are put one over the other, centered, and played
on as a texture: a walker's steps, a bird's wings. Here it is moved on along its way, over
the scene without it, which goes on by itself. What has no such cycle but hardly changes its
shape, a car, is moved on as it is. What is neither, or cannot be cut out well, is no sprite.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.analysis.camera import Map, in_pixels, through
from longtake.analysis.distances import distances
from longtake.analysis.flow import difference, each
from longtake.analysis.pictures import gray, small
from longtake.analysis.subjects import subjects
from longtake.engines.motion import living, texture
from longtake.engines.motion.centering import centered_on
from longtake.engines.motion.plan import Plan, Run, Sprite
from longtake.engines.motion.stage import Stage
from longtake.engines.motion.study import Study, spaced, steady
from longtake.engines.motion.texture import Jump, Paths
from longtake.engines.motion.trail import Trail, centered, grid, trail
from longtake.engines.protocol import Frames

KIND = "sprite"
_WIDTH = 208  # pixels: subjects are looked for in pictures at most this wide
_LONGEST_S, _MOST = 5.0, 120  # seconds and frames in which they are looked for
_BESIDE = (0.75, 0.2)  # picture widths: a camera that moved has seen more than it shows
_FADE_S = 0.17  # from one pose to the next
_NEAR = 2.0  # steps: a pose that is no farther follows without a transition
_HORIZON_S = 4.0  # over which the scene is planned, at least
_RIGID_S = 0.4  # in which the shape of what has no cycle
_RIGID = 0.35  # may change by this part of what tells it from nothing
_OUTLINE = 64.0  # gray levels that the outline counts beside what is inside it
_FINER = 2  # pixels of a pose to a cell


@dataclass(frozen=True, slots=True)
class Staged:
    """What a sprite plan consists of. ``worst``: the dearest jump of the scene, in steps."""

    sprites: tuple[Sprite, ...]
    scene: Plan
    worst: float


def propose(
    study: Study, n_frames: int, seed: int, before: Plan | None = None
) -> Plan | None:
    """The subjects going on over the scene, or None where there are none."""
    found = staged(study, n_frames, seed, before)
    return planned(n_frames, found) if found else None


def planned(n_frames: int, found: Staged) -> Plan:
    """The plan of what was found."""
    return replace(found.scene, kind=KIND, sprites=found.sprites).kept(n_frames)


def staged(
    study: Study, n_frames: int, seed: int, before: Plan | None = None
) -> Staged | None:
    """The subjects of ``study`` and its scene without them over ``n_frames``.

    ``before`` is what was already played: its subjects are kept and go on.
    """
    if before is not None:
        trails = [one.trail for one in before.sprites]
        begun = [one.runs for one in before.sprites]
    else:
        trails = _trails(study)
        begun = [(Run(-1 - one.leaving, -float(one.leaving)),) for one in trails]
    if not trails:
        return None
    sprites = []
    for number, (one, runs) in enumerate(zip(trails, begun, strict=True)):
        going = _going(study, one, runs, n_frames, seed + number)
        if going is None:
            return None
        sprites.append(Sprite(one, going))
    scene, worst = _scene(_without(study, trails), n_frames, seed, before)
    return Staged(tuple(sprites), scene, worst)


def in_view(plan: Plan, n_frames: int, height: float) -> int:
    """For how many of ``n_frames`` the picture shows any subject, if the plan has some.

    At least one, and all where there are none. ``height``: of the picture, in its widths.
    """
    if not plan.sprites:
        return n_frames
    border = np.array([0.5, height / 2])

    def shown(one: Trail, time: int) -> bool:
        corners = through(centered(one.onward(time)), one.corners)
        inside = (corners.min(axis=0) < border) & (corners.max(axis=0) > -border)
        return bool(inside.all())

    trails = [one.trail for one in plan.sprites]
    times = range(1, n_frames)
    return next(
        (t for t in times if not any(shown(one, t) for one in trails)), n_frames
    )


def _trails(study: Study) -> list[Trail]:
    """The trails of what travels, the farthest first: what stands lower is nearer."""
    rate = float(study.rate)
    n = min(len(study.frames), _MOST, study.frames_in(_LONGEST_S))
    frames = np.stack([small(one, _WIDTH) for one in study.frames[-n:]])
    pictures, seen = _steadied(frames, study)
    width, found = frames.shape[2], []
    for one in subjects(pictures, seen, rate):
        apart = distances(_poses(study, trail(one, rate, width)))
        whole = pictures[: len(pictures) - one.leaving]
        found.append(trail(centered_on(one, whole, apart, rate), rate, width))
    return sorted(found, key=lambda one: float(one.poses[0, 1] + one.half[1]))


def _steadied(frames: Frames, study: Study) -> tuple[Frames, NDArray[np.bool_]]:
    """``frames`` beside and over the last one, in its middle, and what each shows."""
    moving = study.camera
    n, height, width = frames.shape[:3]
    if moving is None:
        return frames, np.ones((n, height, width), np.bool_)
    half = np.array([0.5, height / width / 2])
    corners = np.array(
        [[x, y] for x in (-half[0], half[0]) for y in (-half[1], half[1])]
    )
    views = [moving.view(k - n + 1) for k in range(n)]
    beyond = np.clip(_reach(views, corners) - half, 0, _BESIDE)
    right, down = (round(float(side) * width) for side in beyond)
    size = (width + 2 * right, height + 2 * down)
    middle = np.array([[1, 0, -right], [0, 1, -down], [0, 0, 1]], np.float64)
    inside = np.ones((height, width), np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP

    def seen(k: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        to_frame = in_pixels(views[k], width, height) @ middle
        shown = cv2.warpPerspective(inside, to_frame, size, flags=flags)
        picture = cv2.warpPerspective(frames[k], to_frame, size, flags=flags)
        return np.asarray(picture, np.uint8), np.asarray(shown > 0.99)  # noqa: PLR2004

    pictures, shows = zip(*each(seen, range(n)), strict=True)
    return np.stack(pictures), np.stack(shows)


def _reach(views: list[Map], corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far from the middle of the last frame frames with these ``corners`` reach."""
    backs = [np.asarray(np.linalg.inv(view), np.float64) for view in views]
    shown = np.concatenate([through(back, corners) for back in backs])
    return np.asarray(np.abs(shown).max(axis=0))


def _going(
    study: Study, one: Trail, begun: tuple[Run, ...], n_frames: int, seed: int
) -> tuple[Run, ...] | None:
    """The poses of a subject, played on; None where nothing but a jump would do that."""
    poses = _poses(study, one)
    paths = Paths(distances(poses), float(study.rate))
    cycle = _Cycle(paths, -one.leaving, study.frames_in(_FADE_S), seed)
    if len(begun) == 1:  # whether it has a cycle does not depend on what is asked for
        soon = study.frames_in(_HORIZON_S)
        runs = cycle.played(begun, soon) if paths.fit else None
        if runs is None or cycle.dearest(runs) > texture.INVISIBLE:
            return begun if _rigid(poses, study.frames_in(_RIGID_S)) else None
    return cycle.played(begun, n_frames)


def _poses(study: Study, one: Trail) -> NDArray[np.float32]:
    """What fills the box of a subject while it is whole, and its outline: (time, values)."""
    frames = study.frames[-len(one.poses) :]
    n = len(frames)
    rows, columns = (_FINER * side for side in one.masks.shape[1:])
    from_cells = grid((rows, columns), one.half)
    stage = Stage(frames, study.camera, [one])

    def pose(k: int) -> NDArray[np.float32]:
        entry = n - 1 - k
        matrix = stage.to_frame(entry) @ centered(one.poses[entry]) @ from_cells
        seen = cv2.warpPerspective(
            gray(frames[k]).astype(np.float32),
            matrix,
            (columns, rows),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        mask = one.masks[entry].astype(np.float32)
        mask = cv2.resize(mask, (columns, rows), interpolation=cv2.INTER_LINEAR)
        return np.concatenate(
            [((seen - 128) * mask).ravel(), (mask * _OUTLINE).ravel()]
        )

    return np.stack(each(pose, range(n - one.leaving))).astype(np.float32)


def _rigid(poses: NDArray[np.float32], apart: int) -> bool:
    """Whether the shape hardly changes within ``apart`` frames."""
    if len(poses) <= apart:
        return False
    changed = np.square(poses[apart:] - poses[:-apart]).mean()
    return bool(changed < _RIGID**2 * np.square(poses).mean())


@dataclass(frozen=True, slots=True)
class _Cycle:
    """The poses of a subject, of which the last lies at place ``end`` of the source."""

    paths: Paths
    end: int
    fade: int
    seed: int

    def played(self, begun: tuple[Run, ...], n_frames: int) -> tuple[Run, ...] | None:
        """``begun`` and what follows, from jump to jump, up to ``n_frames``; None: no way."""
        runs = list(begun)
        while runs[-1].at < n_frames:
            rng = np.random.default_rng([self.seed, len(runs)])
            before = [self._jump(runs[-2], runs[-1])] if len(runs) > 1 else []
            landed = before[0].land if before else None
            jump = self.paths.choose(landed, before, rng)
            if jump is None:
                return None
            at = runs[-1].at + jump.leave - self._index(runs[-1].source) + 1
            # Under the first one the last pose stands still: a near one follows at once.
            near = not before and self.paths.cost[jump.leave, jump.land] < _NEAR
            place = float(jump.land + 1 - self.paths.last + self.end)
            runs.append(Run(at, place, fade=0 if near else self.fade))
        return tuple(runs)

    def dearest(self, runs: tuple[Run, ...]) -> float:
        """What the most visible jump of ``runs`` costs, in steps."""
        jumps = [self._jump(one, two) for one, two in pairwise(runs)]
        costs = (self.paths.cost[one.leave, one.land] for one in jumps)
        return float(max(costs, default=0.0))

    def _index(self, place: float) -> int:
        return round(place) - self.end + self.paths.last

    def _jump(self, under: Run, run: Run) -> Jump:
        leave = self._index(under.source) + run.at - under.at - 1
        return Jump(leave, self._index(run.source) - 1)


def _without(study: Study, trails: list[Trail]) -> Study:
    """The study of the scene without its subjects, as far back as they were followed."""
    stage = Stage(study.frames, study.camera, trails)
    scene = stage.scene
    frames = np.stack(each(scene.__getitem__, range(len(scene))))
    thumbs, seen = steady(frames, study.camera)
    lumas = [gray(one) for one in frames]
    steps = [difference(a, b) for a, b in pairwise(lumas)]
    return replace(
        study,
        frames=frames,
        thumbs=thumbs,
        seen=seen,
        apart=spaced(thumbs, seen),
        step=float(np.median(steps)) if steps else 0.0,
        last_step=steps[-1] if steps else 0.0,
    )


def _scene(
    scene: Study, n_frames: int, seed: int, before: Plan | None
) -> tuple[Plan, float]:
    """The scene played on, by regions where that is better, or at rest; its worst jump."""
    if before is not None:
        kind = living if before.regions else texture
        if before.runs[0].ramp and not before.regions:
            return replace(before, n_frames=n_frames), 0.0
        return kind.propose(scene, n_frames, seed, before) or before, 0.0
    soon = scene.frames_in(_HORIZON_S)
    played, cost = texture.propose(scene, max(n_frames, soon), seed), np.inf
    if played:
        paths = Paths(scene.apart, float(scene.rate))
        cost = texture.cost(paths, played.kept(soon).runs)
    if played and cost <= texture.INVISIBLE:
        return played, cost
    if apart := living.living(scene, max(n_frames, soon), seed):
        return living.planned(scene, n_frames, apart), apart.worst
    return scene.plan(KIND, n_frames, [living.at_rest(scene)]), 0.0
