"""Exact time: counts, paces and grids, by hand and by invention."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.media import timing
from longtake.media.timing import Pace

NTSC = Fraction(30000, 1001)
rates = st.sampled_from(timing.STANDARD_RATES)
clocks = st.sampled_from([600, 1000, 12800, 15360, 90000, 1_000_000])


def grid(rate: Fraction, clock: int, n: int, first: int = 0) -> list[int]:
    """Times of a constant rate, rounded to the clock as every muxer does."""
    return [first + round(rank * clock / rate) for rank in range(n)]


@pytest.mark.parametrize(
    ("seconds", "rate", "n"),
    [
        ("4", "24", 96),
        ("1", "30000/1001", 30),
        ("4", "30000/1001", 120),
        ("1/2", "25", 13),  # 12.5: halves upward
        ("0", "24", 0),
        ("1/100", "24", 0),
        ("1/48", "24", 1),
    ],
)
def test_new_frames_round_to_the_nearest(seconds: str, rate: str, n: int) -> None:
    assert timing.new_frames(Fraction(seconds), Fraction(rate)) == n


@given(st.fractions(0, 1000), rates)
def test_new_frames_are_never_half_a_frame_off(
    seconds: Fraction, rate: Fraction
) -> None:
    n = timing.new_frames(seconds, rate)
    assert -Fraction(1, 2) < n - seconds * rate <= Fraction(1, 2)


@given(rates, clocks, st.integers(40, 400), st.integers(-5000, 5000))
def test_a_rounded_grid_is_recognized(
    rate: Fraction, clock: int, n: int, first: int
) -> None:
    pace = timing.pace(grid(rate, clock, n, first), Fraction(1, clock), declared=rate)
    assert pace == Pace(1 / rate, variable=False)


@given(st.integers(1, 5000), st.integers(2, 200))
def test_a_constant_step_is_never_called_variable(step: int, n: int) -> None:
    pts = [step * rank for rank in range(n)]
    pace = timing.pace(pts, Fraction(1, 90000))
    assert not pace.variable
    assert abs(pace.step - Fraction(step, 90000)) <= Fraction(1, 90000 * (n - 1))


def test_milliseconds_of_a_long_clip_tell_2997_from_30() -> None:
    tick = Fraction(1, 1000)
    assert timing.pace(grid(NTSC, 1000, 300), tick).rate == NTSC
    assert timing.pace(grid(Fraction(30), 1000, 300), tick).rate == 30


def test_milliseconds_of_a_short_clip_believe_what_is_declared() -> None:
    pts, tick = grid(NTSC, 1000, 10), Fraction(1, 1000)
    assert timing.pace(pts, tick, declared=NTSC).rate == NTSC
    assert timing.pace(pts, tick, declared=Fraction(30)).rate == 30
    assert timing.pace(pts, tick, declared=Fraction(60)).rate != 60


def test_an_odd_constant_rate_is_kept() -> None:
    pts = [2998 * rank for rank in range(36)]
    pace = timing.pace(pts, Fraction(1, 90000))
    assert pace == Pace(Fraction(2998, 90000), variable=False)


def test_one_late_frame_makes_times_variable() -> None:
    pts = grid(Fraction(24), 12288, 48)
    pts[20] += 2
    assert timing.pace(pts, Fraction(1, 12288)) == Pace(Fraction(1, 24), variable=True)


def test_a_variable_rate_goes_on_at_its_median_step() -> None:
    steps = [9000, 9000, 9010, 8000, 9001, 12000, 9000]
    pts = [sum(steps[:n]) for n in range(len(steps) + 1)]
    assert timing.pace(pts, Fraction(1, 90000)) == Pace(Fraction(1, 10), variable=True)


def test_a_variable_rate_far_from_any_standard_stays_its_own() -> None:
    pts = [0, 7000, 14000, 21000, 30000]
    pace = timing.pace(pts, Fraction(1, 90000))
    assert pace == Pace(Fraction(7, 90), variable=True)


def test_two_frames_are_enough() -> None:
    assert timing.pace([0, 3000], Fraction(1, 90000)).rate == 30


@given(rates, clocks, st.integers(2, 100), st.data())
def test_frames_before_the_start_of_a_frame_are_its_rank(
    rate: Fraction, clock: int, n: int, data: st.DataObject
) -> None:
    pts = grid(rate, clock, n, first=77)
    rank = data.draw(st.integers(0, n - 1))
    tick = Fraction(1, clock)
    assert timing.frames_before(pts, tick, (pts[rank] - 77) * tick) == rank
    assert timing.frames_before(pts, tick, rank / rate) == rank


@given(st.lists(st.integers(1, 4000), min_size=1, max_size=50))
def test_drift_is_the_worst_distance_from_the_grid(steps: list[int]) -> None:
    pts = [sum(steps[:n]) for n in range(len(steps) + 1)]
    mean = Fraction(pts[-1], len(steps))
    by_hand = max(abs(time - rank * mean) for rank, time in enumerate(pts))
    assert timing.drift(pts, mean) == by_hand
