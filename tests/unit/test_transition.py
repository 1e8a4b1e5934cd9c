"""One run becomes another: by a morph or a switch, whichever shows less."""

from __future__ import annotations

import json
from fractions import Fraction

import cv2
import numpy as np
import pytest

from longtake.engines.motion import Motion, render, switch, transition
from longtake.engines.motion.plan import Run
from longtake.engines.motion.played import Played
from longtake.engines.motion.source import Source
from longtake.engines.protocol import Ask
from tests.motion_scenes import drive, panned, slide, texture

UNDER, RUN = Run(-1, -39.0), Run(4, -15.0, fade=10)


def boards(*places: int) -> np.ndarray:
    """A board that lies at each of ``places``, for 20 frames each: (t, 90, 160, 3)."""
    frames = np.repeat(texture(90, 160, seed=1)[None], 20 * len(places), axis=0)
    board = texture(40, 36, seed=2) // 2
    for k, left in enumerate(places):
        frames[20 * k : 20 * (k + 1), 25:65, left : left + 36] = board
    return frames


def test_each_place_passes_when_the_two_are_alike_there() -> None:
    still = np.full((36, 64), 100, np.uint8)
    before = [still] * 12
    after = [still + 40 for _ in before]
    after[3] = after[4] = np.where(np.arange(64) < 32, 100, after[3]).astype(np.uint8)
    after[8] = after[9] = np.where(np.arange(64) < 32, after[8], 100).astype(np.uint8)
    found = switch.surface(before, after)
    assert (
        found[:, :28] == 3
    ).all()  # between the slabs 2 and 3, of which all are alike
    assert (found[:, 36:] == 8).all()


def test_the_cut_is_cheaper_than_one_moment_for_all() -> None:
    rng = np.random.default_rng(4)
    soft = [
        cv2.GaussianBlur(one, (0, 0), 3)
        for one in rng.standard_normal((18, 30, 40)).astype(np.float32)
    ]
    before, after = (
        np.clip(128 + 400 * np.stack(soft), 0, 255)
        .astype(np.uint8)
        .reshape(2, 9, 30, 40)
    )
    found = switch.surface(list(before), list(after))
    apart = np.abs(before.astype(float) - after) + 1
    cut = _price(apart, found)
    assert cut < 0.9 * min(
        _price(apart, np.full(found.shape, moment)) for moment in range(8)
    )
    assert np.array_equal(found, switch.surface(list(before), list(after)))


def _price(apart: np.ndarray, moments: np.ndarray) -> float:
    """What a cut costs in the graph: all edges between what is shown and what is not."""
    inside = apart[1:-1]
    later = np.arange(len(inside))[:, None, None] >= moments
    whole = np.pad(later, ((1, 0), (0, 0), (0, 0)))
    whole = np.concatenate([whole, np.ones((1, *moments.shape), np.bool_)])
    total = (apart[1:] + apart[:-1])[whole[1:] != whole[:-1]].sum()
    total += (inside[:, 1:] + inside[:, :-1])[later[:, 1:] != later[:, :-1]].sum()
    across = later[:, :, 1:] != later[:, :, :-1]
    return float(total + (inside[:, :, 1:] + inside[:, :, :-1])[across].sum())


def test_what_is_somewhere_else_is_switched_and_not_seen_half() -> None:
    """A morph shows the board in both places, half transparent; a switch in one of them."""
    source = Source(boards(10, 110), 8)
    found = transition.look(source, UNDER, RUN)
    assert found.switched
    ghosts = {}
    for switched in (False, True):
        run = Run(RUN.at, RUN.source, fade=RUN.fade, switched=switched)
        played = Played(source, (UNDER, run))
        shown = [played.paint(time, None) for time in range(4, 14)]
        own = [source.paint(source.layers(place), None) for place in (-39, 0)]
        away = np.min([[np.abs(a - b) for b in own] for a in shown], axis=1)
        ghosts[switched] = (away.max(axis=-1) > 12).mean(axis=(1, 2))
    assert (ghosts[False] > 0.03).sum() >= 3
    assert (ghosts[True] > 0.03).sum() <= 2


def test_what_is_a_little_apart_is_morphed_and_does_not_jump() -> None:
    """A switch would move the whole picture at once."""
    source = Source(slide(40, 0.25, width=160, height=90), 8)
    found = transition.look(source, UNDER, RUN)
    assert not found.switched
    assert found.switch is None or found.switch > found.morph


@pytest.mark.parametrize("fade", [2, 5, 60])
def test_a_transition_of_any_length_ends_as_it_should(fade: int) -> None:
    source = Source(drive(80, 1.0), 8)
    run = Run(4, -70.0, fade=fade, switched=True)
    played = Played(source, (Run(-1, -75.0), run))
    ends = [played.paint(time, None) for time in (3, 4 + fade)]
    assert np.array_equal(ends[0], source.frames[79 - 71])
    assert np.array_equal(ends[1], source.frames[79 - 70 + fade])
    inside = played.paint(4 + fade // 2, None)
    assert inside.min() >= -8
    assert inside.max() <= 263


@pytest.mark.parametrize("prompt", [None, "slow motion, pan left"])
def test_a_switch_is_drawn_the_same_wherever_drawing_starts(prompt: str | None) -> None:
    """Under a camera that moves, in slow motion and over regions, too."""
    clip = panned(48, 0.25)
    plan = Motion().extend(Ask(clip, Fraction(12), 30, 3, prompt)).plan
    assert plan is not None
    rows = [plan["runs"], *(runs for _, _, runs in plan["regions"])]
    plan["runs"], *others = ([[*row[:6], 1] for row in runs] for runs in rows)
    for region, runs in zip(plan["regions"], others, strict=True):
        region[2] = runs
    assert sum(len(runs) - 1 for runs in rows) > 0
    plan = json.loads(json.dumps(plan))
    frames = np.stack(list(render(clip, plan)))
    assert np.array_equal(np.stack(list(render(clip, plan, 7))), frames[7:])
    steps = np.abs(np.diff(frames.astype(int), axis=0)).mean(axis=(1, 2, 3))
    assert steps.max() < 3 * np.abs(np.diff(clip.astype(int), axis=0)).mean()
