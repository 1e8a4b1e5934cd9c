"""Distances, what a jump costs, and whether motion goes somewhere."""

from __future__ import annotations

import numpy as np
import pytest

from longtake.analysis.directedness import directedness
from longtake.analysis.distances import (
    apart,
    best_landing,
    candidates,
    distances,
    jump_costs,
    thumbnails,
)
from tests import moving

PERIOD = 24


def pendulum(n: int) -> moving.Frames:
    """The window swings to and fro once in ``PERIOD`` frames."""
    turn = 2 * np.pi * np.arange(n) / PERIOD
    return moving.views((float(10 * np.sin(angle)), 0.0) for angle in turn)


def test_plain_distance_is_root_mean_square() -> None:
    film = moving.colored(np.full((2, 36, 64), 100, np.float32))
    film[1, :, :32] = 106
    seen = thumbnails(film)
    assert apart(seen, seen)[0, 1] == pytest.approx(6 / np.sqrt(2))
    assert apart(seen, seen)[0, 0] == 0


def test_one_step_of_a_steady_pan_is_one() -> None:
    found = distances(moving.pan(30, 1.0))
    np.testing.assert_allclose(np.diagonal(found, 1), 1, rtol=0.25)
    np.testing.assert_allclose(np.diagonal(found), 0, atol=1e-4)
    np.testing.assert_allclose(found, found.T)


def test_only_its_neighbors_tell_a_pendulum_which_way_it_swings() -> None:
    film = pendulum(4 * PERIOD)
    found = distances(film)
    middle, again, back = PERIOD, 2 * PERIOD, PERIOD + PERIOD // 2
    plain = apart(seen := thumbnails(film), seen)
    assert plain[middle, back] == pytest.approx(0, abs=0.5)
    assert found[middle, again] < 0.1
    assert found[middle, back] > 1


def test_a_jump_by_whole_periods_costs_nothing() -> None:
    costs = jump_costs(distances(pendulum(4 * PERIOD)))
    landing = best_landing(costs, shortest=PERIOD)
    assert landing is not None
    assert landing.frame % PERIOD == 0  # after frame 95, which is 23 in its period
    assert landing.cost < 0.1
    np.testing.assert_allclose(np.diagonal(costs, 1)[2:-2], 0, atol=1e-4)


def test_one_way_motion_has_no_landing() -> None:
    costs = jump_costs(distances(moving.pan(60, 1.0)))
    landing = best_landing(costs, shortest=24)
    assert landing is not None
    assert landing.cost > 6
    assert not candidates(costs, limit=3.5, shortest=24).any()


def test_candidates_are_the_best_of_their_diagonal() -> None:
    costs = jump_costs(distances(pendulum(4 * PERIOD)))
    found = candidates(costs, limit=1, shortest=12)
    assert found.any()
    row, column = np.nonzero(found)
    # Where the pendulum turns, a frame more or less is the same.
    off = (row + 1 - column + PERIOD // 2) % PERIOD - PERIOD // 2
    assert (np.abs(off) <= 2).all()
    assert (np.abs(row + 1 - column) >= 12).all()


def test_clips_of_one_frame_or_too_few() -> None:
    one = jump_costs(distances(moving.pan(1, 0)))
    assert best_landing(one, shortest=1) is None
    few = jump_costs(distances(moving.pan(10, 1.0)))
    assert best_landing(few, shortest=24) is None


def test_directedness() -> None:
    assert directedness(moving.pan(24, 1.5)) == pytest.approx(1, abs=0.02)
    assert directedness(pendulum(2 * PERIOD + 1)) < 0.1
    assert directedness(moving.pan(6, 0.0)) == 0
    assert directedness(moving.pan(1, 0.0)) == 0


def test_two_that_pass_each_other_are_both_directed() -> None:
    left, right = moving.pan(24, 1.5, seed=4), moving.pan(24, -1.5, seed=4)
    film = np.concatenate([left, right], axis=1)
    assert directedness(film) > 0.9
