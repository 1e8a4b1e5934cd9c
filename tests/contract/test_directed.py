"""What the motion engine is told to do is measured in what it makes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from longtake.analysis.flow import flow, speed
from longtake.analysis.gate import judge
from longtake.analysis.measures import measure
from longtake.analysis.pictures import gray
from longtake.engines.protocol import Frames
from tests.directed import N, asked, drawn, gone, moving, pose
from tests.motion_scenes import drive, filmed, panned, swing, texture


@pytest.fixture(scope="module")
def still() -> Frames:
    return np.repeat(texture(120, 208)[None], 12, axis=0)


@pytest.fixture(scope="module")
def swinging() -> Frames:
    return swing(42, 17)


# -- camera ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("pan left", (-0.1, 0, 1.25, 0)),  # a still picture: room is made by a zoom
        ("pan right 5 %", (0.05, 0, 1.11, 0)),
        ("orbit", (0.1, 0, 1.25, 0)),
        ("tilt up", (0, -0.1 * 120 / 208, 1.25, 0)),
        ("tilt down 5 %", (0, 0.05 * 120 / 208, 1.11, 0)),
        ("slowly push in", (0, 0, 1.118, 0)),
        ("zoom in 1.5x", (0, 0, 1.5, 0)),
    ],
)
def test_the_view_goes_where_it_is_told(
    still: Frames, prompt: str, expected: tuple[float, ...]
) -> None:
    answer = asked(still, prompt)
    assert answer.ignored == ()
    right, down, factor, angle = pose(still, drawn(answer))
    assert (right, down) == pytest.approx(expected[:2], abs=0.004)
    assert factor == pytest.approx(expected[2], rel=0.02)
    assert angle == pytest.approx(expected[3], abs=0.3)


def test_a_pan_to_the_left_moves_the_picture_to_the_right(still: Frames) -> None:
    frames = drawn(asked(still, "pan left 5 %"))
    middle = np.s_[40:80, 84:124, 0]
    moved = [
        float(np.median(flow(gray(a), gray(b))[middle])) for a, b in pairwise(frames)
    ]
    assert min(moved) > -0.05
    assert max(moved) > 0.3


def test_a_roll_turns_the_view(still: Frames) -> None:
    for words, expected in (("clockwise 6", 6), ("counterclockwise 4", -4)):
        *_, angle = pose(still, drawn(asked(still, f"roll {words} degrees")))
        assert angle == pytest.approx(expected, abs=0.3)


def test_in_and_out_again_ends_where_it_began(still: Frames) -> None:
    frames = drawn(asked(still, "zoom in, then zoom out"))
    assert pose(still, frames[:12])[2] == pytest.approx(1.25, rel=0.02)
    assert pose(still, frames)[2] == pytest.approx(1, rel=0.02)


def test_what_nobody_saw_is_not_shown(still: Frames) -> None:
    answer = asked(still, "zoom out")
    assert answer.ignored == ("zoom out (nothing was ever seen around this picture)",)
    assert answer.understood == ()


def test_what_the_camera_has_seen_is_shown_again() -> None:
    """It went in, so that the frames before show what lies around the last one."""
    clip = filmed([(0, 0, 1.006**t, 0) for t in range(36)])
    answer = asked(clip, "zoom out 1.15x")
    assert answer.ignored == ()
    seen = gone(clip, drawn(answer))
    assert float(np.exp(-seen[-1, 2])) == pytest.approx(1.15, abs=0.03)


def test_a_camera_that_is_held_comes_to_rest() -> None:
    clip = panned(40, 0.5)
    ground = np.s_[5:25, 10:-10, 0]

    def last_steps(prompt: str | None) -> float:
        frames = drawn(asked(clip, prompt, 12))
        moved = [np.median(flow(gray(a), gray(b))[ground]) for a, b in pairwise(frames)]
        return float(np.mean(moved[6:]))

    assert last_steps(None) < -0.3
    assert last_steps("static camera") == pytest.approx(0, abs=0.05)


def test_a_still_picture_is_not_pushed_where_the_camera_is_to_hold(
    still: Frames,
) -> None:
    for prompt in ("no camera movement", "--raw", "don't zoom"):
        frames = drawn(asked(still, prompt, 6))
        assert np.abs(frames.astype(int) - still[0]).max() <= 1


def test_a_hand_sways_and_stays(still: Frames) -> None:
    frames = drawn(asked(still, "handheld camera --raw"))
    steps = np.abs(np.diff(frames.astype(int), axis=0)).mean(axis=(1, 2, 3))
    assert steps[2:-2].min() > 0.2
    right, down, _, angle = pose(still, frames[:13])
    assert max(abs(right), abs(down)) < 0.02
    assert abs(angle) < 2


# -- time -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "factor", "period"),
    [
        ("slow motion", 0.5, 17),
        ("half speed", 0.5, 17),
        ("calmer", 0.5, 17),
        ("--motion low", 0.5, 17),
        ("more motion 50 %", 1.5, 17),
        ("--motion high", 1.5, 17),
        ("speed up 2x", 2, 34),
    ],
)
def test_the_pace_is_what_was_asked(prompt: str, factor: float, period: int) -> None:
    clip = swing(2 * period + 6, period)
    frames = drawn(asked(clip, prompt, 40))
    usual = moving(clip[: period + 1])
    n = min(36, round(period / factor))
    assert moving(frames[-n:]) / usual == pytest.approx(factor, rel=0.2)


def test_one_picture_moves_by_as_much_as_is_asked() -> None:
    """How far it has gone after three seconds, in pixels."""
    image = texture(120, 208)[None]
    low, usual, high = (
        speed(flow(gray(image[0]), gray(drawn(asked(image, prompt, 36))[-1])))
        for prompt in ("--motion low", None, "--motion high")
    )
    assert 0.3 < low < 0.6 * usual
    assert high > 1.4 * usual


def test_reverse_plays_the_clip_backwards(swinging: Frames) -> None:
    answer = asked(swinging, "reverse")
    frames = drawn(answer)
    for time in range(8, N):  # it eases past the end for four frames
        back = swinging[len(swinging) - 1 - (time + 1 - 4)]
        assert np.abs(frames[time].astype(int) - back).mean() < 0.5
    assert "rewind" in answer.relaxed
    found = measure(swinging, frames, source_map=answer.source_map)
    allowed = frozenset(answer.relaxed)
    assert judge(found, asked_for=allowed).passed
    assert not judge(found).passed


def test_what_travels_goes_back_too() -> None:
    clip = drive(30, 2.0)
    answer = asked(clip, "reverse", 14)
    assert answer.notes["plan"] == "sprite"
    for time, frame in enumerate(drawn(answer)[8:], start=8):
        back = clip[len(clip) - 1 - (time + 1 - 4)]
        assert np.abs(frame.astype(int) - back).mean() < 0.2
    assert np.array_equal(drawn(asked(clip, "loop", whole=True))[-1], clip[0])


def test_reverse_ends_at_the_first_frame_there_is() -> None:
    clip = swing(18, 17)
    answer = asked(clip, "reverse", 40)
    frames = drawn(answer)
    assert np.array_equal(frames[-1], frames[-5])
    apart = np.abs(frames[-1].astype(int) - clip[0]).mean()
    assert apart < np.abs(clip[4].astype(int) - clip[0]).mean()
    assert "to the first frame" in answer.understood[0]


def test_a_boomerang_comes_back(swinging: Frames) -> None:
    frames = drawn(asked(swinging, "boomerang"))
    turn = swinging[len(swinging) - 1 - 8]
    assert np.abs(frames[11].astype(int) - turn).mean() < 0.5
    apart = np.abs(frames[-1].astype(int) - swinging[-1]).mean()
    assert apart < 0.7 * np.abs(frames[11].astype(int) - swinging[-1]).mean()


def test_a_freeze_stands_still(swinging: Frames) -> None:
    frames = drawn(asked(swinging, "freeze for the last second"))
    assert not np.array_equal(frames[10], frames[11])
    assert all(np.array_equal(frames[-1], one) for one in frames[-6:])


def test_a_loop_ends_on_the_first_frame(swinging: Frames, still: Frames) -> None:
    frames = drawn(asked(swinging, "loop", whole=True))
    assert np.array_equal(frames[-1], swinging[0])
    assert np.array_equal(drawn(asked(still, "--loop", whole=True))[-1], still[0])
    warm = drawn(asked(swinging, "zoom in, warmer, loop", whole=True))
    assert np.array_equal(warm[-1], swinging[0])
    answer = asked(swinging, "warmer, loop")
    (ignored,) = answer.ignored
    assert ignored.startswith("loop (the clip's first frame is not in")
    assert len(answer.understood) == 1


def test_what_stands_still_has_no_pace(still: Frames) -> None:
    for clip, prompt in ((still, "slow motion"), (still[:1], "reverse")):
        (ignored,) = asked(clip, prompt).ignored
        assert ignored.startswith(f"{prompt} (")


# -- light ----------------------------------------------------------------------------


@pytest.mark.parametrize(("color", "level"), [("black", 0), ("white", 255)])
def test_a_fade_is_complete_on_the_last_frame(
    swinging: Frames, color: str, level: int
) -> None:
    answer = asked(swinging, f"fade to {color}")
    frames = drawn(answer)
    plain = drawn(asked(swinging, None))
    assert (frames[-1] == level).all()
    assert not (frames[-2] == level).all()
    assert np.array_equal(frames[:16], plain[:16])  # the last third is the fade's
    assert "color_drift" in answer.relaxed


def test_light_changes_by_as_much_as_is_said(still: Frames) -> None:
    def last(prompt: str) -> np.ndarray:
        made = drawn(asked(still, f"{prompt} --raw", 8))
        return np.asarray(made[-1], np.float64)

    own = still[0].astype(float)
    inside = (own > 20) & (own < 180)
    for prompt, factor in (("brighten 30 %", 1.3), ("darken 40 %", 0.6)):
        assert np.median(last(prompt)[inside] / own[inside]) == pytest.approx(
            factor, abs=0.02
        )
    warm, cool = last("warmer"), last("cooler")
    assert (warm[..., 0] - warm[..., 2]).mean() > (
        own[..., 0] - own[..., 2]
    ).mean() + 20
    assert (cool[..., 0] - cool[..., 2]).mean() < (
        own[..., 0] - own[..., 2]
    ).mean() - 20
    assert np.ptp(last("black and white"), axis=2).max() <= 1
    more = last("more saturated")
    whole = ((more > 2) & (more < 253)).all(axis=2)
    wider = np.ptp(more, axis=2)[whole].mean() / np.ptp(own, axis=2)[whole].mean()
    assert wider == pytest.approx(1.5, rel=0.05)
    spread = np.ptp(own, axis=2).mean()
    assert np.ptp(last("desaturate"), axis=2).mean() == pytest.approx(
        spread / 2, rel=0.1
    )


# -- in words ---


@pytest.mark.parametrize(
    ("clip", "prompt", "expected"),
    [
        (
            "still",
            None,
            "The view moves in gently, and to and fro; nothing moves in the",
        ),
        ("still", "hold", "The camera holds still; nothing moves in the scene."),
        ("swinging", "pan left, slow motion", "The camera pans left; "),
        ("panned", None, "The camera keeps panning right, slowly; "),
        ("panned", "reverse", "The camera goes back as it came; "),
    ],
)
def test_what_is_shown_is_said(
    clip: str, prompt: str | None, expected: str, still: Frames, swinging: Frames
) -> None:
    clips = {"still": still, "swinging": swinging, "panned": panned(40, 0.5)}
    written = asked(clips[clip], prompt, 8).written
    assert written is not None
    assert written.startswith(expected)
    assert ("plays at 0.50 times" in written) == ("slow" in (prompt or ""))
