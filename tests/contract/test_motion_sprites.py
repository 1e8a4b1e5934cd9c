"""What travels keeps traveling: drawn subjects whose future is known."""

from __future__ import annotations

import json
from fractions import Fraction

import cv2
import numpy as np
import pytest

from longtake.analysis.gate import judge
from longtake.analysis.measures import measure
from longtake.engines.motion import Motion, render
from longtake.engines.protocol import Ask, Continuation, Frames
from tests.motion_scenes import drive, swing, texture, walk, window

RATE = Fraction(12)
GROUND = texture(120, 520, seed=5)


def asked(context: Frames, n_frames: int, **more: object) -> Continuation:
    return Motion().extend(Ask(context, RATE, n_frames, 3, **more))  # type: ignore[arg-type]


def psnr(one: np.ndarray, two: np.ndarray) -> float:
    apart = np.square(one.astype(np.float32) - two.astype(np.float32)).mean()
    return float(10 * np.log10(255**2 / max(float(apart), 1e-3)))


def place(frame: np.ndarray, ground: np.ndarray) -> tuple[float, float]:
    """Where what differs from the ground is: its middle, right and down."""
    off = cv2.absdiff(frame, ground).max(axis=-1)
    clear = cv2.morphologyEx(
        (off > 60).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)
    )
    rows, columns = np.nonzero(clear)
    return float(columns.mean()), float(rows.mean())


@pytest.fixture(scope="module")
def walking() -> tuple[Frames, Frames, Continuation]:
    """A walk, its next three seconds, and ours."""
    clip, future = walk(60), walk(36, first=60)
    return clip, future, asked(clip, 36)


def test_a_walker_walks_on_at_its_speed_and_in_its_phase(
    walking: tuple[Frames, Frames, Continuation],
) -> None:
    clip, future, answer = walking
    assert answer.notes["plan"] == "sprite"
    frames = np.stack(list(answer.frames))
    ground = window(GROUND, 40, 208)
    for t in range(0, 36, 5):
        (x, y), (true_x, true_y) = place(frames[t], ground), place(future[t], ground)
        assert abs(x - true_x) < 2
        assert abs(y - true_y) < 2.5
    ours, still, later = [], [], []
    for t in range(33):
        left = round(44 + 1.5 * (60 + t)) - 40
        around = np.s_[48:104, left : left + 44]
        other = future[t + 3][48:104, left + 4 : left + 48]  # a quarter of a step on
        ours.append(psnr(frames[t][around], future[t][around]))
        still.append(psnr(clip[-1][around], future[t][around]))
        later.append(psnr(other, future[t][around]))
    assert np.mean(ours) > max(np.mean(still), np.mean(later)) + 5
    assert np.min(np.subtract(ours, still)) > 2


def test_its_plan_is_small_and_draws_the_same_bits_from_json(
    walking: tuple[Frames, Frames, Continuation],
) -> None:
    clip, _, answer = walking
    frames = np.stack(list(asked(clip, 36).frames))
    text = json.dumps(answer.plan)
    assert len(text) < 30_000
    assert np.array_equal(np.stack(list(render(clip, json.loads(text)))), frames)
    assert np.array_equal(
        np.stack(list(render(clip, json.loads(text), 20))), frames[20:]
    )
    again = np.concatenate([walk(9, speed=3.0), clip])  # earlier frames do not matter
    assert np.array_equal(next(render(again, json.loads(text), 35)), frames[35])


def test_nothing_runs_backwards_while_a_walker_walks_on(
    walking: tuple[Frames, Frames, Continuation],
) -> None:
    clip, _, answer = walking
    frames = np.stack(list(render(clip, answer.plan or {})))
    found = measure(clip, frames, source_map=answer.source_map)
    assert found.rewind == 0
    assert judge(found).passed


def test_a_chain_of_walks_is_one_walk(
    walking: tuple[Frames, Frames, Continuation],
) -> None:
    clip, _, whole = walking
    first = asked(clip, 7)
    second = asked(clip, 29, plan=first.plan, n_played=7)
    frames = [*first.frames, *second.frames]
    assert np.array_equal(frames, list(render(clip, whole.plan or {})))


