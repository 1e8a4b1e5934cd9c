"""The picture that the sample is drawn in: its size, its horizon, its sun."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# All float32 in fact; NumPy's types do not follow a float32 through arithmetic.
Picture = NDArray[np.floating]  # (height, width, 3), RGB, linear light
Layer = NDArray[np.floating]  # (height, width, 4), RGBA, premultiplied, linear light
Field = NDArray[np.floating]  # (height, width, 2)

WIDTH, HEIGHT = 832, 464
HORIZON = 226  # row
SUN = (556.0, 160.0)  # column and row


class Wander:
    """A smooth motion that never repeats: sines whose periods share no multiple."""

    def __init__(
        self,
        random: np.random.Generator,
        *,
        period_s: float,
        size: float,
        waves: int = 5,
    ) -> None:
        ratio = np.sqrt(np.array([1.0, 2.0, 3.0, 5.0, 7.0, 11.0, 13.0])[:waves])
        self._speed = 2 * np.pi / period_s * ratio * random.uniform(0.85, 1.15, waves)
        self._phase = random.uniform(0, 2 * np.pi, waves)
        weight = 1 / ratio**2
        self._size = size * weight / np.sqrt((weight**2).sum() / 2)

    def at(self, time_s: float) -> float:
        """The value at a time, of root mean square ``size``."""
        return float((self._size * np.sin(self._speed * time_s + self._phase)).sum())


def noise(
    random: np.random.Generator,
    shape: tuple[int, int],
    *,
    grain: tuple[float, float],
    fall: float = 1.6,
) -> NDArray[np.float32]:
    """Tileable fractal noise of mean 0 and deviation 1: (height, width) float32.

    ``grain`` is the size of its largest forms in pixels, down and across; ``fall`` the
    steepness of its spectrum.
    """
    down = np.fft.fftfreq(shape[0])[:, None] * grain[0]
    across = np.fft.rfftfreq(shape[1])[None] * grain[1]
    size = (1 + down**2 + across**2) ** (-fall)
    size[0, 0] = 0
    white = np.fft.rfft2(random.standard_normal(shape))
    field = np.fft.irfft2(white * size, s=shape)
    return np.asarray((field - field.mean()) / field.std(), np.float32)


def shifted(picture: NDArray[np.floating], x: float) -> NDArray[np.float32]:
    """The middle WIDTH columns of a wider ``picture``, moved right by ``x`` pixels."""
    margin = (picture.shape[1] - WIDTH) / 2
    matrix = np.array([[1, 0, x - margin], [0, 1, 0]], np.float32)
    size = (WIDTH, picture.shape[0])
    moved = cv2.warpAffine(picture, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)


def over(picture: Picture, layer: Layer, *, row: int, column: int = 0) -> None:
    """Lay ``layer`` over ``picture`` at ``row`` and ``column``, in place, cut at its edge."""
    layer = layer[max(-row, 0) :]
    part = picture[max(row, 0) :, column : column + layer.shape[1]][: len(layer)]
    layer = np.ascontiguousarray(layer[: len(part)])
    part *= triple(1 - layer[..., 3])
    part += np.asarray(cv2.cvtColor(layer, cv2.COLOR_RGBA2RGB), np.float32)


def triple(gray: NDArray[np.floating]) -> Picture:
    """The same value in red, green and blue."""
    return np.asarray(cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB), np.float32)
