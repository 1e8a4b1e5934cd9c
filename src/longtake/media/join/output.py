"""The result file: opened, fed packet by packet in the order of time, and closed.

The muxer is given packets already in order, so that it never holds more than a moment
of them, however long the source is and however badly it was interleaved.
"""

from __future__ import annotations

import errno
import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from heapq import merge
from pathlib import Path
from typing import Any, TypeAlias

import av
import av.error

from longtake.errors import LongtakeError, OutputRefused
from longtake.media.delivery import refusal
from longtake.media.join.joined import Family

Packet: TypeAlias = "av.Packet[Any]"

_CLOCK_LIMIT = 1 << 31
_MILLISECOND = Fraction(1, 1000)
_MICROSECOND = 1  # how long the muxer waits for a stream without packets


class Output:
    """A file being written. Raises OutputRefused for whatever the system answers.

    ``ticks`` are the time bases in which its times are whole, the picture's first. mp4 and
    mov have one clock for the picture and one for edit lists and chapters: the picture's
    own, and one that counts all of ``ticks``, where 32 bits hold it.
    """

    def __init__(
        self, path: Path, family: Family, *, ticks: Sequence[Fraction]
    ) -> None:
        self.path = path
        self.family = family
        options = {"max_interleave_delta": str(_MICROSECOND)}
        if family in {"mp4", "mov"}:
            options["movflags"] = "+faststart+use_metadata_tags"
            clock = ticks[0].denominator
            common = math.lcm(*(tick.denominator for tick in ticks))
            options["video_track_timescale"] = str(clock)
            options["movie_timescale"] = str(common if common < _CLOCK_LIMIT else clock)
        # The picture's own, except in matroska, whose muxer knows milliseconds only.
        self.tick = ticks[0] if family in {"mp4", "mov"} else _MILLISECOND
        try:
            self.container = av.open(
                f"file:{path}", "w", format=family, container_options=options
            )
        except av.error.FFmpegError as error:
            raise _refused(path, error) from error

    def pour(self, lanes: Iterable[Iterator[Packet]]) -> None:
        """Write the packets of all ``lanes``, each in the order of its own dts."""
        for _, packet in merge(*map(_clocked, lanes), key=lambda item: item[0]):
            try:
                self.container.mux_one(packet)
            except av.error.FFmpegError as error:
                raise _refused(self.path, error) from error

    def close(self) -> None:
        """Write the index. Without it the file is no video."""
        try:
            self.container.start_encoding()
            self.container.close()
        except av.error.FFmpegError as error:
            raise _refused(self.path, error) from error


_CLOCK = 10**9  # of the order in which packets are written, ticks a second


def _clocked(lane: Iterator[Packet]) -> Iterator[tuple[int, Packet]]:
    """Packets with the times at which they are due."""
    base, n, d = None, 0, 1
    for packet in lane:
        assert packet.dts is not None, "a packet for the muxer has its times"
        if base is None:  # one for the whole lane, and slow to ask for
            base = packet.time_base
            n, d = base.numerator * _CLOCK, base.denominator
        yield packet.dts * n // d, packet


def _refused(path: Path, error: av.error.FFmpegError) -> LongtakeError:
    if error.errno == errno.EFBIG:
        return OutputRefused(
            f"The result in '{path.parent}' would be larger than files may be here."
        )
    if error.errno == errno.ENOENT:
        return OutputRefused(f"The folder '{path.parent}' does not exist.")
    return OutputRefused(refusal(path, OSError(error.errno, error.strerror)))
