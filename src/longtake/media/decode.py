"""Frames of a clip by rank: the n-th that a player shows, without decoding from the start."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, islice
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from av.container import InputContainer
from av.filter import Graph
from av.stream import Discard

from longtake.errors import ClipRefused, ClipUnreadable
from longtake.media import child, wire
from longtake.media.clip import Clip
from longtake.media.color import Converter
from longtake.media.source import open_source, translated
from longtake.media.timeline import Packet, Timeline
from longtake.media.wire import Frame

Ranked = tuple[int, av.VideoFrame]

_THREADS = min(4, os.cpu_count() or 1)
_SEEKS = 3  # before decoding from the start
_DAMAGE_PER_FRAMES = 50  # one frame in so many may be missing
_PIXELS_PER_CPU_S = 5_000_000  # what the slowest decoder of the slowest machine does


def frames(clip: Clip, *, first: int, count: int) -> Iterator[Frame]:
    """The shown frames of rank ``first`` to ``first + count - 1``, in a limited child.

    Each (height, width, 3) uint8 RGB in coded orientation and at coded size, interlaced
    ones deinterlaced. A frame that is too damaged to decode is stood in for by its
    neighbor. Raises ClipUnreadable where more than one in fifty is, ClipRefused where the
    picture changes its size.
    """
    video = clip.video
    assert 0 <= first < first + count <= video.n_frames, "ranks of this clip"
    request = {"clip": clip.model_dump(mode="json"), "first": first, "count": count}
    with child.Child(
        "longtake.media.decode",
        request,
        reads=(clip.path,),
        cpu_s=60 + video.n_frames * video.width * video.height // _PIXELS_PER_CPU_S,
    ) as decoder:
        for message in decoder.messages():
            yield wire.frame_of(message)


def upright(frame: Frame, rotation: int) -> Frame:
    """A picture in coded orientation turned as a player shows it; any (h, w, 3)."""
    return np.rot90(frame, -rotation // 90)


def as_coded(frame: Frame, rotation: int) -> Frame:
    """The opposite of :func:`upright`."""
    return np.rot90(frame, rotation // 90)


def work(request: dict[str, Any], channel: child.Channel) -> dict[str, Any]:
    """In the child: decode, convert, send."""
    clip = Clip.model_validate(request["clip"])
    video, first = clip.video, int(request["first"])
    stop = first + int(request["count"])
    converter = Converter(video.color, video.width, video.height, video.pixel_format)
    with open_source(clip.path) as container, translated(clip.path):
        stream = container.streams[video.index]
        assert isinstance(stream, av.VideoStream), "as probed"
        timeline = Timeline.read(stream)
    if video.interlaced:  # a field needs its neighbors
        lead = max(0, first - 1)
        ends = min(len(timeline.shown), stop + 1)
        pictures = deinterlaced(shown(clip.path, video.index, timeline, lead, ends))
        pictures = islice(pictures, first - lead, stop - lead)
    else:
        pictures = shown(clip.path, video.index, timeline, first, stop)
    for picture in pictures:
        if (picture.width, picture.height) != (video.width, video.height):
            raise ClipRefused(
                f"{clip.path.name} changes its picture size from {video.width}x"
                f"{video.height} to {picture.width}x{picture.height} on the way; convert "
                "it to one size first."
            )
        channel.send_frame(converter.to_rgb(picture))
    return {}


def shown(
    path: Path, index: int, timeline: Timeline, first: int, stop: int
) -> Iterator[av.VideoFrame]:
    """The frames of rank ``first`` to ``stop`` - 1 of stream ``index``, every one.

    As the decoder gives them. Where it leaves one out (damage), the one before stands in,
    or the next where none is before. Only inside a limited child. Raises ClipUnreadable
    where too many are missing.
    """
    rank, missing, last = first, 0, None
    for found, frame in chain(from_rank(path, index, timeline, first), [(stop, None)]):
        for _ in range(rank, min(found, stop)):
            missing += 1
            stand_in = last or frame
            if stand_in is None or missing > max(
                1, (stop - first) // _DAMAGE_PER_FRAMES
            ):
                raise ClipUnreadable(
                    f"{path.name} is damaged where its frames are needed; convert it with "
                    "another program first."
                )
            yield stand_in
        rank = max(rank, min(found, stop))
        if found == rank < stop:
            assert frame is not None, "only the end is without"
            yield frame
            rank, last = rank + 1, frame
        if rank == stop:
            return


def deinterlaced(frames: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    """One progressive frame for each frame, the interlaced ones through FFmpeg's bwdif."""
    graph, n_sent, n_out = None, 0, 0
    for frame in frames:
        if graph is None:
            graph = _bwdif(frame)
        frame.pts, n_sent = n_sent, n_sent + 1
        graph.push(frame)
        while (done := _pulled(graph)) is not None:
            n_out += 1
            yield done
    if graph is not None:
        graph.push(None)
        while n_out < n_sent and (done := _pulled(graph)) is not None:
            n_out += 1
            yield done


