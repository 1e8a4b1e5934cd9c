"""The join by copy: the source's packets as they are, then a transplanted continuation."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path

import av

from longtake.errors import MediaFailed
from longtake.media.h264 import CopyRefused
from longtake.media.h264.stream import PictureKind, SourceStream
from longtake.media.h264.transplant import Transplant
from longtake.media.join.encode import encoded, open_recipe
from longtake.media.join.output import Packet
from longtake.media.join.schedule import Schedule
from longtake.media.join.tracks import packets_of
from longtake.media.timeline import Cut, Timeline

_FULL_RANGE = "yuvj420p"  # FFmpeg's name for yuv420p of full range


class Copy:
    """The picture of a copy join.

    The packets of the source up to ``cut`` are kept; what the schedule shows behind them
    is encoded. Reads those packets once. Raises CopyRefused, with the reason.
    """

    def __init__(
        self,
        path: Path,
        stream: av.VideoStream,
        timeline: Timeline,
        schedule: Schedule,
        cut: Cut,
    ) -> None:
        n_packets, n_copied = cut
        self._path = path
        self._index = stream.index
        self._schedule = schedule
        self._n_packets = n_packets
        self._n_copied = n_copied
        if not n_copied:
            raise CopyRefused("none of its packets lie wholly before the cut")
        self._dts = decoding_times(timeline, n_packets)
        kept = timeline.packets[:n_packets]
        # What decoding runs ahead by, so that the step at the join stays one step.
        self._ahead = max(packet.pts for packet in kept) - self._dts[-1]
        source = SourceStream(stream.codec_context.extradata or b"")
        self._false_keys = self._scan(source)
        recipe = source.recipe(
            width=stream.codec_context.width,
            height=stream.codec_context.height,
            rate=schedule.rate,
        )
        full_range = stream.codec_context.pix_fmt == _FULL_RANGE
        self.pixel_format = _FULL_RANGE if full_range else recipe.pix_fmt
        self._encoder = open_recipe(recipe, self.pixel_format)
        self._transplant = Transplant(source, self._encoder.extradata or b"")

    def _scan(self, source: SourceStream) -> set[int]:
        """Packets marked as key frames at which decoding cannot start (open GOP)."""
        false_keys = set()
        for index, packet in enumerate(self._source_packets()):
            if packet.has_sidedata("new_extradata"):  # a second sample description
                raise CopyRefused("its parameter sets change on the way")
            kind = source.scan(bytes(packet))
            if kind is PictureKind.NONE:
                raise CopyRefused("one of its packets holds no picture")
            if packet.is_keyframe and kind is not PictureKind.IDR:
                false_keys.add(index)
        return false_keys

    def _source_packets(self) -> Iterator[Packet]:
        return islice(packets_of(self._path, self._index), self._n_packets)

    def packets(
        self, stream: av.VideoStream, frames: Iterator[av.VideoFrame]
    ) -> Iterator[Packet]:
        """The lane of the result's picture; ``frames`` are those behind the copied ones."""
        for index, packet in enumerate(self._source_packets()):
            packet.dts = self._dts[index]
            packet.stream = stream
            if index in self._false_keys:
                packet.is_keyframe = False
            yield packet
        last_dts = self._dts[-1]
        for rank, packet in enumerate(encoded(self._encoder, frames), self._n_copied):
            data, idr = self._rewritten(packet)
            new = av.Packet(data)
            new.stream = stream
            new.time_base = self._schedule.tick
            new.pts = self._schedule.pts(rank)
            new.dts = last_dts = min(max(new.pts - self._ahead, last_dts + 1), new.pts)
            new.duration = self._schedule.duration(rank)
            new.is_keyframe = idr
            yield new

    def _rewritten(self, packet: Packet) -> tuple[bytes, bool]:
        """Too late to choose another way: frames were taken and packets written."""
        try:
            return self._transplant.rewrite(bytes(packet))
        except CopyRefused as refusal:
            raise MediaFailed(
                f"The new frames do not fit behind the source's: {refusal}."
            ) from refusal


def decoding_times(timeline: Timeline, n_packets: int) -> list[int]:
    """When each of the first packets is decoded, in ticks.

    As the container says; where it does not (matroska), the sorted presentation times
    moved ahead by as many frames as decoding runs ahead. Raises CopyRefused where
    decoding would not keep its order or come after the pictures are due.
    """
    packets = timeline.packets[:n_packets]
    found = [packet.dts for packet in packets if packet.dts is not None]
    if len(found) < n_packets:
        found = _moved_ahead(sorted(packet.pts for packet in packets), timeline.reorder)
    if any(a >= b for a, b in pairwise(found)):
        raise CopyRefused("its decoding times do not increase")
    if any(dts > packet.pts for dts, packet in zip(found, packets, strict=True)):
        raise CopyRefused("its pictures are due before they are decoded")
    return found


def _moved_ahead(times: list[int], n: int) -> list[int]:
    """``times`` delayed by ``n`` places, with steps as small as can be before them."""
    return [times[0] - ahead for ahead in range(n, 0, -1)] + times[: len(times) - n]
