"""Orders: what a direction makes of a plan, frame by frame; all of them pure functions.

Three kinds of things can be ordered. *Moves* are composed into the view before the one
resampling. *Paces* bend the time in which runs and camera are played. *Light* is a curve
over the finished picture, on values as they are coded (gamma), which is how editors fade:
half-way to black looks half as bright. What an order has done stays done: a picture that
was panned stays panned, and black stays black.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import log, pi, radians, sin

import numpy as np
from numpy.typing import NDArray

from longtake.analysis.camera import Map
from longtake.engines.motion.view import placed
from longtake.errors import EngineFailed

Picture = NDArray[np.float32]  # (height, width, 3), coded values

MOVES = frozenset({"pan", "tilt", "zoom", "roll", "handheld", "room"})
LIGHT = frozenset(
    {"fade_to_black", "fade_to_white", "brightness", "warmth", "saturation"}
)
REST, HOLD, PACE, FLOOR, LOOP = "rest", "hold", "pace", "floor", "loop"
_KINDS = MOVES | LIGHT | {REST, HOLD, PACE, FLOOR, LOOP}
PUSH_ALONE, ALL = -2, -1  # amounts of "rest"; 0 to 3 is one number of a pose
_PUSHES = {0, 2}  # a push goes aside and in
_RAMP = 0.25  # of a move: it gathers and loses speed in so much of its time
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_SWAYS = ((1.7, 0.3), (2.3, 1.9), (3.1, 4.1))  # periods in eases, phases
_SWAY_ROLL = 0.6  # radians for one picture width of sway


@dataclass(frozen=True, slots=True)
class Order:
    """From new frame ``at`` on; before frame ``end`` it is done, and stays so.

    ``amount``: of *pan* and *tilt* picture widths to the right and down, of *zoom* and
    *room* a factor, of *roll* degrees clockwise, of *pace* source frames a frame, of
    *floor* the time before which there is nothing to play, of *loop* the place of the frame that it ends on. ``ease``: frames in which a pace, a
    rest or a sway sets in. Where ``stop`` is given it goes no further from there on.
    """

    kind: str
    amount: float
    at: int
    end: int
    ease: int = 1
    stop: int | None = None

    def share(self, time: float) -> float:
        """How much of it is done at new frame ``time``: 0 to 1, eased at both ends."""
        if self.stop is not None:
            time = min(time, self.stop - 1)
        passed = (time + 1 - self.at) / (self.end - self.at)
        passed = min(max(passed, 0.0), 1.0)
        top = 2 * _RAMP * (1 - _RAMP)
        if passed < _RAMP:
            return passed * passed / top
        if passed > 1 - _RAMP:
            return 1 - (1 - passed) ** 2 / top
        return (passed - _RAMP / 2) / (1 - _RAMP)

    def to_json(self) -> list[object]:
        """Compact, since it travels in a tag of the file."""
        return [self.kind, self.amount, self.at, self.end, self.ease, self.stop]

    @classmethod
    def from_json(cls, row: list[object]) -> Order:
        """Read :meth:`to_json`. Raises EngineFailed for a kind that is not known."""
        kind, amount, at, end, ease, stop = row
        if kind not in _KINDS:
            raise EngineFailed(f"this plan orders {kind!r}, which is not known")
        numbers = (float(str(amount)), int(str(at)), int(str(end)), int(str(ease)))
        return cls(str(kind), *numbers, None if stop is None else int(str(stop)))


def kept(orders: Iterable[Order], n_frames: int) -> tuple[Order, ...]:
    """``orders`` as far as the first ``n_frames`` new frames know them."""
    begun = (one for one in orders if one.at < n_frames)
    return tuple(
        replace(one, stop=n_frames)
        if one.end > n_frames
        and one.stop is None
        and one.kind in MOVES | LIGHT | {LOOP}
        else one
        for one in begun
    )


def now(orders: Iterable[Order], time: float, axis: int | None = None) -> float:
    """When new frame ``time`` is played, in frames of a plan without orders.

    ``axis``: by the clock of one number of the camera's pose, or (``PUSH_ALONE``) of the
    engine's own push, which rest where they are told to.
    """
    orders = tuple(orders)
    shown, rate, here = time, 1.0, -1.0
    base = -1.0  # what was shown at `here`
    ease = 0
    turned = rate  # the rate before the last change
    for at, wanted, length in _changes(orders, axis):
        if at - 1 >= time:
            break
        base, settled = _played(base, turned, rate, ease, at - 1 - here)
        here, turned, rate, ease = at - 1.0, settled, wanted, length
        shown, _ = _played(base, turned, rate, ease, time - here)
    return max([shown, *(one.amount for one in orders if one.kind == FLOOR)])


def rate(orders: Iterable[Order], time: int) -> float:
    """How fast time passes after new frame ``time``, in frames a frame."""
    orders = tuple(orders)
    return now(orders, time + 0.5) - now(orders, time - 0.5)


def _changes(orders: Iterable[Order], axis: int | None) -> list[tuple[int, float, int]]:
    """Where the rate of a clock changes, to what, and in how many frames."""
    found: list[tuple[int, float, int]] = []
    for one in sorted(orders, key=lambda order: order.at):
        if one.kind == PACE:
            found.append((one.at, one.amount, one.ease))
        elif axis is not None and _rests(one, axis):
            return [*found, (one.at, 0.0, one.ease)]
    return found


def _rests(one: Order, axis: int) -> bool:
    if one.kind == HOLD:
        return True
    if one.kind != REST:
        return False
    in_push = axis == PUSH_ALONE and one.amount in _PUSHES
    return in_push or one.amount in {ALL, axis}


def _played(
    base: float, before: float, after: float, ease: int, passed: float
) -> tuple[float, float]:
    """Where a clock stands ``passed`` frames after its rate began to change, and its rate."""
    share = min(passed / ease, 1.0) if ease else 1.0
    turned = ease * (share**3 - share**4 / 2) + max(passed - ease, 0.0)
    settled = before + (after - before) * (3 * share**2 - 2 * share**3)
    return base + before * passed + (after - before) * turned, settled


def moved(orders: Sequence[Order], time: float) -> Map:
    """From the picture that is shown at ``time`` to the one without moves: (3, 3)."""
    view = np.eye(3)
    for one in orders:
        if one.kind in MOVES and time + 1 > one.at:
            view = view @ placed(_pose(one, time))
    return view


def firm(orders: Iterable[Order], time: float) -> float:
    """How much of the clip's own shake is left at ``time``: none where it is held."""
    left = 1.0
    for one in orders:
        if one.kind == HOLD:
            left *= 1 - min(max((time + 1 - one.at) / one.ease, 0.0), 1.0)
    return left


