"""The codec of a sound stream, once more: encoders and decoders set up as its own."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from longtake.media.join.output import Packet

Array = NDArray[np.float64]  # (channels, time), full scale 1

# The encoder whose packets a decoder of that codec takes in the middle of a stream.
ENCODERS = {
    "aac": "aac",
    "ac3": "ac3",
    "alac": "alac",
    "eac3": "eac3",
    "flac": "flac",
    "mp2": "mp2",
    "mp3": "libmp3lame",
    "opus": "libopus",
}
_OPTIONS = {
    "mp3": {"reservoir": "0"},  # no packet leans on the bits of the one before
}
_LEAST_BIT_RATE = 96_000  # for each channel, where packets may be as large as they like
_ANY_SIZE = {"aac", "mp3", "opus"}
_STEREO = 2
_SAMPLE_TYPES = {
    "u8": "u1",
    "s16": "i2",
    "s32": "i4",
    "s64": "i8",
    "flt": "f4",
    "dbl": "f8",
}
_WILD = 4.0  # floats may go beyond full scale, within reason
_FULL_SCALE = {"u8": 2.0**7, "s16": 2.0**15, "s32": 2.0**31, "s64": 2.0**63}


def codec_of(stream: av.AudioStream) -> str:
    """The name of the codec itself, whichever decoder reads it (mp3float is mp3)."""
    return str(stream.codec_context.codec.canonical_name)


def open_encoder(
    context: av.AudioCodecContext, codec: str, *, block: int | None = None
) -> av.AudioCodecContext:
    """An encoder whose packets may stand in the stream of ``context``.

    ``block``: samples of a packet, for FLAC. Raises av.error.FFmpegError or ValueError.
    """
    encoder = av.CodecContext.create(ENCODERS.get(codec, codec), "w")
    assert isinstance(encoder, av.AudioCodecContext)
    formats = [form.name for form in encoder.codec.audio_formats or ()]
    wanted = context.format.name
    encoder.format = wanted if wanted in formats else formats[0]
    encoder.sample_rate = context.sample_rate
    encoder.layout = context.layout
    encoder.time_base = Fraction(1, context.sample_rate)
    if context.bit_rate and not codec.startswith("pcm_"):
        encoder.bit_rate = context.bit_rate
    if codec in _ANY_SIZE:
        least = _LEAST_BIT_RATE * context.layout.nb_channels
        encoder.bit_rate = max(least, context.bit_rate or 0)
    encoder.options = dict(_OPTIONS.get(codec, {}))
    if codec == "opus" and context.layout.nb_channels > _STEREO:
        encoder.options["mapping_family"] = "1"
    if codec == "flac" and block:
        encoder.options["frame_size"] = str(block)
    encoder.open(strict=False)
    return encoder


def open_decoder(context: av.AudioCodecContext) -> av.AudioCodecContext:
    """A decoder as the stream's own, which has heard nothing yet."""
    decoder = av.CodecContext.create(context.name, "r")
    assert isinstance(decoder, av.AudioCodecContext)
    decoder.extradata = context.extradata
    decoder.sample_rate = context.sample_rate
    decoder.layout = context.layout
    decoder.format = context.format
    return decoder


def encoded(encoder: av.AudioCodecContext, sound: Array, size: int) -> Iterator[Packet]:
    """The packets of ``sound``, given in frames of ``size`` samples, the last filled up."""
    for at in range(0, sound.shape[1], size):
        piece = sound[:, at : at + size]
        piece = np.pad(piece, ((0, 0), (0, size - piece.shape[1])))
        yield from (p for p in encoder.encode(to_frame(encoder, piece, at)) if p.size)
    yield from (p for p in encoder.encode(None) if p.size)


def to_frame(encoder: av.AudioCodecContext, sound: Array, pts: int) -> av.AudioFrame:
    """``sound`` as a frame for ``encoder``."""
    samples = from_float(sound, encoder.format.name)
    if encoder.format.is_packed:
        samples = samples.T.reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(samples),
        format=encoder.format.name,
        layout=encoder.layout.name,
    )
    frame.sample_rate = encoder.sample_rate
    frame.time_base = encoder.time_base
    frame.pts = pts
    return frame


def from_float(sound: Array, sample_format: str) -> NDArray[np.generic]:
    """``sound`` as samples of ``sample_format``: whole numbers within full scale, or float."""
    name = sample_format.removesuffix("p")
    kind = np.dtype(_SAMPLE_TYPES[name])
    if name not in _FULL_SCALE:
        return sound.astype(kind)
    scale = _FULL_SCALE[name]
    # Of 64 bits a float knows 53: the largest that it can tell from full scale.
    most = np.nextafter(scale, 0) if name == "s64" else scale - 1
    whole = np.clip(np.rint(sound * scale), -scale, most)
    return (whole + scale if name == "u8" else whole).astype(kind)


def to_float(samples: NDArray[np.generic], sample_format: str) -> Array:
    """Samples of ``sample_format`` as sound; what is no number, or wild, is brought within."""
    name = sample_format.removesuffix("p")
    sound = samples.astype(np.float64)
    if name == "u8":
        sound -= _FULL_SCALE[name]
    sound = np.nan_to_num(sound / _FULL_SCALE.get(name, 1.0))
    return np.clip(sound, -_WILD, _WILD, out=sound)


def decoded(decoder: av.AudioCodecContext, payload: bytes) -> Array:
    """What ``decoder`` gives for one more packet: (channels, time), nothing for damage."""
    try:
        frames = decoder.decode(av.Packet(payload))
    except av.error.FFmpegError:
        frames = []
    pieces = [np.zeros((decoder.layout.nb_channels, 0))]
    for frame in frames:
        samples = frame.to_ndarray()
        if frame.format.is_packed:
            samples = samples.reshape(-1, frame.layout.nb_channels).T
        pieces.append(to_float(samples, frame.format.name))
    return np.concatenate(pieces, axis=1)
