"""The scorers of the quality benchmark, with answers made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import quality
from tests import moving


def test_psnr() -> None:
    dark = np.full((8, 8, 3), 100, np.uint8)
    assert quality.psnr(dark, dark) == 100
    assert quality.psnr(dark, dark + 10) == pytest.approx(28.13, abs=0.01)
    assert quality.psnr(dark * 0, dark * 0 + 255) == pytest.approx(0)


def test_ssim() -> None:
    """Flat pictures a and b have (2ab + c1) / (a² + b² + c1), by definition."""
    low, high = np.full((2, 30, 30, 3), [[[[60]]], [[[120]]]], np.uint8)
    c1 = (0.01 * 255) ** 2
    expected = (2 * 60 * 120 + c1) / (60**2 + 120**2 + c1)
    assert quality.ssim(low, high) == pytest.approx(expected, abs=1e-3)
    film = moving.film(2)
    assert quality.ssim(film[0], film[0]) == pytest.approx(1)
    assert quality.ssim(film[0], 255 - film[0]) < 0
    noise = np.random.default_rng(0).integers(0, 255, film[0].shape).astype(np.uint8)
    assert abs(quality.ssim(film[0], noise)) < 0.1


def test_the_interval_draws_whole_clips() -> None:
    assert quality.interval([[1.0, 1.0], [1.0]], np.mean) == (1, 1)
    # Two clips say little, however many their windows.
    assert quality.interval([[0.0] * 8, [1.0] * 8], np.median) == (0, 1)
    assert quality.interval([[0.0, 1.0] for _ in range(8)], np.mean) == (0.5, 0.5)


def scored(clip: str, join: int, maker: str, value: float) -> dict[str, object]:
    return {"clip": clip, "join": join, "maker": maker, "psnr_1": value, "passes": 1.0}


def test_the_table_pairs_windows() -> None:
    found = [
        scored("a", 1, "motion", 30),
        scored("a", 1, "persistence", 28),
        scored("a", 2, "motion", 40),
        scored("a", 2, "persistence", 36),
        scored("b", 1, "motion", 99),  # without its pair
    ]
    table = {row["score"]: row for row in quality.rows(found)}
    assert table["PSNR +1 (dB)"][quality.COLUMNS[-1]].startswith("+3.00")
    assert table["PSNR +1 (dB)"]["motion"].startswith("40.00")
    assert table["PSNR +1 (dB)"]["real"] == ""
    assert table["passes the gate"]["motion"] == "3 of 3"
    assert table["seam"]["accepted"] == "0.4 to 2"
