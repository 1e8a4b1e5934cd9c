"""Encoders for what is new, set up for each way of joining it to the source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
import av.error
from av.codec.context import Flags

from longtake.errors import MediaFailed, SetupIncomplete
from longtake.media.clip import Color
from longtake.media.h264.recipe import Recipe
from longtake.media.join.output import Output, Packet

KEY_DISTANCE_S = 2

_H264_OPTIONS = {"preset": "medium", "crf": "17"}
_VPX_OPTIONS = {
    "deadline": "good",
    "cpu-used": "4",
    "auto-alt-ref": "0",  # every packet is a picture that is shown
    "lag-in-frames": "0",
}
_VP9_OPTIONS = {
    "deadline": "good",
    "cpu-used": "4",
    "row-mt": "1",
    "crf": "20",
    "b": "0",
}


@dataclass(frozen=True, slots=True)
class Picture:
    """What an encoder must agree on with the source."""

    width: int
    height: int
    pixel_format: str
    pixel_aspect: Fraction
    color: Color
    rate: Fraction


def open_recipe(recipe: Recipe, pixel_format: str) -> av.VideoCodecContext:
    """The encoder for a transplant; its extradata holds its parameter sets.

    ``pixel_format`` is the recipe's, or its twin of full range.
    """
    encoder = _create(recipe.codec)
    encoder.width, encoder.height = recipe.width, recipe.height
    encoder.pix_fmt = pixel_format
    encoder.framerate = recipe.rate
    encoder.time_base = 1 / recipe.rate
    encoder.flags |= Flags.global_header
    encoder.options = recipe.options
    return _opened(encoder)


def open_append(codec: str, picture: Picture) -> av.VideoCodecContext:
    """An encoder whose packets follow those of a VP8, VP9 or AV1 source.

    Every packet is shown, in order, and the first is a key frame with headers of its own.
    """
    if codec == "av1":
        encoder = _create("libsvtav1")
        options = {
            "preset": "8",
            "crf": "24",
            "svtav1-params": "pred-struct=1:enable-overlays=0",
        }
    elif codec == "vp9":
        encoder = _create("libvpx-vp9")
        options = _VPX_OPTIONS | _VP9_OPTIONS
    else:
        encoder = _create("libvpx")
        options = _VPX_OPTIONS | {"crf": "8", "b": str(_generous_bit_rate(picture))}
    _describe(encoder, picture)
    if codec == "vp8":  # its threads spin while they wait: slower on a busy machine
        encoder.thread_count = 1
    encoder.time_base = 1 / picture.rate
    encoder.gop_size = max(1, round(KEY_DISTANCE_S * picture.rate))
    encoder.flags |= Flags.global_header
    encoder.options = options
    return _opened(encoder)


def add_encoder(output: Output, picture: Picture, tick: Fraction) -> av.VideoStream:
    """A stream for a full re-encode of frames timed in ``tick`` seconds.

    H.264, which is played everywhere; VP9 in webm, which takes no H.264.
    """
    name, options = "libx264", _H264_OPTIONS
    if output.family == "webm":
        name, options = "libvpx-vp9", _VP9_OPTIONS
    stream = output.container.add_stream(name, rate=picture.rate)
    assert isinstance(stream, av.VideoStream)
    encoder = stream.codec_context
    _describe(encoder, picture)
    encoder.time_base = tick
    encoder.gop_size = max(1, round(KEY_DISTANCE_S * picture.rate))
    encoder.options = dict(options)
    return stream


def encoded(
    encoder: av.VideoCodecContext, frames: Iterator[av.VideoFrame]
) -> Iterator[Packet]:
    """The packets of ``frames``, which get the numbers 0, 1, 2 … as their times."""
    for index, frame in enumerate(frames):
        frame.pts = index
        frame.time_base = encoder.time_base
        frame.pict_type = 0  # the encoder's own choice, not the source's
        yield from encoder.encode(frame)
    yield from encoder.encode(None)


def _describe(encoder: av.VideoCodecContext, picture: Picture) -> None:
    encoder.width, encoder.height = picture.width, picture.height
    encoder.pix_fmt = picture.pixel_format
    encoder.framerate = picture.rate
    encoder.sample_aspect_ratio = picture.pixel_aspect
    encoder.colorspace = picture.color.matrix
    encoder.color_range = 2 if picture.color.full_range else 1
    encoder.color_primaries = picture.color.primaries
    encoder.color_trc = picture.color.transfer
    encoder.thread_count = 0


def _generous_bit_rate(picture: Picture) -> int:
    """A ceiling for constrained quality that is not meant to be reached: 0.3 bit a pixel."""
    return max(1_000_000, round(picture.width * picture.height * picture.rate * 3 / 10))


def _create(name: str) -> av.VideoCodecContext:
    try:
        encoder = av.CodecContext.create(name, "w")
    except ValueError as error:
        raise SetupIncomplete(
            f"The encoder {name} is not in this build of FFmpeg; install PyAV's own wheel."
        ) from error
    assert isinstance(encoder, av.VideoCodecContext)
    return encoder


def _opened(encoder: av.VideoCodecContext) -> av.VideoCodecContext:
    try:
        encoder.open(strict=False)
    except av.error.FFmpegError as error:
        raise MediaFailed(
            f"The encoder {encoder.name} does not take pictures of "
            f"{encoder.width}x{encoder.height} ({encoder.pix_fmt})."
        ) from error
    return encoder
