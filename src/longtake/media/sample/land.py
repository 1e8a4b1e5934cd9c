"""What stands still: the evening sky, mountains in the haze, a wooded point."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.media.sample.view import (
    HEIGHT,
    HORIZON,
    SUN,
    WIDTH,
    Layer,
    Picture,
    noise,
)

_MARGIN = 64  # columns beyond the view on each side, for a camera that moves
_WIDE = WIDTH + 2 * _MARGIN
_HAZE = np.array([1.00, 0.56, 0.34], np.float32)


def sky(random: np.random.Generator) -> Picture:
    """From ``HEIGHT - HORIZON`` rows above the horizon down to it: linear light."""
    rows = HEIGHT - HORIZON
    up = np.linspace(1, 0, rows, dtype=np.float32)[:, None, None]
    stops = np.array(
        [
            [0.96, 0.46, 0.22],
            [0.86, 0.50, 0.34],
            [0.42, 0.42, 0.48],
            [0.13, 0.25, 0.42],
        ],
        np.float32,
    )
    places = [0.0, 0.22, 0.55, 1.0]
    gradient = np.stack(
        [np.interp(up[:, 0, 0], places, stops[:, c]) for c in range(3)], axis=-1
    )[:, None]
    y, x = np.mgrid[0:rows, 0:_WIDE].astype(np.float32)
    off = np.hypot(x - SUN[0] - _MARGIN, y - (SUN[1] + rows - HORIZON))
    glow = 1.9 * np.exp(-off / 40) + 0.6 * np.exp(-off / 190)
    disc = 16.0 / (1 + np.exp(np.clip((off - 13) * 1.6, -20, 20)))
    veil = noise(random, (rows * 2, _WIDE), grain=(26, 210))[:rows]
    veil = np.clip(veil * 0.55 + 0.12, 0, 1) * np.sqrt(np.clip(up[..., 0] * 4, 0, 1))
    lit = (
        np.array([1.5, 0.82, 0.52], np.float32)
        * (0.45 + 0.75 * np.exp(-off / 260))[..., None]
    )
    veil = (veil * 0.75)[..., None]
    light = gradient + glow[..., None] * np.array([1.0, 0.58, 0.26], np.float32)
    picture = light * (1 - veil * 0.8) + lit * veil
    picture += (
        disc[..., None] * np.array([1.0, 0.78, 0.5], np.float32) * (1 - veil * 0.7)
    )
    return np.asarray(picture, np.float32)


def mountains(random: np.random.Generator, *, distance: float, height: int) -> Layer:
    """One ridge, hazier with ``distance`` (0 near to 1 far), ``height`` pixels at most."""
    rows = HEIGHT - HORIZON
    ridge = noise(random, (8, _WIDE * 2), grain=(1, 330), fall=0.95)[0, :_WIDE]
    ridge = height * (0.55 + 0.22 * ridge)
    sharp = noise(random, (8, _WIDE * 2), grain=(1, 40), fall=0.9)[0, :_WIDE]
    top = rows - np.maximum(ridge + 1.8 * (1.4 - distance) * sharp, 3)
    y = np.arange(rows, dtype=np.float32)[:, None]
    cover = np.clip(y - top[None] + 0.5, 0, 1)
    x = np.arange(_WIDE, dtype=np.float32)[None]
    sunward = np.exp(-np.abs(x - SUN[0] - _MARGIN) / 260)
    low = np.clip((y - top[None]) / height, 0, 1)
    rock = np.array([0.035, 0.060, 0.085], np.float32)
    haze = distance * (0.45 + 0.55 * sunward) * (0.72 + 0.28 * low)
    color = rock * (1 - haze[..., None]) + _HAZE * (haze * 0.62)[..., None]
    return _trimmed(np.dstack([color * cover[..., None], cover]))


def point(random: np.random.Generator) -> Layer:
    """A low wooded point of land that comes in from the left, and its pines."""
    rows = HEIGHT - HORIZON
    canvas = np.zeros((rows * 2, _WIDE * 2), np.uint8)
    x = np.arange(_WIDE * 2)
    rough = noise(random, (8, _WIDE * 4), grain=(1, 60), fall=1.0)[0, : _WIDE * 2]
    reach = 430 + 2 * _MARGIN
    hill = 34 * np.clip(1 - x / reach, 0, 1) ** 0.7 + 3 * rough * (x < reach)
    hill = np.where(x < reach, np.maximum(hill, 0), 0)
    outline = np.stack([x, rows * 2 - hill], axis=1)
    outline = np.concatenate([outline, [[_WIDE * 2, rows * 2], [0, rows * 2]]])
    cv2.fillPoly(canvas, [outline.astype(np.int32)], 255, cv2.LINE_AA)
    for place in np.sort(random.uniform(0, reach - 40, 74)):
        size = random.uniform(26, 62) * (1.15 - 0.6 * place / reach)
        _pine(canvas, random, place, rows * 2 - hill[int(place)] + 5, size)
    cover = (
        cv2.resize(canvas, (_WIDE, rows), interpolation=cv2.INTER_AREA)[..., None]
        / 255.0
    )
    tone = noise(random, (rows, _WIDE), grain=(14, 14), fall=1.0)[..., None]
    color = np.array([0.022, 0.030, 0.026]) * (1 + 0.28 * tone) + 0.035 * _HAZE
    return _trimmed(np.dstack([color * cover, cover]))


def _trimmed(layer: NDArray[np.floating]) -> Layer:
    """The layer without its empty rows at the top."""
    first = int(np.argmax(layer[..., 3].any(axis=1)))
    return np.ascontiguousarray(layer[first:], np.float32)


def _pine(
    canvas: NDArray[np.uint8],
    random: np.random.Generator,
    x: float,
    foot: float,
    size: float,
) -> None:
    """Draw one conifer: boughs that narrow towards the top, none like the next."""
    points = []
    boughs = int(size / 5) + 4
    for side in (-1, 1):
        line = []
        for n in range(boughs):
            height = size * n / boughs
            reach = (size - height) * 0.21 * random.uniform(0.75, 1.2)
            line.append((x + side * reach, foot - height + random.uniform(0, 2)))
            line.append((x + side * reach * 0.45, foot - height - size / boughs * 0.5))
        points.append(line if side < 0 else line[::-1])
    outline = [*points[0], (x, foot - size), *points[1]]
    fixed = np.round(np.array(outline) * 16).astype(np.int32)
    cv2.fillPoly(canvas, [fixed], 255, cv2.LINE_AA, shift=4)
