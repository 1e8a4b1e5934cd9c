"""Flow answers the same, whatever was asked before."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from longtake.analysis.flow import Preset, flow
from longtake.analysis.pictures import Gray


def moved(height: int, width: int) -> tuple[Gray, Gray]:
    """Something soft, and the same three pixels to the right."""
    noise = np.random.default_rng(0).integers(0, 256, (height, width), np.uint8)
    one = np.asarray(cv2.GaussianBlur(noise, (0, 0), 2), np.uint8)
    return one, np.roll(one, 3, axis=1)


@pytest.mark.parametrize("preset", Preset)
def test_a_tiny_picture_changes_nothing_for_the_next(preset: Preset) -> None:
    """OpenCV's DIS, asked about one, keeps the finer scale that it took."""
    before = flow(*moved(90, 160), preset)
    flow(*moved(32, 32), preset)
    assert np.array_equal(flow(*moved(90, 160), preset), before)
