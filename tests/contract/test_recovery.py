"""Clips filmed by a known camera: the motion engine's continuation goes where it went."""

from __future__ import annotations

from math import log, sin, tau

import numpy as np
import pytest

from longtake.analysis.pictures import gray, sharpness
from tests.directed import asked, drawn, gone
from tests.motion_scenes import Pose, filmed

N_CLIP, N = 36, 24
WIDTH = 208


def sway(time: float) -> Pose:
    """A hand: two slow tones to the sides, one up and down, one of roll."""
    right = 2.2 * sin(tau * time / 13) + 1.1 * sin(tau * time / 7.3 + 1)
    return right, 1.6 * sin(tau * time / 9.1 + 0.5), 1.0, 0.25 * sin(tau * time / 11)


@pytest.mark.parametrize(
    ("axis", "speed", "poses"),
    [
        (0, 1.5, [(1.5 * t, 0, 1, 0) for t in range(N_CLIP)]),
        (1, -1.0, [(0, -1.0 * t, 1, 0) for t in range(N_CLIP)]),
        (2, log(1.006), [(0, 0, 1.006**t, 0) for t in range(N_CLIP)]),
        (2, log(0.994), [(0, 0, 1.5 * 0.994**t, 0) for t in range(N_CLIP)]),
        (3, 0.4, [(0, 0, 1, 0.4 * t) for t in range(N_CLIP)]),
        (0, 2.1, [(0.03 * t * t, 0, 1, 0) for t in range(N_CLIP)]),  # it gathers speed
    ],
    ids=["pan", "tilt", "zoom in", "zoom out", "roll", "faster and faster"],
)
def test_a_move_goes_on_at_its_speed(
    axis: int, speed: float, poses: list[Pose]
) -> None:
    clip = filmed(poses)
    way = gone(clip, drawn(asked(clip, None, N)))
    assert way[0, axis] == pytest.approx(speed, rel=0.2)
    assert 0.7 < way[2, axis] / (3 * speed) < 1.1
    others = np.delete(np.abs(way[2]) / [1.0, 1.0, 0.005, 0.3], axis)
    assert others.max() < 1


def test_several_moves_at_once_go_on_together() -> None:
    clip = filmed([(1.0 * t, 0.5 * t, 1.004**t, 0) for t in range(N_CLIP)])
    right, down, scale, turn = gone(clip, drawn(asked(clip, None, N)))[3]
    bigger = 1.004**N_CLIP  # one pixel of the ground
    assert right == pytest.approx(4 * bigger, rel=0.15)
    assert down == pytest.approx(2 * bigger, rel=0.15)
    assert scale == pytest.approx(4 * log(1.004), rel=0.3)
    assert abs(turn) < 0.2


def test_a_move_comes_to_rest_and_does_not_return() -> None:
    clip = filmed([(1.5 * t, 0, 1, 0) for t in range(N_CLIP)])
    right = gone(clip, drawn(asked(clip, None, N)))[:, 0]
    assert np.diff(right).min() > -0.1
    assert right[-1] - right[-6] < 0.5
    assert right[-1] < 0.08 * WIDTH  # little is shown that nobody saw


def test_a_camera_that_pulls_out_does_not_come_in_again() -> None:
    clip = filmed([(0, 0, 1.5 * 0.994**t, 0) for t in range(N_CLIP)])
    scale = gone(clip, drawn(asked(clip, None, N)))[:, 2]
    assert np.diff(scale).max() < 0.001
    assert scale[-1] < -0.02


def test_a_zoom_stays_as_sharp_as_a_lens_would_be() -> None:
    """The ground has no more detail: so the camera's own next frames are the measure."""
    filmed_on = filmed([(0, 0, 1.006**t, 0) for t in range(N_CLIP + N)])
    clip, future = filmed_on[:N_CLIP], filmed_on[N_CLIP:]
    own = sharpness(gray(clip[-1]))
    for ours, its in zip(drawn(asked(clip, None, N)), future, strict=True):
        assert 0.95 * sharpness(gray(its)) < sharpness(gray(ours)) < 1.1 * own


def test_a_move_that_was_over_stays_over() -> None:
    clip = filmed([(40 * (1 - (1 - min(t / 30, 1)) ** 3), 0, 1, 0) for t in range(36)])
    way = gone(clip, drawn(asked(clip, None, N)))
    assert np.abs(way[:, :2]).max() < 2.5  # it began with four pixels a frame


def test_a_hand_goes_on_swaying_and_goes_nowhere() -> None:
    clip = filmed([sway(t) for t in range(N_CLIP)])
    own = np.array([sway(t)[:2] for t in range(N_CLIP)])
    answer = asked(clip, None, N)
    assert "panning" not in (answer.written or "")
    way = own[-1] + gone(clip, drawn(answer))[:, :2]
    assert np.abs(way).max() < 1.5 * np.abs(own).max()
    ours, its = (np.abs(np.diff(one, axis=0)).mean() for one in (way, own))
    assert 0.4 < ours / its < 1.6
