"""The join by copy: the source's frames and samples bit for bit, and the new ones behind."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from longtake.media.join import Joined
from tests.joins import joined
from tests.media.watching import decoding_times, hear, judged, watch

Made = Callable[..., Path]

NTSC = Fraction(24000, 1001)
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "24": ("mp4", {}),
    "23.976 aac": ("mp4", {"rate": NTSC, "sound": "aac"}),
    "25 mp3": ("mp4", {"rate": Fraction(25), "sound": "mp3", "sound_rate": 44_100}),
    "30 opus": ("mp4", {"rate": Fraction(30), "sound": "opus"}),
    "29.97 without B frames": ("mp4", {"rate": Fraction(30000, 1001), "b_frames": 0}),
    "varying": ("mp4", {"vfr": True, "sound": "aac"}),
    "many B frames": ("mp4", {"b_frames": 7, "gop": 60}),
    "mov pcm": ("mov", {"sound": "pcm", "rate": Fraction(25)}),
    "mov alac": ("mov", {"sound": "alac"}),
    "mkv": ("mkv", {"sound": "aac"}),
    "mkv flac": ("mkv", {"sound": "flac", "rate": NTSC}),
    "mkv varying opus": ("mkv", {"sound": "opus", "vfr": True}),
    "mkv pcm": ("mkv", {"sound": "pcm"}),
    "fragmented": (
        "mp4",
        {"movflags": "frag_keyframe+empty_moov+default_base_moof", "sound": "aac"},
    ),
    "open GOP": ("mp4", {"open_gop": True, "sound": "aac"}),
    "turned": ("mp4", {"rotation": 90}),
    "wide pixels": ("mp4", {"pixel_aspect": Fraction(4, 3)}),
    "begins late": ("mp4", {"start": Fraction(1, 2), "sound": "aac"}),
    "hidden head": ("mp4", {"hide_head": 7, "sound": "aac"}),
    "short sound": ("mp4", {"sound": "aac", "sound_seconds": Fraction(1)}),
    "long sound": ("mp4", {"sound": "aac", "sound_seconds": Fraction(7, 2)}),
    "5.1": ("mp4", {"sound": "aac", "channels": 6}),
    "mono ac3": ("mp4", {"sound": "ac3", "channels": 1}),
    "eac3": ("mp4", {"sound": "eac3"}),
    "ten bits": ("mp4", {"pix_fmt": "yuv420p10le"}),
    "full range": ("mp4", {"pix_fmt": "yuvj420p", "color": (1, 2, 1, 1)}),
    "timescale 600": ("mov", {"time_base": Fraction(1, 600)}),
    "nine frames": ("mp4", {"n_frames": 9, "sound": "aac"}),
}
N_NEW = 30


@pytest.mark.parametrize("case", CASES)
def test_a_copy(case: str, made: Made, tmp_path: Path, ffmpeg: str) -> None:
    suffix, fields = CASES[case]
    source = made(suffix, **({"n_frames": 48} | fields))
    result, facts = joined(source, tmp_path, n_new=N_NEW)
    assert (facts.mode, facts.reason) == ("copy", None)
    assert facts.n_recoded == 0
    check_pictures(source, result, facts)
    check_sound(source, result, facts)
    theirs, ours = judged(ffmpeg, source), judged(ffmpeg, result)
    assert ours[: len(theirs)] == theirs
    assert len(ours) == len(theirs) + N_NEW


def check_pictures(source: Path, result: Path, facts: Joined) -> None:
    """Frames of the source at their times, then the new ones one step apart."""
    before, after = watch(source), watch(result)
    n_kept = facts.n_source + facts.n_recoded
    assert len(after) == n_kept + facts.n_new
    assert [f.digest for f in after[: facts.n_source]] == [
        f.digest for f in before[: facts.n_source]
    ]
    assert [f.time for f in after[:n_kept]] == [f.time for f in before[:n_kept]]
    numbers = [f.number for f in before[:n_kept]] + [
        n_kept + n for n in range(facts.n_new)
    ]
    assert [f.number for f in after] == numbers
    dts = decoding_times(result)
    assert dts == sorted(set(dts))
    tick = Fraction(1, 1000) if facts.container in {"matroska", "webm"} else 0
    times = [f.time for f in after[n_kept - 1 :]]
    for at, time in enumerate(times):
        assert abs(time - times[0] - at / facts.rate) <= max(tick, Fraction(1, 12_000))


def check_sound(source: Path, result: Path, facts: Joined) -> None:
    """Samples of the source in their places, then silence to the end, without a gap."""
    if facts.sound.mode == "none":
        return
    before, after = hear(source), hear(result)
    assert facts.sound.mode == "copied"
    assert after.start == before.start
    n_same = before.samples.shape[1]
    assert np.array_equal(after.samples[:, :n_same], before.samples)
    tick = after.rate // 1000 if facts.container == "matroska" else 0
    assert after.largest_gap <= max(before.largest_gap, tick)
    assert after.end >= watch(result, numbers=False)[-1].time
    if facts.sound.n_new_samples:
        tail = after.samples[:, -facts.sound.n_new_samples // 2 :]
        assert np.abs(tail.astype(np.float64)).max() < 1e-3
