"""Extending from an earlier point: whole packets are kept, a few frames coded again."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.joins import joined
from tests.media.watching import hear, judged, watch

Made = Callable[..., Path]


@pytest.mark.parametrize("n_keep", [5, 23, 24, 25, 47])
@pytest.mark.parametrize("open_gop", [False, True])
def test_a_cut_anywhere(
    n_keep: int, open_gop: bool, made: Made, tmp_path: Path, ffmpeg: str
) -> None:
    source = made("mp4", n_frames=48, b_frames=3, open_gop=open_gop)
    result, facts = joined(source, tmp_path, n_new=12, n_keep=n_keep)
    before, after = watch(source), watch(result)
    assert facts.mode == "copy"
    assert facts.n_source + facts.n_recoded == n_keep
    assert facts.n_recoded <= 4, "no more than a reordered run of frames"
    assert [f.number for f in after] == list(range(n_keep + 12))
    assert [f.time for f in after[:n_keep]] == [f.time for f in before[:n_keep]]
    n_same = facts.n_source
    assert [f.digest for f in after[:n_same]] == [f.digest for f in before[:n_same]]
    assert judged(ffmpeg, result)[:n_same] == judged(ffmpeg, source)[:n_same]


@pytest.mark.parametrize(
    ("codec", "suffix"), [("libvpx", "webm"), ("libvpx-vp9", "mkv")]
)
def test_a_cut_without_reordering_codes_nothing_again(
    codec: str, suffix: str, made: Made, tmp_path: Path
) -> None:
    source = made(suffix, codec=codec, b_frames=None, n_frames=30)
    result, facts = joined(source, tmp_path, n_new=12, n_keep=17)
    assert (facts.mode, facts.n_source, facts.n_recoded) == ("append", 17, 0)
    assert [f.number for f in watch(result)] == list(range(29))


def test_frames_hidden_at_the_end_stay_hidden(made: Made, tmp_path: Path) -> None:
    source = made("mp4", n_frames=48, hide_tail=7, sound="aac")
    assert [f.number for f in watch(source)] == list(range(41))
    result, facts = joined(source, tmp_path, n_new=12)
    assert facts.n_source + facts.n_recoded == 41
    assert [f.number for f in watch(result)] == list(range(53))


@pytest.mark.parametrize("sound", ["aac", "pcm", "opus"])
def test_the_sound_is_cut_on_whole_packets(
    sound: str, made: Made, tmp_path: Path
) -> None:
    source = made("mov" if sound == "pcm" else "mp4", n_frames=48, sound=sound)
    result, facts = joined(source, tmp_path, n_new=12, n_keep=31)
    before, after = hear(source), hear(result)
    join = Fraction(31, 24)
    assert facts.sound.new_from is not None
    assert join - Fraction(1, 40) < facts.sound.new_from <= join
    n_kept = round((facts.sound.new_from - before.start) * before.rate)
    assert np.array_equal(after.samples[:, :n_kept], before.samples[:, :n_kept])
    # The decoder's window reaches one packet into the silence, and not beyond it.
    later = after.samples[:, n_kept + 1100 :].astype(np.float64)
    assert np.abs(later).max() < 1e-3
    assert after.largest_gap == 0
    assert after.end >= watch(result)[-1].time + Fraction(1, 24)
