"""Water: a spectrum of gravity waves, seen in perspective, mirroring what stands above it.

The surface is Tessendorf's ("Simulating Ocean Water", 2001): each wave of a random
spectrum turns at its own speed, ``sqrt(g k)``, so the water never repeats. Its slopes tilt
the mirror image, and where they face the sun it glitters.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.media.sample.view import (
    HEIGHT,
    HORIZON,
    SUN,
    WIDTH,
    Field,
    Picture,
    triple,
)

_TILE = 256  # texels of the wave tile, each way
_TILE_M = 11.0  # and its width on the water, meters
_GRAVITY = 9.81
_EYE_M = 1.7  # the camera's height above the water
_FOCAL = 900.0  # pixels
_ROUGH = 0.0016  # variance of slopes too small for the tile
_LEVELS = 7  # the tile blurred along the view over 1, 2, 4 ... texels
_DEEP = np.array([0.012, 0.060, 0.072], np.float32)  # light from within the water
_SUNLIGHT = np.array([4.95, 2.86, 1.27], np.float32)
# of what is mirrored and of what glitters: how much light either adds, and the rest
_LIGHT = np.stack([-_DEEP, _SUNLIGHT, _DEEP], axis=1)


class Water:
    """The lake below the horizon."""

    def __init__(self, random: np.random.Generator) -> None:
        self._amplitude, self._speed, self._wave = _spectrum(random)
        rows = np.arange(HORIZON + 1, HEIGHT, dtype=np.float32)
        self._below = rows - HORIZON
        ahead = _EYE_M * _FOCAL / self._below  # meters to each row
        columns = np.arange(WIDTH, dtype=np.float32) - WIDTH / 2
        self._aside = columns[None] * ahead[:, None] / _FOCAL
        self._ahead = np.broadcast_to(ahead[:, None], self._aside.shape)
        footprint = ahead**2 / (_EYE_M * _FOCAL) * _TILE / _TILE_M
        level = np.clip(np.round(np.log2(footprint + 0.5)), 0, _LEVELS - 1)
        self._bands = [
            (n, int(np.argmax(level == n)), int((level == n).sum()))
            for n in range(_LEVELS)
            if (level == n).any()
        ]
        self._fade = (1 / (1 + (ahead / 90) ** 2))[:, None, None]
        # exp(narrow * distance²): sharp where waves are resolved, wide far away
        self._narrow = -3 / (2 * (_ROUGH + 0.0012 * (1 - self._fade[..., 0])))
        # the slopes at which each pixel mirrors the sun
        self._to_sun = np.stack(
            np.broadcast_arrays(
                (SUN[0] - WIDTH / 2 - columns[None]) / (2 * _FOCAL),
                ((HORIZON - SUN[1]) - self._below[:, None]) / (2 * _FOCAL),
            ),
            axis=-1,
        ).astype(np.float32)

    def slopes(self, time_s: float, *, aside_m: float) -> Field:
        """Slopes of the surface at each pixel below the horizon.

        (height - HORIZON - 1, WIDTH, 2) float32: across the view and along it.
        """
        turned = self._amplitude * np.exp(1j * self._speed * time_s).astype(
            np.complex64
        )
        both = np.fft.ifft2((1j * self._wave[0] - self._wave[1]) * turned)
        tile = np.stack([both.real, both.imag], axis=-1).astype(np.float32) * _TILE**2
        levels: list[Field] = [tile]
        for n in range(_LEVELS - 1):
            levels.append((levels[-1] + np.roll(levels[-1], 1 << n, axis=0)) / 2)
        result = np.empty((*self._aside.shape, 2), np.float32)
        scale = np.float32(_TILE / _TILE_M)
        for n, first, count in self._bands:
            rows = slice(first, first + count)
            x = (self._aside[rows] + np.float32(aside_m)) * scale
            z = self._ahead[rows] * scale
            near = _wrapped(levels[n], x, z)
            far = _wrapped(
                levels[max(n - 1, 0)], x * 0.31 + z * 0.13, z * 0.37 - x * 0.11
            )
            result[rows] = near * 0.8 + far * 0.75
        return result * self._fade

    def shade(self, slopes: Field, mirrored: Picture) -> Picture:
        """The lake: (rows, WIDTH, 3) float32 linear light.

        ``mirrored`` is the world above, upside down, its first row at the horizon.
        """
        tilt = slopes * (self._below / (self._below + 22))[:, None, None]
        y = self._below[:, None] + 620 * np.abs(tilt[..., 1] + np.float32(0.004))
        x = np.arange(WIDTH, dtype=np.float32)[None] + 260 * tilt[..., 0]
        mirror = cv2.remap(
            mirrored, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        grazing = self._below[:, None] / _FOCAL + 0.9 * slopes[..., 1]
        fresnel = 0.04 + 0.96 * np.exp(-7.6 * np.clip(grazing, 0.0, 0.6))
        off = slopes - self._to_sun
        glitter = np.exp((off[..., 0] ** 2 * 2.2 + off[..., 1] ** 2) * self._narrow)
        light = cv2.transform(cv2.merge([fresnel, glitter]), _LIGHT)
        return np.asarray(mirror * triple(fresnel) + light, np.float32)


def _wrapped(tile: Field, x: NDArray[np.floating], z: NDArray[np.floating]) -> Field:
    """The endless tile at texel coordinates ``x`` and ``z``."""
    inside = np.float32(_TILE)
    x, z = x - np.floor(x / inside) * inside, z - np.floor(z / inside) * inside
    return np.asarray(
        cv2.remap(tile, x, z, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    )


def _spectrum(
    random: np.random.Generator,
) -> tuple[NDArray[np.complex64], NDArray[np.float32], NDArray[np.float32]]:
    """Random amplitudes, angular speeds (rad/s) and wave vectors (rad/m) of the tile."""
    line = (np.fft.fftfreq(_TILE, 1 / _TILE) * 2 * np.pi / _TILE_M).astype(np.float32)
    wave = np.stack(np.meshgrid(line, line))
    size = np.hypot(*wave)
    size[0, 0] = 1
    along = (wave[0] * 0.45 - wave[1] * 0.9) / size  # the wind blows towards the camera
    power = np.exp(-((1.1 / size) ** 2) - (size * 0.035) ** 2) / size**3.6
    power *= np.where(along > 0, along**2, 0.12 * along**2) + 0.03
    power[0, 0] = 0
    normal = random.standard_normal((2, _TILE, _TILE))
    amplitude = (normal[0] + 1j * normal[1]) * np.sqrt(power)
    slope = np.sqrt((np.abs(amplitude) ** 2 * size**2).sum() / 2)
    return (
        (amplitude * 0.085 / slope).astype(np.complex64),
        np.sqrt(_GRAVITY * size).astype(np.float32),
        wave,
    )
