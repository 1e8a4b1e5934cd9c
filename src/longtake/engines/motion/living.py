"""The *regions* plan: every part of the picture that moves goes on by itself.

Parts of a scene have times of their own: the water loops where the trees do not. So the
picture is divided into what moves apart, and each part is played on as a texture by its
own distances, over a ground that is played or comes to rest (Liao, Joshi and Hoppe,
"Automated video looping with progressive dynamism", 2013; Liao, Finch and Hoppe, "Fast
computation of seamless video loops", 2015, give every pixel its own start and period; here
a region has jumps of its own, so that no period is heard). A region that cannot be played
on, a one-way event, comes to rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from longtake.analysis.distances import Matrix
from longtake.engines.motion import sway, texture
from longtake.engines.motion.plan import Grid, Plan, Region, Run
from longtake.engines.motion.study import Study, spread
from longtake.engines.motion.texture import Paths

KIND = "regions"
_MOST = 6  # regions
_SMALLEST = 10  # cells: less is a detail, and goes with the ground
_NOISE = 2.5  # times the calmest cells' step; and
_LEAST = 0.8  # gray levels a step: less is grain
_CALM = 20  # percent of the cells are taken for calm
_GAIN = 0.75  # of the cost: dividing a region must save more than this leaves
_REST_S = 0.6  # in which a one-way event comes to rest
_SEEDS = 7919  # apart: neighbors do not jump together


@dataclass(frozen=True, slots=True)
class Living:
    """The regions of a clip that can be played on, and what the ground does."""

    regions: tuple[Region, ...]
    ground: tuple[Run, ...]
    worst: float  # the dearest jump of all, in steps of its region


def propose(
    study: Study, n_frames: int, seed: int, before: Plan | None = None
) -> Plan | None:
    """Every moving region played on, or None where none can be."""
    found = living(study, n_frames, seed, before)
    return planned(study, n_frames, found, before) if found else None


def planned(
    study: Study, n_frames: int, found: Living, before: Plan | None = None
) -> Plan:
    """The plan of what was found."""
    return study.plan(KIND, n_frames, found.ground, before, regions=found.regions)


def living(
    study: Study, n_frames: int, seed: int, before: Plan | None = None
) -> Living | None:
    """The living regions of ``study`` over ``n_frames``; None where there is none.

    ``before`` is what was already played: its regions are kept and go on.
    """
    if study.still or not study.last:  # of a fade only the last frame is left
        return None
    if before is not None:
        parts = [(one.cells, one.runs) for one in before.regions]
        ground = before.runs
    else:
        start = Run(-1, 0.0, then=study.pace)
        parts = [(cells, (start,)) for cells in _regions(study)]
        ground = (start,)
    regions: list[Region] = []
    worst = 0.0
    for cells, begun in parts:
        paths = Paths(study.apart_in(cells), float(study.rate))
        runs = _played(paths, begun, n_frames, seed + _SEEDS * len(regions))
        if runs is None:
            continue
        worst = max(worst, texture.cost(paths, runs))
        regions.append(Region(cells, runs))
    if not regions:
        return None
    rest = ~np.any([one.cells for one in regions], axis=0)
    return Living(tuple(regions), _ground(study, rest, ground, n_frames, seed), worst)


def _played(
    paths: Paths, begun: tuple[Run, ...], n_frames: int, seed: int
) -> tuple[Run, ...] | None:
    """The runs of one region; None where only a visible jump would carry it on."""
    runs = texture.played(paths, begun, n_frames, seed)
    if runs is None or texture.cost(paths, runs) > texture.ACCEPTABLE:
        return begun if len(begun) > 1 else None
    return runs


def _ground(
    study: Study, cells: Grid, begun: tuple[Run, ...], n_frames: int, seed: int
) -> tuple[Run, ...]:
    """Played on where nothing but grain moves there; else it comes to rest."""
    if begun[0].ramp:
        return begun
    if cells.any():
        paths = Paths(study.apart_in(cells), float(study.rate))
        runs = texture.played(paths, begun, n_frames, seed)
        if runs and texture.cost(paths, runs) <= texture.INVISIBLE:
            return runs
    return (at_rest(study),)


def at_rest(study: Study) -> Run:
    """The run that stays beyond the clip's end, where what leads somewhere comes to rest."""
    then = 0.0 if study.shot < sway.FEWEST else 1.0
    return Run(-1, 0.0, study.pace, then=then, ramp=study.frames_in(_REST_S))


def _regions(study: Study) -> list[Grid]:
    """The parts of the picture that move, apart from each other, largest first."""
    steps = spread(study.changes())
    calm = float(np.percentile(steps, _CALM))
    moving = (steps > max(_LEAST, _NOISE * calm)).astype(np.uint8)
    square = np.ones((3, 3), np.uint8)
    whole = cv2.dilate(cv2.morphologyEx(moving, cv2.MORPH_CLOSE, square), square)
    n, labels = cv2.connectedComponents(np.asarray(whole, np.uint8))
    parts = [labels == k for k in range(1, n)]
    parts = [part for part in parts if part.sum() >= _SMALLEST]
    parts.sort(key=lambda part: -int(part.sum()))
    divided = [piece for part in parts[:_MOST] for piece in _divided(study, part)]
    return divided[:_MOST]


def _divided(study: Study, cells: Grid) -> list[Grid]:
    """``cells`` in two, where each half has clearly better jumps by itself."""
    halves = _halves(study, cells)
    if halves is None:
        return [cells]
    whole = _best(study.apart_in(cells), study)
    apart = max(_best(study.apart_in(half), study) for half in halves)
    return halves if apart < _GAIN * whole else [cells]


def _best(apart: Matrix, study: Study) -> float:
    """What playing on costs from the end of the clip, with all that follows."""
    paths = Paths(apart, float(study.rate))
    return float(paths.total[-1].min()) if paths.fit else np.inf


def _halves(study: Study, cells: Grid) -> list[Grid] | None:
    """``cells`` by the delay after which each is most like itself: two compact parts."""
    curves = study.likeness()[:, cells]  # (delays, cells)
    if not len(curves):
        return None
    curves = (curves - curves.mean(axis=0)) / (curves.std(axis=0) + 1e-6)
    rows, columns = np.nonzero(cells)
    data = np.ascontiguousarray(curves.T, np.float32)
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_MAX_ITER, 20, 1e-3)
    cv2.setRNGSeed(0)
    _, which, _ = cv2.kmeans(data, 2, None, criteria, 3, cv2.KMEANS_PP_CENTERS)  # type: ignore[call-overload]
    second = np.zeros(cells.shape, np.float32)
    second[rows, columns] = which.ravel()
    inside = cells.astype(np.float32)
    share = cv2.blur(second, (5, 5)) / np.maximum(cv2.blur(inside, (5, 5)), 1e-6)
    parts = [cells & (share > 0.5), cells & (share <= 0.5)]  # noqa: PLR2004
    if min(int(part.sum()) for part in parts) < _SMALLEST:
        return None
    return parts
