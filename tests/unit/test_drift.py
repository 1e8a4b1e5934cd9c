"""Drift against the first clip of a lineage, from statistics that fit in a tag."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from longtake.analysis.drift import Statistics, drift, statistics
from tests import moving


def test_statistics_of_a_flat_picture() -> None:
    found = statistics(np.full((3, 40, 60, 3), 255, np.uint8))
    assert found.lab_mean == pytest.approx((100, 0, 0), abs=0.1)
    assert found.lab_deviation == pytest.approx((0, 0, 0), abs=0.1)
    assert found.luma == pytest.approx(255)
    assert found.sharpness == pytest.approx(0, abs=1e-3)
    assert (found.n_frames, found.width) == (3, 60)


def test_they_travel_as_a_little_json() -> None:
    found = statistics(moving.film(60))
    text = found.model_dump_json()
    assert len(text) < 400
    assert Statistics.model_validate_json(text) == found


def test_the_same_scene_later_has_not_drifted() -> None:
    found = drift(statistics(moving.film(60)), moving.film(60, first=60))
    assert found.passed
    assert found.color < 5
    assert found.contrast == pytest.approx(1, abs=0.15)
    assert found.sharpness == pytest.approx(1, abs=0.15)


def test_ten_small_steps_are_seen() -> None:
    """Each a little redder, flatter and softer than the one before."""
    film = moving.film(24)
    first = statistics(film)
    passed = []
    for _ in range(10):
        film = np.clip(film * 0.96 + np.array([9.0, 3.5, 1.0]), 0, 255).astype(np.uint8)
        film = np.stack([np.asarray(cv2.GaussianBlur(f, (0, 0), 0.4)) for f in film])
        passed.append(drift(first, film).passed)
    last = drift(first, film)
    assert passed[0]
    assert not passed[-1]
    assert [sentence.split()[1] for sentence in last.failures] == [
        "colors",
        "sharpness",
    ]
    assert last.color > 15
    assert last.contrast < 0.8


@pytest.mark.parametrize(("gain", "shift"), [(0.4, 70), (0.0, 128)])
def test_contrast_that_is_lost(gain: float, shift: float) -> None:
    film = moving.film(12)
    flat = (film * gain + shift).astype(np.uint8)
    assert any("contrast" in text for text in drift(statistics(film), flat).failures)
