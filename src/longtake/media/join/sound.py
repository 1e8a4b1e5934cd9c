"""The source's sound, kept packet for packet and carried on to the continuation's end.

What follows them is the sound that an Ear has made of them (join.ear), and silence where
there is none of it or it has faded, both on the codec's own frame grid.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain, repeat

import av

from longtake.media.join.ear import Ear
from longtake.media.join.joined import SoundJoined
from longtake.media.join.output import Packet
from longtake.media.join.silence import Silence
from longtake.media.join.sound_codec import codec_of

_FIXED_FRAMES = {"aac", "ac3", "mp2", "mp3"}  # every packet holds as many samples
_OPUS_FRAMES = (480, 960, 1920, 2880)  # 10, 20, 40, 60 ms at 48 kHz
_HYBRID, _CELT = 12, 16  # the first configurations of Opus's other two modes


class CopiedSound:
    """Packets of a sound stream as they are, then new ones.

    ``keep_until``: seconds at which the source is cut: only packets that end by then are
    kept; None keeps all. ``until``: seconds to which the new ones carry on.
    """

    def __init__(
        self,
        stream: av.AudioStream,
        silence: Silence,
        ear: Ear,
        *,
        keep_until: Fraction | None,
        until: Fraction,
    ) -> None:
        assert stream.time_base is not None
        self._codec = codec_of(stream)
        self._rate = stream.codec_context.sample_rate
        self._tick = stream.time_base
        self._silence, self._ear = silence, ear
        self._keep_until = keep_until
        self._until = until
        self._anchor: int | None = None  # pts from which samples are counted
        self._counted = 0  # samples since the anchor
        self._n_kept = self._n_samples_kept = self._n_new = 0
        self._new_from: Fraction | None = None

    def packets(
        self, source: Iterator[Packet], stream: av.AudioStream
    ) -> Iterator[Packet]:
        """The lane of the result's sound ``stream``."""
        held: Packet | None = None
        for packet in source:
            if packet.pts is None:
                packet.pts = packet.dts  # avi has no other times
            packet.dts = packet.pts
            if packet.pts is None or not self._take(packet):
                continue
            if held is not None:
                yield held
            held = packet
            packet.stream = stream
        if held is not None:
            yield self._last(held)
            yield from self._new(stream)

    def joined(self) -> SoundJoined:
        """What was done, once :meth:`packets` is exhausted."""
        return SoundJoined(
            mode="copied",
            codec=self._codec,
            sample_rate=self._rate,
            n_packets_kept=self._n_kept,
            n_samples_kept=self._n_samples_kept,
            n_new_samples=self._n_new * self._silence.n_samples,
            new_from=self._new_from,
            n_hidden_samples=self._ear.n_hole if self._n_new else 0,
            made=self._ear.made,
        )

    def _take(self, packet: Packet) -> bool:
        """Count ``packet`` in, unless it ends after the cut."""
        assert packet.pts is not None
        n_samples = self._n_samples(packet)
        if self._keep_until is not None:
            end = packet.pts * self._tick + Fraction(n_samples, self._rate)
            if end > self._keep_until:
                self._ear.hear_beyond(packet)
                return False
        if self._strays(packet.pts):
            self._anchor, self._counted = packet.pts, 0
        self._counted += n_samples
        self._n_kept += 1
        self._n_samples_kept += n_samples
        self._ear.hear(packet, n_samples)
        return True

    def _strays(self, pts: int) -> bool:
        """Whether ``pts`` is more than a tick away from where the samples lead."""
        if self._anchor is None:
            return True
        base = self._tick
        ahead = (pts - self._anchor) * base.numerator * self._rate
        return abs(ahead - self._counted * base.denominator) > (
            base.numerator * self._rate
        )

    def _n_samples(self, packet: Packet) -> int:
        """Samples that decoding ``packet`` gives, also where its duration is trimmed."""
        if self._codec in _FIXED_FRAMES:
            return self._silence.n_samples
        if self._codec.startswith("pcm_"):
            return packet.size * self._silence.n_samples // len(self._silence.payload)
        if self._codec == "opus":
            return opus_samples(bytes(packet))
        if not packet.duration:
            return self._silence.n_samples
        return round(packet.duration * self._tick * self._rate)

    def _last(self, packet: Packet) -> Packet:
        """The last packet of the source: whole, since sound goes on behind it."""
        whole = packet
        if packet.has_sidedata("skip_samples"):
            whole = av.Packet(bytes(packet))
            whole.time_base, whole.stream = packet.time_base, packet.stream
            whole.pts, whole.dts = packet.pts, packet.dts
            whole.is_keyframe = packet.is_keyframe
        seconds = Fraction(self._n_samples(packet), self._rate)
        whole.duration = round(seconds / self._tick)
        return whole

    def _new(self, stream: av.AudioStream) -> Iterator[Packet]:
        """New packets, each at its exact time rounded once, so that no error grows."""
        assert self._anchor is not None
        start = self._anchor * self._tick + Fraction(self._counted, self._rate)
        step = Fraction(self._silence.n_samples, self._rate)
        if start >= self._until:
            return
        self._new_from = start
        made = self._ear.following(self._until - start)
        for payload in chain(made, repeat(self._silence.payload)):
            time = start + self._n_new * step
            if time >= self._until:
                return
            packet = av.Packet(payload)
            packet.time_base = self._tick
            packet.pts = packet.dts = round(time / self._tick)
            packet.duration = round((time + step) / self._tick) - packet.pts
            packet.is_keyframe = True
            packet.stream = stream
            self._n_new += 1
            yield packet


def opus_samples(packet: bytes) -> int:
    """Samples at 48 kHz of an Opus packet (RFC 6716, section 3.1)."""
    if not packet:
        return 0
    config = packet[0] >> 3
    if config < _HYBRID:
        size = _OPUS_FRAMES[config & 3]
    elif config < _CELT:
        size = _OPUS_FRAMES[config & 1]
    else:
        size = 120 << (config & 3)
    counts = {0: 1, 1: 2, 2: 2}
    code = packet[0] & 3
    many = packet[1] & 63 if len(packet) > 1 else 0
    return size * counts.get(code, many)
