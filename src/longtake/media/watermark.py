"""A visible watermark: a line of text, bottom right, on the frames that were made."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from longtake.errors import AskInvalid
from longtake.media import fonts

Frame = NDArray[np.uint8]  # (height, width, 3) uint8, RGB

_LONGEST = 100  # characters
_SMALLEST_PX = 5
_JOINERS = "\u200c\u200d"  # format characters that Arabic and Indic scripts need
_FILL, _HALO = 0.82, 0.7  # opacity of the white letters and of the dark around them


class Stamp:
    """``text`` rendered once for frames of ``width`` x ``height``, as they are shown.

    White letters in a dark halo stand out on light and dark. The size follows the shorter
    side; a text too long for it is wrapped and then shrunk until it lies inside. Control
    characters are dropped. An empty text is no stamp: frames come back as they are.
    Raises AskInvalid for more than 100 characters, or a picture too small for the text.
    """

    def __init__(self, text: str, width: int, height: int) -> None:
        self.text = clean(text)
        self.missing: tuple[str, ...] = ()  # characters that no font here can draw
        self.box = (0, 0, 0, 0)  # left, top, right, bottom of what is touched
        if not self.text:
            return
        if len(self.text) > _LONGEST:
            raise AskInvalid(
                f"The watermark has {len(self.text)} characters; use at most {_LONGEST}."
            )
        path, self.missing = fonts.best(self.text.replace(" ", ""))
        font, lines = _fit(self.text, path, width, height)
        alpha, white = _render(font, lines)
        margin = _margin(width, height)
        right, bottom = width - margin, height - margin
        left, top = right - alpha.shape[1], bottom - alpha.shape[0]
        self.box = (left, top, right, bottom)
        # out = (frame x (255 - alpha) + white x 255) / 255 stays within 16 bits.
        self._keep = (255 - alpha.astype(np.uint16))[..., None]
        self._add = white.astype(np.uint16)[..., None] * np.uint16(255) + np.uint16(127)

    def apply(self, frame: Frame) -> Frame:
        """A copy of ``frame`` (height, width, 3) uint8, RGB, with the text on it."""
        if not self.text:
            return frame
        left, top, right, bottom = self.box
        out = frame.copy()
        area = out[top:bottom, left:right]
        area[:] = (area * self._keep + self._add) // np.uint16(255)
        return out


def clean(text: str) -> str:
    """``text`` on one line, without control, format, private and unpaired characters."""
    flat = " ".join(unicodedata.normalize("NFC", text).split())
    return "".join(
        letter
        for letter in flat
        if letter in _JOINERS or unicodedata.category(letter)[0] != "C"
    ).strip()


def _margin(width: int, height: int) -> int:
    return max(1, min(width, height) // 32)


def _fit(
    text: str, path: Path, width: int, height: int
) -> tuple[ImageFont.FreeTypeFont, list[str]]:
    """The largest font, and the lines, with which the text lies inside the picture."""
    margin = _margin(width, height)
    largest = max(_SMALLEST_PX, round(min(width, height) / 22))
    for size in range(largest, _SMALLEST_PX - 1, -1):
        font = ImageFont.truetype(str(path), size)
        halo = 2 * _reach(size)
        lines = _wrap(text, font, width * 4 // 5 - halo)
        most = 2 if size > _SMALLEST_PX + 4 else len(lines)
        room = min(height - 2 * margin, height * 2 // 3) - halo
        if lines and len(lines) <= most and len(lines) * _leading(font) <= room:
            return font, lines
    raise AskInvalid(
        f"The watermark does not fit into a picture of {width}x{height}: shorten it."
    )


def _wrap(text: str, font: ImageFont.FreeTypeFont, room: int) -> list[str]:
    """Lines no wider than ``room`` pixels, broken at spaces where they can be.

    Empty where a single character is wider.
    """
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if font.getlength(joined) <= room:
            line = joined
            continue
        if line:
            lines.append(line)
        line = ""
        for letter in word:
            if line and font.getlength(line + letter) > room:
                lines.append(line)
                line = ""
            line += letter
            if font.getlength(line) > room:
                return []
    return [*lines, line]


def _leading(font: ImageFont.FreeTypeFont) -> int:
    ascent, descent = font.getmetrics()
    return ascent + descent


def _reach(size: float) -> int:
    """How far the halo goes beyond the letters, pixels."""
    return max(1, round(size / 5))


def _render(
    font: ImageFont.FreeTypeFont, lines: list[str]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Opacity of the stamp and of its white part: two (height, width) uint8."""
    reach = _reach(font.size)
    leading = _leading(font)
    wide = max(int(np.ceil(font.getlength(line))) for line in lines)
    image = Image.new("L", (wide + 2 * reach, leading * len(lines) + 2 * reach))
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        left = reach + wide - font.getlength(line)
        draw.text((left, reach + number * leading), line, fill=255, font=font)
    letters = np.asarray(image, np.float32) / 255
    spread = image.filter(ImageFilter.MaxFilter(2 * max(1, reach // 2) + 1))
    soft = spread.filter(ImageFilter.GaussianBlur(max(0.5, reach / 2.5)))
    halo = np.asarray(soft, np.float32) / 255 * _HALO
    white = letters * _FILL
    alpha = white + (1 - white) * halo
    return np.rint(alpha * 255).astype(np.uint8), np.rint(white * 255).astype(np.uint8)
