"""The sizes of clips made from images: the contract's table."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake import sizes

AREAS = {False: 832 * 480, True: 1280 * 720}
aspects = pytest.mark.parametrize("aspect", sizes.ASPECTS)


@aspects
@pytest.mark.parametrize("hd", [False, True])
def test_every_size_has_its_aspect_and_area(aspect: str, *, hd: bool) -> None:
    """As near as sides of whole blocks of 16 pixels allow."""
    width, height = sizes.size(aspect, hd=hd)
    assert width % 16 == height % 16 == 0
    assert width / height == pytest.approx(ratio(aspect), rel=0.05)
    assert 0.94 < width * height / AREAS[hd] <= 1


@aspects
def test_turned_it_is_the_same_size_turned(aspect: str) -> None:
    across, down = aspect.split(":")
    assert (
        sizes.size(f"{down}:{across}", hd=False) == sizes.size(aspect, hd=False)[::-1]
    )


def test_the_table() -> None:
    assert sizes.size("16:9", hd=False) == (832, 464)
    assert sizes.size("16:9", hd=True) == (1280, 720)
    assert sizes.size("3:4", hd=False) == (544, 720)
    assert sizes.size("1:2", hd=True) == (672, 1344)


@aspects
def test_the_nearest_of_an_aspect_is_itself(aspect: str) -> None:
    across, down = map(int, aspect.split(":"))
    assert sizes.nearest(across * 100, down * 100) == aspect


@given(st.integers(1, 10_000), st.integers(1, 10_000))
def test_no_other_aspect_would_crop_less(width: int, height: int) -> None:
    def lost(aspect: str) -> Fraction:
        share = Fraction(width, height) / ratio(aspect)
        return 1 - min(share, 1 / share)

    assert lost(sizes.nearest(width, height)) == min(map(lost, sizes.ASPECTS))


def ratio(aspect: str) -> Fraction:
    return Fraction(aspect.replace(":", "/"))
