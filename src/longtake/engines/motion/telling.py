"""The continuation in words: what was measured in the clip, and what is done with it.

Only what is known is said: the camera's move and its speed, how much of the picture moves,
and what was asked for. What the clip shows is not known here, and no subject is named.
"""

from __future__ import annotations

import numpy as np

from longtake.direction import Operation
from longtake.engines.motion import orders as ordered
from longtake.engines.motion.plan import Plan
from longtake.engines.motion.script import Script
from longtake.engines.motion.study import Study

_SLOW, _FAST = 0.04, 0.15  # picture widths a second
_MOVES = 0.8  # gray levels a step: less is grain
_ALL, _MOST, _SOME, _LITTLE = 0.85, 0.55, 0.2, 0.02  # of the picture
_WAYS = (
    ("panning right", "panning left"),
    ("tilting down", "tilting up"),
    ("moving out", "moving in"),
    ("rolling clockwise", "rolling counterclockwise"),
)
_GOES_ON = {
    "texture": "goes on moving",
    "regions": "goes on moving, each part in its own time",
    "sprite": "goes on moving, and what travels keeps traveling",
    "turn": "goes on swaying",
    "camera": "comes to rest",
    "drift": "comes to rest",
}

_TURNED: dict[str, str] = {
    "reverse": "goes back as it came",
    "boomerang": "goes to and fro",
    "freeze": "stands still",
}


def sentence(study: Study, plan: Plan, script: Script) -> str:
    """One sentence on what ``plan`` shows of the clip in ``study``."""
    turned = next((_TURNED[one.kind] for one in script.operations if _turns(one)), None)
    camera = _camera(study, plan, script.first)
    if turned and camera.startswith("The camera keeps"):
        camera = f"The camera {turned}"
    parts = [camera, _scene(study, turned or _GOES_ON.get(plan.kind, "goes on"))]
    parts += [
        f"it {script.changed.get(one, one.says)}"
        for one in script.operations
        if one.group in {"time", "light", "amount"}
    ]
    return "; ".join(parts) + "."


def _turns(one: Operation) -> bool:
    """Whether all of the new part is played in another direction."""
    return one.kind in _TURNED and (one.begin, one.end) == (0, 1)


def _camera(study: Study, plan: Plan, first: int) -> str:
    moves = [
        one
        for one in plan.orders
        if one.kind in ordered.MOVES - {"room"} and one.at >= first
    ]
    if moves:
        return "The camera " + " and ".join(
            _ordered(one.kind, one.amount) for one in moves
        )
    rests = any(
        one.kind == ordered.HOLD
        or (one.kind, one.amount) == (ordered.REST, ordered.ALL)
        for one in plan.orders
    )
    if plan.camera is not None and any(plan.camera.velocity) and not rests:
        return f"The camera keeps {_move(study, plan.camera.velocity)}"
    if plan.camera is not None and not rests:
        return "The camera stays as it is held"
    if plan.push is not None and plan.push.zoom and not rests:
        return "The view moves in gently, and to and fro"
    return "The camera holds still"


def _ordered(kind: str, by: float) -> str:
    ways = {
        "pan": ("pans right", "pans left"),
        "tilt": ("tilts down", "tilts up"),
        "roll": ("rolls clockwise", "rolls counterclockwise"),
    }
    if kind in ways:
        return ways[kind][by < 0]
    if kind == "zoom":
        return "moves in" if by > 1 else "moves out"
    return "sways as in a hand"


def _move(study: Study, velocity: tuple[float, float, float, float]) -> str:
    """The largest part of a move, and how fast it is."""
    per_second = np.array(velocity) * float(study.rate)
    seen = per_second * (1, 1, 0.5, 0.5)  # what it moves at the picture's edge
    axis = int(np.abs(seen).argmax())
    speed = abs(float(seen[axis]))
    way = _WAYS[axis][int(seen[axis] < 0)]
    if speed < _SLOW:
        return f"{way}, slowly"
    return f"{way}, fast" if speed > _FAST else way


def _scene(study: Study, how: str) -> str:
    """How much of the picture moves, and that it does so on."""
    share = float((study.changes() > _MOVES).mean()) if study.last else 0.0
    if study.still or share < _LITTLE:
        return "nothing moves in the scene"
    if share > _ALL:
        return f"all of the picture {how}"
    if share > _MOST:
        return f"most of the picture {how}"
    if share > _SOME:
        return f"about {share:.0%} of the picture {how}"
    return f"a small part of the picture {how}"
