"""The poster: one frame of a clip as a small JPEG."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
from av.video.reformatter import Interpolation

from longtake.media.clip import Clip
from longtake.media.color import Converter
from longtake.media.decode import upright

_LONGER_SIDE = 640  # pixels, at most
_QUALITY = 4  # FFmpeg's scale for JPEG: 2 is best, 31 worst


def jpeg(clip: Clip, frame: av.VideoFrame) -> bytes:
    """A decoded frame of ``clip`` as a player shows it, its longer side 640 at most.

    Only inside a limited child.
    """
    video = clip.video
    converter = Converter(video.color, video.width, video.height, video.pixel_format)
    pixels = np.ascontiguousarray(upright(converter.to_rgb(frame), video.rotation))
    height, width = pixels.shape[:2]
    if video.rotation % 180:
        height = round(height * video.pixel_aspect)
    else:
        width = round(width * video.pixel_aspect)
    scale = min(1.0, _LONGER_SIDE / max(width, height))
    picture = av.VideoFrame.from_ndarray(pixels, "rgb24").reformat(
        width=max(1, round(width * scale)),
        height=max(1, round(height * scale)),
        format="yuvj420p",
        interpolation=Interpolation.AREA,
    )
    picture.pts, picture.time_base = 0, Fraction(1)
    encoder = av.CodecContext.create("mjpeg", "w")
    assert isinstance(encoder, av.VideoCodecContext), "as named"
    encoder.width, encoder.height = picture.width, picture.height
    encoder.pix_fmt, encoder.time_base = "yuvj420p", Fraction(1)
    encoder.thread_count = 1
    encoder.qmin = encoder.qmax = _QUALITY
    return b"".join(
        bytes(packet) for packet in [*encoder.encode(picture), *encoder.encode(None)]
    )
