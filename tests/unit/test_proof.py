"""The proof's parts tell what they were made to tell: packets, times, samples."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.media.proof import packets, samples, times
from longtake.media.proof.times import Shown

RUN = [bytes([n]) * (n + 3) for n in range(12)]
NEW = [b"new", b"frames"]


def test_a_copied_run_is_identical_and_hashed_as_one_stream() -> None:
    match = packets.compare(RUN, RUN + NEW, 12)
    assert match.identical
    assert match.difference is None
    assert match.share == 1
    assert match.source_sha256 == hashlib.sha256(b"".join(RUN)).hexdigest()


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ([*RUN[:5], b"x" * 8, *RUN[6:], *NEW], "packet 5 differs"),
        ([*RUN[:5], *RUN[6:], *NEW], "packet 5 is missing"),
        ([*RUN[:4], RUN[5], RUN[4], *RUN[6:], *NEW], "4 and 5 have changed places"),
        ([*RUN[:4], b"more", *RUN[4:], *NEW], "stands before packet 4"),
        (RUN[:9], "packet 9 and all after it are missing"),
        ([*RUN[:11], b"x" * 14], "packet 11 differs"),
        ([b"y", b"z", *RUN[2:]], "packet 0 differs, and 1 after it"),
    ],
)
def test_each_difference_is_told_by_name(result: list[bytes], words: str) -> None:
    match = packets.compare(RUN, result, 12)
    assert not match.identical
    assert match.difference is not None
    assert words in match.difference
    assert match.source_sha256 != match.result_sha256
    assert match.share > 0.7


def test_a_stranger_shares_nothing() -> None:
    match = packets.compare(RUN, [b"a", b"b", b"c"], 12)
    assert match.n_same == 0
    assert match.share == 0


@given(st.lists(st.binary(min_size=1, max_size=8), min_size=1, max_size=20), st.data())
def test_any_flipped_bit_is_seen(run: list[bytes], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(run) - 1))
    bit = data.draw(st.integers(0, 8 * len(run[place]) - 1))
    flipped = bytearray(run[place])
    flipped[bit // 8] ^= 1 << bit % 8
    changed = [*run[:place], bytes(flipped), *run[place + 1 :]]
    match = packets.compare(run, changed, len(run))
    assert not match.identical
    assert match.n_same == place


def shown(pts: list[int], base: int) -> Shown:
    return Shown(pts, Fraction(1, base))


def test_times_moved_as_a_whole_are_the_same_times() -> None:
    source, result = shown([0, 40, 80, 130], 1000), shown([7, 47, 87, 137], 1000)
    assert times.shift(source, result, 4)[0] == 0


def test_one_moved_time_is_found() -> None:
    source, result = shown([0, 40, 80, 120], 1000), shown([0, 40, 81, 120], 1000)
    assert times.shift(source, result, 4) == (Fraction(1, 1000), 2)
    assert times.allowed_shift(source, result, 4) == 0


def test_the_last_kept_time_may_not_move_either() -> None:
    source, result = shown([0, 40, 80, 120], 1000), shown([0, 40, 80, 121], 1000)
    assert times.allowed_shift(source, result, 4) == 0


def test_milliseconds_put_on_the_even_grid_are_allowed_a_tick() -> None:
    source = shown([0, 42, 83, 125, 167], 1000)
    result = shown([0, 1000, 2000, 3000, 4000], 24_000)
    shift, _ = times.shift(source, result, 5)
    assert 0 < shift <= times.allowed_shift(source, result, 5) == Fraction(1, 1000)


def test_coarser_ticks_are_allowed_one() -> None:
    source = shown([0, 1001, 2002], 24_000)
    result = shown([0, 42, 83], 1000)
    assert times.shift(source, result, 3)[0] <= times.allowed_shift(source, result, 3)
    assert times.allowed_shift(source, result, 3) == Fraction(1, 1000)


def test_new_frames_keep_the_step() -> None:
    step = Fraction(1, 24)
    assert times.uneven_step(shown([0, 512, 1024, 1536], 12_288), 2, step) is None
    assert times.uneven_step(shown([0, 42, 83, 125, 167], 1000), 1, step) is None
    moved = shown([0, 512, 1025, 1536], 12_288)
    assert times.uneven_step(moved, 2, step) == (2, Fraction(513, 12_288))
    late = shown([0, 512, 1100, 1612], 12_288)
    assert times.uneven_step(late, 2, step) == (2, Fraction(588, 12_288))
    assert times.uneven_step(shown([0, 512], 12_288), 2, step) is None


def test_decoding_times_must_increase() -> None:
    assert list(times.disorder([(0, -2), (3, -1), (1, 0), (5, 5)])) == []
    assert list(times.disorder([(0, 0), (1, 1), (2, 1), (3, 3)])) == [2]
    assert list(times.disorder([(0, 0), (1, 2), (3, 3)])) == [1]
    assert list(times.disorder([(0, None), (1, 1), (2, None), (3, 2)])) == []


def blocks(sound: np.ndarray, *sizes: int) -> Iterator[np.ndarray]:
    at = 0
    for size in sizes:
        yield sound[:, at : at + size]
        at += size


def test_samples_are_compared_however_they_are_cut() -> None:
    sound = np.arange(40, dtype=np.float32).reshape(2, 20)
    heard = samples.compare(blocks(sound, 7, 13), blocks(sound, 4, 4, 12), 20)
    assert (heard.n_compared, heard.n_different, heard.n_missing) == (20, 0, 0)


def test_one_sample_of_one_channel_is_found() -> None:
    sound = np.zeros((2, 20), np.int16)
    other = sound.copy()
    other[1, 13] = 1
    heard = samples.compare(blocks(sound, 20), blocks(other, 6, 14), 20)
    assert (heard.n_different, heard.first_different) == (1, 13)


def test_missing_samples_are_counted() -> None:
    sound = np.zeros((1, 20), np.int16)
    heard = samples.compare(blocks(sound, 5, 15), blocks(sound, 12), 20)
    assert (heard.n_compared, heard.n_missing) == (12, 8)
