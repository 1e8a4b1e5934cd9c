"""The flags that end a prompt, and the clauses of the words before them."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass, replace
from typing import Literal

PROMPT_LIMIT = 2000  # Unicode characters
OBEYED = frozenset({"bs"})  # flags that are followed whatever the engine
FOLLOWED = frozenset({"loop", "motion", "raw"})  # by an engine that follows words

# A comma or period between digits belongs to a number, not to the sentence.
_BREAK = re.compile(
    r"(?:[,.](?!\d)|[;:!?\n]|\band then\b|\bthen\b|\bwhile\b)", re.IGNORECASE
)
_LEADING = re.compile(r"^(?:and|but|also)\s+", re.IGNORECASE)

# A dash is what keyboards of telephones make of two hyphens.
_FLAG = re.compile(r"(?:--|\u2014)([a-z][\w-]*)", re.IGNORECASE)
_BARE = {"loop", "raw"}  # flags without a value
_VALUES = {
    "motion": re.compile(r"low|high", re.IGNORECASE),
    "end": re.compile(r"https?://\S+", re.IGNORECASE),
    "bs": re.compile(r"[124]"),
}


_BATCHES: dict[str, Literal[1, 2, 4]] = {"1": 1, "2": 2, "4": 4}


@dataclass(frozen=True, slots=True)
class Flags:
    """What the flags of a prompt ask for; None and False where they do not."""

    motion: Literal["low", "high"] | None = None
    loop: bool = False
    end: str | None = None  # URL of the picture to end with
    bs: Literal[1, 2, 4] | None = None  # candidates
    raw: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """A prompt, taken apart: the words for an engine, and the flags.

    ``understood`` and ``ignored`` are the flags as they were written, in order.
    """

    text: str
    flags: Flags = Flags()
    understood: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


def read(prompt: str | None, *, obeyed: Set[str] = OBEYED) -> Reading:
    """Take the flags out of ``prompt``; those not ``obeyed`` are ignored, as are unknown
    ones, and values that a flag does not take.

    An unknown flag takes the words up to the next flag with it: flags end a prompt.
    Where a flag is given twice, the last counts.
    """
    words = (prompt or "").split()
    starts = [n for n, word in enumerate(words) if _FLAG.fullmatch(word)]
    if not starts:
        return Reading((prompt or "").strip())
    text = words[: starts[0]]
    asked: dict[str, str] = {}
    ignored: list[str] = []
    for start, stop in zip(starts, [*starts[1:], len(words)], strict=True):
        found = _FLAG.fullmatch(words[start])
        assert found, "it was found above"
        name = found[1].lower()
        taken = _taken(name, words[start + 1 : stop])
        written = " ".join(words[start : start + 1 + taken])
        text += words[start + 1 + taken : stop]
        value = words[start + taken] if taken else ""
        if not _means(name, value):
            ignored.append(written)
            continue
        if name in asked:
            ignored.append(asked.pop(name))
        asked[name] = written
    flags = Flags()
    for name, written in asked.items():
        flags = _with(flags, name, written.split()[-1])
    return Reading(
        text=" ".join(text),
        flags=flags,
        understood=tuple(asked[name] for name in asked if name in obeyed),
        ignored=(*ignored, *(asked[name] for name in asked if name not in obeyed)),
    )


def clauses(prompt: str | None) -> tuple[str, ...]:
    """The parts of ``prompt`` that can be followed or ignored one by one, in order."""
    parts = (part.strip() for part in _BREAK.split(prompt or ""))
    return tuple(filter(None, (_LEADING.sub("", part) for part in parts)))


def _taken(name: str, words: list[str]) -> int:
    """How many of the ``words`` after a flag are its value."""
    if name in _BARE:
        return 0
    return min(1, len(words)) if name in _VALUES else len(words)


def _means(name: str, value: str) -> bool:
    return name in _BARE or (
        name in _VALUES and _VALUES[name].fullmatch(value) is not None
    )


def _with(flags: Flags, name: str, value: str) -> Flags:
    match name, value.lower():
        case "motion", "low" | "high" as motion:
            return replace(flags, motion=motion)
        case "bs", _:
            return replace(flags, bs=_BATCHES[value])
        case "end", _:
            return replace(flags, end=value)
        case "loop", _:
            return replace(flags, loop=True)
        case _:
            return replace(flags, raw=True)
