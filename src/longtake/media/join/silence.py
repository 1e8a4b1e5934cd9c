"""One steady silent packet in the codec, rate and channels of a sound stream.

Repeated on the codec's own frame grid it carries the sound on to the end of the
continuation, while every packet of the source stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import av
import av.error
import numpy as np

from longtake.media.join.output import Packet
from longtake.media.join.sound_codec import (
    ENCODERS,
    codec_of,
    encoded,
    open_decoder,
    open_encoder,
    to_float,
)

_PCM_SAMPLES = 1024
_LEAST_BLOCK = 16  # of FLAC, samples
_SETTLED = 4  # packets after which an encoder of silence repeats itself
_ADTS_RATES = (
    96000,
    88200,
    64000,
    48000,
    44100,
    32000,
    24000,
    22050,
    16000,
    12000,
    11025,
)
_ADTS_LAYOUTS = ("mono", "stereo", "3.0", "4.0", "5.0", "5.1")  # configurations 1 to 6
_QUIET = 1e-3  # largest sample of what counts as silent; full scale is 1


class NoSilence(Exception):
    """Silence cannot be said in this stream's codec; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Silence:
    """A packet of ``n_samples`` silent samples that may be repeated for ever."""

    payload: bytes
    n_samples: int


def silence_for(stream: av.AudioStream) -> Silence:
    """The silent packet for ``stream``, tried on a decoder set up as the stream's own.

    Raises :class:`NoSilence` with the reason where there is none.
    """
    context = stream.codec_context
    codec = codec_of(stream)
    if context.sample_rate <= 0 or context.layout.nb_channels <= 0:
        raise NoSilence("the sound's rate or channels are not declared")
    _refuse_unfit(context, codec)
    try:
        packets = _encoded(context, codec)
    except (av.error.FFmpegError, ValueError) as error:
        raise NoSilence(
            f"{codec} sound of {context.sample_rate} Hz, {context.layout.name}, cannot "
            "be encoded here"
        ) from error
    payload = bytes(packets[min(_SETTLED, len(packets) - 1)])
    if codec == "aac" and not context.extradata:
        payload = adts(context, payload)
    n_samples = _heard(context, payload)
    return Silence(payload=payload, n_samples=n_samples)


def _refuse_unfit(context: av.AudioCodecContext, codec: str) -> None:
    if codec not in ENCODERS and not codec.startswith("pcm_"):
        raise NoSilence(f"a silent packet cannot be made for {codec} sound")
    if codec == "aac" and context.profile not in {"LC", None}:
        raise NoSilence(
            f"a silent packet cannot stand among those of {context.profile} sound"
        )


def _encoded(context: av.AudioCodecContext, codec: str) -> list[Packet]:
    encoder = open_encoder(context, codec)
    size, count = encoder.frame_size or _PCM_SAMPLES, 2 * _SETTLED
    if codec == "flac":
        # A single short frame: the largest block that the stream's header allows.
        size, count = min(size, _flac_block(context.extradata or b"")), 1
    silent = np.zeros((context.layout.nb_channels, count * size))
    return list(encoded(encoder, silent, size))


def adts(context: av.AudioCodecContext, payload: bytes) -> bytes:
    """``payload`` behind the header that every AAC frame of a transport stream has.

    adts_frame() with an absent checksum (ISO/IEC 13818-7, 6.2). Raises NoSilence where it
    cannot describe the sound.
    """
    n_channels, size = context.layout.nb_channels, 7 + len(payload)
    if (
        context.sample_rate not in _ADTS_RATES
        or context.layout.name not in _ADTS_LAYOUTS
    ):
        raise NoSilence("the sound's rate or channels cannot stand in an AAC header")
    header = 0xFFF1 << 40  # MPEG-4, no checksum
    header |= 1 << 38  # LC
    header |= _ADTS_RATES.index(context.sample_rate) << 34
    header |= n_channels << 30
    header |= size << 13
    header |= 0x7FF << 2  # a variable bit rate; one frame
    return header.to_bytes(7, "big") + payload


def _flac_block(header: bytes) -> int:
    """Largest block of the STREAMINFO in ``header`` (RFC 9639, section 8.2)."""
    at = 8 if header.startswith(b"fLaC") else 0
    block = int.from_bytes(header[at + 2 : at + 4], "big")
    if block < _LEAST_BLOCK:
        raise NoSilence("the FLAC header of the sound is damaged")
    return block


def _heard(context: av.AudioCodecContext, payload: bytes) -> int:
    """Samples that the stream's own decoder gives for each packet, silent every one."""
    decoder = open_decoder(context)
    try:
        frames = list(_decoded(decoder, payload))
    except (av.error.FFmpegError, ValueError) as error:
        raise NoSilence("the sound's own decoder does not take silence") from error
    sizes = {frame.samples for frame in frames[2:]}
    fits = len(sizes) == 1 and all(
        frame.sample_rate == context.sample_rate
        and frame.layout.nb_channels == context.layout.nb_channels
        and _peak(frame) < _QUIET
        for frame in frames[2:]
    )
    if not fits:
        raise NoSilence("the sound's own decoder does not hear silence as silence")
    return sizes.pop()


def _decoded(decoder: av.AudioCodecContext, payload: bytes) -> Iterator[av.AudioFrame]:
    for _ in range(2 * _SETTLED):
        yield from decoder.decode(av.Packet(payload))


def _peak(frame: av.AudioFrame) -> float:
    sound = to_float(frame.to_ndarray(), frame.format.name)
    return float(np.abs(sound).max(initial=0.0))
