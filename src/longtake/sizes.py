"""How large a clip made from an image is: the table of the wire contract, section 5."""

from __future__ import annotations

from fractions import Fraction
from math import log

_SD = {
    "1:1": (624, 624),
    "6:5": (688, 576),
    "4:3": (720, 544),
    "3:2": (768, 512),
    "16:9": (832, 464),
    "2:1": (880, 432),
}
_HD = {
    "1:1": (960, 960),
    "6:5": (1040, 864),
    "4:3": (1104, 816),
    "3:2": (1168, 784),
    "16:9": (1280, 720),
    "2:1": (1344, 672),
}
ASPECTS = (
    "1:2",
    "9:16",
    "2:3",
    "3:4",
    "5:6",
    "1:1",
    "6:5",
    "4:3",
    "3:2",
    "16:9",
    "2:1",
)


def size(aspect: str, *, hd: bool) -> tuple[int, int]:
    """Width and height in pixels of one of :data:`ASPECTS`."""
    table = _HD if hd else _SD
    if aspect in table:
        return table[aspect]
    height, width = table[":".join(reversed(aspect.split(":")))]
    return width, height


def nearest(width: int, height: int) -> str:
    """The one of :data:`ASPECTS` of which least is cropped from ``width`` x ``height``."""
    return min(ASPECTS, key=lambda aspect: abs(log(_ratio(aspect) * height / width)))


def _ratio(aspect: str) -> Fraction:
    return Fraction(aspect.replace(":", "/"))
