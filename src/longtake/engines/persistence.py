"""The null engine: repeat the last frame. Everything must beat it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import repeat
from typing import Any, ClassVar

from longtake.engines.protocol import Ask, Continuation, Frame, Frames, Limits

PLAN_VERSION = 1


class Persistence:
    """Shows the last frame of the context for as long as was asked."""

    name: ClassVar[str] = "persistence"
    version: ClassVar[str] = "1"
    limits: ClassVar[Limits] = Limits(
        context_s=Fraction(0),
        context_bytes=0,
        min_context=1,
        max_seconds=Fraction(600),
    )

    def setup(self) -> None:
        """Nothing to load."""

    def extend(self, ask: Ask) -> Continuation:
        """The last frame, ``ask.n_frames`` times; a chain goes on with the same one."""
        last = len(ask.context) - 1
        plan = {
            "engine": self.name,
            "version": PLAN_VERSION,
            "kind": "hold",
            "n_frames": ask.n_played + ask.n_frames,
            "shows": last,
        }
        frames = repeat(ask.context[last], ask.n_frames)
        return Continuation(frames=frames, plan=plan, source_map=(last,) * ask.n_frames)


def render(context: Frames, plan: dict[str, Any], start: int = 0) -> Iterator[Frame]:
    """The frames of ``plan`` from ``start`` on, drawn again: a pure function.

    ``context``: (time, height, width, 3) uint8, RGB, as it was when the plan was made.
    """
    return repeat(context[plan["shows"]], plan["n_frames"] - start)
