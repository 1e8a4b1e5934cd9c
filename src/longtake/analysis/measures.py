"""The measures of a join and of the continuation after it.

Each is a ratio to the clip's own behavior (1 = like the clip), taken on pictures at most
416 pixels wide. Steps are mean absolute differences over R, G and B (a change of tint alone
leaves luma as it was), in levels of 8 bits; residuals the same with dense flow taken away;
speeds mean lengths of the flow, in pixels a frame.

Where a clip hardly moves, a ratio divides by almost nothing. So every ratio is
``(new + floor) / (own + floor)`` with a floor below what anybody sees: a clip that stands
still and goes on standing still scores 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from longtake.analysis.curves import PIXELS, Curves, curves
from longtake.analysis.cuts import last_shot
from longtake.analysis.distances import Thumbnails, thumbnails
from longtake.analysis.duplicates import duplicates, runs
from longtake.analysis.flow import difference, each
from longtake.analysis.pictures import (
    Frame,
    Frames,
    gray,
    lab_mean,
    sharpness_and_grain,
)
from longtake.analysis.recurrence import recalled, rewind, rhythm, same_source
from longtake.media.clip import Facts

LEVELS = 0.05  # levels: one pixel in twenty changing by the least step of 8 bits
UNREST = 0.02  # of the motion: a steady move changes by less
ENERGY = 0.05  # squared gray levels: less than rounding to 8 bits leaves (1/12)

RECENT = 24  # steps of the clip that say how it behaves at its end
_OWN = 96  # frames of the clip that are looked at with flow
_FEWEST = 8  # frames of a shot that show a behavior
_TAIL = 8  # new frames whose sharpness is measured again
_FROZEN = 0.15  # of the clip's step


class Measures(Facts):
    """How a continuation compares with the clip; None is "not measurable".

    Ratios to the clip (1 = like it): ``seam``, ``seam_residual``, ``velocity_jump``,
    ``worst_residual``, ``life`` (how much motion changes in eight frames, for as much motion
    as there is), ``flicker``, ``motion``, ``sharpness``, ``sharpness_tail``, ``grain`` (sharpness
    where the picture is calmest). Shares of the new frames (0..1): ``freeze``, ``repeat``,
    ``rewind``, ``rhythm``. ``color_jump``, at the join, and ``color_drift``, the largest, are in
    CIE Lab units.
    """

    seam: float | None
    seam_residual: float | None
    velocity_jump: float | None
    worst_residual: float | None
    life: float | None
    flicker: float | None
    motion: float | None
    freeze: float | None
    sharpness: float | None
    sharpness_tail: float | None
    grain: float | None
    color_jump: float | None
    color_drift: float | None
    repeat: float | None
    rewind: float | None
    rhythm: float | None


@dataclass(frozen=True, slots=True)
class Own:
    """What a clip itself does: the same for every continuation that is measured.

    ``frames``: its last shot without repeats. ``repeated``: (context,) bool. ``step``:
    that of its last second, levels (NaN for a single frame); ``sharpness``, ``grain`` and
    ``color`` (CIE Lab) likewise; ``thumbs``: of the whole context.
    """

    frames: Frames
    repeated: NDArray[np.bool_]
    curves: Curves
    step: float
    sharpness: float
    grain: float
    color: NDArray[np.float64]
    thumbs: Thumbnails


def own(context: Frames) -> Own:
    """Look at a clip's last frames: (time, height, width, 3) uint8, at most 416 wide."""
    repeated = duplicates(context)
    distinct = context[~repeated][-_OWN:]
    frames = _last_shot(distinct)
    recent = list(frames[-RECENT:])
    steps = _steps(distinct[-RECENT - 1 :])
    sharp, grain = np.mean(each(detail, recent), axis=0)
    return Own(
        frames=frames,
        repeated=repeated,
        curves=curves(frames),
        step=float(np.median(steps)) if steps.size else np.nan,
        sharpness=float(sharp),
        grain=float(grain),
        color=np.asarray(np.mean(each(lab_mean, recent), axis=0)),
        thumbs=thumbnails(context),
    )


