"""What moves to and fro at the end of a clip is found, and goes on as it was moving."""

from __future__ import annotations

import numpy as np
import pytest

from longtake.analysis.pictures import gray
from longtake.engines.motion import bridge, sway
from tests import moving

_N = 32
_INSIDE = np.s_[4:-4, 4:-4]  # quarter pixels: the picture's edge knows no way


def grays(places: list[float]) -> list[np.ndarray]:
    """Pictures whose view stands at ``places``, the last first."""
    return [gray(one) for one in moving.views((x, 0.0) for x in places)][::-1]


def swaying(k: float) -> float:
    return 1.2 * float(np.sin(2 * np.pi * k / 10))


def test_a_sway_is_found_and_its_course_is_not() -> None:
    found = sway.sways(grays([0.7 * k + swaying(k) for k in range(_N)]))
    across = [float(np.median(one[_INSIDE][..., 0])) for one in found]
    middle = across[8:-8]
    assert np.ptp(middle) == pytest.approx(2.4, rel=0.35)
    steady = sway.sways(grays([0.7 * k for k in range(_N)]))
    assert np.abs(steady[:, 4:-4, 4:-4]).max() < 0.3


def test_it_leaves_the_last_frame_as_it_came_to_it() -> None:
    places = [swaying(k) for k in range(_N)]
    found = bridge.momentum(grays(places))
    assert found.sways is not None
    moved = [
        float(np.median(bridge.field(found, place)[16:-16, 16:-16, 0]))
        for place in (1, 2, 3, 20, 40)
    ]
    last = places[-1] - places[-2]  # of the view: what it shows moves the other way
    assert moved[0] == pytest.approx(last, abs=0.35)
    # Taken for a move, that last step would lead 23 pixels away.
    assert np.abs(moved).max() < 8


def test_it_is_played_back_and_forth() -> None:
    turned = [sway.turning(place, 4) for place in (0, 1, 2.5, 3, 4, 6, 7)]
    assert turned == [0, 1, 2.5, 3, 2, 0, 1]
    shown = np.arange(3.0)[:, None]
    assert sway.mirrored(shown, 0) == pytest.approx(shown[0])


def test_a_short_clip_shows_none() -> None:
    few = grays([swaying(k) for k in range(sway.FEWEST - 1)])
    assert bridge.momentum(few).sways is None
