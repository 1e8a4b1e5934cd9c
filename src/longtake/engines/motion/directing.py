"""From a script to the orders of a plan; what this clip cannot show is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from math import ceil, hypot

import numpy as np

from longtake.analysis.camera import through
from longtake.direction import Operation
from longtake.engines.motion import orders as ordered
from longtake.engines.motion.orders import Order
from longtake.engines.motion.plan import Plan
from longtake.engines.motion.script import Script
from longtake.engines.motion.study import Study
from longtake.engines.motion.view import UNSEEN, Camera, placed, pose_of, unseen

_EASE_S = 0.35  # in which a pace or a rest sets in
_CLOSE_S = 1.0  # in which a loop closes
_NO_FARTHER = 0.98  # of a zoom out: less than 2 % is none
_SEEN_AT = 16  # times at which the view is looked at
_ROOMIEST = 4.0  # times: a move that needs more room shows what it cannot
_ROUNDS = 10  # of bisection
_CORNERS = ((-0.5, -0.5), (-0.5, 0.5), (0.5, -0.5), (0.5, 0.5))
_EDGE = 0.5 + 1e-6
_AWAY = 0.2  # picture widths, or of scale, or radians
_AXES = {"pan": 0, "tilt": 1, "zoom": 2, "roll": 3}

_Refused = str | None  # why not, or None


# -- time -----------------------------------------------------------------------------


def paced(found: Script, study: Study, before: Plan | None) -> tuple[Order, ...]:
    """The orders of time, those before included; refuses what cannot be."""
    known = before.orders if before else ()
    timed = [one for one in found.operations if one.group in {"time", "amount"}]
    for one in timed:
        if one.kind == "loop":
            continue
        if why := _no_time(one, study, before):
            found.refused[one] = why
    timed = [one for one in timed if one not in found.refused and one.kind != "loop"]
    ease = study.frames_in(_EASE_S)
    current = ordered.rate(known, found.first - 1) if known else 1.0
    new: list[Order] = []
    marks = {found.first, found.end}
    for one in timed:
        marks.update(found.frames(one))
        if one.kind == "boomerang":
            marks.update(_turns(found, one, study, known))
    for at, end in pairwise(sorted(marks)):
        wanted = 1.0
        for one in timed:
            wanted *= _pace(found, one, at, study, known)
        if wanted != current:
            quick = max(1, min(ease, (end - at) // 2))
            new.append(Order(ordered.PACE, wanted, at, end, quick))
            current = wanted
    if any(one.kind in {"reverse", "boomerang"} for one in timed):
        lowest = -float(study.last) - 1
        new.append(Order(ordered.FLOOR, lowest, found.first, found.end))
    return _within(found, (*known, *new), study, ease)


def _no_time(one: Operation, study: Study, before: Plan | None) -> _Refused:
    if before and any(order.kind == ordered.LOOP for order in before.orders):
        return "behind a loop the clip is played again as it is"
    pushed = before is None or before.push is not None
    if study.last < 1 and one.kind in {"reverse", "boomerang"}:
        return "there is one picture, and nothing to play back"
    if study.still and study.camera is None and one.kind != "freeze":
        if one.kind == "motion" and pushed:
            return None
        return "nothing moves in this clip"
    return None


def _pace(
    found: Script, one: Operation, time: int, study: Study, known: Sequence[Order]
) -> float:
    """The factor of the pace that ``one`` asks for from ``time`` on."""
    at, end = found.frames(one)
    if not at <= time < end:
        return 1.0
    match one.kind:
        case "freeze":
            return 0.0
        case "reverse":
            return -one.amount
        case "boomerang":
            passed = sum(turn <= time for turn in _turns(found, one, study, known))
            return one.amount if passed % 2 else -one.amount
        case _:
            return one.amount


def _turns(
    found: Script, one: Operation, study: Study, known: Sequence[Order]
) -> list[int]:
    """Where a boomerang turns again: half-way, or as often as the clip is too short."""
    at, end = found.frames(one)
    back = ordered.now(known, at) + study.last
    way = max(1, min((end - at) // 2, int(back / one.amount)))
    return list(range(at + way, end, way))


def _within(
    found: Script, known: tuple[Order, ...], study: Study, ease: int
) -> tuple[Order, ...]:
    """``known``, with a stop before time runs out at the first frame there is."""
    for time in range(found.first, found.end):
        pace = ordered.rate(known, time)
        left = ordered.now(known, time) + study.last
        if pace < 0 and left + pace * (ease / 2 + 1) <= 0:
            quick = max(1, min(ease, int(2 * left / -pace)))
            stop = Order(ordered.PACE, 0.0, time + 1, found.end, quick)
            later = [
                o
                for o in known
                if o.kind != ordered.PACE or o.at <= time or o.amount > 0
            ]
            for one in found.operations:
                if one.kind == "reverse":
                    found.changed[one] = f"{one.says}, to the first frame that is known"
            return (*later, stop)
    return known


def reach(orders: Sequence[Order], n_frames: int) -> int:
    """How many frames of a plan without orders ``n_frames`` with them need."""
    if not orders:
        return n_frames
    latest = max((ordered.now(orders, t) for t in range(n_frames)), default=0)
    return max(1, min(ceil(latest) + 2, 4 * n_frames))


# -- camera, loop and light -----------------------------------------------------------


def obeyed(
    found: Script, plan: Plan, study: Study, *, whole: bool, chained: bool
) -> Plan:
    """``plan``, whose orders of time are in it, with those of camera, loop and light.

    ``whole``: whether the clip's first frame is the study's, and ``chained`` whether
    frames of the plan were played already.
    """
    if plan.push and (found.flags.raw or any(map(_ends_push, found.operations))):
        if not chained:  # it never begins, but parallax stays
            plan = replace(plan, push=replace(plan.push, zoom=0.0))
        elif found.flags.raw:
            plan = _with(plan, _rest(found.first, ordered.PUSH_ALONE, study))
    moves: dict[Operation, Order] = {}
    for one in found.operations:
        at, end = found.frames(one)
        if one.kind == "hold":
            ease = study.frames_in(_EASE_S)
            plan = _with(plan, Order(ordered.HOLD, ordered.ALL, at, end, ease))
        elif _none_of(one):
            plan = _with(plan, _rest(at, _AXES[one.kind], study))
        elif one.group == "camera":
            moves[one] = _move(one, at, end, study)
        elif one.kind == "loop":
            plan = _closing(found, plan, study, one, whole=whole)
        elif one.group == "light":
            plan = _with(plan, Order(one.kind, one.amount, at, end))
    return _framed(found, plan, moves, study) if moves else plan


def _none_of(one: Operation) -> bool:
    """Whether it only rules a move of the camera out."""
    return one.kind in _AXES and one.amount == (1 if one.kind == "zoom" else 0)


def _ends_push(one: Operation) -> bool:
    """Whether the engine's own push, in and aside, would be against it."""
    if _none_of(one):
        return one.kind in {"pan", "zoom"}
    return one.group == "camera" and one.kind != "handheld"


