"""A transition from one run to the next: by a morph or a switch, whichever shows less.

A morph moves and dissolves: right where the two are one thing a little apart. A switch
passes each place at once: right where they are two. Both are drawn small and looked at for
what a viewer would see: ghosts, which are neither of the two pictures, however either is
moved; and pops, changes from frame to frame beyond those of the two runs themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.analysis.flow import each, flow, warp
from longtake.analysis.pictures import Gray, gray
from longtake.engines.motion.plan import Plan, Run
from longtake.engines.motion.played import Played
from longtake.engines.motion.source import Source
from longtake.engines.motion.switch import Share

WIDTH = 160  # pixels: of the frames that are looked at
_EVERY = 2  # frames are looked at for ghosts
_GHOSTLY = 3.0  # times a pop: by eye, on 14 jumps of real clips, as is what follows
_BETTER = 0.75  # of the morph's flaws: it keeps moving what moves
_BRIDGED = 0.45  # from the bridge, which is nearest to what comes next,
_TORN = 400.0  # unless the morph from it shows more than this
_UNSEEN = 10.0  # squared gray levels: a morph that shows no more is not given up
_NEAR = (7, 7)  # small pixels: what changes near by hides what is changed

Change = NDArray[np.float32]  # (height, width), gray levels


@dataclass(frozen=True, slots=True)
class Look:
    """How a transition at new frame ``at`` looks either way: less is better.

    ``switch`` is None where the morph is not seen anyway. ``bridged``: it comes from
    beyond the clip's end.
    """

    at: int
    morph: float
    switch: float | None
    bridged: bool = False

    @property
    def switched(self) -> bool:
        """Whether a switch looks clearly better."""
        better = _BRIDGED if self.bridged and self.morph < _TORN else _BETTER
        return self.switch is not None and self.switch < better * self.morph

    def told(self) -> dict[str, Any]:
        """For the report."""
        return {
            "at": self.at,
            "by": "switch" if self.switched else "morph",
            "morph": round(self.morph, 2),
            "switch": self.switch and round(self.switch, 2),
        }


def decided(
    source: Source, plan: Plan, before: Plan | None
) -> tuple[Plan, tuple[Look, ...]]:
    """``plan`` with its new transitions as they look better, and how each looks.

    ``source``: frames of :data:`WIDTH`. What was played ``before`` stays as it is. The frames and two
    runs alone decide each, so that a chain decides as one long plan does.
    """
    looks: list[Look] = []

    def better(
        runs: Sequence[Run], begun: Sequence[Run], weight: Share | None
    ) -> tuple[Run, ...]:
        made = list(runs)
        known: dict[tuple[float, ...], Look] = {}  # the same jump comes again
        for k in range(max(1, len(begun)), len(runs)):
            under, run = runs[k - 1 : k + 1]
            if run.fade:
                times = range(run.at - 1, run.at + run.fade + 1)
                shown = tuple(one.place(t) for one in (under, run) for t in times)
                if shown not in known:
                    known[shown] = look(source, under, run, weight)
                looks.append(replace(known[shown], at=run.at))
                made[k] = replace(run, switched=looks[-1].switched)
        return tuple(made)

    old = {one.cells.tobytes(): one.runs for one in before.regions} if before else {}
    ground = better(plan.runs, before.runs if before else (), plan.ground)
    regions = tuple(
        replace(
            one,
            runs=better(one.runs, old.get(one.cells.tobytes(), ()), one.weight),
        )
        for one in plan.regions
    )
    return replace(plan, runs=ground, regions=regions), tuple(looks)


def look(source: Source, under: Run, run: Run, weight: Share | None = None) -> Look:
    """The transition from ``under`` to ``run`` drawn in both ways, and looked at."""
    times = range(run.at - 1, run.at + run.fade + 1)

    def drawn(*runs: Run) -> list[Gray]:
        played = Played(source, runs, weight)

        def picture(time: int) -> Gray:
            whole = np.rint(played.paint(time, None))
            return gray(np.asarray(np.clip(whole, 0, 255), np.uint8))

        return each(picture, times)

    counts = np.ones(source.whole.size[::-1], np.float32)
    if weight is not None:
        counts = np.asarray(cv2.resize(weight, source.whole.size), np.float32)
    own = _Own(drawn(replace(under, fade=0)), drawn(replace(run, fade=0)))

    def flaw(*, switched: bool) -> float:
        return own.flaw(drawn(under, replace(run, switched=switched)), counts)

    morphed = flaw(switched=False)
    switched = flaw(switched=True) if morphed > _UNSEEN else None
    return Look(run.at, morphed, switched, bridged=under.place(run.at) > 0)


class _Own:
    """What two runs do by themselves while one takes over: more than that is a flaw."""

    def __init__(self, before: list[Gray], after: list[Gray]) -> None:
        """Of the frame before the transition, those of it, and the one after."""
        self._both = before, after
        self._steps = list(map(np.maximum, _steps(before), _steps(after)))
        self._at = range(1, len(before) - 1, _EVERY)
        self._unlike = [
            np.maximum(*(_unlike(one[k], one[k - 1]) for one in self._both))
            for k in self._at
        ]

    def flaw(self, shown: list[Gray], counts: Change) -> float:
        """Ghosts and pops of ``shown``, squared gray levels of a pixel, over its frames.

        Squared, because what is strong and small is seen before what is weak everywhere.
        ``counts``: (h, w), how much each pixel does.
        """
        share = counts / max(float(counts.sum()), 1e-6)

        def beyond(found: Change, own: Change) -> float:
            return float((np.square(np.maximum(found - own, 0)) * share).sum())

        pops = sum(map(beyond, _steps(shown), self._steps))
        ghosts = [
            beyond(np.minimum(*(_unlike(shown[k], one[k]) for one in self._both)), own)
            for k, own in zip(self._at, self._unlike, strict=True)
        ]
        return pops + _GHOSTLY * (len(shown) - 2) * float(np.mean(ghosts))


def _unlike(shown: Gray, one: Gray) -> Change:
    """How far ``shown`` is from ``one``, however that is moved."""
    return _near(shown, np.asarray(warp(one, flow(shown, one)), np.uint8))


def _steps(frames: Sequence[Gray]) -> list[Change]:
    return [_near(*pair) for pair in pairwise(frames)]


def _near(one: Gray, two: Gray) -> Change:
    return np.asarray(cv2.blur(cv2.absdiff(one, two).astype(np.float32), _NEAR))
