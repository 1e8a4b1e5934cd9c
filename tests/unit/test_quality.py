"""The scorers of the quality benchmark, with answers made by hand."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from benchmarks.quality import (
    blind,
    cache,
    calibration,
    controls,
    scores,
    sheets,
    tables,
)
from benchmarks.quality.windows import Held, Window, allotted
from longtake.analysis.gate import BANDS
from longtake.engines.motion.plan import places
from tests import moving

FINE = {name: 0.0 if band.low is None else 1.0 for name, band in BANDS.items()}


def score(clip: str, join: int, maker: str, **values: Any) -> scores.Score:
    return {"clip": clip, "join": join, "maker": maker, **FINE, **values}


def test_psnr() -> None:
    dark = np.full((8, 8, 3), 100, np.uint8)
    assert scores.psnr(dark, dark) == 100
    assert scores.psnr(dark, dark + 10) == pytest.approx(28.13, abs=0.01)
    assert scores.psnr(dark * 0, dark * 0 + 255) == pytest.approx(0)


def test_ssim() -> None:
    """Flat pictures a and b have (2ab + c1) / (a² + b² + c1), by definition."""
    low, high = np.full((2, 30, 30, 3), [[[[60]]], [[[120]]]], np.uint8)
    c1 = (0.01 * 255) ** 2
    expected = (2 * 60 * 120 + c1) / (60**2 + 120**2 + c1)
    assert scores.ssim(low, high) == pytest.approx(expected, abs=1e-3)
    film = moving.film(2)
    assert scores.ssim(film[0], film[0]) == pytest.approx(1)
    assert scores.ssim(film[0], 255 - film[0]) < 0
    noise = np.random.default_rng(0).integers(0, 255, film[0].shape).astype(np.uint8)
    assert abs(scores.ssim(film[0], noise)) < 0.1


def test_windows_are_dealt_out_evenly_and_all() -> None:
    assert allotted({"a": 1, "b": 9, "c": 50}, 12) == {"a": 1, "b": 5, "c": 6}
    assert allotted({"a": 1, "b": 2}, 100) == {"a": 1, "b": 2}


def test_windows_are_spread_over_the_joins() -> None:
    frames = moving.film(40)
    held = Held("film", Fraction(24), frames, dict.fromkeys(range(12, 28), 40))
    assert held.joins(3) == [20, 16, 24]
    assert held.joins(7)[:3] == [20, 16, 24]  # more are the same and others between
    assert sorted(held.joins(7)) == list(range(14, 27, 2))
    assert sorted(held.joins(99)) == list(range(12, 28))
    window = held.window(20)
    np.testing.assert_array_equal(window.context, frames[:20])
    np.testing.assert_array_equal(window.future, frames[20:])


def test_a_turn_around_goes_past_the_end_and_comes_back() -> None:
    runs = controls.turning(40, 90)
    shown = np.array([places(runs, k)[0] for k in range(90)])
    assert shown[0] == pytest.approx(1, abs=0.02)
    assert 0 < shown.max() < 8
    assert -39 <= shown.min() < -30
    assert np.abs(np.diff(shown, 2)).max() < 0.4  # nowhere does it turn at once
    film = moving.film(52)
    made = controls.turn_around(film[:40], film[40:])
    assert made.shape == film[40:].shape


def test_pure_flow_goes_on_as_it_moved() -> None:
    pan = moving.pan(34, 2.0)
    made = controls.pure_flow(pan[:24], pan[24:])
    inside = np.s_[5, 30:-30, 30:-30]
    assert scores.psnr(made[inside], pan[24:][inside]) > 30


def test_everything_of_a_window_is_scored() -> None:
    film = moving.film(40)
    window = Window("film", 24, Fraction(24), film[:24], film[24:])
    found = [*scores.real_and_controls(window), *scores.engines(window)]
    made = {one["maker"]: one for one in found}
    assert made.keys() == set(scores.MAKERS)
    assert calibration.passes(made["real"])
    assert not calibration.passes(made["persistence"])
    assert "psnr_1" not in made["real"]
    assert made["motion"]["psnr_1"] > 20
    assert made["motion"]["cpu_s"] > 0
    assert made["motion"]["plan"]["n_frames"] == 16


def test_the_area_under_the_curve() -> None:
    assert calibration.area([1, 2], [3, 4]) == 1
    assert calibration.area([1, 2], [1, 2]) == 0.5
    assert calibration.area([1, 3], [2]) == 0.5
    found = [score("a", 1, "real"), score("a", 1, "blur", sharpness=0.5)]
    table = calibration.areas(found, ["blur"])
    assert table["sharpness"]["blur"] == 1
    assert table["seam"]["blur"] == 0.5


def test_a_ratio_is_as_bad_half_as_double() -> None:
    assert calibration.badness("seam", 0.5) == calibration.badness("seam", 2)
    assert calibration.badness("freeze", 0.1) < calibration.badness("freeze", 0.2)


def test_the_slack_is_for_the_real_unless_the_flawed_get_through() -> None:
    """A seam of 3 misses its band by log 3 / log 2 - 1, of 4 by 1."""
    found = [score("a", 1, "real"), score("a", 2, "real", seam=3.0)]
    found += [score("b", 1, "real", seam=16.0)]
    found += [score("a", k, "blur", seam=4.0) for k in range(5)]
    assert calibration.missed(found[0]) == 0
    assert calibration.missed(found[1]) == pytest.approx(0.585, abs=1e-3)
    assert calibration.missed(found[3]) == pytest.approx(1)
    assert 0.6 <= calibration.calibrated(found) < 1
    found += [score("a", k, "skip", seam=2.9) for k in range(5)]
    assert calibration.calibrated(found) < 0.5


def test_a_clip_is_judged_by_the_others() -> None:
    found = [score("a", 1, "real", seam=3.0), score("b", 1, "real", seam=2.9)]
    found += [score(clip, 1, "blur", seam=3.3) for clip in "ab"]
    assert calibration.left_out(found) == [True, True, False, False]
    found += [score("b", 2, "blur", seam=2.95)]
    assert calibration.left_out(found)[0] is False


def test_who_refuses() -> None:
    found = [
        score("a", 1, "real", seam=9.0, motion=90.0),
        score("a", 2, "real", seam=9.0, motion=3.6),
        score("a", 2, "motion", seam=9.0),
        score("a", 3, "real", seam=2.1),  # passes all the same
    ]
    counted = calibration.refusals(found, "real")
    assert counted["seam"] == (2, 1)
    assert counted["motion"] == (2, 0)
    assert counted["freeze"] == (0, 0)


def test_the_interval_draws_whole_clips() -> None:
    assert tables.interval([[1.0, 1.0], [1.0]], np.mean) == (1, 1)
    # Two clips say little, however many their windows.
    assert tables.interval([[0.0] * 8, [1.0] * 8], np.median) == (0, 1)
    assert tables.interval([[0.0, 1.0] for _ in range(8)], np.mean) == (0.5, 0.5)


def test_the_table_pairs_windows() -> None:
    found = [
        score("a", 1, "motion", psnr_1=30.0),
        score("a", 1, "persistence", psnr_1=28.0),
        score("a", 2, "motion", psnr_1=40.0),
        score("a", 2, "persistence", psnr_1=36.0),
        score("b", 1, "motion", psnr_1=99.0),  # without its pair
    ]
    table = {row["score"]: row for row in tables.medians(found)}
    assert table["PSNR +1 (dB)"]["motion_-_persistence"].startswith("+3.00")
    assert table["PSNR +1 (dB)"]["motion"].startswith("40.00")
    assert table["PSNR +1 (dB)"]["real"] == ""
    assert table["seam"]["accepted"] == str(BANDS["seam"])


def test_choosing_is_told_beside_chance() -> None:
    good, bad = {"plan": "x", "failures": []}, {"plan": "y", "failures": ["No."]}
    found = [
        score("a", 1, "motion", notes={"plan": "x", "tried": [good, bad]}),
        score("a", 2, "motion", notes={"plan": "y", "tried": [bad]}),
    ]
    rows = {row["plan"]: row for row in tables.choosing(found)}
    assert rows["the best by measure"]["passed"] == "1 of 2 (50%)"
    assert rows["any, by chance"]["passed"] == "25%"
    assert rows["y, always"] == {
        "plan": "y, always",
        "passed": "0 of 2 (0%)",
        "chosen": 1,
    }


def test_a_stopped_run_goes_on(tmp_path: Path) -> None:
    film = moving.film(4)
    window = Window("film", 2, Fraction(24), film[:2], film[2:])
    asked = []

    def measured(window: Window) -> list[scores.Score]:
        asked.append(window.join)
        return [score("film", window.join, "real")]

    first = cache.scored(window, "engines", measured, tmp_path)
    assert cache.scored(window, "engines", measured, tmp_path) == first
    assert asked == [2]


def test_other_sources_have_another_digest(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("1")
    before = cache.digest([path])
    assert cache.digest([path]) == before
    path.write_text("2")
    assert cache.digest([path]) != before
    assert all(path.exists() for paths in cache.SOURCES.values() for path in paths)


def test_a_contact_sheet_is_small(tmp_path: Path) -> None:
    noise = (
        np.random.default_rng(0).integers(0, 255, (40, 234, 416, 3)).astype(np.uint8)
    )
    window = Window("noise", 10, Fraction(24), noise[:10], noise[10:])
    sheets.contact(
        window, {"real": noise[10:], "again": noise[10:20]}, tmp_path / "a.jpg"
    )
    assert 5_000 < (tmp_path / "a.jpg").stat().st_size < sheets.MOST_BYTES


def test_right_picks_are_counted_by_kind() -> None:
    key = [
        {"pair": 1, "clip": "mdn_stream-of-water", "real": "A"},
        {"pair": 2, "clip": "mdn_stream-of-water", "real": "B"},
        {"pair": 3, "clip": "mdn_flower", "real": "B"},
        {"pair": 4, "clip": "mdn_flower", "real": "B"},  # not looked at
    ]
    rows = {
        row["kind"]: row for row in blind.counted(key, {"1": "A", "2": "A", "3": "B"})
    }
    assert rows.keys() == {"texture", "event", "all"}
    assert (rows["texture"]["right"], rows["texture"]["share"]) == (1, "0.50")
    assert (rows["all"]["pairs"], rows["all"]["right"]) == (3, 2)


def test_a_film_shows_both_side_by_side(tmp_path: Path) -> None:
    film = moving.film(36)
    window = Window("film", 24, Fraction(24), film[:24], film[24:])
    blind.film(window, (film[24:], film[24:] // 2), tmp_path / "a.mp4")
    with av.open(str(tmp_path / "a.mp4")) as file:
        pictures = [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]
    assert len(pictures) == 36
    left, right = np.split(pictures[-1], 2, axis=1)
    assert left.mean() == pytest.approx(2 * right.mean(), rel=0.05)
