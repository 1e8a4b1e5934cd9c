"""Sound coded again: where its packets cannot be kept, or only a stretch of it is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import av
import av.error
import numpy as np
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from longtake.media.join.joined import Family, SoundJoined
from longtake.media.join.memory import GoingOn, Memory
from longtake.media.join.output import Output, Packet
from longtake.media.join.sound_codec import codec_of, from_float, to_float
from longtake.media.join.tracks import describe
from longtake.media.sound.ending import SoundMade

_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1"}
_MOST_CHANNELS = 6
_BIT_RATE = 96_000  # for each channel
_WHOLE_NUMBERS = {
    "alac",
    "flac",
    "pcm_alaw",
    "pcm_mulaw",
    "pcm_s16be",
    "pcm_s16le",
    "pcm_s24be",
    "pcm_s24le",
    "pcm_u8",
}
_JITTER = 50  # times may stray from their samples by this part of a second
_CHUNK = 4096
_AHEAD = 20  # what is heard behind a cut is this part of a second

# (channels, time), of the encoder's sample type
Samples: TypeAlias = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Window:
    """The stretch ``[start, stop)`` of the sound, seconds, and silence up to ``until``.

    ``start`` None is where the sound begins, ``stop`` None where it ends.
    """

    start: Fraction | None
    stop: Fraction | None
    until: Fraction


class RecodedSound:
    """Decodes a sound stream and encodes it again as a new stream of ``output``.

    Without loss where the source's samples are whole numbers of at most 24 bits and the
    container takes FLAC.
    """

    def __init__(
        self,
        source: av.AudioStream,
        output: Output,
        window: Window,
        going: GoingOn,
        *,
        reason: str,
    ) -> None:
        context = source.codec_context
        channels = min(context.layout.nb_channels, _MOST_CHANNELS)
        name = _encoder_for(source, output.family)
        rate = _rate_for(name, context.sample_rate)
        stream = output.container.add_stream(name, rate=rate)
        assert isinstance(stream, av.AudioStream)
        encoder = stream.codec_context
        encoder.layout = _LAYOUTS[channels]
        encoder.time_base = Fraction(1, rate)
        if name == "flac":
            narrow = context.format.name.removesuffix("p") in {"s16", "u8"}
            encoder.format = "s16" if narrow else "s32"
        else:
            encoder.bit_rate = _BIT_RATE * channels
        describe(stream, source)
        encoder.open(strict=False)
        if channels < context.layout.nb_channels:
            reason += f"; {context.layout.nb_channels} channels became {channels}"
        self._stream, self._rate, self._window = stream, rate, window
        self._reason, self._lossless = reason, name == "flac"
        self._going = going
        self._memory = Memory(rate, going)
        self._ahead = np.zeros((channels, 0))
        self._n_samples = self._n_new = 0
        self._new_from: Fraction | None = None
        self._made: SoundMade | None = None

    def packets(self, source: Iterator[Packet]) -> Iterator[Packet]:
        """The lane of the result's sound."""
        size = self._stream.codec_context.frame_size or _CHUNK
        waiting: Samples | None = None
        first = 0
        for at, samples in self._placed(source):
            if waiting is None:
                first, waiting = at, samples
            else:
                waiting = np.concatenate([waiting, samples], axis=1)
            while waiting.shape[1] >= size:
                yield from self._stream.encode(self._frame(first, waiting[:, :size]))
                first, waiting = first + size, waiting[:, size:]
        if waiting is not None:
            if waiting.shape[1]:
                yield from self._stream.encode(self._frame(first, waiting))
            yield from self._stream.encode(None)

    def joined(self) -> SoundJoined:
        """What was done, once :meth:`packets` is exhausted."""
        return SoundJoined(
            mode="lossless" if self._lossless else "re-encoded",
            reason=self._reason,
            codec=codec_of(self._stream),
            sample_rate=self._rate,
            n_samples_kept=self._n_samples,
            n_new_samples=self._n_new,
            new_from=self._new_from,
            made=self._made,
        )

    def _placed(self, source: Iterator[Packet]) -> Iterator[tuple[int, Samples]]:
        """Runs of samples, one right behind the other, each with its first's number."""
        window = self._window
        stop = None if window.stop is None else self._number(window.stop)
        at = None if window.start is None else self._number(window.start)
        due: int | None = None  # where the source's next sample belongs
        for frame in self._resampled(source):
            assert frame.pts is not None
            assert frame.time_base is not None
            first = self._number(frame.pts * frame.time_base)
            if due is not None and abs(first - due) <= self._rate // _JITTER:
                first = due
            due = first + frame.samples
            at = first if at is None else at
            samples = self._array(frame)
            n_kept = samples.shape[1]
            if stop is not None:
                n_kept = max(min(stop - first, n_kept), 0)
            self._hear(first, samples, n_kept)
            samples = samples[:, max(at - first, 0) : n_kept]
            if not samples.shape[1]:
                continue
            if first > at:  # a gap in the source
                yield at, self._zeros(first - at)
                at = first
            yield at, samples
            at += samples.shape[1]
            self._n_samples += samples.shape[1]
        yield from self._new(at)

    def _hear(self, first: int, samples: Samples, n_kept: int) -> None:
        """Remember what the new sound will be made from: ``n_kept`` samples are kept."""
        start = Fraction(first, self._rate)
        if self._going.asked == "silent" or not self._memory.wants(start):
            return
        sound = to_float(samples, self._stream.codec_context.format.name)
        if n_kept:
            self._memory.put(start, sound[:, :n_kept])
        if n_kept < sound.shape[1]:  # behind a cut: the sound's true course
            ahead = np.concatenate([self._ahead, sound[:, n_kept:]], axis=1)
            self._ahead = ahead[:, : self._rate // _AHEAD]

    def _new(self, at: int | None) -> Iterator[tuple[int, Samples]]:
        """New sound from the sample ``at`` to the end of the window, then silence."""
        until = self._number(self._window.until)
        if at is None or at >= until:
            return
        self._new_from = Fraction(at, self._rate)
        self._n_new = until - at
        made, self._made = self._going.behind(
            self._memory, self._ahead, until - at, self._rate
        )
        if made.shape[1]:
            yield at, from_float(made, self._stream.codec_context.format.name)
            at += made.shape[1]
        while at < until:
            count = min(until - at, _CHUNK)
            yield at, self._zeros(count)
            at += count

    def _resampled(self, source: Iterator[Packet]) -> Iterator[av.AudioFrame]:
        """The source's sound in the encoder's format, layout and rate."""
        encoder = self._stream.codec_context
        resampler = AudioResampler(encoder.format, encoder.layout, self._rate)
        for packet in source:
            try:
                frames = packet.stream.codec_context.decode(packet)
            except av.error.InvalidDataError:
                continue  # a damaged packet: its samples become a gap, filled in _placed
            for frame in frames:
                if frame.pts is not None:
                    yield from resampler.resample(frame)
        yield from resampler.resample(None)

    def _number(self, time: Fraction) -> int:
        """The number of the result's sample at a time of the source, seconds."""
        return round(time * self._rate)

    @property
    def _n_channels(self) -> int:
        return self._stream.codec_context.layout.nb_channels

    def _array(self, frame: av.AudioFrame) -> Samples:
        samples: Samples = frame.to_ndarray()
        if frame.format.is_packed:
            return samples.reshape(-1, self._n_channels).T
        return samples

    def _zeros(self, count: int) -> Samples:
        kind = {"s16": np.int16, "s32": np.int32}
        name = self._stream.codec_context.format.name.removesuffix("p")
        return np.zeros((self._n_channels, count), kind.get(name, np.float32))

    def _frame(self, first: int, samples: Samples) -> av.AudioFrame:
        encoder = self._stream.codec_context
        if encoder.format.is_packed:
            samples = samples.T.reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples),
            format=encoder.format.name,
            layout=encoder.layout.name,
        )
        frame.sample_rate = self._rate
        frame.pts = first
        frame.time_base = Fraction(1, self._rate)
        return frame


def _encoder_for(source: av.AudioStream, family: Family) -> str:
    if family == "webm":
        return "libopus"
    return "flac" if codec_of(source) in _WHOLE_NUMBERS else "aac"


def _rate_for(encoder: str, rate: int) -> int:
    """``rate`` where the encoder takes it, else 48 kHz."""
    taken = av.Codec(encoder, "w").audio_rates
    return rate if not taken or rate in taken else 48_000
