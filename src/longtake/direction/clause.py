"""What one clause asks for: its items, understood as a whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from longtake.direction.lexing import Item
from longtake.direction.operation import SCALES, Kind, Number, amount
from longtake.direction.vocabulary import MOVES, NONE_OF, UNSAID, Sense

_ATTACHED = {"scale", "way", "when", "number", "seconds", "faster", "very"}
_LEAST, _MOST = 0.25, 4.0  # what adverbs make of an amount, all together


@dataclass(frozen=True, slots=True)
class When:
    """What a clause says of its time: shares, and seconds; None where it says nothing."""

    begin: float | None = None
    end: float | None = None
    after_s: float | None = None
    length_s: float | None = None
    edge: int = 0  # 1: the first seconds, -1: the last


@dataclass(slots=True)
class Wishes:
    """Kinds with amounts, in order; ``ruled_out``: what is only not to be done."""

    asked: list[tuple[Kind, float]] = field(default_factory=list)
    ruled_out: list[Kind] = field(default_factory=list)
    when: When = field(default_factory=When)

    def __bool__(self) -> bool:
        return bool(self.asked or self.ruled_out)


def dangling(items: Sequence[Item]) -> bool:
    """Whether ``items`` say something, but only of what stands beside them."""
    roles = {item.role for item in items}
    return bool(roles & _ATTACHED) and not roles & {"unknown", "verb", "fade", "color"}


def wishes(items: Sequence[Item]) -> Wishes:
    """What ``items`` ask for; nothing where one of them is unknown."""
    if any(item.role == "unknown" for item in items):
        return Wishes()
    roles = {item.role for item in items}
    senses = [*_moves(items), *_plain(items, roles)]
    unsaid = [item for item in items if item.role == "verb"]
    if not senses and not unsaid:
        senses = _faster(items) or _of_motion(items, roles)
        items = [item for item in items if item.role != "faster"]
    if "not" in roles:
        return _negated(senses, items)
    if not senses and unsaid:
        senses = [UNSAID[str(verb.value)] for verb in unsaid if verb.value in UNSAID]
    factor, number = _factor(items), _number(items)
    found = Wishes(when=_when(items))
    for sense in senses:
        by = amount(sense.kind, sense.way, factor, number)
        found.asked.append((sense.kind, by))
    return found


def _moves(items: Sequence[Item]) -> list[Sense]:
    """A verb and each of its ways. A way that is not its own leaves the verb unsaid."""
    found, verb = [], ""
    for item in items:
        if item.role == "verb":
            verb = str(item.value)
        elif item.role == "way" and str(item.value) in MOVES.get(verb, {}):
            found.append(MOVES[verb][str(item.value)])
    return found


def _plain(items: Sequence[Item], roles: set[str]) -> list[Sense]:
    senses = [item.value for item in items if isinstance(item.value, Sense)]
    if "fade" in roles:
        if any(one.kind == "saturation" for one in senses):
            return senses  # "fade to black and white"
        colors = [str(item.value) for item in items if item.role == "color"]
        white = colors[-1:] == ["fade_to_white"]
        others = [one for one in senses if one.kind != "brightness"]
        return [*others, Sense("fade_to_white" if white else "fade_to_black")]
    if less := [item for item in items if item.role == "more" and item.value == -1]:
        senses = [_less(one) if less else one for one in senses]
    if "speed" in roles and _number(items):  # "at half speed": that and no more
        return [*(one for one in senses if one.kind != "speed"), Sense("speed")]
    if "way" in roles and "verb" not in roles:
        back = any(item.value == "backwards" for item in items)
        return [*senses, Sense("reverse")] if back else senses
    return senses


def _less(sense: Sense) -> Sense:
    """ "Less warm" is cooler."""
    fits = SCALES[sense.kind].group == "light"
    return Sense(sense.kind, -sense.way) if fits else sense


def _faster(items: Sequence[Item]) -> list[Sense]:
    """ "Faster" of nothing else; more or less speed."""
    roles = {item.role for item in items}
    if "camera" in roles:
        return []
    wanted = "faster" if "speed" not in roles else "more"
    ways = [item.value for item in items if item.role in {wanted, "faster"}]
    return [Sense("speed", 1 if ways[-1] == 1 else -1)] if ways else []


def _of_motion(items: Sequence[Item], roles: set[str]) -> list[Sense]:
    """More or less motion, or none at all."""
    if "motion" not in roles:
        return []
    if "not" in roles:
        return [Sense("hold") if "camera" in roles else Sense("freeze")]
    ways = [item.value for item in items if item.role == "more"]
    if not ways or "camera" in roles:
        return []
    return [Sense("motion", 1 if ways[-1] == 1 else -1)]


def _negated(senses: Sequence[Sense], items: Sequence[Item]) -> Wishes:
    """What is not to be done. Of the camera's moves that is something to do."""
    found = Wishes(when=_when(items))
    verbs = [str(item.value) for item in items if item.role == "verb"]
    camera = [sense for verb in verbs for sense in NONE_OF[verb]]
    for sense in camera:
        still = 1.0 if SCALES[sense.kind].geometric or sense.kind == "hold" else 0.0
        found.asked.append((sense.kind, still))
    if camera:
        return found
    if any(item.role == "motion" for item in items):
        found.asked.extend((sense.kind, 1.0) for sense in senses)
    else:
        found.ruled_out.extend(sense.kind for sense in senses)
    return found


def _factor(items: Sequence[Item]) -> float:
    """What adverbs make of the usual amount."""
    factor, very = 1.0, 1
    for item in items:
        if item.role == "very":
            very = 2
        elif item.role in {"scale", "faster"}:
            by = (
                item.value
                if item.role == "scale"
                else (2.0 if item.value == 1 else 0.5)
            )
            factor *= float(by) ** very if isinstance(by, float) else 1
            very = 1
        elif item.role == "sense":  # "very bright"
            factor, very = factor * very, 1
    return min(max(factor, _LEAST), _MOST)


def _number(items: Sequence[Item]) -> Number | None:
    return next((one.value for one in items if isinstance(one.value, Number)), None)


def _when(items: Sequence[Item]) -> When:
    begin = end = after = length = None
    edge = 0
    before = ""
    for item in items:
        if item.role == "when" and isinstance(item.value, tuple):
            begin, end = item.value
        elif item.role == "edge":
            edge = 1 if item.value == 1 else -1
        elif item.role == "seconds" and isinstance(item.value, float):
            if before == "from":
                after = item.value
            else:
                length = item.value
        before = str(item.role)
    return When(begin, end, after, length, edge if length is not None else 0)
