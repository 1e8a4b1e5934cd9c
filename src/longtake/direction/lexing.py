"""From text to items: each word, phrase or number with the part it plays."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from longtake.direction.operation import Number
from longtake.direction.vocabulary import (
    LONGEST,
    MARKS,
    TABLE,
    TIMES,
    UNITS,
    WORDS,
    Role,
)

_TOKEN = re.compile(r"\d+(?:[.,]\d+)?|[^\W\d_]+(?:['\u2019][^\W\d_]+)*|\S")
_EDGES = {"last", "final", "first"}
_LEAST, _MOST = 1e-3, 1e6  # what lies beyond is meant as these


@dataclass(frozen=True, slots=True)
class Item:
    """A part of the text: ``[start, end)``, and what it says.

    ``role`` is one of the vocabulary's, or ``number`` (a Number) or ``seconds`` (float).
    """

    role: Role | str
    value: object
    word: str  # as it is looked up
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Token:
    word: str
    start: int
    end: int


def lex(text: str) -> list[Item]:
    """The items of ``text``; marks such as hyphens and quotes say nothing."""
    tokens = [
        _Token(found[0].casefold().replace("\u2019", "'"), *found.span())
        for found in _TOKEN.finditer(text)
        if found[0] not in MARKS
    ]
    items: list[Item] = []
    at = 0
    while at < len(tokens):
        role, value, n = _number(tokens, at) or _phrase(tokens, at)
        word = " ".join(token.word for token in tokens[at : at + n])
        items.append(Item(role, value, word, tokens[at].start, tokens[at + n - 1].end))
        at += n
    return _with_lengths(items)


def _phrase(tokens: Sequence[_Token], at: int) -> tuple[str, object, int]:
    words = tuple(token.word for token in tokens[at : at + LONGEST])
    for n in range(len(words), 0, -1):
        if found := TABLE.get(words[:n]):
            return (*found, n)
    if words[0] in TIMES:
        return "number", Number(TIMES[words[0]], "times"), 1
    return "unknown", None, 1


def _number(tokens: Sequence[_Token], at: int) -> tuple[str, object, int] | None:
    """A number and its unit, in figures or words."""
    words = [token.word for token in tokens[at : at + 3]] + ["", "", ""]
    if words[0] in {"x", "\u00d7"} and words[1][:1].isdigit():
        return "number", Number(_value(words[1]), "times"), 2
    if words[:2] == ["half", "a"] and UNITS.get(words[2]) == "seconds":
        return "seconds", 0.5, 3
    if words[1:3] == ["per", "cent"] and words[0][:1].isdigit():
        return "number", Number(_value(words[0]), "percent"), 3
    if at and tokens[at - 1].word in _EDGES and words[0] in {"second", "sec"}:
        return "seconds", 1.0, 1
    unit = UNITS.get(words[1])
    if unit is None:
        return None
    if words[0][:1].isdigit():
        value = _value(words[0])
    elif words[0] in WORDS and (words[0] != "a" or unit == "seconds"):
        value = float(WORDS[words[0]])
    else:
        return None
    if unit == "seconds":
        return "seconds", value, 2
    return "number", Number(value, unit), 2


def _value(word: str) -> float:
    try:
        return min(max(float(word.replace(",", ".")), _LEAST), _MOST)
    except ValueError:  # a figure that is no decimal, such as a circled one
        return _LEAST


def _with_lengths(items: list[Item]) -> list[Item]:
    """``items`` where "in" before so many seconds is a length, and no way."""
    for n, item in enumerate(items[:-1]):
        if item.word == "in" and items[n + 1].role == "seconds":
            items[n] = replace(item, role="for", value=None)
    return items
