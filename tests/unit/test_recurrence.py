"""Rewind and rhythm of known source maps, and of pictures that show them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from longtake.analysis.recurrence import recall, rewind, rhythm, same_source
from tests import moving

N = 96


def ping_pong(length: int) -> NDArray[np.float64]:
    there = np.r_[np.arange(length), np.arange(length - 2, 0, -1)]
    return np.resize(there, N).astype(np.float64)


def wandering(shortest: int, seed: int) -> NDArray[np.float64]:
    """Runs of ``shortest`` frames and more that jump back by another length each time."""
    draw, at = np.random.default_rng(seed), 70
    out: list[int] = []
    while len(out) < N:
        run = int(draw.integers(shortest, 2 * shortest))
        out += list(range(at, at + run))
        at = max(0, at + run - int(draw.integers(run, 3 * run)))
    return np.array(out[:N], np.float64)


MAPS = {
    "forwards": (np.arange(N, dtype=np.float64), 0, 0),
    "backwards": (np.arange(N, 0, -1, dtype=np.float64), 1, 0),
    "backwards at a third": (np.round(np.arange(N, 0, -1) / 3), 1, 0),
    "frozen": (np.full(N, 7.0), 0, 0),
    "hard loop": (np.resize(np.arange(24.0), N), 0, 1),
    "loop of a third": (np.resize(np.arange(32.0), N), 0, 1),
    "swinging loop": (
        np.concatenate([np.arange(40.0 - r, 70) for r in (0, 2, 3)])[:N],
        0,
        1,
    ),
    "ping-pong": (ping_pong(13), 0.5, 0.9),
    "once again": (np.resize(np.arange(48.0), N), 0, 0),
    "nothing re-used": (np.full(N, np.nan), 0, 0),
}


@pytest.mark.parametrize("name", MAPS)
def test_known_maps(name: str) -> None:
    shown, backwards, beat = MAPS[name]
    assert rewind(shown) == pytest.approx(backwards, abs=0.05)
    assert rhythm(same_source(shown)) == pytest.approx(beat, abs=0.1)


@pytest.mark.parametrize("seed", range(5))
def test_a_texture_that_wanders_has_neither(seed: int) -> None:
    shown = wandering(24, seed)
    assert rewind(shown) < 0.05
    assert rhythm(same_source(shown)) < 0.3


def test_pictures_of_the_future_recall_nothing() -> None:
    film = moving.film(72 + N)
    seen = recall(film[:72], film[72:])
    assert seen is not None
    assert seen.repeat < 0.05
    assert rewind(seen.source_map) == 0
    assert rhythm(seen.again) == 0


def test_pictures_played_backwards_and_in_a_loop() -> None:
    film = moving.film(72)
    back = recall(film, film[::-1][1:61])
    loop = recall(film, film[np.resize(np.arange(48, 72), N)])
    assert back is not None
    assert loop is not None
    assert back.repeat == loop.repeat == 1
    assert rewind(back.source_map) > 0.9
    assert rewind(loop.source_map) == 0
    assert rhythm(back.again) == 0
    assert rhythm(loop.again) > 0.95


def test_a_scene_that_stands_still_recalls_nothing() -> None:
    still = np.repeat(moving.film(1), 30, axis=0)
    assert recall(still[:20], still[20:]) is None
    assert recall(still[:1], moving.film(5)) is None
