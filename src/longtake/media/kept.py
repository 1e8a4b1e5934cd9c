"""Frames of the source that have to be coded again, as their decoder gives them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path

import av
import av.error
from av.container import InputContainer
from av.stream import Discard

from longtake.errors import ClipUnreadable
from longtake.media.source import open_source, translated
from longtake.media.timeline import Timeline


def kept_frames(
    path: Path, index: int, timeline: Timeline, *, first: int, stop: int
) -> Iterator[av.VideoFrame]:
    """The shown frames of ranks ``first`` to ``stop`` - 1 of stream ``index``, every one.

    In the source's own pixel format. Where the decoder leaves one out (damage), the one
    before it stands in, so that the count and the times stay. Raises ClipUnreadable where
    there is none before.
    """
    if first >= stop:
        return
    rank, last = first, None
    for frame, found in _ranked(path, index, timeline, first):
        while last is not None and rank < min(found, stop):
            yield last
            rank += 1
        if rank >= stop:
            return
        if found == rank:
            yield frame
            rank, last = rank + 1, frame
    if last is None and rank < stop:
        raise ClipUnreadable(
            f"{path.name} has a damaged passage where its frames are needed; convert it "
            "with another program first."
        )
    for _ in range(rank, stop):
        assert last is not None
        yield last


def _ranked(
    path: Path, index: int, timeline: Timeline, first: int
) -> Iterator[tuple[av.VideoFrame, int]]:
    """Decoded frames with their ranks, from ``first`` or a little before."""
    with open_source(path) as container:
        stream = container.streams[index]
        assert isinstance(stream, av.VideoStream)
        for other in container.streams:
            other.discard = Discard.default if other is stream else Discard.all
        start = next(timeline.starts(first)) if first else 0
        if start:
            packet = timeline.packets[start]
            at = packet.pts if packet.dts is None else packet.dts
            container.seek(at, stream=stream)
        stream.thread_type = "AUTO"
        count = 0
        for frame in _decoded(container, stream, path):
            if timeline.exact and frame.pts is not None:
                rank = bisect_left(timeline.shown, frame.pts)
                if timeline.shown[rank : rank + 1] == (frame.pts,):
                    yield frame, rank
            else:
                yield frame, count
                count += 1


def _decoded(
    container: InputContainer, stream: av.VideoStream, path: Path
) -> Iterator[av.VideoFrame]:
    """Frames in the order of their times; damaged packets are passed over."""
    with translated(path):
        for packet in container.demux(stream):
            try:
                yield from packet.decode()
            except av.error.InvalidDataError:
                continue
