"""Which plan is shown: each is drawn small and measured, the first that passes wins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from longtake.analysis.gate import BANDS, Verdict, judge
from longtake.analysis.measures import measure
from longtake.analysis.recurrence import recall, rhythm
from longtake.engines.motion import push, texture, turn
from longtake.engines.motion.plan import Plan
from longtake.engines.motion.render import render
from longtake.engines.motion.study import Study
from longtake.errors import EngineFailed

_TRIED_S = 5.0  # of a plan are drawn and measured: what is later is like it
_LAST_RESORT = 12.0  # steps: a dearer jump is a cut
_KINDS = {kind.KIND: kind.propose for kind in (texture, turn, push)}


@dataclass(frozen=True, slots=True)
class Choice:
    """The plan to show, and for the report what was tried and how it measured."""

    plan: Plan
    notes: dict[str, Any] = field(default_factory=dict)


def choose(study: Study, n_frames: int, seed: int) -> Choice:
    """The plan of ``n_frames`` for a clip of which nothing was continued yet.

    Of the proposals, in the order in which they look best where they fit, the first that
    passes the gate; if none does, the one with the fewest failures.
    """
    tried: list[tuple[Plan, Verdict]] = []
    for plan in _proposals(study, n_frames, seed):
        tried.append((plan, _verdict(study, plan)))
        if tried[-1][1].passed:
            break
    plan, verdict = min(tried, key=lambda one: len(one[1].failures))
    notes = {
        "plan": plan.kind,
        "failures": list(verdict.failures),
        "tried": [
            {"plan": other.kind, "failures": list(found.failures)}
            for other, found in tried
        ],
    }
    return Choice(plan, notes)


def _proposals(study: Study, n_frames: int, seed: int) -> Iterator[Plan]:
    played = texture.propose(study, n_frames, seed)
    cost = texture.cost(study, played) if played else np.inf
    if played and cost < texture.ACCEPTABLE:
        yield played
    if turn.fits(study):
        yield turn.propose(study, n_frames, seed)
    moved = push.propose(study, n_frames, seed)
    worse = played if played and texture.ACCEPTABLE <= cost < _LAST_RESORT else None
    ordered = (moved, worse) if push.fits(study) else (worse, moved)
    yield from (plan for plan in ordered if plan)


def _verdict(study: Study, plan: Plan) -> Verdict:
    n_frames = min(plan.n_frames, study.frames_in(_TRIED_S))
    if not n_frames:
        return Verdict(passed=True)
    part = replace(plan, box=None).kept(n_frames)
    shown = np.stack(list(render(study.frames, part)))
    shows = source_map(part, 0, len(study.frames))
    found = measure(study.frames, shown, source_map=shows)
    allowed = {"rewind"} if plan.kind == turn.KIND else set()
    if _has_a_beat(study):
        allowed.add("rhythm")
    return judge(found, asked_for=frozenset(allowed))


def _has_a_beat(study: Study) -> bool:
    """Whether the clip itself is as regular as a loop: then its continuation is, too."""
    half = len(study.frames) // 2
    if half < 1:
        return False
    found = recall(study.frames[:half], study.frames[half:])
    return found is not None and rhythm(found.again) not in BANDS["rhythm"]


def go_on(study: Study, before: Plan, n_frames: int, seed: int) -> Choice:
    """``before`` made longer, to ``n_frames`` in all, in its own manner.

    Raises EngineFailed where that cannot be: its frames are not these.
    """
    propose = _KINDS.get(before.kind)
    plan = propose(study, n_frames, seed, before) if propose else None
    if plan is None:
        raise EngineFailed(
            f"the plan in this file, {before.kind!r}, cannot go on after this clip: "
            "start again from the original"
        )
    return Choice(plan, {"plan": plan.kind})


def source_map(plan: Plan, start: int, n_context: int) -> tuple[int, ...]:
    """The context frame that each new frame from ``start`` on mostly shows."""
    return tuple(
        n_context - 1 + min(0, round(plan.places(time)[0]))
        for time in range(start, plan.n_frames)
    )
