"""Repeated frames are found, and a scene that stands still is not taken for them."""

from __future__ import annotations

import numpy as np

from longtake.analysis.duplicates import duplicates, keep, runs
from tests import moving


def test_moving_pictures_repeat_nothing() -> None:
    assert keep(moving.film(40)).tolist() == list(range(40))


def test_animation_on_twos_and_threes() -> None:
    film = moving.film(20)
    for held in (2, 3, 5):
        drawn = np.repeat(film, held, axis=0)
        assert keep(drawn).tolist() == list(range(0, 20 * held, held))


def test_a_frame_doubled_once_a_second_with_coding_noise() -> None:
    film = np.insert(moving.film(40), 24, moving.film(40)[23], axis=0).astype(np.int16)
    film[24, ::3, ::5] += 1
    assert duplicates(film.astype(np.uint8)).nonzero()[0].tolist() == [24]


def test_a_scene_that_holds_still_is_no_repeat() -> None:
    film = moving.film(12)
    held = np.concatenate([film, np.repeat(film[-1:], 12, axis=0)])
    assert len(keep(held)) == 24
    still = np.repeat(film[:1], 10, axis=0)
    assert len(keep(still)) == 10


def test_something_small_that_moves_is_no_repeat() -> None:
    film = np.full((12, 200, 300, 3), 90, np.uint8)
    film[:6] += np.arange(6, dtype=np.uint8)[:, None, None, None] * 6
    film[6:] = film[5]
    for t in range(6, 12):
        film[t, 50:66, 10 * t : 10 * t + 16] = 255
    assert len(keep(film)) == 12


def test_one_frame_and_runs() -> None:
    assert keep(moving.film(1)).tolist() == [0]
    assert runs(np.array([True, True, False, True])) == [(0, 2), (3, 4)]
    assert runs(np.zeros(3, np.bool_)) == []
