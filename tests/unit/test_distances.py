"""Distances, and whether motion goes somewhere."""

from __future__ import annotations

import numpy as np
import pytest

from longtake.analysis.directedness import directedness
from longtake.analysis.distances import apart, distances, thumbnails
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
    found = distances(thumbnails(moving.pan(30, 1.0)))
    np.testing.assert_allclose(np.diagonal(found, 1), 1, rtol=0.25)
    np.testing.assert_allclose(np.diagonal(found), 0, atol=1e-4)
    np.testing.assert_allclose(found, found.T)


def test_only_its_neighbors_tell_a_pendulum_which_way_it_swings() -> None:
    film = pendulum(4 * PERIOD)
    found = distances(thumbnails(film))
    middle, again, back = PERIOD, 2 * PERIOD, PERIOD + PERIOD // 2
    plain = apart(seen := thumbnails(film), seen)
    assert plain[middle, back] == pytest.approx(0, abs=0.5)
    assert found[middle, again] < 0.1
    assert found[middle, back] > 1


def test_pixels_that_one_does_not_show_are_not_held_against_it() -> None:
    """A frame whose left half is hidden is where it is by its right half."""
    pictures = thumbnails(pendulum(8))
    seen = np.ones_like(pictures)
    hidden = pictures.copy()
    hidden[3].reshape(36, 64)[:, :32] = 255
    seen[3].reshape(36, 64)[:, :32] = 0
    found = apart(hidden, hidden, seen)
    half = [one.reshape(36, 64)[:, 32:].ravel() for one in pictures]
    expected = np.sqrt(np.square(half[3] - half[6]).mean())
    assert found[3, 6] == pytest.approx(expected, rel=1e-4)
    assert found[3, 3] == pytest.approx(0, abs=1e-3)
    seen[3].reshape(36, 64)[:, :40] = 0
    assert np.isinf(apart(hidden, hidden, seen)[3, 6]), "too little in common"


def test_directedness() -> None:
    assert directedness(moving.pan(24, 1.5)) == pytest.approx(1, abs=0.02)
    assert directedness(pendulum(2 * PERIOD + 1)) < 0.1
    assert directedness(moving.pan(6, 0.0)) == 0
    assert directedness(moving.pan(1, 0.0)) == 0


def test_two_that_pass_each_other_are_both_directed() -> None:
    left, right = moving.pan(24, 1.5, seed=4), moving.pan(24, -1.5, seed=4)
    film = np.concatenate([left, right], axis=1)
    assert directedness(film) > 0.9
