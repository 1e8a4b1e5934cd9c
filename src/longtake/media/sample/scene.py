"""The whole view at a moment: a lake at evening, seen by a camera that sways."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.media.sample import land
from longtake.media.sample.life import KEEL, Boat, Gulls, Leaves
from longtake.media.sample.view import (
    HEIGHT,
    HORIZON,
    WIDTH,
    Picture,
    Wander,
    over,
    shifted,
)
from longtake.media.sample.water import Water

_STEPS = 4096  # of linear light, over _BRIGHTEST
_BRIGHTEST = 4.0
_EXPOSURE = 0.62
_SHAKE = 64  # the grain is laid anew on each frame, moved by up to so many pixels
_WATERLINE = 46  # of the boat, rows below the horizon


class Scene:
    """Everything that is drawn; ``frame`` depends on the seed and the time alone."""

    def __init__(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        self._sky = land.sky(random)
        self._lands = [
            (0.10, land.mountains(random, distance=0.92, height=78)),
            (0.16, land.mountains(random, distance=0.66, height=46)),
            (0.24, land.mountains(random, distance=0.40, height=22)),
            (0.45, land.point(random)),
        ]
        self._water = Water(random)
        self._boat = Boat(random)
        self._gulls = Gulls(random)
        self._leaves = Leaves(random)
        self._truck = Wander(random, period_s=6.1, size=13.0)
        grain = random.normal(0, 0.6, (HEIGHT + _SHAKE, WIDTH + _SHAKE))
        self._grain = np.repeat(grain[..., None].astype(np.float32), 3, axis=2)
        self._shown = _film()

    def frame(self, time_s: float) -> NDArray[np.uint8]:
        """(HEIGHT, WIDTH, 3) uint8, RGB."""
        truck = self._truck.at(time_s)
        above = shifted(self._sky, truck * 0.04 - 0.5 * time_s)
        for parallax, layer in self._lands:
            over(above, shifted(layer, truck * parallax), row=len(above) - len(layer))
        boat, column = self._boat.layer(time_s, at=452 + truck * 0.7)
        mirrored = np.ascontiguousarray(above[::-1])
        image = np.asarray(cv2.GaussianBlur(boat[::-1], (5, 15), 0), np.float32)
        over(
            mirrored, image, row=_WATERLINE - (len(boat) - int(KEEL[1])), column=column
        )
        slopes = self._water.slopes(time_s, aside_m=-truck * 0.026)
        lake = self._water.shade(slopes, mirrored)
        picture = np.concatenate([above[-HORIZON - 1 :], lake])
        over(picture, boat, row=HORIZON + _WATERLINE - int(KEEL[1]), column=column)
        shown = self._developed(picture, time_s)
        self._gulls.draw(shown, time_s, x=truck * 0.2)
        self._leaves.draw(shown, time_s, x=truck * 1.4)
        return shown

    def _developed(self, picture: Picture, time_s: float) -> NDArray[np.uint8]:
        """Linear light to what a screen shows, with a trace of film grain."""
        np.clip(picture * np.float32(_STEPS / _BRIGHTEST), 0, _STEPS - 1, out=picture)
        shown = self._shown[picture.astype(np.uint16)]
        random = np.random.default_rng(int(time_s * 1e6))
        y, x = random.integers(0, _SHAKE, 2)
        shown += self._grain[y : y + HEIGHT, x : x + WIDTH]
        return np.asarray(np.clip(shown + 0.5, 0, 255).astype(np.uint8))


def _film() -> NDArray[np.float32]:
    """Screen levels of linear light (the curve of Narkowicz 2015, "ACES filmic")."""
    light = (np.arange(_STEPS, dtype=np.float32) + 0.5) * (
        _EXPOSURE * _BRIGHTEST / _STEPS
    )
    film = (light * (2.51 * light + 0.03)) / (light * (2.43 * light + 0.59) + 0.14)
    return np.asarray(255 * np.clip(film, 0, 1) ** (1 / 2.2), np.float32)
