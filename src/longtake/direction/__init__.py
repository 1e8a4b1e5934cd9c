"""Prompt text to direction: flags set apart, and words read as operations; pure Python."""

from __future__ import annotations

from longtake.direction.flags import (
    FOLLOWED,
    OBEYED,
    PROMPT_LIMIT,
    Flags,
    Reading,
    clauses,
    read,
)
from longtake.direction.operation import Kind, Operation, Unit
from longtake.direction.parsing import Direction, Understood, parse

__all__ = [
    "FOLLOWED",
    "OBEYED",
    "PROMPT_LIMIT",
    "Direction",
    "Flags",
    "Kind",
    "Operation",
    "Reading",
    "Understood",
    "Unit",
    "clauses",
    "parse",
    "read",
]
