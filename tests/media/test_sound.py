"""Sound: silent packets in every codec, and what cannot be gone on with coded again."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from longtake.media.join.silence import NoSilence, silence_for
from longtake.media.join.sound import opus_samples
from tests.joins import joined
from tests.media.watching import hear, watch
from tests.scene import chirp

Made = Callable[..., Path]


@pytest.mark.parametrize(
    ("sound", "suffix", "channels", "n_samples"),
    [
        ("aac", "mp4", 1, 1024),
        ("aac", "mp4", 2, 1024),
        ("aac", "mp4", 6, 1024),
        ("mp3", "mp4", 2, 1152),
        ("opus", "mkv", 1, 960),
        ("opus", "mkv", 6, 960),
        ("ac3", "mp4", 6, 1536),
        ("eac3", "mp4", 2, 1536),
        ("alac", "mov", 2, 4096),
        ("flac", "mkv", 2, 4608),
        ("mp2", "ts", 2, 1152),
        ("pcm", "mov", 2, 1024),
    ],
)
def test_silence_in_every_codec(
    sound: str, suffix: str, channels: int, n_samples: int, made: Made
) -> None:
    path = made(suffix, n_frames=12, sound=sound, channels=channels)
    with av.open(str(path)) as container:
        silence = silence_for(container.streams.audio[0])
    assert silence.n_samples == n_samples


def test_what_has_no_silence_says_why(tmp_path: Path, ffmpeg: str) -> None:
    path = sounding(tmp_path / "vorbis.mkv", ffmpeg, "-c:a", "libvorbis")
    with (
        av.open(str(path)) as container,
        pytest.raises(NoSilence, match="cannot be made for vorbis"),
    ):
        silence_for(container.streams.audio[0])


def sounding(path: Path, ffmpeg: str, *options: str) -> Path:
    """Two seconds of picture and of a tone, with ``options`` for the sound."""
    command = [ffmpeg, "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=160x96:r=25:d=2"]
    command += ["-f", "lavfi", "-i", "sine=500:r=44100:d=2", "-c:v", "libx264"]
    subprocess.run([*command, *options, str(path)], check=True, timeout=60)
    return path


@pytest.mark.parametrize(
    ("config", "code", "samples"),
    [
        (0, 0, 480),
        (3, 0, 2880),
        (9, 1, 1920),
        (13, 0, 960),
        (16, 0, 120),
        (31, 2, 1920),
    ],
)
def test_samples_of_an_opus_packet(config: int, code: int, samples: int) -> None:
    assert opus_samples(bytes([config << 3 | code, 0])) == samples


def test_samples_of_an_opus_packet_of_several_frames() -> None:
    assert opus_samples(bytes([31 << 3 | 3, 3])) == 2880
    assert opus_samples(b"") == 0


@pytest.mark.parametrize(
    ("suffix", "codec", "became"),
    [
        ("mkv", "libvorbis", "aac"),
        ("webm", "libvorbis", "opus"),
        ("mkv", "dca", "aac"),
    ],
)
def test_coded_again_it_stays_in_time(
    suffix: str, codec: str, became: str, tmp_path: Path, ffmpeg: str
) -> None:
    options = ["-c:a", codec, "-strict", "-2"]
    if suffix == "webm":
        options += ["-c:v", "libvpx"]
    source = sounding(tmp_path / f"source.{suffix}", ffmpeg, *options)
    result, facts = joined(source, tmp_path, n_new=25)
    assert (facts.sound.mode, facts.sound.codec) == ("re-encoded", became)
    assert facts.sound.reason is not None
    before, after = hear(source), hear(result)
    shift = round((before.start - after.start) * after.rate)
    tone = after.samples[0].astype(np.float64)
    span = slice(after.rate // 2, after.rate)
    expected = np.interp(
        np.arange(after.rate * 2) / after.rate,
        np.arange(before.samples.shape[1]) / before.rate,
        before.samples[0].astype(np.float64),
    )
    worst = np.abs(np.roll(tone, -shift)[span] - expected[span]).max()
    assert worst < 0.1 * np.abs(expected[span]).max()
    assert np.abs(tone[int(2.2 * after.rate) :]).max() < 1e-3
    assert after.end >= watch(result, numbers=False)[-1].time + Fraction(1, 25)


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_sound_that_begins_late_begins_as_late(
    suffix: str, tmp_path: Path, ffmpeg: str
) -> None:
    plain = sounding(tmp_path / f"plain.{suffix}", ffmpeg, "-c:a", "aac")
    source = tmp_path / f"late.{suffix}"
    command = [ffmpeg, "-v", "error", "-i", str(plain), "-itsoffset", "0.5"]
    command += ["-i", str(plain), "-map", "0:v", "-map", "1:a", "-c", "copy"]
    subprocess.run([*command, str(source)], check=True, timeout=60)
    result, facts = joined(source, tmp_path, n_new=25)
    before, after = hear(source), hear(result)
    assert before.start > Fraction(2, 5)
    assert after.start == before.start
    n_same = before.samples.shape[1]
    assert np.array_equal(after.samples[:, :n_same], before.samples)
    assert facts.sound.mode == "copied"
    assert after.largest_gap <= max(before.largest_gap, 44)
    assert watch(result)[0].time == watch(source)[0].time


def test_lossless_sound_stays_lossless_in_another_container(
    made: Made, tmp_path: Path
) -> None:
    source = made("avi", codec="mpeg4", b_frames=None, n_frames=24, sound="pcm")
    result, facts = joined(source, tmp_path, n_new=12)
    assert (facts.sound.mode, facts.sound.codec) == ("lossless", "flac")
    before, after = hear(source), hear(result)
    assert np.array_equal(after.samples[:, : before.samples.shape[1]], before.samples)
    wanted = np.rint(chirp(0, 4000, 48_000, 2) * 32768)
    assert np.abs(after.samples[:, :4000] - wanted).max() <= 1
    assert not after.samples[:, before.samples.shape[1] :].any()
