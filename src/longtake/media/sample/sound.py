"""What one hears at the lake: wind, small waves at the shore, a slow chord far away."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE = 48_000  # samples a second
_CHORD_HZ = (110.0, 164.8, 220.0, 277.2, 329.6)


def stereo(random: np.random.Generator, *, seconds: int) -> NDArray[np.float32]:
    """(2, seconds * RATE) float32, within -1 and 1."""
    count = seconds * RATE
    time_s = np.arange(count) / RATE
    sound = (
        0.05 * _hiss(random, count, low_hz=90, high_hz=700) * _swell(random, count, 2.6)
    )
    lapping = _hiss(random, count, low_hz=500, high_hz=3800)
    sound += 0.045 * lapping * _swell(random, count, 0.55) ** 3
    for hertz in _CHORD_HZ:
        beat = hertz * np.array([[0.9985], [1.0015]])  # left and right drift apart
        phase = random.uniform(0, 2 * np.pi, (2, 1))
        tone = np.sin(2 * np.pi * beat * time_s + phase)
        sound += 0.018 * tone * _swell(random, count, 3.3)
    edge = np.minimum(1, np.minimum(time_s, seconds - time_s) / 0.02)
    return np.asarray(np.tanh(sound * edge), np.float32)


def _hiss(
    random: np.random.Generator, count: int, *, low_hz: float, high_hz: float
) -> NDArray[np.float64]:
    """Noise within a band, of deviation 1: (2, count)."""
    hertz = np.fft.rfftfreq(count, 1 / RATE)
    band = (
        (hertz / low_hz) ** 2
        / (1 + (hertz / low_hz) ** 2)
        / (1 + (hertz / high_hz) ** 4)
    )
    noise = np.fft.irfft(
        np.fft.rfft(random.standard_normal((2, count))) * band, n=count
    )
    return np.asarray(noise / noise.std())


def _swell(
    random: np.random.Generator, count: int, period_s: float
) -> NDArray[np.float64]:
    """A loudness that comes and goes about every ``period_s``: (2, count), 0 to about 2."""
    points = max(8, int(count / RATE / period_s * 2) + 4)
    level = random.uniform(0.25, 1.4, (2, points))
    place = np.linspace(0.5, points - 2.5, count)
    first = place.astype(int)
    ease = (1 - np.cos(np.pi * (place - first))) / 2
    return np.asarray(level[:, first] * (1 - ease) + level[:, first + 1] * ease)
