"""The filmstrip shows the frames and the verdict, whatever the clip's shape."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from benchmarks.quality import controls
from longtake.analysis.along import along
from longtake.analysis.filmstrip import filmstrip
from longtake.analysis.gate import judge
from longtake.analysis.measures import compare, measured
from longtake.analysis.sheet import font, wrapped
from tests import moving

GOOD, BAD = (104, 190, 130), (232, 100, 96)


def drawn(
    before: moving.Frames, after: moving.Frames
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    found = compare(before, after)
    image = filmstrip(
        before,
        after,
        measured(found),
        judge(measured(found)),
        along(found),
        rate=Fraction(24),
    )
    assert image.mode == "RGB"
    return np.asarray(image)


def share(sheet: moving.Frames, color: tuple[int, int, int]) -> float:
    return float((sheet == color).all(axis=-1).mean())


def test_the_frames_around_the_join_are_on_it() -> None:
    before = np.full((30, 90, 160, 3), (250, 0, 0), np.uint8)
    after = np.full((30, 90, 160, 3), (0, 0, 250), np.uint8)
    sheet = drawn(before, after)
    red = np.flatnonzero((sheet == (250, 0, 0)).all(axis=-1).any(axis=0))
    blue = np.flatnonzero((sheet == (0, 0, 250)).all(axis=-1).any(axis=0))
    assert red.max() < sheet.shape[1] / 2 < blue.min()
    assert len(red) == pytest.approx(len(blue), abs=3)


def test_the_verdict_is_on_it() -> None:
    film = moving.film(72)
    fine = drawn(film[:36], film[36:])
    frozen = drawn(film[:36], controls.freeze(film[:36], film[36:]))
    assert share(fine, GOOD) > 0.002
    assert share(fine, BAD) == 0
    assert share(frozen, BAD) > 0.002
    assert frozen.shape[0] > fine.shape[0]  # each failure has a line


@pytest.mark.parametrize(
    ("height", "width"),
    [(117, 30), (12, 208), (16, 16), (300, 4), (4, 300), (117, 208)],
)
@pytest.mark.parametrize(("n_before", "n_after"), [(1, 1), (3, 2), (30, 40)])
def test_any_shape_and_length(
    height: int, width: int, n_before: int, n_after: int
) -> None:
    film = np.resize(
        moving.film(n_before + n_after), (n_before + n_after, height, width, 3)
    )
    sheet = drawn(film[:n_before], film[n_before:])
    assert sheet.shape[1] == 1720
    assert 700 < sheet.shape[0] < 1800


def test_lines_break_between_words() -> None:
    lines = wrapped("one two three four five six seven", 18, 120)
    assert " ".join(lines) == "one two three four five six seven"
    assert len(lines) > 1
    assert all(font(18).getlength(line) <= 120 for line in lines)
    assert wrapped("unbreakable" * 9, 18, 50) == ["unbreakable" * 9]
