"""The plan of the motion engine: places, transitions, JSON, and going on from it."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from longtake.analysis.camera import in_pixels
from longtake.engines.motion import drift, texture, turn
from longtake.engines.motion.plan import Plan, Push, Region, Run, running
from longtake.engines.motion.study import Study
from longtake.engines.motion.view import Camera
from longtake.errors import EngineFailed
from tests.motion_scenes import swing

RUNS = (Run(-1, 0.0), Run(4, -40.0, fade=8), Run(30, -44.0, fade=8))
PLAN = Plan("texture", 48, RUNS, shot=8, box=(10, 90, 0, 160))


def study_of(apart: np.ndarray, rate: int = 12) -> Study:
    """A study of which only the distances matter."""
    return of(np.zeros((len(apart), 4, 4, 3), np.uint8), apart, rate)


def of(frames: np.ndarray, apart: np.ndarray, rate: int = 12) -> Study:
    """A study of ``frames`` whose camera stands still."""
    return Study(
        frames=frames,
        rate=Fraction(rate),
        box=None,
        apart=apart,
        camera=None,
        thumbs=np.zeros((len(frames), 36 * 64), np.float32),
        seen=None,
        step=1.0,
        last_step=1.0,
        shot=8,
    )


def test_a_run_plays_on_from_its_source() -> None:
    assert [Run(4, -40.0).place(t) for t in (4, 5, 14)] == [-40.0, -39.0, -30.0]


def test_a_ramp_ends_at_its_speed_and_half_way_between_both() -> None:
    run = Run(-1, 0.0, speed=1.0, then=0.0, ramp=10)
    places = [run.place(t) for t in range(-1, 20)]
    assert places[0] == 0.0
    assert places[10] == places[-1] == pytest.approx(5.0)
    assert places[1] == pytest.approx(1.0, abs=0.02)  # it begins at its first speed
    assert np.all(np.diff(places) >= 0)


def test_json_and_back_is_the_same_plan() -> None:
    moved = Plan("push", 3, (Run(-1, 0.0),), shot=1, push=Push(0.08, 96.0, 16.0))
    switched = replace(PLAN, runs=(*RUNS[:-1], replace(RUNS[-1], switched=True)))
    for plan in (PLAN, moved, switched):
        assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


def test_regions_and_camera_survive_json() -> None:
    cells = np.zeros((36, 64), np.bool_)
    cells[3:9, 10:30] = cells[35, 63] = True
    shake = np.round(np.random.default_rng(1).normal(0, 0.01, (5, 4)), 7)
    views = np.stack([np.eye(3)] * 5)
    views[:, 0, 2] = np.linspace(0, 0.1, 5).round(7)
    camera = Camera(views, (0.01, 0.0, 0.001, 0.0), 12.5, shake)
    for seen in (cells, ~cells):
        plan = replace(PLAN, regions=(Region(seen, RUNS),), camera=camera)
        data = json.loads(json.dumps(plan.to_json()))
        again = Plan.from_json(data)
        assert again.to_json() == data
        assert np.array_equal(again.regions[0].cells, seen)
        assert again.camera is not None
        assert np.array_equal(again.camera.views, views)
        assert np.array_equal(again.camera.pose(7), camera.pose(7))


def test_a_plan_from_before_there_were_sprites_is_still_read() -> None:
    data = PLAN.to_json()
    del data["sprites"]
    assert Plan.from_json(data) == PLAN


def test_a_plan_of_the_first_version_is_still_read() -> None:
    data = Plan("drift", 3, (Run(-1, 0.0),), shot=1, push=Push(0.08, 96.0, 16.0))
    old = {**data.to_json(), "version": 1, "kind": "push"}
    del old["regions"], old["camera"]
    assert Plan.from_json(old) == data


@pytest.mark.parametrize(
    "spoiled",
    [
        {"version": 99},
        {"runs": []},
        {"runs": [[3, 0.0, 1.0, 1.0, 0, 0]]},
        {"runs": [[-1, 0.0]]},
        {"runs": None},
        {"n_frames": -1},
        {"box": [1, 2]},
        {"runs": [[-1, 0, 1, 1, 0, 0], [2, -9, 1, 1, 0, 9], [6, -9, 1, 1, 0, 9]]},
    ],
)
def test_what_is_no_plan_is_refused(spoiled: dict[str, object]) -> None:
    with pytest.raises(EngineFailed):
        Plan.from_json({**PLAN.to_json(), **spoiled})


def test_a_kept_part_keeps_the_transition_it_stopped_in() -> None:
    kept = PLAN.kept(33)
    assert kept.runs == RUNS
    assert running(kept.runs, 32) == running(PLAN.runs, 32)
    assert PLAN.kept(30).runs == RUNS[:2]


def test_minutes_of_a_texture_stay_small() -> None:
    rng = np.random.default_rng(0)
    study = study_of(rng.uniform(1, 3, (60, 60)))
    plan = texture.propose(study, 12 * 600, seed=1)
    assert plan is not None
    assert len(json.dumps(plan.to_json())) < 40_000


def test_a_texture_is_the_same_in_one_piece_and_in_many() -> None:
    rng = np.random.default_rng(1)
    study = study_of(rng.uniform(1, 3, (60, 60)))
    whole = texture.propose(study, 300, seed=5)
    plan: Plan | None = None
    for n_frames in (1, 2, 7, 40, 41, 90, 200, 300):
        kept = plan.kept(max(plan.n_frames - 3, 0)) if plan else None
        plan = texture.propose(study, n_frames, seed=5, before=kept)
    assert plan == whole


def test_no_jump_is_taken_twice_running_and_runs_are_long() -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        apart = rng.uniform(2, 4, (60, 60))
        apart[41, 10] = apart[42, 11] = 0.1  # one jump is far better than all others
        plan = texture.propose(study_of(apart), 1000, seed)
        assert plan is not None
        taken = texture.jumps(plan.runs, 59)
        assert len(taken) > 10
        for one, two in pairwise(taken):
            near = abs(one.leave - two.leave) <= 4 and abs(one.land - two.land) <= 4
            assert not near
        assert min(np.diff([run.at for run in plan.runs[1:]])) >= 8


def test_two_good_jumps_are_not_taken_in_turn() -> None:
    """Each by itself is not taken twice running; in turn they would be a loop."""
    apart = np.random.default_rng(2).uniform(2, 3, (60, 60))
    for leave, land in ((41, 20), (44, 12)):
        apart[leave, land] = apart[leave + 1, land + 1] = 0.5
    plan = texture.propose(study_of(apart), 1000, seed=0)
    assert plan is not None
    taken = texture.jumps(plan.runs, 59)
    again = [
        abs(one.leave - two.leave) <= 4 and abs(one.land - two.land) <= 4
        for one, two in zip(taken, taken[2:], strict=False)
    ]
    assert len(taken) > 20
    assert np.mean(again) < 0.1


def test_a_seed_changes_the_play_out() -> None:
    study = study_of(np.random.default_rng(3).uniform(1, 2, (60, 60)))
    plans = {texture.propose(study, 200, seed) for seed in range(4)}
    assert len(plans) > 1


def test_the_cheap_way_is_found_through_its_future() -> None:
    """Landing at 30 is cheap now but only dear jumps leave from there; 5 is the opposite."""
    apart = np.full((60, 60), 20.0)
    around = range(-4, 5)
    for k in around:
        apart[55 + k, 30 + k] = 1.0  # from near the end: cheap, and a dead end
        apart[55 + k, 5 + k] = 2.0
        apart[25 + k, 7 + k] = 1.0  # reached only by those who landed at 5
    plan = texture.propose(study_of(apart), 60, seed=0)
    assert plan is not None
    assert texture.cost(texture.Paths(apart, 12), plan.runs) < 20


def test_a_clip_too_short_to_play_on_has_no_texture() -> None:
    for n in (1, 2, 5, 9):
        assert texture.propose(study_of(np.ones((n, n))), 24, seed=0) is None


def test_turning_stays_inside_the_clip_and_never_leaps() -> None:
    study = study_of(np.ones((60, 60)))
    plan = turn.propose(study, 400, seed=2)
    places = np.array([plan.places(t)[0] for t in range(400)])
    assert places.min() >= -59
    assert places.max() <= 6
    assert np.abs(np.diff(np.concatenate([[0.0], places]))).max() <= 1.0 + 1e-9
    assert len(plan.runs) > 8
    assert turn.propose(study, 400, seed=2, before=plan.kept(123)) == plan


def test_turning_fits_what_sways_and_not_what_passes() -> None:
    def study(frames: np.ndarray) -> Study:
        n = len(frames)
        return of(frames, np.ones((n, n)))

    assert turn.fits(study(swing(48, period=16)))
    assert not turn.fits(study(swing(48, period=400)))


def test_the_camera_never_leaves_the_picture_and_never_stands() -> None:
    move = Push(0.1, 96.0, 16.0)
    width, height = 832, 464
    corners = np.array([[0, 0, 1], [width - 1, 0, 1], [0, height - 1, 1]]).T
    corners = np.c_[corners, [width - 1, height - 1, 1]]
    views = [in_pixels(drift.camera(move, t), width, height) for t in range(960)]
    seen = np.stack([view @ corners for view in views])
    assert seen[:, 0].min() > -1
    assert seen[:, 0].max() < width
    assert seen[:, 1].min() > -1
    assert seen[:, 1].max() < height
    moved = np.abs(np.diff(seen, axis=0)).max(axis=(1, 2))[20:]
    assert moved.min() > 0.25 * moved.max()
    assert np.abs(np.diff(seen, 2, axis=0)).max() < 0.1  # and it never jerks
    start = drift.camera(move, -1)
    assert start == pytest.approx(np.eye(3), abs=1e-9)
