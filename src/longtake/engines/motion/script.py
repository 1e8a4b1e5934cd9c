"""The script: what a prompt asks of certain new frames, and what becomes of each clause."""

from __future__ import annotations

from dataclasses import dataclass, field

from longtake.direction import (
    FOLLOWED,
    Direction,
    Flags,
    Operation,
    Understood,
    parse,
    read,
)
from longtake.engines.motion import orders as ordered
from longtake.engines.motion.plan import Plan

_FLAGGED = {"low": 0.5, "high": 1.5}  # times the pace
# What a kind takes out of the bands of the gate.
_SHARP = {"sharpness", "sharpness_tail", "grain"}
_STEPS = {"motion", "life", "flicker", "worst_residual"}
_MOVED = _STEPS | _SHARP | {"velocity_jump", "color_drift"}
_TIMED = _STEPS | {"velocity_jump"}
_LIT = _STEPS | _SHARP | {"color_drift"}
_RELAXED: dict[str, set[str]] = {
    **dict.fromkeys(("pan", "tilt", "zoom", "roll", "handheld"), _MOVED),
    "hold": {"motion", "life", "flicker", "freeze"},
    "speed": _TIMED | _SHARP,
    "motion": _TIMED | _SHARP,
    "reverse": _TIMED | {"rewind"},
    "boomerang": _TIMED | {"rewind", "rhythm"},
    "freeze": _TIMED | {"freeze"},
    "loop": _TIMED | {"freeze"},
    **dict.fromkeys(("fade_to_black", "fade_to_white"), _LIT | {"freeze"}),
    **dict.fromkeys(("brightness", "warmth", "saturation"), _LIT),
}
_STAYS = _SHARP | {"color_drift"}  # of what was lit or moved
_ENDS = {"fade_to_black", "fade_to_white", "loop"}


@dataclass(slots=True)
class Script:
    """A direction for new frames ``first`` to ``end``, as far as it can be followed."""

    first: int
    end: int
    wanted: Direction
    flags: Flags
    understood: list[str] = field(default_factory=list)  # flags
    ignored: list[str] = field(default_factory=list)
    refused: dict[Operation, str] = field(default_factory=dict)
    changed: dict[Operation, str] = field(default_factory=dict)  # what is said instead
    later: bool = False  # further continuations of the same ask come after this one

    @property
    def operations(self) -> list[Operation]:
        """What can be done in these frames: an end waits for the last ones."""
        return [
            one
            for one in self.wanted.operations
            if one not in self.refused and not (self.later and one.kind in _ENDS)
        ]

    def frames(self, one: Operation) -> tuple[int, int]:
        """The new frames of ``one``: [at, end)."""
        n = self.end - self.first
        at = self.first + min(round(one.begin * n), max(n - 1, 0))
        return at, max(self.first + round(one.end * n), at + 1)

    def told(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Clauses understood, each with what it became, and ignored ones with the reason."""
        done = [
            (one, self.changed.get(one, one.says))
            for one in self.wanted.operations
            if one not in self.refused
        ]
        if self.later:
            done = [
                (
                    one,
                    f"{says}, in the last continuation" if one.kind in _ENDS else says,
                )
                for one, says in done
            ]
        understood = []
        for clause in self.wanted.understood:
            asked = [o for o in self.wanted.operations if o.clause == clause.clause]
            said = [says for one, says in done if one.clause == clause.clause]
            if said or not asked:
                text = "; ".join(said) if said else clause.says
                understood.append(f"{clause.clause}: {text}")
        refused = [f"{one.clause} ({why})" for one, why in self.refused.items()]
        return (
            (*understood, *self.understood),
            (*self.wanted.ignored, *refused, *self.ignored),
        )

    def relaxed(self, before: Plan | None) -> frozenset[str]:
        """The measures that this direction, or one before it, takes out of their bands."""
        asked = [_RELAXED[one.kind] for one in self.operations]
        known = before.orders if before else ()
        if any(one.kind in ordered.LIGHT | ordered.MOVES for one in known):
            asked.append(_STAYS)
        return frozenset().union(*asked)


def script(
    prompt: str | None, first: int, end: int, rate: float, *, later: bool = False
) -> Script:
    """Read ``prompt`` for the new frames ``first`` to ``end``; see :class:`Script`."""
    reading = read(prompt, obeyed=FOLLOWED)
    wanted = parse(reading.text, seconds=max(end - first, 1) / rate)
    flags = reading.flags
    flagged = []
    if flags.motion:
        written = f"--motion {flags.motion}"
        flagged.append(Operation("motion", _FLAGGED[flags.motion], 0, 1, written))
    if flags.loop:
        flagged.append(Operation("loop", 1, 0, 1, "--loop"))
    said = tuple(Understood(one.clause, one.says) for one in flagged)
    told = {one.clause for one in flagged}
    return Script(
        first,
        end,
        Direction(
            (*wanted.operations, *flagged),
            (*wanted.understood, *said),
            wanted.ignored,
        ),
        flags,
        understood=[one for one in reading.understood if one not in told],
        ignored=list(reading.ignored),
        later=later,
    )
