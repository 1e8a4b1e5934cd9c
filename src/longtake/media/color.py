"""One conversion between the frames of a video and RGB, the same both ways.

FFmpeg's defaults would write BT.601 with bilinear chroma whatever the source was: a
visible step at the join. Numbers of color are those of ITU-T H.273.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from longtake.media.clip import Color
from longtake.media.wire import Frame

MATRICES = frozenset(
    {1, 4, 5, 6, 7, 9}
)  # what can be converted: YCbCr, constant weights
_RGB, _BT709, _UNSAID, _BT601 = 0, 1, 2, 6
_LIMITED, _FULL = 1, 2  # FFmpeg's color ranges
_HD_LINES = 720  # from here browsers take untagged video for BT.709
_SDR = Color(matrix=_BT709, full_range=False, primaries=_BT709, transfer=_BT709)
_EXACT = (
    Interpolation.BICUBIC
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
)
_ONE = 1  # thread: slices side by side do not always give the same bits (seen with 10 bits)
_BLOCK = 16  # pixels
_BYTE = 8


def resolved(color: Color, height: int) -> Color:
    """``color`` with its matrix guessed as browsers do where it is unsaid."""
    if color.matrix in MATRICES:
        return color
    guess = _BT709 if height >= _HD_LINES else _BT601
    return color.model_copy(update={"matrix": guess})


class Converter:
    """Between decoded frames of one clip and (height, width, 3) uint8 RGB.

    ``color``, ``width``, ``height`` are the source's; ``pixel_format`` is that of the
    frames :meth:`to_video` makes. HDR (PQ, HLG) becomes SDR BT.709 in both.
    """

    def __init__(
        self, color: Color, width: int, height: int, pixel_format: str
    ) -> None:
        self._source = resolved(color, height)
        self._size = (width, height)
        self._format = av.VideoFormat(pixel_format, width, height)
        # One each: a reformatter keeps its tables for the last conversion it did.
        self._reading, self._writing = VideoReformatter(), VideoReformatter()

    @property
    def color(self) -> Color:
        """The color of what :meth:`to_video` makes, for the tags of a stream."""
        return _SDR if self._source.hdr else self._source

    def to_rgb(self, frame: av.VideoFrame) -> Frame:
        """A decoded frame as RGB. It must have the clip's size."""
        assert (frame.width, frame.height) == self._size, "the decoder checks the size"
        source = self._source
        if frame.format.is_rgb:
            source = source.model_copy(update={"full_range": True, "matrix": _RGB})
        elif source.full_range and (deep := _deep(frame.format)):
            frame = _rescaled(frame, deep, to_full=False)
            source = source.model_copy(update={"full_range": False})
        _tag(frame, source)
        # In planes swscale is several times faster, and gives the same bits.
        planar = not (frame.format.is_rgb or source.hdr)
        out = self._reading.reformat(
            frame,
            format="gbrp" if planar else "rgb24",
            src_colorspace=source.matrix,
            src_color_range=_FULL if source.full_range else _LIMITED,
            dst_color_range=_FULL,
            dst_color_trc=self.color.transfer,
            dst_color_primaries=self.color.primaries,
            interpolation=_EXACT,
            threads=_ONE,
        )
        if not planar:
            pixels: Frame = out.to_ndarray()  # type: ignore[assignment]
            return pixels
        green, blue, red = (_samples(plane, _BYTE) for plane in out.planes)
        return np.dstack((red, green, blue))

    def to_video(self, frame: Frame) -> av.VideoFrame:
        """An RGB picture as a frame to encode, tagged."""
        color = self.color
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), "rgb24")
        deep = _deep(self._format) if color.full_range else None
        out = self._writing.reformat(
            picture,
            format=deep or self._format.name,
            src_color_range=_FULL,
            dst_colorspace=color.matrix,
            dst_color_range=_FULL if color.full_range and not deep else _LIMITED,
            interpolation=_EXACT,
            threads=_ONE,
        )
        if deep:
            out = _rescaled(out, self._format.name, to_full=True)
        _tag(out, color)
        return out


def _tag(frame: av.VideoFrame, color: Color) -> None:
    frame.colorspace = color.matrix
    frame.color_range = _FULL if color.full_range else _LIMITED
    frame.color_primaries = color.primaries
    frame.color_trc = color.transfer


def _deep(layout: av.VideoFormat) -> str | None:
    """The 16-bit format with the chroma of a planar YCbCr one; None for others."""
    across, down = layout.chroma_width(_BLOCK), layout.chroma_height(_BLOCK)
    chroma = {(16, 16): "444", (8, 16): "422", (8, 8): "420"}.get((across, down))
    return f"yuv{chroma}p16le" if layout.name.startswith("yuv") and chroma else None


def _rescaled(frame: av.VideoFrame, name: str, *, to_full: bool) -> av.VideoFrame:
    """``frame`` in the format ``name`` with the same chroma, the other range.

    swscale writes full-range chroma half a step too low, and reads deep full range a
    step too high; it is exact in limited range, so full range goes through that, deep.
    """
    out = av.VideoFrame(frame.width, frame.height, name)
    depth = frame.format.components[0].bits
    deep = out.format.components[0].bits
    for index, (plane, target) in enumerate(
        zip(frame.planes, out.planes, strict=False)
    ):
        table = _table(depth, deep, is_luma=index == 0, to_full=to_full)
        _samples(target, deep)[:] = table[_samples(plane, depth)]
    return out


def _samples(plane: Any, depth: int) -> NDArray[Any]:
    """The samples of a plane without its padding: (height, width), not a copy."""
    kind = np.dtype(np.uint8 if depth <= _BYTE else np.uint16)
    lines = np.frombuffer(plane, kind).reshape(plane.height, -1)
    return lines[:, : plane.width]


@cache
def _table(depth: int, deep: int, *, is_luma: bool, to_full: bool) -> NDArray[Any]:
    """Every sample value of ``depth`` bits, in the other range with ``deep`` bits.

    H.273 section 8.3: limited luma is 16..235, chroma 128 +- 112, times 2^(bits - 8).
    """
    offset, span = (16, 219) if is_luma else (128, 224)

    def limits(bits: int, *, full: bool) -> tuple[float, float]:
        if full:
            return (0 if is_luma else 1 << (bits - 1)), (1 << bits) - 1
        return offset << (bits - _BYTE), span << (bits - _BYTE)

    zero_in, span_in = limits(depth, full=not to_full)
    zero_out, span_out = limits(deep, full=to_full)
    values = (np.arange(1 << depth) - zero_in) / span_in * span_out + zero_out
    kind = np.uint8 if deep <= _BYTE else np.uint16
    table: NDArray[Any] = np.clip(np.rint(values), 0, (1 << deep) - 1).astype(kind)
    return table
