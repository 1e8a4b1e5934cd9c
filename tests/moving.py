"""Short drawn films for the tests of analysis: (time, height, width, 3) uint8, RGB."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray

from tests import scene

Frames = NDArray[np.uint8]

SIZE = (96, 160)  # height, width


def texture(seed: int, height: int, width: int) -> NDArray[np.float32]:
    """Soft noise between 40 and 215, the same for a seed: (height, width) float32."""
    draw = np.random.default_rng(seed)
    noise = draw.standard_normal((height, width)).astype(np.float32)
    soft = sum(
        cv2.GaussianBlur(noise, (0, 0), sigma) * sigma for sigma in (1.5, 4.0, 10.0)
    )
    return cv2.normalize(soft, None, 40, 215, cv2.NORM_MINMAX)  # type: ignore[call-overload, no-any-return]


def views(places: Iterable[tuple[float, float]], seed: int = 3) -> Frames:
    """A still texture seen through a window whose corner goes to each (x, y)."""
    height, width = SIZE
    ground = texture(seed, 3 * height, 3 * width)
    out = [
        cv2.warpAffine(
            ground,
            np.array([[1, 0, -width - x], [0, 1, -height - y]], np.float32),
            (width, height),
            flags=cv2.INTER_LINEAR,
        )
        for x, y in places
    ]
    return colored(np.stack(out))


def pan(n: int, speed: float, seed: int = 3) -> Frames:
    """The window moves right by ``speed`` pixels a frame."""
    return views(((speed * t, 0.0) for t in range(n)), seed)


def colored(lumas: NDArray[np.float32]) -> Frames:
    """Gray pictures as RGB: (time, height, width) in, (time, height, width, 3) out."""
    gray = np.clip(np.rint(lumas), 0, 255).astype(np.uint8)
    return np.repeat(gray[..., None], 3, axis=-1)


def film(n: int, *, first: int = 0, rate: int = 24) -> Frames:
    """The scene of the made clips (pan, water, a subject; it never repeats), grainy."""
    height, width = 117, 208
    grain = np.random.default_rng(first)
    pictures = [
        scene.picture(Fraction(first + t, rate), width, height) for t in range(n)
    ]
    noise = grain.normal(0, 1.0, (n, height, width, 1))
    return np.clip(np.stack(pictures) + noise, 0, 255).astype(np.uint8)
