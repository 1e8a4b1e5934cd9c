"""Subjects: what travels is found, whole and where it is; all else is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from longtake.analysis.subjects import Subject, median, subjects
from longtake.engines.motion.trail import Trail, trail
from tests.motion_scenes import drive, slide, swing, walk


def found(frames: np.ndarray, rate: float = 12.0) -> tuple[Subject, ...]:
    return subjects(frames, np.ones(frames.shape[:3], np.bool_), rate)


def test_the_median_is_of_what_is_valid() -> None:
    frames = np.zeros((5, 1, 2, 3), np.uint8)
    frames[:, 0, 0, 0] = [10, 20, 30, 255, 255]
    valid = np.ones((5, 1, 2), np.bool_)
    valid[3:, 0, 0], valid[:, 0, 1] = False, False
    picture, known = median(frames, valid)
    assert picture[0, 0, 0] == 20
    assert known.tolist() == [[True, False]]


def test_a_car_is_found_where_it_is_in_every_frame() -> None:
    (car,) = found(drive(30, 2.0))
    assert len(car.masks) >= 28  # it comes from the picture's edge
    for k, center in enumerate(car.centers):
        assert center == pytest.approx((6 + 2.0 * (29 - k) + 10.5, 57.5), abs=1.0)
    assert car.areas[0] == pytest.approx(14 * 20, rel=0.35)


def test_two_are_found_apart() -> None:
    assert len(found(drive(30, 2.0, -2.0))) == 2


@pytest.mark.parametrize(
    "frames",
    [
        swing(60, 23),
        walk(40, speed=0),
        slide(30, 2.0),
        walk(60)[:, :88],  # its feet are not in the picture
        drive(8, 3.0),  # too short to tell
        drive(40, 0.5),  # it hides its own background
        np.random.default_rng(1).integers(0, 255, (30, 60, 80, 3), np.uint8),
        np.zeros((30, 60, 80, 3), np.uint8),
    ],
    ids=["sways", "stands", "all moves", "cut", "short", "slow", "noise", "black"],
)
def test_what_does_not_travel_clearly_is_no_subject(frames: np.ndarray) -> None:
    assert found(frames) == ()


def test_what_is_leaving_is_known_as_it_was() -> None:
    (car,) = found(drive(64, 3.0))
    assert car.leaving == 4
    assert car.areas[0] > 0.9 * np.median(car.areas)
    way = trail(car, 12.0, 208)
    assert np.diff(way.poses[:12, 0]) * 208 == pytest.approx(-3.0, abs=0.3)
    assert way.within(0) == 4  # no pose in which it is cut off is shown


def test_a_trail_goes_on_and_survives_json() -> None:
    (car,) = found(drive(30, 2.0))
    way = trail(car, 12.0, 208)
    again = Trail.from_json(way.to_json())
    assert np.array_equal(again.poses, way.poses)
    assert np.array_equal(again.masks, way.masks)
    assert np.array_equal(again.velocity, way.velocity)
    moved = (way.onward(23) - way.poses[0]) * 208
    assert moved[:2] == pytest.approx((48, 0), abs=1.5)
    assert way.onward(-1) == pytest.approx(way.poses[0])
    assert way.onward(-8) == pytest.approx(way.poses[7])  # played backwards


def test_what_comes_nearer_grows_on() -> None:
    (car,) = found(drive(30, 2.0))
    nearing = replace(car, areas=car.areas[0] * 0.97 ** (2 * np.arange(len(car.areas))))
    way = trail(nearing, 12.0, 208)
    assert np.exp(way.velocity[2]) == pytest.approx(1 / 0.97, abs=0.002)
    assert np.exp(way.onward(1000)[2]) == pytest.approx(2.0)  # but not without end
