"""Texture that goes on: grains of the sound itself, in an order it never had.

Granular resynthesis with grains chosen by likeness, as in Schwarz, "Concatenative sound
synthesis: the early years" (Journal of New Music Research 2006) and Lu, Wenyin and Zhang,
"Audio textures: theory and applications" (IEEE TSAP 2004): the next grain begins where the
sound was like what is heard just now, one of the best few by chance, of a length by chance,
and not where one has begun lately. So there is no period. Two grains meet where their
waves agree most, under a crossfade that keeps their power for whatever they have in common
(Fink, Holters and Zoelzer, "Signal-matched power-complementary cross-fading", DAFx 2016).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from longtake.media.sound.character import Sound, course, levels_db
from longtake.media.sound.prediction import Array

_LENGTHS_S = (0.25, 0.7)  # of a grain, without the crossfade at its end
_CROSSFADE_S = 0.1
_ALIGN_S = 0.006  # a grain may begin so much earlier or later, to agree
_HOP_S = 0.01
_BANDS_HZ = (0, 80, 160, 315, 630, 1250, 2500, 5000, 10_000)
_CANDIDATES, _BEST = 96, 4
_NEAR_S = 0.15  # beginnings so close to each other are the same
_REMEMBERED = 12  # beginnings, of sound that is long enough for as many
_REMEMBERED_S = 0.4  # of sound, for each
_REPEATS_DB = 12.0  # what it costs to begin where one began just now
_EVENT_DB = 6.0  # above the course of the level: no grain of a texture
_ENOUGH = 0.3  # of the sound without its events
_MOST_GAIN_DB = 6.0
_SETTLING_S = 0.5  # in which a grain returns to its own level


class Grains:
    """Grains of ``sound``, (channels, time) at ``rate``, of at least half a second."""

    def __init__(self, sound: Sound, rate: int, random: np.random.Generator) -> None:
        self._sound, self._rate, self._random = sound, rate, random
        length = sound.shape[1]
        self._hop = max(1, round(_HOP_S * rate))
        self.n_fade = min(round(_CROSSFADE_S * rate), length // 8)
        self._shortest = min(round(_LENGTHS_S[0] * rate), length // 3)
        self._longest = min(round(_LENGTHS_S[1] * rate), length // 2)
        self._colors = _colors(sound, self.n_fade, self._hop, rate)
        least = self._shortest + 2 * self.n_fade
        self._room = _room(sound, rate, self._hop, len(self._colors), least)
        self._open = np.flatnonzero(self._room * self._hop >= least)
        room_s = length / rate / _REMEMBERED_S
        self._n_remembered = min(_REMEMBERED, max(2, round(room_s)))
        self._begun: list[int] = []

    def stream(
        self, heard: Array, count: int, *, most_gain_db: float
    ) -> tuple[Array, Array]:
        """``count`` samples that may follow ``heard``, and what came before the first.

        ``heard``: (channels, ``n_fade``). The first grain is brought to its level by at
        most ``most_gain_db``. Both (channels, time); the second as long as there is.
        """
        alike = self._alike(heard)
        gain_db = self._gain_db(heard, alike, most_gain_db)
        at = alike + self.n_fade
        lead = self._sound[:, :at].astype(np.float64) * 10 ** (gain_db / 20)
        grain = self._grain(at, gain_db)
        pieces: list[Array] = []
        made = 0
        while True:
            body, leaving = grain[:, : -self.n_fade], grain[:, -self.n_fade :]
            pieces.append(body)
            made += body.shape[1]
            if made >= count:
                return np.concatenate(pieces, axis=1)[:, :count], lead
            self._remember(at + body.shape[1])
            at = self._alike(leaving)
            grain = self._grain(at, self._gain_db(leaving, at, _MOST_GAIN_DB))
            grain[:, : self.n_fade] = _met(leaving, grain[:, : self.n_fade])

    def _alike(self, heard: Array) -> int:
        """Where the sound is like ``heard``: one of the best by chance, and remembered."""
        places = self._random.choice(self._open, _CANDIDATES)
        color = _color(heard, self._rate)
        cost = np.abs(self._colors[places] - color).mean(axis=1)
        for age, begun in enumerate(reversed(self._begun)):
            near = np.abs(places * self._hop - begun) < _NEAR_S * self._rate
            cost += near * _REPEATS_DB * (1 - age / self._n_remembered)
        best = np.argsort(cost, kind="stable")[:_BEST]
        at = self._aligned(heard, int(self._random.choice(places[best])) * self._hop)
        self._remember(at)
        return at

    def _remember(self, at: int) -> None:
        self._begun = [*self._begun, at][-self._n_remembered :]

    def _aligned(self, heard: Array, at: int) -> int:
        """Near ``at``, where the waves agree most with ``heard``."""
        reach = round(_ALIGN_S * self._rate)
        first = max(0, at - reach)
        around = self._sound[:, first : at + reach + self.n_fade].astype(np.float64)
        agreement = sum(map(_correlated, around, heard), np.zeros(1))
        power = np.square(around).sum(axis=0)
        energy = np.convolve(power, np.ones(self.n_fade), "valid")
        return first + int(np.argmax(agreement / np.sqrt(energy + 1e-12)))

    def _gain_db(self, heard: Array, at: int, most: float) -> float:
        """What brings the sound from ``at`` on to the level of ``heard``."""
        there = self._sound[:, at : at + self.n_fade].astype(np.float64)
        ratio = (np.square(heard).sum() + 1e-12) / (np.square(there).sum() + 1e-12)
        return float(np.clip(10 * np.log10(ratio), -most, most))

    def _grain(self, at: int, gain_db: float) -> Array:
        """The sound from ``at`` on, of a length by chance, its gain dying away."""
        room = int(self._room[min(at // self._hop, len(self._room) - 1)]) * self._hop
        length = int(self._random.integers(self._shortest, self._longest + 1))
        length = max(min(length + self.n_fade, room - self._hop), 2 * self.n_fade)
        grain = self._sound[:, at : at + length].astype(np.float64)
        time_s = np.arange(grain.shape[1]) / self._rate
        return grain * 10 ** (gain_db / 20 * np.exp(-time_s / _SETTLING_S))


def _met(leaving: Array, coming: Array) -> Array:
    """The crossfade of two sounds of the same power: (channels, time)."""
    energy = np.square(leaving).sum() * np.square(coming).sum()
    alike = np.clip((leaving * coming).sum() / np.sqrt(energy + 1e-20), 0, 1)
    turn = np.linspace(0, np.pi / 2, leaving.shape[1])
    fade_out, fade_in = np.cos(turn), np.sin(turn)
    power = 1 + 2 * alike * fade_out * fade_in
    return np.asarray((leaving * fade_out + coming * fade_in) / np.sqrt(power))


def _correlated(around: Array, heard: Array) -> Array:
    return np.correlate(around, heard, "valid")


def _colors(sound: Sound, size: int, hop: int, rate: int) -> Array:
    """The color of every stretch of ``size`` samples: (hops, bands), decibels."""
    starts = range(0, sound.shape[1] - size + 1, hop)
    return np.stack([_color(sound[:, at : at + size], rate) for at in starts])


def _color(sound: Sound, rate: int) -> Array:
    """Power in octaves, decibels: (bands,)."""
    size = sound.shape[1]
    spectrum = np.fft.rfft(sound * _window(size), axis=1)
    power = np.square(np.abs(spectrum)).sum(axis=0) / size
    edges = np.searchsorted(np.fft.rfftfreq(size, 1 / rate), _BANDS_HZ)
    edges = edges[edges < len(power)]
    return np.asarray(10 * np.log10(np.add.reduceat(power, edges) + 1e-12))


@cache
def _window(size: int) -> Array:
    return np.hanning(size)


def _room(
    sound: Sound, rate: int, hop: int, count: int, least: int
) -> NDArray[np.int64]:
    """Hops from each place to the next event or the end: (``count``,).

    Events are heeded where enough places are left with ``least`` samples of room.
    """
    levels = levels_db(sound, rate)
    n_hops = sound.shape[1] // hop
    loud = np.flatnonzero(levels - course(levels) > _EVENT_DB)
    here = np.arange(count)
    stops = np.append(loud[loud < n_hops], n_hops)
    room = stops[np.searchsorted(stops, here)] - here
    if np.mean(room * hop >= least) < _ENOUGH:
        room = n_hops - here
    return np.asarray(room, np.int64)
