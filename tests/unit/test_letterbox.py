"""Black bars are found to the pixel; the dark is not taken for them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from longtake.analysis.letterbox import Box, letterbox
from tests import moving


def barred(top: int, bottom: int, left: int, right: int) -> moving.Frames:
    film = moving.film(8)
    height, width = film.shape[1:3]
    film[:, :top], film[:, height - bottom :] = 2, 3
    film[:, :, :left], film[:, :, width - right :] = 0, 1
    return film


@pytest.mark.parametrize(
    "bars",
    [(0, 0, 0, 0), (12, 12, 0, 0), (0, 0, 30, 30), (7, 20, 0, 0), (9, 9, 15, 15)],
)
def test_bars(bars: tuple[int, int, int, int]) -> None:
    film = barred(*bars)
    top, bottom, left, right = bars
    height, width = film.shape[1:3]
    box = letterbox(film)
    assert box == Box(top, height - bottom, left, width - right)
    assert box.crop(film).shape == (8, height - top - bottom, width - left - right, 3)


def test_bars_with_a_soft_edge_and_coding_noise() -> None:
    film = barred(12, 12, 0, 0)
    soft = np.stack([np.asarray(cv2.GaussianBlur(f, (0, 0), 0.6)) for f in film])
    noise = np.random.default_rng(0).integers(0, 3, soft.shape)
    box = letterbox(np.clip(soft.astype(np.int16) + noise, 0, 255).astype(np.uint8))
    assert box.top == pytest.approx(12, abs=1)
    assert box.bottom == pytest.approx(105, abs=1)


def whole(film: moving.Frames) -> bool:
    return letterbox(film) == Box(0, film.shape[1], 0, film.shape[2])


def test_dark_scenes_have_no_bars() -> None:
    film = moving.film(8)
    rows = np.arange(film.shape[1])
    night = np.clip((rows - 30) / 60, 0, 1)[None, :, None, None]
    assert whole((film * night).astype(np.uint8))  # a dark sky above a lit ground
    assert whole((film * 0.06).astype(np.uint8))
    assert whole(np.zeros_like(film))
    lamp = np.zeros_like(film)
    lamp[:, 50:60, 90:100] = 240
    assert whole(lamp)


def test_a_bar_that_is_not_always_there_is_none() -> None:
    film = moving.film(8)
    film[:4, :20] = 0
    assert whole(film)
