"""Prompt text to direction. So far: the clauses, so that each can be answered for."""

from __future__ import annotations

import re

# A comma or period between digits belongs to a number, not to the sentence.
_BREAK = re.compile(
    r"(?:[,.](?!\d)|[;:!?\n]|\band then\b|\bthen\b|\bwhile\b)", re.IGNORECASE
)
_LEADING = re.compile(r"^(?:and|but|also)\s+", re.IGNORECASE)


def clauses(prompt: str | None) -> tuple[str, ...]:
    """The parts of ``prompt`` that can be followed or ignored one by one, in order."""
    parts = (part.strip() for part in _BREAK.split(prompt or ""))
    return tuple(filter(None, (_LEADING.sub("", part) for part in parts)))
