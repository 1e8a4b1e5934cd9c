"""The weight-free engine: the clip's own pixels, moved and played on by a plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any, ClassVar

from longtake.engines.motion import directing, telling
from longtake.engines.motion.choose import choose, go_on, source_map
from longtake.engines.motion.plan import Plan
from longtake.engines.motion.render import render as _render
from longtake.engines.motion.script import script as read_script
from longtake.engines.motion.study import study
from longtake.engines.protocol import Ask, Continuation, Frame, Frames, Limits


class Motion:
    """Looks at the clip, plans, and draws the plan: no weights, same seed same frames."""

    name: ClassVar[str] = "motion"
    version: ClassVar[str] = "2"
    limits: ClassVar[Limits] = Limits(
        context_s=Fraction(5),
        context_bytes=700_000_000,
        max_seconds=Fraction(20),
        takes_prompt=True,
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
        before = None
        if ask.plan is not None:
            before = Plan.from_json(ask.plan).kept(ask.n_played)
        script = read_script(
            ask.prompt, ask.n_played, n_frames, float(ask.rate), later=ask.later
        )
        orders = directing.paced(script, seen, before)
        n_needed = directing.reach(orders, n_frames)
        if before is not None:
            choice = go_on(seen, before, n_needed, ask.seed)
        else:
            choice = choose(seen, n_needed, ask.seed, ask.candidate)
        plan = directing.obeyed(
            script,
            replace(choice.plan, n_frames=n_frames, orders=orders),
            seen,
            whole=ask.whole and len(seen.frames) == len(ask.context),
            chained=before is not None,
        )
        understood, ignored = script.told()
        return Continuation(
            frames=_render(ask.context, plan, ask.n_played),
            plan=plan.to_json(),
            source_map=source_map(plan, ask.n_played, len(ask.context)),
            understood=understood,
            ignored=ignored,
            relaxed=tuple(sorted(script.relaxed(before))),
            written=telling.sentence(seen, plan, script),
            notes=choice.notes,
        )


def render(context: Frames, plan: dict[str, Any], start: int = 0) -> Iterator[Frame]:
    """All new frames of ``plan`` from ``start`` on, drawn again: a pure function.

    ``context``: (time, height, width, 3) uint8, RGB, ending with the last original frame;
    yields (height, width, 3) uint8. Raises EngineFailed for what is no plan of this
    engine, and EngineIncapable where it was made of other frames.
    """
    return _render(context, Plan.from_json(plan), start)
