"""The *texture* plan: the clip's own frames, played on for ever.

Video textures (Schödl, Szeliski, Salesin, Essa, SIGGRAPH 2000): from a moment that looks
and moves like an earlier one, playing goes on from there. Which jumps to take is planned
with their future cost, so that no good jump leads where only bad ones leave.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.engines.motion.plan import Plan, Run
from longtake.engines.motion.study import Study

KIND = "texture"
INVISIBLE = 3.5  # steps: a jump that costs less is not seen
ACCEPTABLE = 6.0  # steps: one that costs less passes with a morph
_SHORTEST_RUN_S = 1.0
_STUTTER_S = 0.5  # a clip that allows no longer runs than this would stutter
_FADE_S = 0.42
_FIRST = 0.8  # of that the first transition takes
_HEAD = 1  # new frames of the bridge alone before the first transition
_PER_SECOND = 0.75  # what a jump a second later costs of one now
_PER_JUMP = 0.5  # steps: fewer jumps are better than many cheap ones
_UNEVEN = 0.3  # steps by which a seeded choice may be worse than the best
_SAME = 4  # frames: jumps nearer than this at both ends are the same jump
_TIRED, _REMEMBERED = 3.0, 8  # steps that a jump costs more when it comes again; jumps
_EVEN = 0.15  # of the run before: one that differs less is as long
_ROUNDS = 60


@dataclass(frozen=True, slots=True)
class Jump:
    """After frame ``leave`` is shown, frame ``land`` + 1 follows (indices)."""

    leave: int
    land: int


class Paths:
    """All jumps of a clip, with what each costs now and later."""

    def __init__(self, apart: NDArray[np.float64], rate: float) -> None:
        """Plan by value iteration: cost of a jump plus the discounted cost after it.

        ``apart``: (time, time), as of Study; ``rate`` in frames per second.
        """
        n = len(apart)
        self.last, self.rate = n - 1, rate
        self.fade = max(2, min(round(_FADE_S * rate), n // 4))
        self.shortest = max(
            self.fade + _HEAD + 1, min(round(_SHORTEST_RUN_S * rate), n // 2)
        )
        self.cost = _jump_costs(apart, self.fade)
        self.total = self._planned(_PER_SECOND ** (1 / rate))

    @property
    def fit(self) -> bool:
        """Whether the clip is long enough to be played on without stuttering."""
        return (
            max(1, round(_STUTTER_S * self.rate))
            <= self.shortest
            <= (self.last + 1) // 2
        )

    def _planned(self, discount: float) -> NDArray[np.float64]:
        """(leave, land) cost of a jump and of everything after it."""
        n = self.last + 1
        tail = np.arange(n) > self.last - self.fade  # would dissolve from the bridge
        now = self.cost + np.square(self.cost) / INVISIBLE + _PER_JUMP
        now[tail] += _PER_JUMP
        total = now.copy()
        for _ in range(_ROUNDS):
            best = total.min(axis=1) * discount ** np.arange(n)
            after = np.full(n, np.inf)  # best of leaving at `shortest` or later
            reach = n - self.shortest
            if reach > 0:
                suffix = np.minimum.accumulate(best[::-1])[::-1]
                after[:reach] = suffix[self.shortest :] / discount ** np.arange(reach)
            updated = now + after[None, :]
            if np.allclose(updated, total):
                break
            total = updated
        return total

    def choose(
        self, landed: int | None, before: Sequence[Jump], rng: np.random.Generator
    ) -> Jump | None:
        """The next jump after landing at ``landed`` (None: from the clip's end).

        ``before``: what was jumped last, the latest first.
        """
        first = self.last if landed is None else landed + self.shortest
        options = self._options(first, before)
        if options is None:
            return None
        # Of jumps that are nearly the same only the best is an option.
        best_nearby = cv2.erode(options, np.ones((2 * _SAME + 1,) * 2, np.uint8))
        worse = np.where(options == best_nearby, options - options.min(), np.inf)
        chance = np.exp(-worse / _UNEVEN).ravel()
        pick = int(rng.choice(chance.size, p=chance / chance.sum()))
        return Jump(first + pick // options.shape[1], pick % options.shape[1])

    def _options(
        self, first: int, before: Sequence[Jump]
    ) -> NDArray[np.float64] | None:
        """(leave from ``first`` on, land) totals, without the jump that came last.

        What is nearly that jump is left out too, unless nothing else is left. Those before
        it are dearer, the later they came: two good jumps taken in turn are a loop. A run
        as long as the one before is dearer, too: two that are even begin a beat.
        """
        even = slice(0, 0)
        if len(before) > 1:
            long = before[0].leave - before[1].land
            start = before[0].land + round((1 - _EVEN) * long) - first
            even = slice(max(start, 0), max(start + round(2 * _EVEN * long) + 1, 0))
        for near in (_SAME, 0):
            left = self.total[first:].copy()
            left[even] += _TIRED
            for age, one in enumerate(before):
                early = max(one.leave - near - first, 0)
                late = max(one.leave + near + 1 - first, 0)
                beside = slice(max(one.land - near, 0), one.land + near + 1)
                left[early:late, beside] += (
                    _TIRED * (1 - age / _REMEMBERED) if age else np.inf
                )
            if np.isfinite(left).any():
                return left
        return None


def _jump_costs(apart: NDArray[np.float64], fade: int) -> NDArray[np.float64]:
    """(leave, land): how far the two runs are apart in the middle of the transition."""
    n = len(apart)
    cost = np.full((n, n), np.inf)
    for leave in range(n):
        ahead = min(fade // 2, n - 1 - leave)
        cost[leave, : n - fade] = apart[leave + ahead, ahead : n - fade + ahead]
        cost[leave, max(leave - fade, 0) : leave + fade + 1] = np.inf
    return cost


def propose(
    study: Study, n_frames: int, seed: int, before: Plan | None = None
) -> Plan | None:
    """A texture of ``n_frames``, or None where the clip is still or too short to play on.

    ``before`` is what was already played; the plan goes on from there.
    """
    if study.still:
        return None
    paths = Paths(study.apart, float(study.rate))
    begun = before.runs if before else (Run(-1, 0.0, then=study.pace),)
    runs = played(paths, begun, n_frames, seed)
    return study.plan(KIND, n_frames, runs, before) if runs else None


def played(
    paths: Paths, begun: tuple[Run, ...], n_frames: int, seed: int
) -> tuple[Run, ...] | None:
    """``begun`` and the runs after it, up to ``n_frames``; None where there is no way on."""
    if not paths.fit:
        return None
    runs = list(begun)
    while runs[-1].at < n_frames:
        jump = _next(paths, runs, seed)
        if jump is None:
            return None
        runs.append(_run(paths, runs[-1], jump))
    return tuple(runs)


def cost(paths: Paths, runs: tuple[Run, ...]) -> float:
    """What the most visible jump of ``runs`` costs, in steps of the clip."""
    taken = jumps(runs, paths.last)
    return float(max((paths.cost[one.leave, one.land] for one in taken), default=0.0))


def _next(paths: Paths, runs: list[Run], seed: int) -> Jump | None:
    rng = np.random.default_rng([seed, len(runs)])
    before = jumps(tuple(runs[-_REMEMBERED - 1 :]), paths.last)[::-1]
    return paths.choose(before[0].land if before else None, before, rng)


def _run(paths: Paths, under: Run, jump: Jump) -> Run:
    wait = _HEAD if under.at < 0 else 0
    at = under.at + (jump.leave - paths.last - round(under.source)) + 1 + wait
    # What is erratic is nearly still on the bridge: not for long.
    fade = round(_FIRST * paths.fade) if under.at < 0 else paths.fade
    return Run(at=at, source=float(jump.land + 1 + wait - paths.last), fade=fade)


def _jump(under: Run, run: Run, last: int) -> Jump:
    wait = _HEAD if under.at < 0 else 0
    leave = round(under.source) + run.at - under.at - 1 - wait + last
    return Jump(leave, round(run.source) - 1 - wait + last)


def jumps(runs: tuple[Run, ...], last: int) -> list[Jump]:
    """The jumps between runs over frames 0 to ``last``, in order."""
    return [_jump(one, two, last) for one, two in pairwise(runs)]