def test_a_walker_walks_on_while_the_camera_pans() -> None:
    clip = walk(60, pan=0.4)
    answer = asked(clip, 24)
    assert answer.notes["plan"] == "sprite"
    assert answer.plan is not None
    assert answer.plan["camera"] is not None
    shifts = np.arange(55, 90, 0.5)
    grounds = [window(GROUND, shift, 208) for shift in shifts]
    for t, frame in enumerate(answer.frames):
        if t % 6 == 5:
            near = [np.median(cv2.absdiff(frame, one)[:, 4:40]) for one in grounds]
            seen = int(np.argmin(near))
            x, _ = place(frame[:, :-20], grounds[seen][:, :-20])
            true_x, _ = place(walk(1, first=60 + t)[0], window(GROUND, 40, 208))
            assert abs(x + shifts[seen] - (true_x + 40)) < 2.5


def test_who_is_followed_by_the_camera_walks_out_of_its_view() -> None:
    clip = walk(60, pan=1.0)
    answer = asked(clip, 30)
    assert answer.notes["plan"] == "sprite"
    (one,) = (answer.plan or {})["sprites"]
    right, down, _ = one[2]
    assert right * 208 == pytest.approx(1.5, abs=0.03)
    assert down * 208 == pytest.approx(0, abs=0.05)


def test_a_car_drives_on_and_leaves_the_picture() -> None:
    clip, ground = drive(40, 3.0), drive(1)[0]
    answer = asked(clip, 48)
    assert answer.notes["plan"] == "sprite"
    frames = np.stack(list(answer.frames))
    for t in (0, 8, 16):
        assert place(frames[t], ground)[0] == pytest.approx(
            place(drive(1, 3.0, first=40 + t)[0], ground)[0], abs=1.5
        )
    assert psnr(frames[-1], ground) > 35  # it is gone
    assert psnr(clip[-1], ground) < 33


def test_two_that_meet_pass_each_other() -> None:
    clip, future = drive(30, 2.0, -2.0), drive(40, 2.0, -2.0, first=30)
    answer = asked(clip, 40)
    assert answer.notes["plan"] == "sprite"
    assert answer.plan is not None
    assert len(answer.plan["sprites"]) == 2
    frames = np.stack(list(answer.frames))
    ours = [psnr(*pair) for pair in zip(frames, future, strict=True)]
    still = [psnr(clip[-1], one) for one in future]
    assert min(np.subtract(ours, still)) > 5
    assert min(ours) > 27


def test_what_was_leaving_leaves() -> None:
    clip, future = drive(64, 3.0), drive(10, 3.0, first=64)
    answer = asked(clip, 10)
    assert answer.notes["plan"] == "sprite"
    assert min(psnr(*pair) for pair in zip(answer.frames, future, strict=True)) > 35


def test_the_scene_lives_on_behind_who_walks() -> None:
    def scene(n_frames: int, first: int = 0) -> Frames:
        frames = walk(n_frames, first=first)
        board = swing(n_frames, 17, width=96, height=40, first=first)
        frames[:, 2:42, 110:206] = board
        return frames

    clip, future = scene(70), scene(24, first=70)
    answer = asked(clip, 24)
    assert answer.notes["plan"] == "sprite"
    frames = np.stack(list(answer.frames))
    for part in (np.s_[:, 2:42, 110:206], np.s_[:, 46:110]):
        ours = [psnr(*pair) for pair in zip(frames[part], future[part], strict=True)]
        still = [psnr(clip[part][-1], one) for one in future[part]]
        assert np.mean(ours[12:]) > np.mean(still[12:]) + 8


@pytest.mark.parametrize("scene", ["stands", "swings", "has no feet"])
def test_what_does_not_travel_whole_is_no_sprite(scene: str) -> None:
    clip = {
        "stands": walk(48, speed=0),
        "swings": swing(60, 23),
        "has no feet": walk(60)[:, :88],
    }[scene]
    tried = [one["plan"] for one in asked(clip, 4).notes["tried"]]
    assert tried
    assert "sprite" not in tried