def measure(
    context: Frames,
    new: Frames,
    *,
    source_map: Sequence[int | None] | None = None,
    behavior: Own | None = None,
) -> Measures:
    """Measure the continuation ``new`` against the clip's last frames ``context``.

    Both (time, height, width, 3) uint8, RGB, of one size, at most 416 pixels wide, each
    with at least one frame. The clip's own behavior is that of its last shot, where that
    is long enough to have any. Where the engine said which context frame each new frame
    shows, ``source_map`` decides what runs backwards, since re-drawn frames hide it from
    pixels. ``behavior``: :func:`own` of the context, where several are measured.
    """
    return measured(compare(context, new, behavior=behavior), source_map)


@dataclass(frozen=True, slots=True)
class Compared:
    """A continuation beside its clip, frame by frame.

    ``run``: the curves of the clip's ``frames`` and of the new frames that are ``kept``
    (new,) bool, which leaves out repeats that the clip shows too; None for a clip of one
    frame. ``sharpness``, ``grain``: (new,); ``shift``: (new,) distance from the clip's color,
    CIE Lab.
    """

    context: Frames
    new: Frames
    clip: Own
    kept: NDArray[np.bool_]
    run: Curves | None
    sharpness: NDArray[np.float64]
    grain: NDArray[np.float64]
    shift: NDArray[np.float64]


def compare(context: Frames, new: Frames, *, behavior: Own | None = None) -> Compared:
    """Look at ``new`` beside ``context``, as :func:`measure` takes them."""
    assert min(len(context), len(new)) > 0, "nothing to measure"
    clip = behavior or own(context)
    longest = max((last - first for first, last in runs(clip.repeated)), default=0)
    kept = _fresh(context[-1], new, longest)
    sharp, grain = np.array(each(detail, list(new))).T
    return Compared(
        context=context,
        new=new,
        clip=clip,
        kept=kept,
        run=_run(clip, new[kept]) if len(clip.frames) > 1 else None,
        sharpness=sharp,
        grain=grain,
        shift=shifts(list(new), clip),
    )


def measured(
    found: Compared, source_map: Sequence[int | None] | None = None
) -> Measures:
    """What :func:`measure` answers, of what was compared."""
    clip, run = found.clip, found.run
    n = len(clip.frames) - 1
    return Measures(
        **(dict.fromkeys(_NEEDS_MOTION) if run is None else _ratios(run, n)),
        freeze=_freeze(found.context[-1:], found.new, clip) if n else None,
        **_looks(found),
        **_recurrence(clip, found.new, source_map),
    )


def _run(clip: Own, new: Frames) -> Curves:
    """The curves of the clip and of ``new`` after it, as of one run."""
    tail = curves(np.concatenate([clip.frames[-2:], new]))
    before = clip.curves

    def both(name: str) -> NDArray[np.float64]:
        return np.concatenate([getattr(before, name), getattr(tail, name)[1:]])

    return Curves(
        step=both("step"),
        residual=both("residual"),
        speed=both("speed"),
        turn=both("turn"),
        unrest=both("unrest"),
        sway=np.concatenate([before.sway[:-1], tail.sway]),
    )


def _last_shot(own: Frames) -> Frames:
    first = last_shot(own)
    return own[first:] if len(own) - first >= _FEWEST else own


_NEEDS_MOTION = (
    "seam",
    "seam_residual",
    "velocity_jump",
    "worst_residual",
    "life",
    "flicker",
    "motion",
)


def ratio(new: float, own: float, floor: float) -> float:
    """``new`` for each of ``own``, where less than ``floor`` counts as nothing."""
    return (float(new) + floor) / (float(own) + floor)


