"""How far a clip has drifted from the first clip of its lineage.

Each extension is like the part before it, and yet ten in a row may end far away: so they
are held against the first clip, whose statistics travel with every result because files
expire.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Literal

import numpy as np

from longtake.analysis.flow import each
from longtake.analysis.measures import ENERGY
from longtake.analysis.pictures import Frames, gray, lab_statistics, sharpness
from longtake.media.clip import Facts

_LOOKED_AT = 48  # frames, evenly spread: more change nothing
_COLOR = 15.0  # CIE Lab units, as the gate's color drift
_SPREAD = (0.6, 1.6)  # ratio of the standard deviation of L: flat or harsh contrast
_SHARPNESS = (0.7, 1.6)  # as the gate's for the last frames

Triple = tuple[float, float, float]


class Statistics(Facts):
    """What a clip looks like, in a few numbers; pictures at most 416 pixels wide.

    ``lab_mean``, ``lab_deviation``: CIE L*a*b* over pixels and frames. ``luma``: mean gray
    level, 0..255. ``sharpness``: mean high-band energy, squared gray levels.
    """

    version: Literal[1] = 1
    n_frames: int
    width: int
    lab_mean: Triple
    lab_deviation: Triple
    luma: float
    sharpness: float


class Drift(Facts):
    """Where the frames are now, seen from the lineage's first clip.

    ``color``: distance of the mean Lab colors. ``contrast``, ``sharpness``: ratios,
    1 = like the first clip. ``failures``: one sentence for each that left its band.
    """

    color: float
    contrast: float
    sharpness: float
    passed: bool
    failures: tuple[str, ...] = ()


def statistics(frames: Frames) -> Statistics:
    """The statistics of ``frames``: (time, height, width, 3) uint8, time at least 1."""
    assert len(frames) > 0, "no frames, no statistics"
    count = min(_LOOKED_AT, len(frames))
    chosen = [frames[round(i)] for i in np.linspace(0, len(frames) - 1, count)]
    means, deviations = zip(*each(lab_statistics, chosen), strict=True)
    lumas = each(gray, chosen)
    return Statistics(
        n_frames=len(frames),
        width=frames.shape[2],
        lab_mean=_triple(np.mean(means, axis=0)),
        lab_deviation=_triple(np.mean(deviations, axis=0)),
        luma=round(float(np.mean([luma.mean() for luma in lumas])), 3),
        sharpness=round(float(np.mean(each(sharpness, lumas))), 3),
    )


def drift(
    first: Statistics, frames: Frames, *, asked_for: Set[str] = frozenset()
) -> Drift:
    """Hold ``frames`` (of the width ``first`` was taken at) against the first clip.

    ``asked_for``: as of :func:`gate.judge`; a fade to black is no drift of the colors.
    """
    now = statistics(frames)
    color = float(np.linalg.norm(np.subtract(now.lab_mean, first.lab_mean)))
    contrast = (now.lab_deviation[0] + 1) / (first.lab_deviation[0] + 1)
    sharp = (now.sharpness + ENERGY) / (first.sharpness + ENERGY)
    failures = []
    if color > _COLOR and "color_drift" not in asked_for:
        failures.append(
            f"The colors have drifted {color:.1f} Lab units from the first clip "
            f"(accepted at most {_COLOR:g})."
        )
    for name, measure, value, (low, high) in (
        ("contrast", "color_drift", contrast, _SPREAD),
        ("sharpness", "sharpness_tail", sharp, _SHARPNESS),
    ):
        if measure not in asked_for and not low <= value <= high:
            failures.append(
                f"The {name} is {value:.2f} times the first clip's "
                f"(accepted {low:g} to {high:g})."
            )
    return Drift(
        color=color,
        contrast=contrast,
        sharpness=sharp,
        passed=not failures,
        failures=tuple(failures),
    )


def _triple(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Triple:
    a, b, c = (round(float(value), 3) for value in values)
    return a, b, c
