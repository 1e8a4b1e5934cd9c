"""What a clip's sound is: texture, which may go on for ever, or something that ends.

Two measures tell them apart, both of the sound above the rumble:

* *modulation*: how far the level strays, within a second, from its own slow course.
  Syllables, beats and steps move it by more than five decibels, wind and water by less than
  four (the modulation energy at syllable rate of Scheirer and Slaney, "Construction and
  evaluation of a robust multifeature speech/music discriminator", ICASSP 1997).
* *tonal share*: the part of the energy in spectral lines that stand ten times above what
  lies on either side of them. Voices and instruments have nearly all of it there, noise
  none.

The bounds lie between the clips and synthetic sounds of tests/unit/test_sound.py.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from longtake.media.clip import Facts

Sound = NDArray[np.floating]  # (channels, time), full scale 1
Array = NDArray[np.float64]

SILENT_DB = -80.0  # below this nobody hears anything
_LOOKED_AT_S = 10.0
_LEAST_S = 0.5  # less cannot be told
_FRAME_S, _HOP_S = 0.03, 0.01
_COURSE = 71  # frames over which the level's slow course is taken
_HEARD_HZ = (100.0, 10_000.0)
_LINES_HZ = (100.0, 5_000.0)
_LINE_FRAME_S = 0.085
_SIDE_HZ = 200.0  # on either side of a line
_SIDE_QUANTILE = 0.3
_STANDS_OUT = 10.0  # times the mean of the noise beside it
_MOST_MODULATION_DB = 4.0
_MOST_TONAL = 0.55


class Character(Facts):
    """The measures of ``seconds`` of sound; silence at either end is left out."""

    seconds: float
    level_db: float  # relative to full scale, all channels together
    modulation_db: float
    tonal_share: float
    texture: bool | None  # None where it is too short or too quiet to tell


def character(sound: Sound, rate: int) -> Character:
    """What ``sound`` is, by its last ten seconds."""
    heard = sounding(sound[:, -round(_LOOKED_AT_S * rate) :], rate)
    seconds = heard.shape[1] / rate
    modulation = tonal = 0.0
    texture = None
    if seconds >= _LEAST_S:
        modulation = modulation_db(heard, rate)
        tonal = tonal_share(heard, rate)
        texture = modulation <= _MOST_MODULATION_DB and tonal <= _MOST_TONAL
    return Character(
        seconds=round(seconds, 3),
        level_db=round(level_db(heard), 2),
        modulation_db=round(modulation, 2),
        tonal_share=round(tonal, 3),
        texture=texture,
    )


def level_db(sound: Sound) -> float:
    """Mean power relative to full scale, all channels together; -120 for silence."""
    if not sound.size:
        return -120.0
    power = np.square(sound, dtype=np.float64).sum(axis=0).mean()
    return float(10 * np.log10(power + 1e-12))


def sounding(sound: Sound, rate: int) -> Sound:
    """``sound`` from where it begins to where it ends: without silence at its ends."""
    step = max(1, rate // 100)
    count = sound.shape[1] // step
    power = np.square(sound[:, : count * step], dtype=np.float64).sum(axis=0)
    power = power.reshape(count, step).mean(axis=1)
    floor = 10 ** (SILENT_DB / 10) + 1e-4 * power.mean() if count else 0.0
    loud = np.flatnonzero(power > floor)
    if not loud.size:
        return sound[:, :0]
    return sound[:, loud[0] * step : (loud[-1] + 1) * step]


def modulation_db(sound: Sound, rate: int) -> float:
    """Standard deviation of the level, dB, around its course of the last 0.7 s."""
    rest = levels_db(sound, rate)
    return float((rest - course(rest)).std())


def levels_db(sound: Sound, rate: int) -> Array:
    """The level every 10 ms, dB, not lower than 40 dB below its mean: (time,)."""
    spectra, hertz = _spectra(sound, rate, _FRAME_S, _HOP_S)
    power = spectra[:, _between(hertz, _HEARD_HZ)].sum(axis=1)
    return np.asarray(10 * np.log10(power + 1e-4 * power.mean() + 1e-12))


def course(levels: Array) -> Array:
    """The moving mean of ``levels``: (time,)."""
    half = min(_COURSE // 2, len(levels) - 1)
    padded = np.pad(levels, half, mode="reflect")
    return np.convolve(padded, np.full(2 * half + 1, 1 / (2 * half + 1)), "valid")


def tonal_share(sound: Sound, rate: int) -> float:
    """Share of the energy that lies in spectral lines, 0 to 1."""
    spectra, hertz = _spectra(sound, rate, _LINE_FRAME_S, _LINE_FRAME_S / 2)
    side = max(2, round(_SIDE_HZ / hertz[1]))
    used = int(np.searchsorted(hertz, _LINES_HZ[1])) + side
    spectra, hertz = spectra[:, :used], hertz[:used]
    padded = np.pad(spectra, ((0, 0), (side, side)), mode="reflect")
    around = sliding_window_view(padded, side, axis=1)
    # Of noise, whose power is distributed exponentially, this quantile tells the mean.
    noise = np.quantile(around, _SIDE_QUANTILE, axis=2) / -np.log(1 - _SIDE_QUANTILE)
    count = spectra.shape[1]
    beside = np.maximum(noise[:, :count], noise[:, side + 1 : side + 1 + count])
    wanted = _between(hertz, _LINES_HZ)
    lines = spectra * (spectra > _STANDS_OUT * beside)
    return float(lines[:, wanted].sum() / (spectra[:, wanted].sum() + 1e-12))


def _spectra(
    sound: Sound, rate: int, frame_s: float, hop_s: float
) -> tuple[Array, Array]:
    """Power of all channels together, and the frequency of each column, hertz."""
    size, hop = max(16, round(frame_s * rate)), max(1, round(hop_s * rate))
    size = min(size, sound.shape[1])
    window = np.hanning(size)
    total: Array = np.zeros(1)
    for channel in sound:
        frames = sliding_window_view(channel, size)[::hop]
        total = total + np.square(np.abs(np.fft.rfft(frames * window, axis=1)))
    return np.asarray(total), np.asarray(np.fft.rfftfreq(size, 1 / rate), np.float64)


def _between(hertz: Array, band: tuple[float, float]) -> NDArray[np.bool_]:
    return (hertz >= band[0]) & (hertz <= band[1])
