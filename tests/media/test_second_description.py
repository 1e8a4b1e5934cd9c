"""A file whose parameter sets change by its sample descriptions, not in its packets."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import pytest

from longtake.media.h264 import CopyRefused
from longtake.media.join.copy import Copy
from longtake.media.join.schedule import Schedule
from longtake.media.source import open_source
from longtake.media.timeline import Timeline
from tests import boxes, clips

_TABLES = "moov/trak/mdia/minf/stbl/"
_LEVEL = 3  # byte of an avcC


def describe_twice(path: Path) -> None:
    """Give the second half of the file's chunks a sample description of their own.

    It differs in the level it states, in the avcC and in its SPS.
    """
    stsd = boxes.payload(path, _TABLES + "stsd")
    entry = bytearray(stsd[8:])
    record = entry.find(b"avcC") + 4
    entry[record + _LEVEL] = entry[record + 8 + _LEVEL] = 62
    content = stsd[:4] + struct.pack(">I", 2) + stsd[8:] + bytes(entry)
    boxes.replace(path, _TABLES + "stsd", content)
    n_chunks = struct.unpack_from(">I", boxes.payload(path, _TABLES + "stco"), 4)[0]
    stsc = boxes.payload(path, _TABLES + "stsc")
    runs = list(struct.iter_unpack(">III", stsc[8:]))
    chunks = [
        (number, [run for run in runs if run[0] <= number][-1][1])
        for number in range(1, n_chunks + 1)
    ]
    rows = [
        struct.pack(">III", number, n_samples, 2 if number > n_chunks // 2 else 1)
        for number, n_samples in chunks
    ]
    boxes.replace(
        path, _TABLES + "stsc", struct.pack(">II", 0, len(rows)) + b"".join(rows)
    )


@pytest.mark.parametrize("twice", [False, True])
def test_a_second_sample_description_is_no_copy(twice: bool, tmp_path: Path) -> None:
    path = clips.make(tmp_path / "source.mp4", n_frames=48, sound="aac")
    if twice:
        describe_twice(path)
    with open_source(path) as container:
        stream = container.streams.video[0]
        timeline = Timeline.read(stream)
        assert len(timeline.shown) == 48
    with open_source(path) as container:
        stream = container.streams.video[0]
        assert isinstance(stream, av.VideoStream)
        schedule = Schedule(
            kept=timeline.shown, n_new=1, rate=Fraction(24), tick=timeline.tick
        )
        if not twice:
            Copy(path, stream, timeline, schedule, timeline.cut(48))
            return
        with pytest.raises(CopyRefused, match="parameter sets change"):
            Copy(path, stream, timeline, schedule, timeline.cut(48))
