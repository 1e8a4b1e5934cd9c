"""A prompt's words to operations: clause by clause, each understood or ignored."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from longtake.direction.clause import When, Wishes, dangling, wishes
from longtake.direction.lexing import Item, lex
from longtake.direction.operation import Group, Kind, Operation

_SECONDS = 4.0
# A comma or period between digits belongs to a number, not to the sentence.
_BREAK = re.compile(
    r"(?P<then>\b(?:(?:and|but)\s+)?(?:then|afterwards?|after\s+that)\b)"
    r"|[,.](?!\d)|[;:!?\n\r\u2028\u2029\u3001\u3002]|\bwhile\b",
    re.IGNORECASE,
)
_SOFT = {"and", "but", "as", "with", "when", "where"}  # may begin a clause
_LEADING = {"and", "but", "also"}
_LAST_PART = 2 / 3  # where a fade begins that has no time of its own
_SHORTEST = 0.02  # of the new part


@dataclass(frozen=True, slots=True)
class Understood:
    """A clause, and what it became, in words with its magnitude."""

    clause: str
    says: str

    def __str__(self) -> str:
        return f"{self.clause}: {self.says}"


@dataclass(frozen=True, slots=True)
class Direction:
    """What a prompt asks for. Every clause of it is ``understood`` or ``ignored``."""

    operations: tuple[Operation, ...] = ()
    understood: tuple[Understood, ...] = ()
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Clause:
    text: str
    wishes: Wishes
    later: bool  # "then" stands before it


@dataclass(frozen=True, slots=True)
class _Wish:
    """One operation, its clause by number, and which of the steps of time it is in."""

    kind: Kind
    by: float
    clause: int
    step: int
    when: When


def parse(text: str | None, *, seconds: float = _SECONDS) -> Direction:
    """Read ``text`` (without flags) as direction for a new part of ``seconds``.

    Any text is read; what is not in the vocabulary is ignored.
    """
    found = list(_clauses(text or ""))
    wished = _in_steps([one for one in found if one.wishes])
    n_steps = max((one.step for one in wished), default=0) + 1
    texts = [one.text for one in found if one.wishes]
    operations = tuple(
        Operation(one.kind, one.by, *_stretch(one, wished, n_steps, seconds), texts[n])
        for one in wished
        for n in (one.clause,)
    )
    understood = []
    for number, one in enumerate(one for one in found if one.wishes):
        mine = zip(wished, operations, strict=True)
        said = [made.says for wish, made in mine if wish.clause == number]
        said += [
            f"no {kind.replace('_', ' ')} is added" for kind in one.wishes.ruled_out
        ]
        understood.append(Understood(one.text, "; ".join(said)))
    ignored = tuple(one.text for one in found if not one.wishes)
    return Direction(operations, tuple(understood), ignored)


def _clauses(text: str) -> Iterator[_Clause]:
    """Every clause of ``text``, in order."""
    at, later = 0, False
    for found in [*_BREAK.finditer(text), None]:
        part = text[at : found.start() if found else len(text)]
        for clause, said in _parted(part):
            yield _Clause(clause, said, later)
            later = False
        if found:
            later = later or found["then"] is not None
            at = found.end()


def _parted(part: str) -> Iterator[tuple[str, Wishes]]:
    """The clauses of what stands between two breaks, those ignored side by side as one."""
    ignored: list[Item] = []
    for items in _pieces(lex(part)):
        said = wishes(items)
        if not said:
            ignored += items
            continue
        if text := _text(part, ignored):
            yield text, Wishes()
        ignored = []
        yield _text(part, items), said
    if text := _text(part, ignored):
        yield text, Wishes()


def _text(part: str, items: Sequence[Item]) -> str:
    """The text of ``items``, without an "and" before it."""
    first = next((n for n, one in enumerate(items) if one.word not in _LEADING), None)
    return "" if first is None else part[items[first].start : items[-1].end]


def _pieces(items: list[Item]) -> list[list[Item]]:
    """``items`` divided so that each piece is understood as a whole, or not at all."""
    found: list[list[Item]] = []
    waiting: list[Item] = []
    for piece in _divided(items):
        if dangling(piece) and not wishes(piece):
            if found and not waiting and wishes([*found[-1], *piece]):
                found[-1] += piece
            else:
                waiting += piece
            continue
        head, tail = _cut([*waiting, *piece])
        if waiting and not head:  # what waited belongs to nothing
            found.append(waiting)
            head, tail = _cut(piece)
        waiting = []
        found += [one for one in (head, tail) if one]
    return [*found, waiting] if waiting else found


def _divided(items: list[Item]) -> list[list[Item]]:
    """Where another clause may begin: "and", "as the camera", "in slow motion"."""
    pieces: list[list[Item]] = [[]]
    for item in items:
        strange = any(one.role == "unknown" for one in pieces[-1])
        phrase = item.role == "sense" and item.word.startswith("in ")
        if item.word in _SOFT or (strange and phrase):
            pieces.append([item])
        elif strange and item.role == "camera":
            before = pieces[-1].pop() if pieces[-1][-1].word in {"the", "a"} else None
            pieces.append([before, item] if before else [item])
        else:
            pieces[-1].append(item)
    return [piece for piece in pieces if piece]


def _cut(items: list[Item]) -> tuple[list[Item], list[Item]]:
    """What is understood at the beginning of ``items``, and the rest: "on the boat"."""
    strange = next((n for n, one in enumerate(items) if one.role == "unknown"), None)
    if strange is None:
        return (items, []) if wishes(items) else ([], items)
    end = strange
    while end and items[end - 1].role in {"cut", "fill"}:
        end -= 1
    parts = any(one.role == "cut" for one in items[end:strange])
    if parts and wishes(items[:end]):
        return items[:end], items[end:]
    return [], items


def _in_steps(found: Sequence[_Clause]) -> list[_Wish]:
    """What is asked for, in steps of time: "then" begins one, and so does a repetition."""
    wished: list[_Wish] = []
    step = 0
    for number, one in enumerate(found):
        if one.later and any(wish.step == step for wish in wished):
            step += 1
        for kind, by in one.wishes.asked:
            if any((wish.step, wish.kind) == (step, kind) for wish in wished):
                step += 1
            wished.append(_Wish(kind, by, number, step, one.wishes.when))
    return wished


def _stretch(
    wish: _Wish, wished: Sequence[_Wish], n_steps: int, seconds: float
) -> tuple[float, float]:
    """When ``wish`` is done: begin and end, shares of the new part."""
    group = _group(wish.kind)
    later = [
        one.step for one in wished if one.step > wish.step and _group(one.kind) == group
    ]
    begin, end = wish.step / n_steps, min(later, default=n_steps) / n_steps
    fades = wish.kind in {"fade_to_black", "fade_to_white"}
    when = wish.when
    if when.begin is not None and when.end is not None:
        begin, end = when.begin, when.end
    elif fades and end == 1:
        begin = max(begin, _LAST_PART)
    if when.after_s is not None:
        begin, end = when.after_s / seconds, max(end, when.after_s / seconds)
    if when.length_s is not None:
        length = when.length_s / seconds
        if when.edge < 0 or (fades and end == 1 and not when.edge):
            begin, end = 1 - length, 1
        else:
            begin = 0 if when.edge > 0 else begin
            end = begin + length
    begin = min(max(begin, 0), 1 - _SHORTEST)
    return begin, min(max(end, begin + _SHORTEST), 1)


def _group(kind: Kind) -> Group:
    return Operation(kind, 0, 0, 1, "").group