def _with(plan: Plan, *new: Order) -> Plan:
    return replace(plan, orders=(*plan.orders, *new))


def _rest(at: int, axis: int, study: Study) -> Order:
    ease = study.frames_in(_EASE_S)
    return Order(ordered.REST, axis, at, at + ease, ease)


def _move(one: Operation, at: int, end: int, study: Study) -> Order:
    amount = one.amount
    if one.kind == "tilt":  # heights up, to widths down
        amount *= -study.frames.shape[1] / study.frames.shape[2]
    return Order(one.kind, amount, at, end, study.frames_in(1.0))


def _closing(
    found: Script, plan: Plan, study: Study, one: Operation, *, whole: bool
) -> Plan:
    """The clip's first frame is last, where it is here and this camera still sees it."""
    n_close = min(study.frames_in(_CLOSE_S), (found.end - found.first) // 2)
    if not whole:
        found.refused[one] = "the clip's first frame is not in what the engine is given"
    elif plan.camera and _away(plan.camera, study.last):
        found.refused[one] = "the clip's camera has moved away from its first frame"
    elif any(other.kind.startswith("fade") for other in found.operations):
        found.refused[one] = "it fades"
    elif n_close < 1:
        found.refused[one] = "the new part is too short"
    else:
        at = found.end - n_close
        return _with(plan, Order(ordered.LOOP, -float(study.last), at, found.end))
    return plan


def _away(camera: Camera, last: int) -> bool:
    """Whether the clip's first frame lies too far off to go back to."""
    right, down, scale, angle = pose_of(
        np.asarray(np.linalg.inv(camera.view(-float(last))))
    )
    return bool(max(hypot(right, down), abs(scale), abs(angle)) > _AWAY)


def _framed(
    found: Script, plan: Plan, moves: dict[Operation, Order], study: Study
) -> Plan:
    """``plan`` with ``moves``, and room for them: nothing is shown that nobody saw."""
    height = study.frames.shape[1] / study.frames.shape[2]
    moved = plan
    asked = [move.at for move in moves.values() if move.kind != "handheld"]
    if asked:  # what the clip's camera did gives way to what is asked
        moved = _with(plan, _rest(min(asked), ordered.ALL, study))
    made: list[Order] = []
    for one, move in moves.items():
        if move.kind == "zoom" and move.amount < 1:
            move = _outward(moved, move, height)  # noqa: PLW2901 - as far as can be
            if move.amount > _NO_FARTHER:
                found.refused[one] = "nothing was ever seen around this picture"
                continue
            found.changed[one] = replace(one, amount=move.amount).says
        made.append(move)
        moved = _with(moved, move)
    if not made:
        return plan
    room = Order("room", 1.0, min(o.at for o in made), max(o.end for o in made))
    times = sorted({round(t) for t in np.linspace(room.at, room.end - 1, _SEEN_AT)})

    def fits(amount: float) -> bool:
        return _sees(_with(moved, replace(room, amount=amount)), times, height)

    amount = _nearest(fits, 1.0, _ROOMIEST)
    return _with(moved, replace(room, amount=amount)) if amount > 1 else moved


def _outward(plan: Plan, move: Order, height: float) -> Order:
    """A zoom out as far as there was something to see."""

    def fits(amount: float) -> bool:
        tried = _with(plan, replace(move, amount=amount))
        return _sees(tried, [move.end - 1], height)

    return replace(move, amount=_nearest(fits, move.amount, 1.0))


def _nearest(fits: Callable[[float], bool], wanted: float, safe: float) -> float:
    """The amount nearest to ``wanted`` that fits, on the way to ``safe``."""
    if fits(wanted):
        return wanted
    for _ in range(_ROUNDS):
        middle = (wanted * safe) ** 0.5
        wanted, safe = (wanted, middle) if fits(middle) else (middle, safe)
    return round(safe, 4)


def _sees(plan: Plan, times: Sequence[int], height: float) -> bool:
    """Whether the clip has shown what ``plan`` shows at ``times``."""
    camera = plan.camera
    for time in times:
        view = np.eye(3)
        if camera is not None:
            pose = camera.pose(*(plan.now(time, axis) for axis in range(4)))
            view = placed(pose + camera.shaken(0))
        view = view @ ordered.moved(plan.orders, time)
        if camera is None:
            corners = through(view, np.array([[x, y * height] for x, y in _CORNERS]))
            if (np.abs(corners) > (_EDGE, _EDGE * height)).any():
                return False
        elif unseen(camera, view, height) > UNSEEN:
            return False
    return True
