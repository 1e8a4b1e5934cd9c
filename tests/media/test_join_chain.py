"""A join of a join of a join: nothing drifts, multiplies or grows."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests import boxes
from tests.joins import joined
from tests.media.watching import hear, judged, watch

Made = Callable[..., Path]

N_JOINS, N_NEW = 10, 7


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_ten_joins(suffix: str, made: Made, tmp_path: Path, ffmpeg: str) -> None:
    rate = Fraction(30000, 1001)
    source = made(suffix, n_frames=24, rate=rate, sound="aac", size=(160, 96))
    result = source
    for turn in range(N_JOINS):
        folder = tmp_path / str(turn)
        folder.mkdir()
        result, facts = joined(result, folder, n_new=N_NEW)
        assert (facts.mode, facts.n_recoded) == ("copy", 0)
    first, last = watch(source), watch(result)
    assert [f.number for f in last] == list(range(24 + N_JOINS * N_NEW))
    assert [(f.time, f.digest) for f in last[:24]] == [
        (f.time, f.digest) for f in first
    ]
    tick = Fraction(1, 1000) if suffix == "mkv" else Fraction(0)
    for rank, frame in enumerate(last):
        assert abs(frame.time - first[0].time - rank / rate) <= tick
    sound, whole = hear(source), hear(result)
    assert np.array_equal(whole.samples[:, : sound.samples.shape[1]], sound.samples)
    assert whole.largest_gap <= (48 if suffix == "mkv" else 0)
    assert whole.end - last[-1].time < Fraction(1, 10), "it ends with the picture"
    assert len(judged(ffmpeg, result)) == len(last)
    if suffix == "mp4":
        for track in range(2):
            elst = boxes.payload(result, "moov/trak/edts/elst", track)
            assert elst[4:8] == b"\0\0\0\1"
            stsd = boxes.payload(result, "moov/trak/mdia/minf/stbl/stsd", track)
            assert stsd[4:8] == b"\0\0\0\1"
        entry = "moov/trak/mdia/minf/stbl/stsd/avc1/avcC"
        assert boxes.payload(result, entry) == boxes.payload(source, entry)
