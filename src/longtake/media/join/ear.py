"""Hears the end of a sound whose packets are copied, and says what follows them.

What follows is encoded behind a run-up of the sound's own end, whose packets are dropped:
so the encoder knows the past, and where packets overlap (the transforms of AAC, MP3, AC-3
and Opus) the first new one is the other half of the source's last.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from fractions import Fraction

import av
import av.error
import numpy as np

from longtake.media.join.memory import GoingOn, Memory
from longtake.media.join.output import Packet
from longtake.media.join.silence import NoSilence, Silence, adts
from longtake.media.join.sound_codec import (
    Array,
    codec_of,
    decoded,
    encoded,
    open_decoder,
    open_encoder,
)
from longtake.media.sound.character import level_db
from longtake.media.sound.ending import LEVEL_S, SoundMade

_RUN_UP = 8  # packets
_MOST_AHEAD = 2  # packets behind a cut that are heard too
_TRIAL_HZ = 4000  # of the noise by which an encoder's delay is found
_CLOSE_DB = 0.4  # what the level may change by before it is made to change less
_LEAST_ASTRAY_DB, _MOST_ASTRAY_DB = -6.0, 1.5


class Ear:
    """Listens to packets as they pass, as far as what follows will need them.

    ``going`` says how the sound is to go on.
    """

    def __init__(
        self,
        stream: av.AudioStream,
        silence: Silence,
        going: GoingOn,
    ) -> None:
        assert stream.time_base is not None
        self._context, self._codec = stream.codec_context, codec_of(stream)
        self._rate, self._tick = stream.codec_context.sample_rate, stream.time_base
        self._size = silence.n_samples
        self._going = going
        self._decoder = open_decoder(self._context)
        self._memory = Memory(self._rate, going)
        self._payloads: deque[bytes] = deque(maxlen=_RUN_UP)
        self._ahead: list[Array] = []
        self.n_hole = 0  # samples at the end of the last packet that its source hides
        self.made: SoundMade | None = None

    def hear(self, packet: Packet, n_samples: int) -> None:
        """Take in a packet that is kept, of ``n_samples``."""
        if self._going.asked == "silent":
            return
        assert packet.pts is not None
        self._payloads.append(bytes(packet))
        start = packet.pts * self._tick
        if not self._memory.wants(start):
            return
        sound = decoded(self._decoder, bytes(packet))
        self.n_hole = min(self._hidden(packet, n_samples), sound.shape[1])
        self._memory.put(start, sound, n_hole=self.n_hole)

    def hear_beyond(self, packet: Packet) -> None:
        """Take in a packet behind a cut, which is not kept: the sound's true course."""
        if self._going.asked != "silent" and len(self._ahead) < _MOST_AHEAD:
            self._ahead.append(decoded(self._decoder, bytes(packet)))

    def following(self, seconds: Fraction) -> Iterator[bytes]:
        """The payloads that follow the last packet for ``seconds``, or less: then silence."""
        n_packets = math.ceil(seconds * self._rate / self._size)
        try:
            payloads = self._carried(n_packets, lift_db=0.0)
            told = self.made
            change = told.change_db if told and told.mode == "continue" else None
            if change is not None and abs(change) > _CLOSE_DB:
                payloads = self._carried(n_packets, lift_db=-change)
        except (av.error.FFmpegError, ValueError, NoSilence) as error:
            assert self.made is not None
            reason = _NOT_ENCODED if not isinstance(error, NoSilence) else str(error)
            measured = self.made.measured
            self.made = SoundMade(mode="silent", reason=reason, measured=measured)
            return
        yield from payloads

    def _carried(self, n_packets: int, *, lift_db: float) -> list[bytes]:
        """The payloads of new sound, judged; ``lift_db`` as of Ending."""
        last = self._memory.last
        ahead = np.concatenate([last[:, :0], *self._ahead], axis=1)
        # Beyond the end too, so that the last packet does not fade.
        count = (n_packets + 2) * self._size
        new, self.made = self._going.behind(
            *(self._memory, ahead, count, self._rate),
            n_hole=self.n_hole,
            lift_db=lift_db,
        )
        if not new.shape[1]:
            return []
        payloads = self._encoded(last, new)[:n_packets]
        self._judge(last, payloads, new)
        return payloads

    def _hidden(self, packet: Packet, n_samples: int) -> int:
        """Samples at the end of ``packet`` that its container does not show."""
        if packet.has_sidedata("skip_samples"):
            skip = bytes(packet.get_sidedata("skip_samples"))
            return int.from_bytes(skip[4:8], "little")
        shown = (packet.duration or 0) * self._tick * self._rate
        if not shown or shown + self._tick * self._rate >= n_samples:
            return 0  # no more than the container's ticks leave open
        return n_samples - round(shown)

    def _encoded(self, last: Array, new: Array) -> list[bytes]:
        """The payloads of ``new``, which follows ``last``."""
        length = _RUN_UP * self._size - self._delay()
        run_up = last[:, -length:]
        run_up = np.pad(run_up, ((0, 0), (length - run_up.shape[1], 0)))
        return self._packets(np.concatenate([run_up, new], axis=1))[_RUN_UP:]

    def _packets(self, sound: Array) -> list[bytes]:
        encoder = open_encoder(self._context, self._codec, block=self._size)
        payloads = [bytes(packet) for packet in encoded(encoder, sound, self._size)]
        if self._codec == "aac" and not self._context.extradata:
            payloads = [adts(self._context, payload) for payload in payloads]
        return payloads

    def _delay(self) -> int:
        """Samples by which what is encoded and decoded again comes late."""
        count = 2 * _RUN_UP * self._size
        noise = np.random.default_rng(0).standard_normal(count)
        spectrum = np.fft.rfft(noise)
        spectrum[round(_TRIAL_HZ * count / self._rate) :] = 0
        noise = np.fft.irfft(spectrum, count)
        n_channels = self._context.layout.nb_channels
        sound = np.tile(0.1 * noise / noise.std(), (n_channels, 1))
        decoder = open_decoder(self._context)
        payloads = self._packets(sound)
        heard = np.concatenate([decoded(decoder, p) for p in payloads], axis=1)
        size = count + heard.shape[1]
        likeness = np.fft.irfft(
            np.fft.rfft(heard[0], size) * np.conj(np.fft.rfft(sound[0], size)), size
        )
        late = int(np.argmax(likeness))
        late -= size if late >= count else 0
        # What a decoder holds back, or leaves out at first, it does in the stream too.
        return late + len(payloads) * self._size - int(heard.shape[1])

    def _judge(self, last: Array, payloads: list[bytes], new: Array) -> None:
        """Hear the join as a player will, and note its levels. Raises NoSilence."""
        assert self.made is not None
        n_level = round(LEVEL_S * self._rate)
        decoder = open_decoder(self._context)
        for payload in self._payloads:
            decoded(decoder, payload)
        n_after = math.ceil(n_level / self._size) + 2
        after = [decoded(decoder, payload) for payload in payloads[:n_after]]
        kept, hole = np.split(last, [last.shape[1] - self.n_hole], axis=1)
        heard = np.concatenate(after, axis=1)
        # Where the source's last packet has no other half, the first new one fades in.
        settled = slice(self._size, min(heard.shape[1], new.shape[1]))
        astray = level_db(heard[:, settled]) - level_db(new[:, settled])
        if not _LEAST_ASTRAY_DB < astray < _MOST_ASTRAY_DB:
            raise NoSilence(f"{self._codec} does not carry new sound here")
        heard = np.concatenate([hole, heard], axis=1)[:, :n_level]
        self.made = self.made.with_levels(kept, heard, self._rate)


_NOT_ENCODED = "it cannot be encoded as the source's sound is"
