"""What a worker tells of its progress, and which candidate it puts first."""

from __future__ import annotations

from io import BytesIO
from itertools import permutations
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from longtake.analysis.gate import BANDS, distance, judge
from longtake.analysis.measures import Measures
from longtake.extension import Progress
from longtake.extension.ranking import ranked
from longtake.report import Report
from longtake.worker.making import Teller, Telling, thumbnail

# -- progress -------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(416, 234), (416, 740), (16, 16), (416, 4)])
def test_a_picture_is_small_whatever_it_shows(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), np.uint8)
    for frame in (noise, np.zeros_like(noise)):
        data = thumbnail(frame)
        assert len(data) <= 12_000
        picture = Image.open(BytesIO(data))
        assert picture.width <= 240
        assert picture.width / picture.height == pytest.approx(size[0] / size[1], 0.2)


def test_within_a_stage_little_is_told_and_every_stage_is() -> None:
    told: list[Telling] = []
    tell = Teller(told.append, candidate=3)
    for stage in ("context", "engine", "frames"):
        for done in range(1000):
            tell(Progress(cast(Any, stage), done, 1000, 1, 1))
    assert {telling.stage for telling in told} == {"context", "engine", "frames"}
    assert len(told) < 10
    assert told[0] == Telling("context", 0, 1000, 3)


# -- ranking --------------------------------------------------------------------------

LIKE = dict.fromkeys(Measures.model_fields, 0.0) | dict.fromkeys(
    (
        *("seam", "seam_residual", "life", "flicker", "motion"),
        *("sharpness", "sharpness_tail", "grain"),
    ),
    1.0,
)


def report(**measured: float | None) -> Report:
    """A report with nothing but its measures and what the gate says of them."""
    measures = Measures.model_validate(LIKE | measured)
    step = SimpleNamespace(measures=measures, verdict=judge(measures))
    return cast(Report, SimpleNamespace(steps=(step,)))


BEST_FIRST = [
    report(),
    report(motion=1.2),
    report(motion=1 / 1.5),
    report(motion=3.4),  # passes, barely
    report(motion=3.6),  # passes all the same
    report(motion=30),
    report(motion=3.6, flicker=9),
]


def test_candidates_are_ranked() -> None:
    assert ranked(BEST_FIRST) == list(range(len(BEST_FIRST)))
    assert ranked(BEST_FIRST[::-1]) == list(range(len(BEST_FIRST)))[::-1]


def test_equals_keep_their_order() -> None:
    assert ranked([report(), report(seam=None), report()]) == [0, 1, 2]
    assert ranked([]) == []


def test_any_order_of_candidates_gives_the_same() -> None:
    few = BEST_FIRST[1::2]
    for order in permutations(range(len(few))):
        places = ranked([few[n] for n in order])
        assert [order[place] for place in places] == list(range(len(few)))


@pytest.mark.parametrize("name", BANDS)
def test_an_end_of_a_band_is_one_away(name: str) -> None:
    band = BANDS[name]
    for end in (band.low, band.high):
        if end is not None:
            assert distance(report(**{name: end}).steps[0].measures) == pytest.approx(1)


@given(st.sampled_from(sorted(BANDS)), st.floats(1, 50), st.floats(1, 50))
def test_farther_is_never_nearer(name: str, one: float, other: float) -> None:
    near, far = sorted((one, other))
    values = [distance(report(**{name: v}).steps[0].measures) for v in (near, far)]
    assert values == sorted(values)


def test_a_measure_of_nothing_is_far_away() -> None:
    assert ranked([report(motion=0.0), report(motion=0.1)]) == [1, 0]
