"""The join by appending: VP8, VP9 and AV1, whose key frames carry their own headers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import av

from longtake.errors import MediaFailed
from longtake.media.h264 import CopyRefused
from longtake.media.join.encode import Picture, encoded, open_append
from longtake.media.join.output import Packet
from longtake.media.join.schedule import Schedule
from longtake.media.join.tracks import packets_of
from longtake.media.timeline import Cut, Timeline


class Append:
    """The picture of an append join: the source's packets up to ``cut``, then our own.

    Raises CopyRefused where no encoder here makes what the source's header promises.
    """

    def __init__(
        self,
        path: Path,
        stream: av.VideoStream,
        timeline: Timeline,
        schedule: Schedule,
        *,
        cut: Cut,
        picture: Picture,
        bit_depth: int,
    ) -> None:
        if cut.n_frames < len(schedule.kept):
            raise CopyRefused("its packets cannot be cut there")
        if not timeline.exact:
            raise CopyRefused("its packets carry no presentation times")
        self._path, self._index = path, stream.index
        self._cut, self._schedule = cut, schedule
        context = stream.codec_context
        codec = context.codec.canonical_name
        try:
            self._encoder = open_append(codec, picture)
        except MediaFailed as error:
            raise CopyRefused(
                f"no {codec} encoder here makes {picture.pixel_format}"
            ) from error
        if codec == "av1":
            require_same_header(
                context.extradata or b"",
                self._encoder.extradata or b"",
                bit_depth=bit_depth,
            )

    def packets(
        self, stream: av.VideoStream, frames: Iterator[av.VideoFrame]
    ) -> Iterator[Packet]:
        """The lane of the result's picture; ``frames`` are the new ones."""
        source = islice(packets_of(self._path, self._index), self._cut.n_packets)
        for packet in source:
            packet.dts = packet.pts
            packet.stream = stream
            yield packet
        for rank, packet in enumerate(
            encoded(self._encoder, frames), self._cut.n_frames
        ):
            packet.stream = stream
            packet.time_base = self._schedule.tick
            packet.pts = packet.dts = self._schedule.pts(rank)
            packet.duration = self._schedule.duration(rank)
            yield packet


def require_same_header(source: bytes, ours: bytes, *, bit_depth: int) -> None:
    """Refuse unless an AV1 stream with the header ``source`` may go on as ``ours``.

    ``source``: an av1C box (AV1-ISOBMFF, section 2.3); ``ours``: the sequence header of
    an encoder of 4:2:0 with ``bit_depth`` (AV1 specification, section 5.5).
    """
    if len(source) < _AV1C_SIZE:
        raise CopyRefused("its AV1 header is missing")
    profile, level = source[1] >> 5, source[1] & 31
    deep = _HIGH_BIT_DEPTH if bit_depth > _BYTE else 0
    if profile or source[2] & _PIXELS != _CHROMA_420 | deep:
        raise CopyRefused("the AV1 encoder does not make its profile or pixel format")
    if sequence_level(ours) > level:
        raise CopyRefused("the AV1 encoder exceeds the level its header promises")


def sequence_level(header: bytes) -> int:
    """seq_level_idx[0] of a sequence header OBU of one operating point, no timing info."""
    kind = header[0] >> 3 & 15 if len(header) > _LEVEL_AT else 0
    if kind != _SEQUENCE_HEADER or header[2] & _NOT_PLAIN or any(header[3:_LEVEL_AT]):
        raise CopyRefused("the AV1 encoder writes a header that cannot be compared")
    return header[_LEVEL_AT] >> 3


_AV1C_SIZE = 4
_PIXELS, _HIGH_BIT_DEPTH, _CHROMA_420 = 0x7C, 0x40, 0x0C  # third byte of av1C
_BYTE = 8
_SEQUENCE_HEADER = 1
_LEVEL_AT = 5  # behind the OBU's header and size, and 24 bits of zeros
_NOT_PLAIN = 0x0F  # reduced header, timing info, display delay, operating points
