"""The *turn* plan: to and fro, eased at both ends, for what sways anyway.

Only for motion that goes nowhere and that the clip has shown both ways: whatever walks,
pours or falls would be seen to run backwards at once, and so would a child that jumps.
"""

from __future__ import annotations

import numpy as np

from longtake.analysis.directedness import directedness
from longtake.analysis.distances import apart
from longtake.engines.motion.plan import Plan, Run
from longtake.engines.motion.study import Study

KIND = "turn"
LARGEST_DIRECTEDNESS = 0.3
_SHOWN_S = 0.5  # of the end must have been seen the other way round
_TRUE = 1.0  # steps: water that falls is 1.7 from itself, a child that jumps 2.4
_LEAST = 0.25  # gray levels: the least a step counts
_EASE_S = 0.35  # in which the speed comes to rest, and in which it rises again
_SHORTEST_WAY_S = 1.0  # between two turns


def fits(study: Study) -> bool:
    """Whether the clip's motion goes to and fro, and lasts long enough to show it."""
    way = study.frames_in(_SHORTEST_WAY_S) + 2 * study.frames_in(_EASE_S)
    if study.still or study.last < way:
        return False
    if directedness(study.frames) >= LARGEST_DIRECTEDNESS:
        return False
    return _both_ways(study) < _TRUE


def _both_ways(study: Study) -> float:
    """How far the clip's end, played backwards, is from anything that it has shown.

    In steps: 1 is the clip's usual change from frame to frame.
    """
    n = study.frames_in(_SHOWN_S)
    plain = apart(study.thumbs, study.thumbs, study.seen)
    steps = np.diagonal(plain, 1)
    back = study.last - np.arange(n)
    ways = [
        plain[back, np.arange(first, first + n)].mean()
        for first in range(study.last + 1 - 2 * n)
    ]
    return min(ways, default=np.inf) / max(_LEAST, float(np.median(steps)))


def propose(study: Study, n_frames: int, seed: int, before: Plan | None = None) -> Plan:
    """Past the last frame on the bridge, back, and forth again, turning where it likes.

    ``before`` is what was already played; the plan goes on from there.
    """
    ease = 2 * study.frames_in(_EASE_S / 2)  # even: playing goes on at whole places
    runs = list(before.runs) if before else [_slowing(-1, 0.0, study.pace, ease)]
    while runs[-1].at < n_frames:
        runs.append(_next(study, runs, seed, ease))
    return study.plan(KIND, n_frames, runs, before)


def _slowing(at: int, source: float, speed: float, ease: int) -> Run:
    return Run(at=at, source=source, speed=speed, then=0.0, ramp=ease)


def _next(study: Study, runs: list[Run], seed: int, ease: int) -> Run:
    """A run that slows down is followed by one the other way, and that by slowing down."""
    run = runs[-1]
    if run.then == 0.0:
        at = run.at + ease
        then = -1.0 if run.speed > 0 else 1.0
        return Run(at, run.place(at), speed=0.0, then=then, ramp=ease)
    at = run.at + ease
    here = run.place(at)
    room = here + study.last if run.then < 0 else -here
    shortest = study.frames_in(_SHORTEST_WAY_S)
    longest = max(int(room - ease / 2), 1)  # slowing down takes half its time in places
    rng = np.random.default_rng([seed, len(runs)])
    way = int(rng.integers(min(shortest, longest), longest, endpoint=True))
    return _slowing(at + way, run.place(at + way), run.then, ease)
