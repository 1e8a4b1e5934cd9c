"""The conversion to RGB and back: right against H.273 by hand, and the same both ways."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from longtake.media.clip import Color
from longtake.media.color import Converter, _samples, resolved

HEIGHT, WIDTH = 144, 250
WEIGHTS = {1: (0.2126, 0.0722), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}  # red, blue
FORMATS = {
    "yuv420p": 8,
    "yuv422p": 8,
    "yuv444p": 8,
    "yuv420p10le": 10,
    "yuv444p10le": 10,
}


def smooth() -> NDArray[np.uint8]:
    """A colorful picture without sharp edges, inside every gamut: (h, w, 3)."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    waves = [
        np.sin(x / 31 + 1) * np.cos(y / 17),
        np.sin(x / 23) * np.cos(y / 41 + 2),
        np.cos((x + y) / 37),
    ]
    return np.stack([128 + 90 * wave for wave in waves], -1).round().astype(np.uint8)


def by_hand(
    rgb: NDArray[np.uint8], matrix: int, bits: int, *, full: bool
) -> list[NDArray[np.float64]]:
    """Y', Cb, Cr of H.273 section 8.3, at full size and unrounded."""
    red, green, blue = (rgb[..., n] / 255 for n in range(3))
    kr, kb = WEIGHTS[matrix]
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    chroma = [(blue - luma) / 2 / (1 - kb), (red - luma) / 2 / (1 - kr)]
    if full:
        top = (1 << bits) - 1
        return [luma * top, *(c * top + (1 << (bits - 1)) for c in chroma)]
    scale = 1 << (bits - 8)
    return [(16 + 219 * luma) * scale, *((128 + 224 * c) * scale for c in chroma)]


def psnr(one: NDArray[Any], other: NDArray[Any], bits: int) -> float:
    """In dB, 99 for equal."""
    error = float(np.mean((one.astype(float) - other) ** 2))
    return 99.0 if not error else float(10 * np.log10(((1 << bits) - 1) ** 2 / error))


def color(matrix: int, *, full: bool = False, transfer: int = 2) -> Color:
    return Color(matrix=matrix, full_range=full, primaries=2, transfer=transfer)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("matrix", WEIGHTS)
@pytest.mark.parametrize("name", FORMATS)
def test_right_and_the_same_both_ways(name: str, matrix: int, *, full: bool) -> None:
    bits, rgb = FORMATS[name], smooth()
    converter = Converter(color(matrix, full=full), WIDTH, HEIGHT, name)
    frame = converter.to_video(rgb)
    assert (frame.colorspace, frame.color_range) == (matrix, 2 if full else 1)
    planes = [_samples(plane, bits).copy() for plane in frame.planes]
    wanted = by_hand(rgb, matrix, bits, full=full)
    for plane, exact in zip(planes, wanted, strict=True):
        if plane.shape == exact.shape:  # rounding alone costs 58.9 and 70.9 dB
            assert psnr(plane, exact, bits) > (58.5 if bits == 8 else 70)
    again = converter.to_video(converter.to_rgb(frame))
    for plane, other in zip(planes, again.planes, strict=True):
        assert psnr(plane, _samples(other, bits), bits) > 69
        assert abs(np.mean(plane.astype(float) - _samples(other, bits))) < 0.05


def test_what_is_unsaid_is_guessed_as_browsers_do() -> None:
    assert resolved(color(2), 719).matrix == 6
    assert resolved(color(2), 720).matrix == 1
    assert resolved(color(0), 480).matrix == 6  # RGB, which these planes are not
    assert resolved(color(9), 480).matrix == 9


def test_gray_video_has_no_color() -> None:
    converter = Converter(color(6, full=True), WIDTH, HEIGHT, "gray")
    rgb = converter.to_rgb(converter.to_video(smooth()))
    assert np.ptp(rgb.astype(int), axis=2).max() == 0


def test_rgb_video_passes_through() -> None:
    rgb = smooth()
    converter = Converter(color(0, full=True), WIDTH, HEIGHT, "gbrp")
    assert np.array_equal(converter.to_rgb(converter.to_video(rgb)), rgb)


@pytest.mark.parametrize("transfer", [16, 18])
def test_hdr_becomes_sdr(transfer: int) -> None:
    """Reference white (203 cd/m2 of PQ, 75 % of HLG) is bright, not gray; black is black."""
    signal = {16: 0.5807, 18: 0.75}[transfer]  # ITU-R BT.2408
    hdr = Color(matrix=9, full_range=False, primaries=9, transfer=transfer)
    plain = hdr.model_copy(update={"transfer": 14})
    converter = Converter(hdr, WIDTH, HEIGHT, "yuv420p10le")
    flat = Converter(plain, WIDTH, HEIGHT, "yuv420p10le")
    assert converter.color == Color(matrix=1, full_range=False, primaries=1, transfer=1)
    for level, low, high in ((0.0, 0, 2), (signal, 200, 255)):
        frame = flat.to_video(np.full((HEIGHT, WIDTH, 3), round(level * 255), np.uint8))
        shown = converter.to_rgb(frame)
        assert low <= shown.mean() <= high
        assert np.ptp(shown.mean((0, 1))) < 2  # gray stays gray
