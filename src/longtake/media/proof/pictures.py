"""Decoded frames of a source and a result, side by side: equal, or how far apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import log10
from pathlib import Path

import av
import av.error
import av.logging
import numpy as np
from numpy.typing import NDArray

from longtake.media.clip import Color
from longtake.media.color import Converter
from longtake.media.decode import from_rank
from longtake.media.timeline import Timeline

_BYTE = 8
_FULL = 2  # FFmpeg's color range
_BT709_WEIGHTS = np.array([0.2126, 0.7152, 0.0722], np.float32)
_SAME_DB = 99.0  # what stands for "no error at all"


@dataclass(slots=True)
class Comparison:
    """Frames compared so far."""

    n_compared: int = 0
    n_different: int = 0
    first_different: int | None = None  # rank
    worst_db: float = _SAME_DB
    worst_rank: int | None = None
    total_db: float = 0.0

    @property
    def mean_db(self) -> float | None:
        """Mean over frames of the PSNR of the luma, 99 for an equal frame."""
        return self.total_db / self.n_compared if self.n_compared else None

    def take(self, rank: int, ours: av.VideoFrame, theirs: av.VideoFrame) -> None:
        """Compare one frame of the source with its counterpart in the result."""
        self.n_compared += 1
        db = _SAME_DB
        if not same(ours, theirs):
            self.n_different += 1
            if self.first_different is None:
                self.first_different = rank
            db = min(_SAME_DB, psnr_db(ours, theirs))
        self.total_db += db
        if db < self.worst_db:
            self.worst_db, self.worst_rank = db, rank


def shown(
    path: Path, index: int, timeline: Timeline, first: int, last: int
) -> Iterator[tuple[int, av.VideoFrame]]:
    """The frames of rank ``first`` to ``last`` - 1 with their ranks, as decoded.

    ``index`` is the stream. A frame that does not decode is left out. In one thread: what
    a decoder's own thread says would wait for the interpreter's lock while the
    interpreter waits for that thread.
    """
    if first >= last:
        return
    for rank, frame in from_rank(path, index, timeline, first, n_threads=1):
        if rank >= last:
            return
        yield rank, frame


def same(one: av.VideoFrame, other: av.VideoFrame) -> bool:
    """Whether two frames have the same size, format and samples."""
    if (one.format.name, one.width, one.height) != (
        other.format.name,
        other.width,
        other.height,
    ):
        return False
    return all(
        np.array_equal(mine, theirs)
        for mine, theirs in zip(_planes(one), _planes(other), strict=True)
    )


def _planes(frame: av.VideoFrame) -> Iterator[NDArray[np.uint8]]:
    """The bytes of each plane without the padding behind its lines."""
    components = frame.format.components
    size = (max(component.bits for component in components) + 7) // 8
    for number, plane in enumerate(frame.planes):
        n_here = sum(component.plane == number for component in components)
        lines = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        yield lines[: plane.height, : plane.width * size * n_here]


def psnr_db(one: av.VideoFrame, other: av.VideoFrame) -> float:
    """Peak signal to noise ratio of the luma, 8 bit; 0 where the sizes differ.

    A last odd row or column that only one of them has is left out.
    """
    ours, theirs = _luma(one), _luma(other)
    height, width = np.minimum(ours.shape, theirs.shape)
    if max(*ours.shape, *theirs.shape) > max(height, width) + 1:
        return 0.0
    error = np.mean((ours[:height, :width] - theirs[:height, :width]) ** 2)
    return float(10 * log10(255**2 / max(float(error), 1e-9)))


def _luma(frame: av.VideoFrame) -> NDArray[np.float32]:
    """Luma of 0 to 255, (height, width) float32; of HDR that of its SDR form."""
    color = Color(
        matrix=frame.colorspace,
        full_range=frame.color_range == _FULL or "yuvj" in frame.format.name,
        primaries=frame.color_primaries,
        transfer=frame.color_trc,
    )
    first = [part for part in frame.format.components if part.plane == 0]
    if color.hdr or frame.format.is_rgb or len(first) > 1:
        converter = _converter(color, frame.width, frame.height)
        return converter.to_rgb(frame).astype(np.float32) @ _BT709_WEIGHTS
    bits = first[0].bits
    lines = next(_planes(frame)).view(np.uint8 if bits <= _BYTE else np.uint16)
    samples: NDArray[np.float32] = lines.astype(np.float32) / 2 ** (bits - _BYTE)
    if not color.full_range:
        samples = (samples - 16) * np.float32(255 / 219)
    return samples


@cache
def _converter(color: Color, width: int, height: int) -> Converter:
    """One for all frames: preparing that of HDR takes seconds."""
    return Converter(color, width, height, "yuv420p")
