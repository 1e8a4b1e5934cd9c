"""A sheet to draw on: smooth shapes, pictures and text, in one pass each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from longtake.analysis.pictures import Frame
from longtake.media import fonts

Color = tuple[int, int, int]
Point = tuple[float, float]
Rectangle = tuple[float, float, float, float]  # left, top, right, bottom

_FINE = 3  # shapes are drawn this much larger and reduced, which smooths their edges


class Sheet:
    """Shapes lie below pictures, pictures below text, whatever order they are drawn in."""

    def __init__(self, width: int, height: int, background: Color) -> None:
        self.width, self.height = width, height
        self._fine = Image.new("RGB", (width * _FINE, height * _FINE), background)
        self._shapes = ImageDraw.Draw(self._fine)
        self._pictures: list[tuple[Image.Image, tuple[int, int]]] = []
        self._texts: list[tuple[Point, str, int, Color, str]] = []

    def box(self, at: Rectangle, color: Color, *, radius: float = 0) -> None:
        """A filled rectangle with rounded corners."""
        self._shapes.rounded_rectangle(
            [value * _FINE for value in at], radius * _FINE, fill=color
        )

    def dot(self, center: Point, radius: float, color: Color) -> None:
        """A filled circle."""
        x, y = center
        self.box((x - radius, y - radius, x + radius, y + radius), color, radius=radius)

    def line(self, points: Sequence[Point], color: Color, width: float = 1.5) -> None:
        """A line through ``points``."""
        fine = [(x * _FINE, y * _FINE) for x, y in points]
        self._shapes.line(fine, color, round(width * _FINE), joint="curve")

    def picture(self, frame: Frame, at: Rectangle) -> None:
        """``frame`` fitted into a place; tiny ones are enlarged with their pixels seen."""
        left, top, right, bottom = (round(value) for value in at)
        width, height = max(1, right - left), max(1, bottom - top)
        method = Image.Resampling.LANCZOS
        if frame.shape[1] < width:
            method = Image.Resampling.NEAREST
        shown = Image.fromarray(frame).resize((width, height), method)
        self._pictures.append((shown, (left, top)))

    def text(
        self, at: Point, text: str, size: int, color: Color, anchor: str = "la"
    ) -> None:
        """One line of text; ``anchor`` as Pillow has it."""
        self._texts.append((at, text, size, color, anchor))

    def finished(self) -> Image.Image:
        """The sheet as an RGB picture."""
        image = self._fine.reduce(_FINE)
        for picture, place in self._pictures:
            image.paste(picture, place)
        draw = ImageDraw.Draw(image)
        for at, text, size, color, anchor in self._texts:
            draw.text(at, text, color, font(size), anchor)
        return image


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans at ``size`` pixels."""
    data = (resources.files(fonts) / "DejaVuSans.ttf").read_bytes()
    return ImageFont.truetype(BytesIO(data), size)


def wrapped(text: str, size: int, width: float) -> list[str]:
    """``text`` in lines at most ``width`` pixels long, broken between words."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font(size).getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
