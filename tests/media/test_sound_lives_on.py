"""Sound behind the join: texture goes on, all else fades, in every codec; no click."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from longtake.media.join.sound_codec import from_float, to_float
from longtake.media.sound.character import level_db
from longtake.media.verify import prove
from tests.joins import joined
from tests.media.watching import Heard, hear, judged, watch

Made = Callable[..., Path]

LEVEL_S = 0.25
SMALL = {"size": (160, 96), "n_frames": 72, "texture": True}


def sides(before: Heard, after: Heard) -> tuple[np.ndarray, np.ndarray]:
    """The source's sound and what follows it in the result, full scale 1."""
    n_same = before.samples.shape[1]
    assert np.array_equal(after.samples[:, :n_same], before.samples)
    name = {"i": "s16", "f": "flt"}[after.samples.dtype.kind]
    if after.samples.dtype == np.int32:
        name = "s32"
    sound = to_float(after.samples, name)
    return sound[:, :n_same], sound[:, n_same:]


def largest_step(sound: np.ndarray) -> float:
    return float(np.abs(np.diff(sound, axis=1)).max())


@pytest.mark.parametrize(
    "case",
    [
        ("aac", "mp4", 2, 48_000),
        ("aac", "mp4", 6, 48_000),
        ("aac", "mkv", 1, 22_050),
        ("aac", "mp4", 1, 8_000),
        ("mp3", "mp4", 2, 44_100),
        ("opus", "mkv", 2, 48_000),
        ("pcm", "mov", 2, 48_000),
        ("flac", "mkv", 2, 48_000),
        ("alac", "mov", 2, 44_100),
        ("ac3", "mp4", 2, 48_000),
        ("mp2", "mkv", 2, 48_000),
        ("aac", "ts", 2, 48_000),
    ],
)
def test_texture_goes_on_in_every_codec(
    case: tuple[str, str, int, int], made: Made, tmp_path: Path, ffmpeg: str
) -> None:
    sound, suffix, channels, rate = case
    source = made(suffix, sound=sound, channels=channels, sound_rate=rate, **SMALL)
    result, facts = joined(source, tmp_path, sound=None)
    assert (facts.sound.mode, facts.sound.reason) == ("copied", None)
    told = facts.sound.made
    assert told is not None
    assert (told.mode, told.reason) == ("continue", "it is texture")
    before, after = hear(source), hear(result)
    own, new = sides(before, after)
    assert facts.sound.new_from is not None
    at = round((facts.sound.new_from - after.start) * rate)
    at -= facts.sound.n_hidden_samples  # which were not heard before
    whole, count = np.concatenate([own, new], axis=1), round(LEVEL_S * rate)
    change = level_db(whole[:, at : at + count]) - level_db(whole[:, at - count : at])
    assert abs(change) < 0.5
    assert told.change_db == pytest.approx(change, abs=0.15)
    join = np.concatenate([own[:, -200:], new[:, :4000]], axis=1)
    assert largest_step(join) <= 1.1 * largest_step(own)
    for at in range(0, new.shape[1] - rate // 2, rate // 4):
        assert abs(level_db(new[:, at : at + rate // 2]) - level_db(own)) < 4
    assert after.largest_gap <= (48 if suffix == "mkv" else 1)
    assert after.end >= watch(result, numbers=False)[-1].time
    assert not prove(result, source, whole=True).failures
    assert judged(ffmpeg, result, "a:0")


@pytest.mark.parametrize("sound", ["aac", "mp3", "flac"])
def test_music_fades_and_then_is_silent(
    sound: str, made: Made, tmp_path: Path, ffmpeg: str
) -> None:
    suffix = "mkv" if sound == "flac" else "mp4"
    source = made(suffix, sound=sound, **(SMALL | {"texture": False}))
    result, facts = joined(source, tmp_path, sound=None)
    assert facts.sound.made is not None
    assert facts.sound.made.mode == "fade"
    assert facts.sound.made.measured is not None
    assert facts.sound.made.measured.tonal_share > 0.9
    own, new = sides(hear(source), hear(result))
    rate = hear(source).rate
    tenths = [
        level_db(new[:, at : at + rate // 10])
        for at in range(0, new.shape[1] - rate // 10, rate // 10)
    ]
    last = level_db(own[:, -rate // 10 :])
    assert tenths[0] < last + 1, "it does not swell"
    assert all(b < a for a, b in pairwise(tenths[:5]))
    assert max(tenths[6:]) < -70
    join = np.concatenate([own[:, -200:], new[:, :4000]], axis=1)
    assert largest_step(join) <= 1.2 * largest_step(own)
    assert judged(ffmpeg, result, "a:0")


def test_a_wish_is_obeyed(made: Made, tmp_path: Path) -> None:
    wind = made("mp4", sound="aac", **SMALL)
    _, silent = joined(wind, tmp_path, sound="silent")
    _, fading = joined(wind, tmp_path, sound="fade")
    music = made("mp4", sound="aac", **(SMALL | {"texture": False}))
    _, going = joined(music, tmp_path, sound="continue")
    for facts, mode in ((silent, "silent"), (fading, "fade"), (going, "continue")):
        told = facts.sound.made
        assert told is not None
        assert (told.mode, told.reason) == (mode, "it was asked for")


def test_sound_that_is_over_before_its_picture_stays_so(
    made: Made, tmp_path: Path
) -> None:
    source = made("mp4", sound="aac", sound_seconds=Fraction(2), **SMALL)
    _, facts = joined(source, tmp_path, n_new=12, sound=None)
    assert facts.sound.made is not None
    assert facts.sound.made.mode == "silent"
    assert "before its picture" in facts.sound.made.reason


def test_the_same_seed_makes_the_same_sound(made: Made, tmp_path: Path) -> None:
    source = made("mp4", sound="aac", **SMALL)
    heard = []
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        (tmp_path / name).mkdir()
        result, _ = joined(source, tmp_path / name, seed=seed, n_new=24, sound=None)
        heard.append(hear(result).samples)
    assert np.array_equal(heard[0], heard[1])
    assert not np.array_equal(heard[0], heard[2])


def test_nothing_repeats_at_a_fixed_period(made: Made, tmp_path: Path) -> None:
    """Eight seconds from three: no lag at which the new sound is itself again."""
    source = made("mov", sound="pcm", channels=1, **SMALL)
    result, _ = joined(source, tmp_path, n_new=192, sound=None)
    own, new = sides(hear(source), hear(result))
    assert repeats(new[0]) < 0.35
    loop = np.tile(own[0, :72_000], 6)
    assert repeats(loop) > 0.8, "a loop is told by the same measure"


def repeats(sound: np.ndarray, rate: int = 48_000) -> float:
    """The largest autocorrelation at a lag of 0.2 s to half the length, normalized."""
    spectrum = np.abs(np.fft.rfft(sound, 2 * len(sound))) ** 2
    whole = np.fft.irfft(spectrum)[: len(sound) // 2]
    share = 1 - np.arange(len(whole)) / len(sound)
    return float((whole / whole[0] / share)[rate // 5 :].max())


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("mdn_stream-of-water.mp4", "continue"),
        ("imageio_realshort.mp4", "fade"),
    ],
)
def test_real_sound_lives_on_or_fades(
    name: str, mode: str, clips_dir: Path, tmp_path: Path
) -> None:
    """Water is texture and goes on as loud; what a phone heard fades without a click."""
    source = clips_dir / name
    result, facts = joined(source, tmp_path, n_new=120, sound=None)
    assert facts.sound.made is not None
    assert facts.sound.made.mode == mode
    before = hear(source)
    own, new = sides(before, hear(result))
    count = round(LEVEL_S * before.rate)
    levels = [
        level_db(new[:, at : at + count])
        for at in range(0, new.shape[1] - count, count)
    ]
    change = levels[0] - level_db(own[:, -count:])
    join = np.concatenate([own[:, -200:], new[:, :4000]], axis=1)
    assert largest_step(join) <= largest_step(own)
    if mode == "continue":
        assert abs(change) < 1
        assert np.ptp(levels) < 4
        assert repeats(new[0], before.rate) < 0.35
    else:
        assert change < 1, "it does not swell"
        assert max(levels[2:]) < -70


@pytest.mark.parametrize(("n_keep", "only_new"), [(48, False), (48, True), (72, True)])
def test_a_cut_goes_on_without_a_step(
    n_keep: int, *, only_new: bool, made: Made, tmp_path: Path
) -> None:
    source = made("mp4", sound="aac", **SMALL)
    handles = 12 if only_new else 0
    result, facts = joined(
        source, tmp_path, n_keep=n_keep, only_new=only_new, handles=handles, sound=None
    )
    assert facts.sound.made is not None
    assert facts.sound.made.mode == "continue"
    assert facts.sound.new_from is not None
    after = hear(result)
    at = round((facts.sound.new_from - after.start) * after.rate)
    count = round(LEVEL_S * after.rate)
    own, new = after.samples[:, :at], after.samples[:, at:]
    assert abs(level_db(new[:, :count]) - level_db(own[:, -count:])) < 0.5
    assert largest_step(new[:, :4000]) <= 1.1 * largest_step(own)


def test_five_joins_keep_the_level(made: Made, tmp_path: Path) -> None:
    source = made("mp4", sound="aac", **SMALL)
    result = source
    for turn in range(5):
        (tmp_path / str(turn)).mkdir()
        result, facts = joined(result, tmp_path / str(turn), n_new=24, sound=None)
        told = facts.sound.made
        assert told is not None
        assert told.mode == "continue"
        assert told.measured is not None
        assert told.measured.seconds == pytest.approx(3, abs=0.1), "of the original"
        assert told.change_db is not None
        assert abs(told.change_db) < 1
    own, new = sides(hear(source), hear(result))
    for at in range(0, new.shape[1] - 48_000, 24_000):
        assert abs(level_db(new[:, at : at + 48_000]) - level_db(own)) < 3


def test_coded_again_it_lives_on_too(made: Made, tmp_path: Path) -> None:
    source = made("avi", codec="mpeg4", b_frames=None, sound="pcm", **SMALL)
    result, facts = joined(source, tmp_path, sound=None)
    assert (facts.sound.mode, facts.sound.codec) == ("lossless", "flac")
    assert facts.sound.made is not None
    assert facts.sound.made.mode == "continue"
    own, new = sides(hear(source), hear(result))
    assert abs(level_db(new[:, :12_000]) - level_db(own[:, -12_000:])) < 0.2
    assert hear(result).end >= watch(result, numbers=False)[-1].time


def test_silence_stays_silence(made: Made, tmp_path: Path) -> None:
    source = made("mp4", sound="aac", **SMALL)
    quiet, _ = joined(source, tmp_path, sound="silent", n_new=48)
    (tmp_path / "again").mkdir()
    result, facts = joined(quiet, tmp_path / "again", n_new=24, sound=None)
    assert facts.sound.made is not None
    assert facts.sound.made.mode == "silent"
    assert "come to its end" in facts.sound.made.reason
    _, new = sides(hear(quiet), hear(result))
    assert np.abs(new).max() < 1e-3


@pytest.mark.parametrize("name", ["u8", "s16", "s32", "flt", "dbl"])
def test_samples_of_every_type_there_and_back(name: str) -> None:
    sound = np.array([[-1.0, -0.5, 0.0, 0.25, 0.99]])
    step = {"u8": Fraction(1, 128), "s16": Fraction(1, 32768)}.get(
        name, Fraction(1, 10**6)
    )
    assert np.abs(to_float(from_float(sound, name), name) - sound).max() <= step
    loud = to_float(from_float(3 * sound, name), name)
    assert np.abs(loud).max() <= (3 if name in {"flt", "dbl"} else 1)


def test_sound_of_no_numbers_harms_nothing(tmp_path: Path, made: Made) -> None:
    """Samples that are infinite or no number, as a hostile file may have them."""
    source = tmp_path / "wild.mov"
    data = bytearray(made("mov", sound="pcm_f32le", channels=1, **SMALL).read_bytes())
    source.write_bytes(data)
    with av.open(str(source)) as container:
        packets = [p for p in container.demux(audio=0) if p.size]
    wild = np.array([np.nan, np.inf, -np.inf, 1e38], np.float32).tobytes()
    for packet in packets[-4:]:
        assert packet.pos is not None
        data[packet.pos : packet.pos + packet.size] = wild * (packet.size // len(wild))
    source.write_bytes(data)
    result, facts = joined(source, tmp_path, n_new=12, sound="continue")
    assert facts.sound.made is not None
    n_same = hear(source).samples.shape[1]
    assert np.isfinite(hear(result).samples[:, n_same:]).all()
