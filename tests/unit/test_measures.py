"""The measures of motion.md: hand-made answers, and one known flaw at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.quality import controls
from longtake.analysis.curves import curves
from longtake.analysis.gate import BANDS, judge
from longtake.analysis.measures import LEVELS, Measures, measure
from tests import moving

N = 60


@pytest.fixture(scope="module")
def context() -> moving.Frames:
    return moving.film(48)


@pytest.fixture(scope="module")
def future() -> moving.Frames:
    return moving.film(N, first=48)


def outside(measures: Measures) -> set[str]:
    """The measures that lie outside their bands."""
    found = ((name, getattr(measures, name)) for name in BANDS)
    return {n for n, value in found if value is not None and value not in BANDS[n]}


def test_the_natural_continuation_is_let_through(
    context: moving.Frames, future: moving.Frames
) -> None:
    measures = measure(context, future)
    assert outside(measures) == set()
    assert judge(measures).passed
    assert measures.repeat == 0


FLAWS: dict[str, tuple[controls.Control, set[str]]] = {
    "freeze": (
        controls.freeze,
        {"seam", "seam_residual", "motion", "freeze", "flicker"},
    ),
    "ping-pong": (controls.ping_pong, {"velocity_jump", "rewind"}),
    "hard loop": (controls.hard_loop, {"seam", "velocity_jump", "rhythm"}),
    "skip": (controls.skip, {"seam", "velocity_jump"}),
    "blur": (controls.blur, {"sharpness", "sharpness_tail"}),
    "melt": (controls.melt, {"sharpness_tail"}),
    "noise": (controls.noise, {"sharpness", "sharpness_tail", "grain"}),
    "pulse": (controls.pulse, {"flicker"}),
    "tint": (controls.tint, {"seam_residual", "color_jump"}),
    "creeping tint": (controls.creeping_tint, {"color_drift"}),
    "cut": (controls.cut, {"worst_residual"}),
}


@pytest.mark.parametrize("name", FLAWS)
def test_a_known_flaw_is_named(
    name: str, context: moving.Frames, future: moving.Frames
) -> None:
    control, expected = FLAWS[name]
    measures = measure(context, control(context, future))
    assert expected <= outside(measures)
    assert not judge(measures).passed


def test_motion_that_runs_away_and_that_dies() -> None:
    def after(speed: float) -> Measures:
        places = np.r_[np.arange(24.0), 24 + np.arange(24) * speed]
        film = moving.views((float(x), 0.0) for x in places)
        return measure(film[:24], film[24:])

    assert after(5).motion == pytest.approx(5, rel=0.15)
    assert "motion" in outside(after(5))
    assert "motion" in outside(after(0.05))
    assert outside(after(1)) == set()


def brightening(steps: Sequence[float]) -> moving.Frames:
    """A flat picture whose gray level grows by ``steps``."""
    levels = 40 + np.cumsum([0.0, *steps])
    return moving.colored(np.tile(levels[:, None, None], (1, 40, 60)))


def test_hand_made_seam_and_flicker() -> None:
    """The clip brightens by 2 a step; the join jumps 6; then +3 and +1 by turns."""
    film = brightening([2] * 20 + [6] + [3, 1] * 10)
    found = measure(film[:21], film[21:])
    assert found.seam == pytest.approx((6 + LEVELS) / (2 + LEVELS), rel=0.01)
    # Nothing moves, so residuals are the steps themselves.
    assert found.seam_residual == pytest.approx(found.seam, rel=0.05)
    assert found.worst_residual == pytest.approx((3 + LEVELS) / (2 + LEVELS), rel=0.05)
    assert found.flicker == pytest.approx((2 + LEVELS) / LEVELS, rel=0.01)
    assert found.freeze == 0


def test_hand_made_freeze() -> None:
    film = brightening([2] * 20 + [2] * 15 + [0] * 5)
    assert measure(film[:21], film[21:]).freeze == pytest.approx(0.25)


def test_hand_made_life() -> None:
    """A walk of 1, 2, 3, 2 pixels goes on, or is pushed on at a steady 2."""
    walk, push = np.tile([1.0, 2.0, 3.0, 2.0], 6), np.full(24, 2.0)

    def after(steps: NDArray[np.float64]) -> Measures:
        places = np.cumsum(np.r_[0.0, walk, steps])
        film = moving.views((float(x), 0.0) for x in places)
        return measure(film[:25], film[25:])

    assert after(walk).life == pytest.approx(1, rel=0.25)  # a median of few
    pushed = after(push)
    assert pushed.motion == pytest.approx(1, rel=0.1)
    assert pushed.life is not None
    assert pushed.life < 0.25
    assert outside(pushed) == {"life"}


def test_hand_made_grain() -> None:
    """Four times the energy where there is nothing but grain, and much detail beside it."""
    draw = np.random.default_rng(0)
    scene = np.zeros((40, 96, 96), np.float64) + 120
    scene[:, :, 24:] += 60 * (np.arange(72) // 3 % 2)
    amount = np.repeat([2.0, 4.0], 20)[:, None, None]
    film = moving.colored(
        np.clip(scene + amount * draw.normal(size=scene.shape), 0, 255)
    )
    found = measure(film[:20], film[20:])
    assert found.grain == pytest.approx(4, rel=0.1)
    assert found.sharpness == pytest.approx(1, abs=0.05)
    assert "grain" in outside(found)


def test_curves_of_a_pan() -> None:
    found = curves(moving.pan(6, 2.0))
    np.testing.assert_allclose(found.speed, 2, rtol=0.1)
    assert np.nanmax(found.turn) < 0.2
    assert len(found.step) == len(found.turn) == len(found.sway) == 5
    assert np.isnan(found.turn[0])
    assert np.isnan(found.sway[-1])


def test_the_plan_decides_what_runs_backwards(
    context: moving.Frames, future: moving.Frames
) -> None:
    forwards = measure(context, future, source_map=list(range(N)))
    backwards = measure(context, future, source_map=list(range(N, 0, -1)))
    unknown = measure(context, future, source_map=[None] * N)
    assert (forwards.rewind, unknown.rewind) == (0, 0)
    assert backwards.rewind == 1
    assert outside(backwards) == {"rewind"}
    beat = measure(context, future, source_map=[20 + t % 20 for t in range(N)])
    assert outside(beat) == {"rhythm"}


def test_a_clip_that_stands_still_may_go_on_standing_still() -> None:
    still = np.repeat(moving.film(1), 48, axis=0)
    flicker = np.random.default_rng(0).integers(0, 2, still.shape) * (
        np.random.default_rng(1).random(still.shape) < 0.02
    )
    coded = (still + flicker).astype(np.uint8)
    for clip in (still, coded):
        measures = measure(clip[:24], clip[24:])
        assert outside(measures) == set()
    moves = moving.film(25)
    assert outside(measure(still[:24], moves[1:])) >= {"seam", "motion"}


@pytest.mark.parametrize("held", [2, 3])
def test_animation_on_twos_is_measured_by_its_drawings(held: int) -> None:
    film = np.repeat(moving.film(40), held, axis=0)
    cut = 20 * held
    measures = measure(film[:cut], film[cut:])
    assert outside(measures) == set()
    assert measures.freeze == pytest.approx(0, abs=0.05)
    # The same join a frame earlier, within a drawing.
    assert outside(measure(film[: cut - 1], film[cut - 1 :])) == set()
    frozen = measure(film[:cut], np.repeat(film[cut - 1 : cut], 40, axis=0))
    assert {"seam", "freeze", "motion"} <= outside(frozen)


def test_only_the_last_shot_is_the_clips_own_behavior() -> None:
    film = moving.pan(48 + N, 0.5)
    wild = moving.pan(48, 6.0, seed=9)
    whole = measure(np.concatenate([wild, film[:48]]), film[48:])
    alone = measure(film[:48], film[48:])
    assert whole.seam == alone.seam
    assert whole.motion == alone.motion


def test_a_context_of_one_frame_says_what_cannot_be_measured() -> None:
    film = moving.film(12)
    measures = measure(film[:1], film[1:])
    verdict = judge(measures)
    assert verdict.passed
    assert set(verdict.unmeasured) == set(BANDS) - {
        "sharpness",
        "sharpness_tail",
        "grain",
        "color_jump",
        "color_drift",
    }
    blurred = measure(film[:1], controls.blur(film[:1], film[1:]))
    assert "sharpness" in outside(blurred)


@pytest.mark.parametrize(("n_context", "n_new"), [(2, 1), (2, 2), (3, 3), (24, 1)])
def test_the_shortest_of_stretches(n_context: int, n_new: int) -> None:
    film = moving.film(n_context + n_new)
    measures = measure(film[:n_context], film[n_context:])
    assert measures.seam is not None
    assert (measures.velocity_jump is None) == (n_context < 3)
    assert (measures.worst_residual is None) == (n_new < 2)
    assert (measures.flicker is None) == (n_context < 3 or n_new < 2)
    assert outside(measures) <= {"flicker", "velocity_jump", "worst_residual"}


def test_same_frames_same_measures(
    context: moving.Frames, future: moving.Frames
) -> None:
    assert measure(context, future) == measure(context, future)
