"""Which plan is shown: each is drawn small and measured, the first that passes wins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from longtake.analysis.gate import judge
from longtake.analysis.measures import measure
from longtake.engines.motion import push, texture
from longtake.engines.motion.plan import Plan
from longtake.engines.motion.render import render
from longtake.engines.motion.study import Study
from longtake.errors import EngineFailed


@dataclass(frozen=True, slots=True)
class Choice:
    """The plan to show, and for the report what was tried and how it measured."""

    plan: Plan
    notes: dict[str, Any] = field(default_factory=dict)


def choose(study: Study, n_frames: int, seed: int) -> Choice:
    """The best plan of ``n_frames`` for a clip of which nothing was continued yet."""
    tried: list[tuple[int, Plan, dict[str, Any]]] = []
    for name, make in _proposals(study, n_frames, seed):
        plan = make()
        if plan is None:
            continue
        failures, notes = _tried(study, plan)
        tried.append((len(failures), plan, {"plan": name, **notes}))
        if not failures:
            break
    _, plan, notes = min(tried, key=lambda entry: entry[0])
    return Choice(plan, {**notes, "tried": [entry[2] for entry in tried]})


def _proposals(
    study: Study, n_frames: int, seed: int
) -> Iterator[tuple[str, Callable[[], Plan | None]]]:
    found = texture.propose(study, n_frames, seed)
    if found and found[1] < texture.ACCEPTABLE:
        yield "texture", lambda: found[0]
    yield "push", lambda: push.propose(study, n_frames)


def _tried(study: Study, plan: Plan) -> tuple[tuple[str, ...], dict[str, Any]]:
    if plan.n_frames == 0:
        return (), {}
    shown = np.stack(list(render(study.frames, replace(plan, box=None))))
    measures = measure(
        study.frames, shown, source_map=source_map(plan, 0, len(study.frames))
    )
    verdict = judge(measures)
    return verdict.failures, {
        "failures": list(verdict.failures),
        "measures": measures.model_dump(),
    }


def go_on(study: Study, before: Plan, n_frames: int, seed: int) -> Choice:
    """``before`` made longer, to ``n_frames`` in all, in its own manner."""
    plan: Plan | None = None
    if before.kind == texture.KIND:
        found = texture.propose(study, n_frames, seed, before)
        plan = found[0] if found else None
    elif before.kind == push.KIND:
        plan = replace(before, n_frames=n_frames)
    if plan is None:
        raise EngineFailed(f"a plan of kind {before.kind!r} cannot go on here")
    return Choice(plan, {"plan": before.kind})


def source_map(plan: Plan, start: int, n_context: int) -> tuple[int, ...]:
    """The context frame that each new frame from ``start`` on mostly shows."""
    return tuple(
        n_context - 1 + min(0, round(plan.places(time)[0]))
        for time in range(start, plan.n_frames)
    )