def _pose(one: Order, time: float) -> NDArray[np.float64]:
    share = one.share(time)
    match one.kind:
        case "pan":
            return np.array([share * one.amount, 0, 0, 0])
        case "tilt":
            return np.array([0, share * one.amount, 0, 0])
        case "zoom" | "room":
            return np.array([0, 0, -share * log(one.amount), 0])
        case "roll":
            return np.array([0, 0, 0, share * radians(one.amount)])
        case _:
            return _swayed(one, time)


def _swayed(one: Order, time: float) -> NDArray[np.float64]:
    """The sway of a hand: it grows and ebbs within the order's ease."""
    end = one.end if one.stop is None else min(one.end, one.stop)
    firm = min(time + 1 - one.at, end - time) / one.ease + (0 if time < end else 1)
    size = one.amount * min(max(firm, 0.0), 1.0)
    passed = 2 * pi * (time - one.at) / one.ease
    right, down, turn = (
        sin(passed / period + phase) - sin(phase) for period, phase in _SWAYS
    )
    return np.array([size * right, size * down, 0, _SWAY_ROLL * size * turn])


def lit(picture: Picture, orders: Iterable[Order], time: float) -> Picture:
    """``picture``, (height, width, 3) float32 in coded values, under the light ordered."""
    for one in orders:
        if one.kind in LIGHT and time + 1 > one.at:
            picture = _curved(picture, one.kind, one.share(time), one.amount)
    return picture


def _curved(picture: Picture, kind: str, share: float, amount: float) -> Picture:
    done = np.float32(share * amount)
    changed = np.float32(1 + share * (amount - 1))
    match kind:
        case "fade_to_black":
            found = picture * (1 - done)
        case "fade_to_white":
            found = picture + done * (255 - picture)
        case "brightness":
            found = picture * changed
        case "warmth":
            gains = np.array([1, 0, -1], np.float32) * done + 1
            found = picture * (gains / np.float32(gains @ _LUMA))
        case _:
            luma = (picture @ _LUMA)[..., None]
            found = luma + changed * (picture - luma)
    return np.asarray(found, np.float32)
