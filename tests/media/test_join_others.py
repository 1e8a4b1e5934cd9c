"""Joins that are no copy: appended, encoded again, or the new frames alone."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from longtake.media.probe import probe
from tests.joins import joined
from tests.media.watching import hear, judged, watch

Made = Callable[..., Path]

APPENDED: dict[str, tuple[str, dict[str, Any]]] = {
    "vp8 webm": ("webm", {"codec": "libvpx", "sound": "opus"}),
    "vp9 webm": ("webm", {"codec": "libvpx-vp9", "sound": "opus"}),
    "vp9 mp4": ("mp4", {"codec": "libvpx-vp9", "sound": "aac"}),
    "av1 ten bits": ("mkv", {"codec": "libsvtav1", "pix_fmt": "yuv420p10le"}),
    "av1 mp4": ("mp4", {"codec": "libsvtav1"}),
    "av1 webm": ("webm", {"codec": "libsvtav1", "rate": Fraction(30000, 1001)}),
    "vp8 with hidden references": (
        "webm",
        {
            "codec": "libvpx",
            "options": {"auto-alt-ref": "1", "lag-in-frames": "16", "deadline": "good"},
        },
    ),
}


@pytest.mark.parametrize("case", APPENDED)
def test_appended(case: str, made: Made, tmp_path: Path, ffmpeg: str) -> None:
    suffix, fields = APPENDED[case]
    source = made(suffix, n_frames=40, b_frames=None, **fields)
    result, facts = joined(source, tmp_path, n_new=20)
    assert (facts.mode, facts.reason, facts.n_recoded) == ("append", None, 0)
    assert result.suffix == f".{suffix}"
    before, after = watch(source), watch(result)
    assert [f.number for f in after] == list(range(60))
    assert [(f.time, f.digest) for f in after[:40]] == [
        (f.time, f.digest) for f in before
    ]
    assert judged(ffmpeg, result)[:40] == judged(ffmpeg, source)
    if "sound" in fields:
        same = hear(source).samples
        assert facts.sound.mode == "copied"
        assert np.array_equal(hear(result).samples[:, : same.shape[1]], same)


RECODED: dict[str, tuple[str, dict[str, Any], str]] = {
    "mpeg-4 avi": ("avi", {"codec": "mpeg4", "b_frames": None}, "mpeg4 in avi"),
    "mjpeg": ("mov", {"codec": "mjpeg", "b_frames": None, "pix_fmt": "yuvj422p"}, ""),
    "prores": (
        "mov",
        {"codec": "prores_ks", "b_frames": None, "pix_fmt": "yuv422p10le"},
        "prores",
    ),
    "hevc": ("mp4", {"codec": "libx265", "b_frames": None}, "hevc"),
    "transport stream": ("ts", {"sound": "mp2"}, "mpegts"),
    "4:4:4": ("mp4", {"pix_fmt": "yuv444p"}, "4:2:0"),
    "interlaced": ("mp4", {"interlaced": True, "size": (320, 192)}, "interlaced"),
    "odd size": (
        "avi",
        {"codec": "mpeg4", "b_frames": None, "size": (321, 181)},
        "mpeg4",
    ),
    "high dynamic range": (
        "mp4",
        {
            "codec": "libx265",
            "b_frames": None,
            "pix_fmt": "yuv420p10le",
            "color": (9, 1, 9, 16),
        },
        "HDR",
    ),
    "two edits": (
        "mp4",
        {"edit_list": ((1000, 1024), (500, 13312))},
        "several stretches",
    ),
}


@pytest.mark.parametrize("case", RECODED)
@pytest.mark.slow
def test_encoded_again(case: str, made: Made, tmp_path: Path, ffmpeg: str) -> None:
    suffix, fields, reason = RECODED[case]
    source = made(suffix, **({"n_frames": 30} | fields))
    result, facts = joined(source, tmp_path, n_new=10)
    assert facts.mode == "re-encode"
    assert facts.reason is not None
    assert reason in facts.reason
    before, after = watch(source), watch(result)
    assert facts.n_recoded == len(before)
    assert [f.number for f in after[: len(before)]] == [f.number for f in before]
    assert [f.number for f in after[-10:]] == [len(before) + n for n in range(10)]
    steps = [b.time - a.time for a, b in pairwise(before)]
    assert [b.time - a.time for a, b in pairwise(after)][: len(steps)] == steps
    if suffix == "ts":  # it begins anywhere; sound and picture stay together
        zero = min(before[0].time, hear(source).start)
        assert after[0].time == before[0].time - zero
    else:
        assert after[0].time == before[0].time
    assert len(judged(ffmpeg, result)) == len(before) + 10
    assert facts.psnr_db is not None
    assert facts.psnr_db > 36
    clip = probe(result)
    assert clip.video.codec == "h264"
    assert (clip.video.width % 2, clip.video.height % 2) == (0, 0)


def test_what_no_encoder_here_makes_is_encoded_again(
    tmp_path: Path, ffmpeg: str
) -> None:
    source = tmp_path / "deep.webm"
    command = [ffmpeg, "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=160x96:d=1"]
    command += [
        "-c:v",
        "libvpx-vp9",
        "-pix_fmt",
        "yuv420p10le",
        "-speed",
        "8",
        str(source),
    ]
    subprocess.run(command, check=True, timeout=60)
    result, facts = joined(source, tmp_path, n_new=5)
    assert facts.mode == "re-encode"
    assert facts.reason == "no vp9 encoder here makes yuv420p10le"
    assert len(watch(result)) == 30


def test_the_ratio_of_a_full_encode_is_that_of_its_frames(
    made: Made, tmp_path: Path
) -> None:
    source = made("avi", codec="mpeg4", b_frames=None, n_frames=30)
    result, facts = joined(source, tmp_path, n_new=5)
    error, count = 0.0, 0
    with av.open(str(source)) as ours, av.open(str(result)) as theirs:
        for a, b in zip(ours.decode(video=0), theirs.decode(video=0), strict=False):
            luma = [f.to_ndarray()[: f.height].astype(float) for f in (a, b)]
            error += float(((luma[0] - luma[1]) ** 2).sum())
            count += luma[0].size
    expected = 10 * np.log10(255**2 * count / error)
    assert facts.psnr_db == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("handles", [0, 12])
def test_the_new_frames_alone(handles: int, made: Made, tmp_path: Path) -> None:
    source = made("mov", n_frames=48, sound="pcm", rotation=180)
    result, facts = joined(source, tmp_path, n_new=24, only_new=True, handles=handles)
    assert (facts.mode, facts.n_source, facts.n_recoded) == ("new-only", 0, handles)
    assert result.suffix == ".mp4"
    found = watch(result)
    assert [f.number for f in found] == list(range(48 - handles, 72))
    assert [f.time for f in found] == [Fraction(n, 24) for n in range(handles + 24)]
    assert probe(result).video.rotation == 180
    sound, whole = hear(result), hear(source)
    n_before = handles * sound.rate // 24
    assert sound.start == 0
    begin = whole.samples.shape[1] - n_before
    assert np.array_equal(sound.samples[:, :n_before], whole.samples[:, begin:])
    assert not sound.samples[:, n_before:].any()
    assert sound.end >= Fraction(handles + 24, 24)