def _ratios(run: Curves, n: int) -> dict[str, float | None]:
    """The measures of a run whose first ``n`` steps are the clip's and step ``n`` the join."""
    own, later = slice(0, n), slice(n + 1, None)
    recent = slice(max(0, n - RECENT), n)
    turned = run.turn[own][1:][-RECENT:]
    swayed, sways = run.sway[: n - 1], run.sway[n:-1]
    return {
        "seam": ratio(run.step[n], np.median(run.step[recent]), LEVELS),
        "seam_residual": ratio(
            run.residual[n], np.median(run.residual[recent]), LEVELS
        ),
        "velocity_jump": ratio(run.turn[n], np.median(turned), PIXELS)
        if turned.size
        else None,
        "worst_residual": ratio(
            run.residual[later].max(), np.percentile(run.residual[own], 95), LEVELS
        )
        if run.residual[later].size
        else None,
        "life": _life(run.unrest[later], run.unrest[recent]),
        "flicker": ratio(np.median(sways), np.median(swayed), LEVELS)
        if sways.size and swayed.size
        else None,
        "motion": ratio(run.speed[n:].mean(), run.speed[own].mean(), PIXELS),
    }


def _life(new: NDArray[np.float64], own: NDArray[np.float64]) -> float | None:
    """How much motion usually changes in a while; None where either is too short to tell."""
    if np.isnan(new).all() or np.isnan(own).all():
        return None
    return ratio(float(np.nanmedian(new)), float(np.nanmedian(own)), UNREST)


def _fresh(last: Frame, new: Frames, longest: int) -> NDArray[np.bool_]:
    """Which of ``new`` are no repeats, as far as the clip repeats too (``longest`` in a row).

    At least one frame is left. A clip drawn on twos goes on on twos; a clip that does not
    repeat frames keeps every repeat of its continuation, for that is a freeze.
    """
    repeated = duplicates(np.concatenate([last[None], new]))
    for first, end in runs(repeated):
        repeated[first + longest : end] = False
    kept = ~repeated[1:]
    if not kept.any():
        kept[-1] = True
    return kept


def _freeze(last: Frames, new: Frames, clip: Own) -> float:
    """Share of new steps below 0.15 of the clip's, beyond the share of its duplicates."""
    still = _steps(np.concatenate([last, new])) < _FROZEN * clip.step
    usual = float(clip.repeated[1:].mean())
    return max(0.0, (float(still.mean()) - usual) / (1 - usual))


def _steps(frames: Frames) -> NDArray[np.float64]:
    return np.array([difference(a, b) for a, b in pairwise(frames)])


def _looks(found: Compared) -> dict[str, float]:
    """Sharpness and color of the new pictures against the clip's last second."""
    clip, sharp = found.clip, found.sharpness
    first, last = lab_mean(found.new[0]), lab_mean(found.context[-1])
    return {
        "sharpness": ratio(sharp.mean(), clip.sharpness, ENERGY),
        "sharpness_tail": ratio(sharp[-_TAIL:].mean(), clip.sharpness, ENERGY),
        "grain": ratio(np.median(found.grain), clip.grain, ENERGY),
        "color_jump": float(np.linalg.norm(first - last)),
        "color_drift": float(found.shift.max()),
    }


def shifts(frames: Sequence[Frame], clip: Own) -> NDArray[np.float64]:
    """How far the color of each frame lies from the clip's: (frames,), CIE Lab."""
    means = np.array(each(lab_mean, frames))
    return np.asarray(np.linalg.norm(means - clip.color, axis=1), np.float64)


def detail(frame: Frame) -> tuple[float, float]:
    """Sharpness and grain of a picture."""
    return sharpness_and_grain(gray(frame))


def _recurrence(
    clip: Own, new: Frames, source_map: Sequence[int | None] | None
) -> dict[str, float | None]:
    """What comes again: by the plan where there is one, and by the pictures."""
    seen = recalled(clip.thumbs, thumbnails(new))
    shown = None if seen is None else seen.source_map
    beats = [] if seen is None else [rhythm(seen.again)]
    if source_map is not None:
        shown = np.array([np.nan if i is None else i for i in source_map], np.float64)
        beats.append(rhythm(same_source(shown)))
    return {
        "repeat": None if seen is None else seen.repeat,
        "rewind": None if shown is None else rewind(shown),
        "rhythm": max(beats, default=None),
    }
