"""Directions one after the other, and for clips that hardly allow them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from longtake.engines.motion import render
from longtake.engines.protocol import Continuation, Frames
from tests.directed import asked, drawn
from tests.motion_scenes import panned, swing


@pytest.fixture(scope="module")
def swinging() -> Frames:
    return swing(42, 17)


def test_every_clause_is_answered_for(swinging: Frames) -> None:
    answer = asked(
        swinging,
        "slowly push in, a dragon appears, then fade to black --end https://a.example/b.png",
    )
    assert answer.understood == (
        "slowly push in: zooms in, 1.12 times",
        "fade to black: fades to black, from 67% to 100% of the new part",
    )
    assert answer.ignored == ("a dragon appears", "--end https://a.example/b.png")
    assert not drawn(answer)[-1].any()


def test_no_prompt_leaves_a_plan_as_it_was(swinging: Frames) -> None:
    plain = asked(swinging, None)
    assert plain.plan is not None
    assert "orders" not in plain.plan
    again = asked(swinging, "a dragon appears")
    assert again.plan == plain.plan


def test_what_was_played_stays_as_it_was(swinging: Frames) -> None:
    """A chain of directions, each for its own frames; the plan draws all of them."""
    answer: Continuation | None = None
    parts: list[Frames] = []
    prompts = ["pan left, warmer", None, "slow motion, zoom in", "reverse", "hold"]
    for prompt in prompts:
        answer = asked(
            swinging,
            prompt,
            8,
            plan=answer and json.loads(json.dumps(answer.plan)),
            n_played=8 * len(parts),
        )
        parts.append(drawn(answer))
    assert answer is not None
    assert answer.plan is not None
    delivered = np.concatenate(parts)
    assert np.array_equal(np.stack(list(render(swinging, answer.plan))), delivered)
    steps = np.abs(np.diff(delivered.astype(int), axis=0)).mean(axis=(1, 2, 3))
    own = np.abs(np.diff(swinging.astype(int), axis=0)).mean(axis=(1, 2, 3))
    assert steps.max() < 2.7 * own.max()  # nothing jumps from one to the next


_HARD = [
    "pan left, tilt up, roll, zoom in 3x, handheld",
    "reverse at 4x, then freeze, then speed up 4x, then boomerang",
    "slow motion 4x, zoom out 4x, loop, fade to white",
    "hold, then pan right 40 %, then static, no pan, don't tilt",
]


@pytest.mark.parametrize("prompt", _HARD)
@pytest.mark.parametrize(("n_context", "n"), [(1, 1), (2, 5), (9, 13)])
def test_any_direction_fits_any_clip(prompt: str, n_context: int, n: int) -> None:
    clip = swing(n_context, 11, width=33, height=17)
    first = asked(clip, prompt, n, whole=True)
    delivered = drawn(first)
    again = asked(clip, prompt, n, plan=first.plan, n_played=n)
    assert again.plan is not None
    delivered = np.concatenate([delivered, drawn(again)])
    assert np.array_equal(np.stack(list(render(clip, again.plan))), delivered)


def test_behind_a_loop_the_clip_is_played_again(swinging: Frames) -> None:
    first = asked(swinging, "loop", 12, whole=True)
    answer = asked(swinging, "reverse, darken", 6, plan=first.plan, n_played=12)
    assert answer.ignored == (
        "reverse (behind a loop the clip is played again as it is)",
    )
    again = asked(swinging, None, 6, plan=first.plan, n_played=12)
    assert np.abs(drawn(again).astype(int) - swinging[1:7]).mean() < 0.5
    assert drawn(answer)[-1].mean() < 0.8 * swinging[6].mean()


def test_an_end_waits_for_the_last_continuation(swinging: Frames) -> None:
    answer = asked(swinging, "pan left, fade to black", 8, later=True)
    assert drawn(answer)[-1].any()
    assert answer.understood[1].endswith("in the last continuation")
    assert "color_drift" in answer.relaxed  # the pan's
    assert not drawn(asked(swinging, "fade to black", 8))[-1].any()


def test_a_pan_shows_what_the_clip_has_seen() -> None:
    """The camera went to the right: to the left it needs no room."""
    clip = panned(40, 1.0)
    answer = asked(clip, "pan left 10 %", 20)
    assert answer.plan is not None
    assert "room" not in {order[0] for order in answer.plan["orders"]}
    frames = drawn(answer)
    back = clip[len(clip) - 1 - 20]  # there the camera was 20 pixels further left
    apart = np.abs(frames[-1].astype(int) - back).astype(float)
    assert np.median(apart[5:25, 30:-10]) < 12  # above the boards, which swing
    wrong = np.abs(clip[-1].astype(int) - back).astype(float)
    assert np.median(wrong[5:25, 30:-10]) > 20


def test_frames_that_were_cut_off_are_directed_anew(swinging: Frames) -> None:
    first = asked(swinging, "pan left, slow motion", 20)
    frames = drawn(first)
    again = asked(swinging, "fade to black", 12, plan=first.plan, n_played=9)
    more = drawn(again)
    assert again.plan is not None
    whole = np.stack(list(render(swinging, again.plan)))
    assert np.array_equal(whole[:9], frames[:9])
    assert np.array_equal(whole[9:], more)
    assert not more[-1].any()
