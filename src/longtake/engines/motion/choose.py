"""Which plan is shown: all that may fit are drawn small, measured and ranked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any

import numpy as np

from longtake.analysis.flow import each
from longtake.analysis.gate import BANDS, SLACK, Verdict, beyond, distance, judge
from longtake.analysis.measures import Measures, measure, own
from longtake.analysis.pictures import Frame, Frames, small
from longtake.analysis.recurrence import recall, rhythm
from longtake.engines.motion import (
    coast,
    drift,
    living,
    sprite,
    texture,
    transition,
    turn,
)
from longtake.engines.motion.plan import Plan, places
from longtake.engines.motion.render import Painter, render
from longtake.engines.motion.study import Study
from longtake.engines.motion.texture import Paths
from longtake.errors import EngineFailed

_TRIED_S = 2.0  # of a plan are drawn and measured: what is later is like it
_WIDTH = 208  # pixels: half of what is measured in the end, at a quarter of the cost
_LAST_RESORT = 12.0  # steps: a dearer jump is a cut
_KINDS = {
    kind.KIND: kind.propose for kind in (texture, living, sprite, turn, coast, drift)
}
_TRIFLE = 1.0  # steps: what jumps no dearer than this need not be divided
# The measures do not see everything: what looks worse where all fit counts a little more.
_APART, _RESTS, _PUSHED, _TURNS = 0.05, 0.6, 1.2, 2.0


@dataclass(frozen=True, slots=True)
class Choice:
    """The plan to show, and for the report what was tried and how it measured."""

    plan: Plan
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tried:
    """A plan that was drawn small: less ``score`` is better."""

    plan: Plan
    extra: float  # how much worse it looks than the measures see
    measures: Measures
    verdict: Verdict
    missed: float  # by how much it misses the gate's bands, beyond what passes

    @property
    def score(self) -> tuple[float, float]:
        """What the gate refuses it for, then how unlike the clip it behaves."""
        return self.missed, distance(self.measures) + self.extra

    def told(self) -> dict[str, Any]:
        """For the report."""
        missed, unlike = self.score
        return {
            "plan": self.plan.kind,
            "score": round(missed * 100 + unlike, 2),
            "failures": list(self.verdict.failures),
        }


def choose(study: Study, n_frames: int, seed: int, candidate: int = 0) -> Choice:
    """The plan of ``n_frames`` for a clip of which nothing was continued yet.

    The proposals are ranked by what fails at the gate, and then by how unlike the clip
    they behave. ``candidate`` is the place in that order, among those that pass; what is
    beyond them is the best once more, which its seed makes another one.
    """
    frames = np.stack(each(_little, list(study.frames)))
    clip, beat = own(frames), _has_a_beat(frames)
    n_tried = study.frames_in(_TRIED_S)

    def tried(plan: Plan, extra: float) -> Tried:
        # What has left the picture is no longer missed: the clip did not end without it.
        height, width = frames.shape[1:3]
        n_shown = sprite.in_view(plan, n_tried, height / width)
        part = replace(plan, box=None, n_frames=n_shown)
        shown = np.stack(list(render(frames, part)))
        shows = source_map(part, 0, len(frames))
        found = measure(frames, shown, source_map=shows, behavior=clip)
        allowed = frozenset(_allowed(plan, extra, beat=beat))
        missed = max(0.0, beyond(found, asked_for=allowed) - SLACK)
        return Tried(plan, extra, found, judge(found, asked_for=allowed), missed)

    ranked = sorted(
        # However little is asked for: a chain goes on with what is chosen here.
        (tried(*one) for one in _proposals(study, max(n_frames, n_tried), seed)),
        key=lambda one: one.score,
    )
    passing = sum(one.verdict.passed for one in ranked)
    chosen = ranked[candidate if candidate < passing else 0]
    notes = {
        "plan": chosen.plan.kind,
        "failures": list(chosen.verdict.failures),
        "tried": [one.told() for one in ranked],
    }
    if chosen.plan.push and chosen.plan.push.depth:
        notes["depth"] = "guessed, from height in the picture and from focus"
    return _with_transitions(study, Choice(chosen.plan.kept(n_frames), notes))


def _with_transitions(
    study: Study, choice: Choice, before: Plan | None = None
) -> Choice:
    """``choice`` with its transitions, each by what looks better."""
    frames = np.stack([small(one, transition.WIDTH) for one in study.frames])
    source = Painter(frames, replace(choice.plan, box=None)).source
    plan, looks = transition.decided(source, choice.plan, before)
    told = {"transitions": [one.told() for one in looks]} if looks else {}
    return Choice(plan, choice.notes | told)


def _proposals(study: Study, n_frames: int, seed: int) -> Iterator[tuple[Plan, float]]:
    """Plans that may fit, each with what it looks worse by than it measures."""
    if staged := sprite.staged(study, n_frames, seed):
        # What travels goes on or comes to rest: it is not seen again where it came from.
        yield sprite.planned(n_frames, staged), staged.worst / texture.ACCEPTABLE
        if coast.fits(study):
            yield coast.propose(study, n_frames, seed), _RESTS
        if not (pushed := drift.propose(study, n_frames, seed)).regions:
            yield pushed, _PUSHED
        return
    played, cost = texture.propose(study, n_frames, seed), inf
    if played:
        cost = texture.cost(Paths(study.apart, float(study.rate)), played.runs)
    if played and cost < _LAST_RESORT:
        yield played, cost / texture.ACCEPTABLE
    if cost > _TRIFLE and (apart := living.living(study, n_frames, seed)):
        worse = _APART + apart.worst / texture.ACCEPTABLE
        yield living.planned(study, n_frames, apart), worse
    if turn.fits(study):
        yield turn.propose(study, n_frames, seed), _TURNS
    if coast.fits(study):
        yield coast.propose(study, n_frames, seed), _RESTS
    if cost > texture.INVISIBLE:
        yield drift.propose(study, n_frames, seed), _PUSHED


def _little(frame: Frame) -> Frame:
    return small(frame, _WIDTH)


def _allowed(plan: Plan, extra: float, *, beat: bool) -> Iterator[str]:
    """What the clip itself does, so that it is not held against its continuation."""
    if plan.kind == turn.KIND:
        yield "rewind"
    # Where the clip comes back to what it was, its period is its own.
    returns = plan.kind == texture.KIND and extra <= _TRIFLE / texture.ACCEPTABLE
    if beat or returns:
        yield "rhythm"


def _has_a_beat(frames: Frames) -> bool:
    """Whether the clip itself is as regular as a loop: then its continuation is, too."""
    half = len(frames) // 2
    if half < 1:
        return False
    found = recall(frames[:half], frames[half:])
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
    return _with_transitions(study, Choice(plan, {"plan": plan.kind}), before)


def source_map(plan: Plan, start: int, n_context: int) -> tuple[int, ...]:
    """The context frame that each new frame from ``start`` on mostly shows.

    Where the picture has regions: that of the largest.
    """
    runs = plan.runs
    if plan.regions:
        largest = max(plan.regions, key=lambda one: int(one.cells.sum()))
        ground = 1 - sum(float(one.cells.mean()) for one in plan.regions)
        if largest.cells.mean() > ground:
            runs = largest.runs
    return tuple(
        n_context - 1 + min(0, round(places(runs, plan.now(time))[0]))
        for time in range(start, plan.n_frames)
    )
