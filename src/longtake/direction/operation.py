"""Operations: what can be asked for in words, by how much, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "pan",
    "tilt",
    "zoom",
    "roll",
    "hold",
    "handheld",
    "speed",
    "reverse",
    "freeze",
    "loop",
    "boomerang",
    "fade_to_black",
    "fade_to_white",
    "brightness",
    "warmth",
    "saturation",
    "motion",
]
Unit = Literal["widths", "heights", "times", "degrees", "share"]
Group = Literal["camera", "time", "light", "amount"]


@dataclass(frozen=True, slots=True)
class Scale:
    """How a kind is measured: by ``usual`` unless said otherwise, ``low`` to ``high``.

    ``geometric``: an adverb changes the exponent, so that half of 4 times is twice.
    """

    group: Group
    unit: Unit
    usual: float
    low: float
    high: float
    geometric: bool = False


SCALES: dict[Kind, Scale] = {
    "pan": Scale("camera", "widths", 0.1, -0.4, 0.4),
    "tilt": Scale("camera", "heights", 0.1, -0.4, 0.4),
    "zoom": Scale("camera", "times", 1.25, 0.25, 4, geometric=True),
    "roll": Scale("camera", "degrees", 5, -180, 180),
    "hold": Scale("camera", "share", 1, 0, 1),
    "handheld": Scale("camera", "widths", 0.006, 0, 0.03),
    "speed": Scale("time", "times", 2, 0.25, 4, geometric=True),
    "reverse": Scale("time", "times", 1, 0.25, 4),
    "freeze": Scale("time", "share", 1, 0, 1),
    "loop": Scale("time", "share", 1, 0, 1),
    "boomerang": Scale("time", "times", 1, 0.25, 4),
    "fade_to_black": Scale("light", "share", 1, 0, 1),
    "fade_to_white": Scale("light", "share", 1, 0, 1),
    "brightness": Scale("light", "times", 1.3, 0, 3, geometric=True),
    "warmth": Scale("light", "share", 0.15, -1, 1),
    "saturation": Scale("light", "times", 1.5, 0, 3),
    "motion": Scale("amount", "times", 2, 0.25, 3, geometric=True),
}
_ACROSS, _ALONG = 60.0, 35.0  # degrees that a usual lens shows


@dataclass(frozen=True, slots=True)
class Number:
    """A number that was written beside an operation."""

    value: float
    unit: Literal["times", "percent", "degrees"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing to do between two shares of the new part, ``begin`` < ``end`` in 0..1.

    ``amount`` is in ``unit``: ``widths`` and ``heights`` of the picture, ``times``,
    ``degrees``, or a ``share`` (1 is all). Positive is right, up, clockwise and warmer,
    seen by the camera: where the view goes to the left, the picture moves to the right.
    ``clause``: the words it came from.
    """

    kind: Kind
    amount: float
    begin: float
    end: float
    clause: str

    @property
    def unit(self) -> Unit:
        """What ``amount`` counts."""
        return SCALES[self.kind].unit

    @property
    def group(self) -> Group:
        """What it changes: camera, time, light, or the amount of motion."""
        return SCALES[self.kind].group

    @property
    def says(self) -> str:
        """In words, with its magnitude, and its time unless that is all of it."""
        text = _said(self.kind, self.amount)
        if (self.begin, self.end) == (0, 1):
            return text
        return f"{text}, from {self.begin:.0%} to {self.end:.0%} of the new part"


def amount(kind: Kind, way: int, factor: float, number: Number | None) -> float:
    """How much of ``kind`` in direction ``way`` (-1, 0 or 1), within its range.

    ``factor``: what adverbs make of the usual amount (0.5: slightly).
    """
    scale = SCALES[kind]
    found = scale.usual ** (way * factor) if scale.geometric else scale.usual * factor
    if number and number.value > 0:
        found = _numbered(kind, way, number)
    elif kind == "saturation":
        found = max(1 + way * 0.5 * factor, 0) if way else 0
    elif not scale.geometric:
        found *= way or 1
    return min(max(found, scale.low), scale.high)


def _numbered(kind: Kind, way: int, number: Number) -> float:
    """The amount that a number says."""
    scale, value, sign = SCALES[kind], number.value, way or 1
    if number.unit == "degrees":
        per_degree = {"pan": 1 / _ACROSS, "tilt": 1 / _ALONG, "roll": 1.0}
        return sign * value * per_degree.get(kind, 0) or scale.usual
    if number.unit == "times":
        if not (scale.geometric or kind == "saturation"):
            return sign * value * scale.usual
        return value if not way else max(value, 1 / value) ** way
    share = value / 100
    if kind == "zoom":
        return float((1 + share) ** sign)
    if scale.geometric or kind == "saturation":
        return 1 + way * share if way else share
    return sign * share if scale.unit != "degrees" else sign * scale.usual


def _said(kind: Kind, by: float) -> str:
    """``kind`` by ``by`` in words."""
    if kind in _TURNS:
        forward, backward, unit = _TURNS[kind]
        way = forward if by > 0 else backward
        return f"{way} by {unit.format(abs(by))}" if by else f"no {kind}"
    if kind == "zoom" and by == 1:
        return "no zoom"
    if kind in _FACTORS:
        up, down = _FACTORS[kind]
        return (up if by > 1 else down).format(by)
    return _PLAIN[kind].format(by)


_TURNS: dict[Kind, tuple[str, str, str]] = {  # where above and below 0 differ
    "pan": ("pans right", "pans left", "{:.0%} of the width"),
    "tilt": ("tilts up", "tilts down", "{:.0%} of the height"),
    "roll": ("rolls clockwise", "rolls counterclockwise", "{:.0f} degrees"),
    "warmth": ("grows warmer", "grows cooler", "{:.0%}"),
}
_FACTORS: dict[Kind, tuple[str, str]] = {  # where above and below 1 differ
    "zoom": ("zooms in, {:.2f} times", "zooms out, {:.2f} times"),
    "brightness": ("brightens to {:.0%}", "darkens to {:.0%}"),
}
_PLAIN: dict[Kind, str] = {
    "handheld": "sways as in a hand, by {:.1%} of the width",
    "speed": "plays at {:.2f} times its speed",
    "reverse": "plays backwards at {:.2f} times its speed",
    "boomerang": "plays back and forth at {:.2f} times its speed",
    "saturation": "goes to {:.0%} of its colors",
    "motion": "moves at {:.2f} times its pace",
    "hold": "the camera holds still",
    "freeze": "stands still",
    "loop": "ends on the clip's first frame",
    "fade_to_black": "fades to black",
    "fade_to_white": "fades to white",
}
