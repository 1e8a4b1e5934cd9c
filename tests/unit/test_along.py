"""The course along time agrees with the measures that are taken from it."""

from __future__ import annotations

from statistics import mean

import numpy as np
import pytest

from benchmarks.quality import controls
from longtake.analysis.along import Series, along
from longtake.analysis.measures import compare, measured
from tests import moving

FILM = moving.film(84)


def known(series: Series) -> list[float]:
    return [value for value in series if value is not None]


def test_its_entries_are_what_the_measures_sum_up() -> None:
    context, new = FILM[:48], controls.blur(FILM[:48], FILM[48:])
    found = compare(context, new)
    measures, course = measured(found), along(found)
    n = course.n_before
    assert n == 48
    series = (course.change, course.motion, course.sharpness, course.color)
    assert {len(one) for one in series} == {84}
    assert course.change[n] == pytest.approx(measures.seam, abs=0.001)
    assert mean(known(course.motion[n:])) == pytest.approx(measures.motion, abs=0.001)
    assert mean(known(course.sharpness[n:])) == pytest.approx(
        measures.sharpness, abs=0.001
    )
    assert max(known(course.color[n:])) == pytest.approx(
        measures.color_drift, abs=0.001
    )
    own = known(course.sharpness[:n])
    assert mean(own[-24:]) == pytest.approx(1, abs=0.01)


def test_what_the_clip_repeats_has_no_entry() -> None:
    """Drawn on twos: every second frame changes nothing, in the clip as after it."""
    twos = np.repeat(FILM, 2, axis=0)
    course = along(compare(twos[:96], twos[96:]))
    assert course.n_before == 72
    assert all(value is None for value in course.change[73::2])
    assert None not in course.change[72::2]
    assert None not in course.sharpness[72:]


def test_a_cut_and_a_single_frame() -> None:
    other = 255 - FILM[::-1][:40]
    course = along(compare(np.concatenate([other, FILM[:24]]), FILM[24:48]))
    assert set(course.change[:40]) == {None}
    assert None not in course.change[41:]
    single = along(compare(FILM[:1], FILM[1:9]))
    assert single.n_before == 1
    assert set(single.change) == {None}
    assert None not in single.sharpness
