"""What the made clips show and sound like: known functions of time and frame number.

A scene with texture, a pan that never repeats, running water and a moving subject, so that
measures of motion and sharpness mean something; a counter that survives encoding; and a
chirp whose every sample is known.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]  # (height, width, 3) uint8, RGB

COUNTER_BITS = 16  # of the frame number; four check bits follow
_COLUMNS, _ROWS = 10, 2


def picture(time: Fraction, width: int, height: int) -> Frame:
    """The scene at ``time`` seconds: (height, width, 3) uint8, RGB; same in, same out."""
    t = float(time)
    scale = height / 180
    x = (40 + 24 * t + 9 * np.sin(1.3 * t)) * scale
    y = (40 + 7 * np.sin(0.71 * t + 0.4)) * scale
    view = np.array([[scale, 0, -x], [0, scale, -y]], np.float32)
    out = np.empty((height, width, 3), np.uint8)
    cv2.warpAffine(
        _landscape(),
        view,
        (width, height),
        out,
        cv2.INTER_LINEAR,
        cv2.BORDER_REFLECT,
    )
    _pour_water(out, t)
    center = (
        int(width * (0.5 + 0.3 * np.sin(1.9 * t + 0.2)) * 16),
        int(height * (0.6 + 0.12 * np.sin(2.7 * t)) * 16),
    )
    radius = height * (0.13 + 0.02 * np.sin(3.1 * t))
    for share, color in (
        (1.0, (230, 90, 40)),
        (0.6, (250, 220, 60)),
        (0.25, (20, 30, 80)),
    ):
        cv2.circle(out, center, int(radius * share * 16), color, -1, cv2.LINE_AA, 4)
    return out


@cache
def _landscape() -> Frame:
    """A still ground of several octaves of noise: (512, 1024, 3) uint8."""
    draw = np.random.default_rng(7)
    ground = np.zeros((512, 1024, 3), np.float32)
    for octave, weight in ((8, 60.0), (32, 40.0), (128, 26.0), (256, 16.0)):
        noise = draw.standard_normal((octave // 2, octave, 3)).astype(np.float32)
        noise = 0.6 * noise.mean(axis=2, keepdims=True) + 0.4 * noise
        ground += weight * cv2.resize(noise, (1024, 512), interpolation=cv2.INTER_CUBIC)
    ground += np.array([112, 120, 104], np.float32)
    return np.asarray(np.clip(ground, 0, 255), np.uint8)


def _pour_water(out: Frame, t: float) -> None:
    """Ripples over the lowest fifth of the picture, in place."""
    height, width = out.shape[:2]
    top = height - height // 5
    y, x = np.mgrid[top:height, 0:width].astype(np.float32) * np.float32(180 / height)
    wave = np.sin(0.35 * x + 5.3 * t) + np.sin(0.21 * x - 0.5 * y - 7.9 * t)
    wave += np.sin(0.9 * y + 0.13 * x + 11.1 * t)
    out[top:] = np.clip(out[top:] * 0.45 + (20, 55, 80) + 14 * wave[..., None], 0, 255)


def counter_blocks(width: int, height: int) -> list[tuple[int, int, int, int]]:
    """Boxes (left, top, right, bottom) of the counter's bits, most significant first."""
    side = max(2, min(width // (_COLUMNS + 2), height // 6) // 2 * 2)
    return [
        (left, top, left + side, top + side)
        for row in range(_ROWS)
        for column in range(_COLUMNS)
        for left, top in [(side * (column + 1), side // 2 + side * row)]
    ]


def write_counter(frame: Frame, number: int) -> None:
    """Draw ``number`` into the frame, in place, as black and white blocks."""
    assert 0 <= number < 1 << COUNTER_BITS, "the counter has no such number"
    blocks = counter_blocks(frame.shape[1], frame.shape[0])
    for place, (left, top, right, bottom) in enumerate(blocks):
        bit = _code(number) >> (len(blocks) - 1 - place) & 1
        frame[top:bottom, left:right] = 240 if bit else 16


def read_counter(frame: Frame) -> int:
    """The number drawn into a decoded frame (height, width, 3); ValueError if unreadable."""
    code = 0
    for left, top, right, bottom in counter_blocks(frame.shape[1], frame.shape[0]):
        inset = (right - left) // 4
        block = frame[top + inset : bottom - inset, left + inset : right - inset]
        code = code << 1 | int(block.mean() > 128)
    return read_code(code)


def read_code(code: int) -> int:
    """The number in the counter's bits as they stand; ValueError where they are no code."""
    if _code(code >> 4) != code:
        raise ValueError("no counter can be read from this frame")
    return code >> 4


def _code(number: int) -> int:
    """The number followed by four check bits."""
    check = 0b1010
    for shift in range(0, COUNTER_BITS, 4):
        check ^= number >> shift & 15
        check = (check << 1 | check >> 3) & 15
    return number << 4 | check


@cache
def _wind(sample_rate: int, channels: int) -> NDArray[np.float32]:
    """Half a minute of noise between 100 and 4000 Hz that swells: (channels, time)."""
    draw = np.random.default_rng(channels)
    count = 30 * sample_rate
    hertz = np.fft.rfftfreq(count, 1 / sample_rate)
    band = 1 / (1 + (100 / np.maximum(hertz, 1)) ** 4) / (1 + (hertz / 4000) ** 4)
    noise = np.fft.irfft(
        np.fft.rfft(draw.standard_normal((channels, count))) * band, count
    )
    swell = 1 + 0.25 * np.sin(np.arange(count) / sample_rate * 2.1)
    return np.asarray(0.05 * noise / noise.std() * swell, np.float32)


def wind(
    first: int, count: int, sample_rate: int, channels: int
) -> NDArray[np.float32]:
    """Samples ``[first, first + count)``: (channels, count) float32, a texture."""
    return _wind(sample_rate, channels)[:, first : first + count]


def chirp(
    first: int, count: int, sample_rate: int, channels: int
) -> NDArray[np.float32]:
    """Samples ``[first, first + count)``: (channels, count) float32, each channel its own.

    A tone that starts at 300 Hz (100 Hz more per channel) and rises by 90 Hz a second.
    """
    t = np.arange(first, first + count) / sample_rate
    tones = [(300 + 100 * c) * t + 45 * t * t for c in range(channels)]
    return (0.3 * np.sin(2 * np.pi * np.stack(tones))).astype(np.float32)
