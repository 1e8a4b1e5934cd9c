"""The watermark stays inside, can be read, touches only its box, names what it cannot draw."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import features

from longtake.errors import AskInvalid
from longtake.media import fonts
from longtake.media.watermark import Stamp, clean
from tests.scene import picture

LONG = "A text of exactly one hundred characters, so that it must be wrapped or shrunk to lie inside of it.."


@pytest.mark.parametrize("size", [(320, 180), (180, 320), (832, 464), (1280, 720)])
@pytest.mark.parametrize("text", ["Longtake", LONG, "W" * 100, "שלום עולם"])
def test_the_text_lies_inside_bottom_right_and_touches_nothing_else(
    text: str, size: tuple[int, int]
) -> None:
    width, height = size
    frame = picture(Fraction(1), width, height)
    before = frame.copy()
    stamp = Stamp(text, width, height)
    out = stamp.apply(frame)
    left, top, right, bottom = stamp.box
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    assert width - right == height - bottom < min(size) // 16
    changed = np.any(out != frame, axis=2)
    assert changed[top:bottom, left:right].any()
    changed[top:bottom, left:right] = False
    assert not changed.any()
    assert np.array_equal(frame, before)


@pytest.mark.parametrize("ground", [0, 128, 255])
def test_it_can_be_read_on_any_ground(ground: int) -> None:
    frame = np.full((360, 640, 3), ground, np.uint8)
    stamp = Stamp("Longtake", 640, 360)
    left, top, right, bottom = stamp.box
    box = stamp.apply(frame)[top:bottom, left:right, 0].astype(float)
    # WCAG's relative luminance contrast of letters to what surrounds them, at least 3.
    bright, dark = (
        ((np.quantile(box, share) / 255) ** 2.2 + 0.05) for share in (0.97, 0.03)
    )
    assert bright / dark > 3


def test_known_answer_one_opaque_and_one_clear_pixel() -> None:
    """A fully white letter pixel keeps 18 % of the ground; far from letters, all of it."""
    stamp = Stamp("█" * 12, 1280, 720)
    top = stamp.box[1]
    out = stamp.apply(np.zeros((720, 1280, 3), np.uint8))
    assert out.max() == 209  # 0.82 x 255
    assert not out[: top - 1].any()


def test_empty_or_unprintable_text_is_no_stamp() -> None:
    frame = picture(Fraction(0), 320, 180)
    for text in ("", "  \n", "\x00\x1b\u202e"):
        assert np.array_equal(Stamp(text, 320, 180).apply(frame), frame)


def test_control_characters_and_overrides_are_dropped() -> None:
    assert clean("a\x00b\u202ec\ud800\nd\t e") == "abc d e"
    assert clean("بی\u200cبی") == "بی\u200cبی"


def test_what_cannot_be_drawn_is_named_once() -> None:
    text = "ab\U00013000\U00013000c"  # an Egyptian hieroglyph
    assert Stamp(text, 640, 360).missing == ("\U00013000",)
    assert Stamp("naïve čeština, Ελληνικά, кириллица", 640, 360).missing == ()


def test_arabic_is_shaped_from_right_to_left() -> None:
    assert features.check("raqm"), "this Pillow cannot shape Arabic and Hebrew"
    joined = Stamp("ببب", 640, 360)
    apart = Stamp("ب\u200cب\u200cب", 640, 360)  # kept apart: three isolated letters
    assert joined.missing == apart.missing == ()
    assert joined.box[0] > apart.box[0]


def test_the_shipped_font_covers_what_it_says() -> None:
    shipped = fonts.available()[0]
    runs = fonts.coverage(shipped)
    covered = {code for first, last in runs for code in range(first, last + 1)}
    assert {ord(letter) for letter in "azAZ09äßжشא"} <= covered
    assert 0x4E00 not in covered
    assert (Path(shipped).parent / "LICENSE-DejaVu.txt").is_file()


def test_too_long_and_too_small_are_said() -> None:
    with pytest.raises(AskInvalid, match="at most 100"):
        Stamp("x" * 101, 1280, 720)
    with pytest.raises(AskInvalid, match="16x16"):
        Stamp(LONG, 16, 16)


@given(st.text(max_size=100), st.integers(16, 400), st.integers(16, 400))
@settings(max_examples=150, deadline=None)
def test_any_text_fits_or_is_refused(text: str, width: int, height: int) -> None:
    try:
        stamp = Stamp(text, width, height)
    except AskInvalid:
        return
    out = stamp.apply(np.zeros((height, width, 3), np.uint8))
    left, top, right, bottom = stamp.box
    assert out.shape == (height, width, 3)
    assert 0 <= left <= right <= width
    assert 0 <= top <= bottom <= height
