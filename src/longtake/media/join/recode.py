"""The full re-encode: every frame of the result, the source's too, as H.264."""

from __future__ import annotations

import math
from collections.abc import Iterator

import av
import numpy as np
from av.video.plane import VideoPlane
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from longtake.media.clip import Clip
from longtake.media.color import Converter
from longtake.media.join.encode import Picture
from longtake.media.join.output import Packet
from longtake.media.join.schedule import Schedule
from longtake.media.wire import Frame

_LIMITED, _FULL = "yuv420p", "yuvj420p"  # as FFmpeg names the two ranges of 8 bits
_MPEG, _JPEG = 1, 2  # FFmpeg's color ranges
_RGB_MATRIX = 0
_PEAK = 255


class Fitting:
    """Frames of a clip, decoded or new, as H.264 is played everywhere.

    8-bit 4:2:0, standard brightness range, even sizes: a last odd row or column is cut
    off.
    """

    def __init__(self, clip: Clip) -> None:
        video = clip.video
        width, height = video.width // 2 * 2, video.height // 2 * 2
        self._size = (width, height)
        self._through_rgb = video.color.hdr or video.color.matrix == _RGB_MATRIX
        self._format = _FULL if video.color.full_range else _LIMITED
        self._reader = Converter(video.color, video.width, video.height, self._format)
        self._writer = Converter(video.color, width, height, self._format)
        self._reformatter = VideoReformatter()
        self._range = _JPEG if video.color.full_range else _MPEG
        self.picture = Picture(
            width=width,
            height=height,
            pixel_format=self._format,
            pixel_aspect=video.pixel_aspect,
            color=self._writer.color if self._through_rgb else video.color,
            rate=video.rate,
        )

    def decoded(self, frames: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
        """Frames of the source, as its decoder gave them or de-interlaced."""
        for frame in frames:
            if self._through_rgb:
                yield self._written(self._reader.to_rgb(frame))
                continue
            plain = frame
            if frame.format.name not in {_LIMITED, _FULL}:
                plain = self._reformatter.reformat(
                    frame,
                    format=self._format,
                    src_color_range=self._range,
                    dst_color_range=self._range,
                    interpolation=Interpolation.BICUBIC | Interpolation.ACCURATE_RND,
                )
            even = (plain.width, plain.height) == self._size
            yield plain if even else _cropped(plain, *self._size)

    def new(self, frames: Iterator[Frame]) -> Iterator[av.VideoFrame]:
        """New frames: (height, width, 3) uint8, RGB."""
        return map(self._written, frames)

    def _written(self, frame: Frame) -> av.VideoFrame:
        width, height = self._size
        return self._writer.to_video(frame[:height, :width])


def _cropped(frame: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
    """The upper left ``width`` x ``height`` of an 8-bit 4:2:0 frame, both even."""
    out = av.VideoFrame(width, height, frame.format.name)
    for source, target in zip(frame.planes, out.planes, strict=True):
        lines = _lines(target)
        lines[:] = _lines(source)[: target.height, : target.width]
    out.color_range, out.colorspace = frame.color_range, frame.colorspace
    return out


def recoded(
    stream: av.VideoStream, frames: Iterator[av.VideoFrame], schedule: Schedule
) -> Iterator[Packet]:
    """The lane of a picture whose frames are all encoded, at the times of ``schedule``."""
    for rank, frame in enumerate(frames):
        frame.pts = schedule.pts(rank)
        frame.time_base = schedule.tick
        frame.duration = schedule.duration(rank)
        frame.pict_type = 0  # the encoder's own choice, not the source's
        yield from stream.encode(frame)
    yield from stream.encode(None)


def psnr(given: Iterator[av.VideoFrame], made: Iterator[av.VideoFrame]) -> float:
    """Peak signal to noise ratio in dB of the luma of all frames together, 8 bits.

    ``given``: what the encoder was given, ``made``: what a decoder makes of its packets.
    """
    error = n_samples = 0
    for ours, theirs in zip(given, made, strict=False):
        difference = _lines(ours.planes[0]).astype(np.int32) - _lines(theirs.planes[0])
        error += int(np.vdot(difference, difference))
        n_samples += difference.size
    assert n_samples, "a result has frames of its source"
    return 10 * math.log10(_PEAK**2 * n_samples / max(error, 1))  # equal: a high ratio


def _lines(plane: VideoPlane) -> NDArray[np.uint8]:
    """The samples of an 8-bit plane without its padding: (height, width), not a copy."""
    lines = np.frombuffer(memoryview(plane), np.uint8)
    return lines.reshape(plane.height, plane.line_size)[:, : plane.width]
