"""The weight-free engine: the clip's own pixels, moved and played on by a plan."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, ClassVar

from longtake.direction import clauses
from longtake.engines.motion.choose import choose, go_on, source_map
from longtake.engines.motion.plan import Plan
from longtake.engines.motion.render import render as _render
from longtake.engines.motion.study import study
from longtake.engines.protocol import Ask, Continuation, Frame, Frames, Limits


class Motion:
    """Looks at the clip, plans, and draws the plan: no weights, same seed same frames."""

    name: ClassVar[str] = "motion"
    version: ClassVar[str] = "1"
    limits: ClassVar[Limits] = Limits(
        context_s=Fraction(5), context_bytes=700_000_000, max_seconds=Fraction(20)
    )

    def setup(self) -> None:
        """Nothing to load."""

    def extend(self, ask: Ask) -> Continuation:
        """Plan now, draw when asked: the frames are made one after the other.

        Raises EngineFailed for a plan of a chain that is not this engine's, and
        EngineIncapable for one that was made of other frames.
        """
        n_frames = ask.n_played + ask.n_frames
        seen = study(ask.context, ask.rate)
        if ask.plan is None:
            choice = choose(seen, n_frames, ask.seed, ask.candidate)
        else:
            before = Plan.from_json(ask.plan).kept(ask.n_played)
            choice = go_on(seen, before, n_frames, ask.seed)
        return Continuation(
            frames=_render(ask.context, choice.plan, ask.n_played),
            plan=choice.plan.to_json(),
            source_map=source_map(choice.plan, ask.n_played, len(ask.context)),
            ignored=clauses(ask.prompt),
            notes=choice.notes,
        )


def render(context: Frames, plan: dict[str, Any], start: int = 0) -> Iterator[Frame]:
    """All new frames of ``plan`` from ``start`` on, drawn again: a pure function.

    ``context``: (time, height, width, 3) uint8, RGB, ending with the last original frame;
    yields (height, width, 3) uint8. Raises EngineFailed for what is no plan of this
    engine, and EngineIncapable where it was made of other frames.
    """
    return _render(context, Plan.from_json(plan), start)