def _bwdif(frame: av.VideoFrame) -> Graph:
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width,
        height=frame.height,
        format=frame.format,
        time_base=frame.time_base,
    )
    filtered = graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
    sink = graph.add("buffersink")
    source.link_to(filtered)
    filtered.link_to(sink)
    graph.configure()
    return graph


def _pulled(graph: Graph) -> av.VideoFrame | None:
    try:
        frame = graph.pull()
    except (av.error.BlockingIOError, av.error.EOFError):
        return None
    assert isinstance(frame, av.VideoFrame), "a graph of pictures"
    return frame


def from_rank(
    path: Path,
    index: int,
    timeline: Timeline,
    first: int,
    *,
    n_threads: int = _THREADS,
) -> Iterator[Ranked]:
    """Decoded frames with their ranks, from ``first`` on; damaged ones are left out.

    Only inside a limited child.
    """
    starts = list(islice(timeline.starts(first), _SEEKS)) if timeline.exact else []
    for start in [*starts, 0]:
        with open_source(path) as container, translated(path):
            stream = container.streams[index]
            assert isinstance(stream, av.VideoStream), "a video stream's index"
            packets = _packets_from(container, stream, timeline, start, n_threads)
            if packets is None:
                continue
            ranked = _ranked(packets, timeline)
            found = next((one for one in ranked if one[0] >= first), None)
            if start and (found is None or found[0] > first):
                continue  # a seek may break pictures; earlier there are whole ones
            if found is not None:
                yield found
                yield from ranked
            return


def _packets_from(
    container: InputContainer,
    stream: av.VideoStream,
    timeline: Timeline,
    start: int,
    n_threads: int,
) -> Iterator[Packet] | None:
    """The packets from number ``start`` on; None where seeking does not reach it."""
    for other in container.streams:
        other.discard = Discard.default if other is stream else Discard.all
    stream.codec_context.thread_type = "AUTO"
    stream.codec_context.thread_count = n_threads
    if not start:
        return container.demux(stream)
    # x264 says in its first packet which of its versions wrote the stream; FFmpeg needs
    # that to decode what some of them wrote.
    with suppress(StopIteration, av.error.InvalidDataError):
        next(container.demux(stream)).decode()
    wanted = timeline.packets[start]
    container.seek(
        wanted.pts if wanted.dts is None else wanted.dts, stream=stream, backward=True
    )
    packets = container.demux(stream)
    for packet in packets:
        if (packet.pts, packet.size) == (wanted.pts, wanted.size):
            return _followed(packet, packets)
        if (
            packet.dts is not None
            and wanted.dts is not None
            and packet.dts > wanted.dts
        ):
            return None
    return None


def _followed(first: Packet, packets: Iterator[Packet]) -> Iterator[Packet]:
    yield first
    yield from packets


def _ranked(packets: Iterator[Packet], timeline: Timeline) -> Iterator[Ranked]:
    """Decode; a frame whose time is not in the timeline is left out."""
    count = 0
    for packet in packets:
        try:
            decoded = packet.decode()
        except MemoryError:
            raise
        except av.error.FFmpegError:
            continue  # its frame is missing then
        for frame in decoded:
            if not timeline.exact:
                yield count, frame
                count += 1
            elif frame.pts is not None:
                rank = bisect_left(timeline.shown, frame.pts)
                if timeline.shown[rank : rank + 1] == (frame.pts,):
                    yield rank, frame


if __name__ == "__main__":
    child.main(work)
