"""The measures of a join that is already in a file."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from longtake.analysis import cuts, gate
from longtake.analysis.drift import Drift, Statistics, drift
from longtake.analysis.gate import Verdict
from longtake.analysis.measures import Measures, measure
from longtake.analysis.pictures import Frames, small
from longtake.errors import AskInvalid
from longtake.extension.ask import Exact, exact, kept
from longtake.media import decode
from longtake.media.clip import Clip, Facts
from longtake.media.lineage import Lineage
from longtake.media.probe import probe

MEASURED_S = 4  # the last seconds before a join, against which what follows is measured
_LONGEST_S = 20  # of what follows, where nothing says where it ends


class Measured(Facts):
    """One join of a file: ``n_new`` frames from ``first`` on, against those before."""

    join: Fraction  # seconds from the first shown frame
    first: int
    n_new: int
    measures: Measures
    verdict: Verdict
    drift: (
        Drift | None
    )  # None where the file does not carry its first clip's statistics


def measured(path: str | Path, *, join: Exact | None = None) -> tuple[Measured, ...]:
    """Measure ``path`` at ``join`` (seconds), or at every join its Longtake tag names.

    Raises AskInvalid where neither says where to look.
    """
    clip = probe(Path(path))
    lineage, note = Lineage.of(clip)
    if join is not None:
        first = kept(clip, exact(join, "join"))
        rest = clip.video.n_frames - first
        longest = math.ceil(_LONGEST_S * clip.video.rate)
        if not rest:
            raise AskInvalid(
                f"Nothing follows {join} s in '{path}'; give an earlier time."
            )
        spans = [(first, min(rest, longest))]
    else:
        parts = lineage.parts if lineage else ()
        spans = [(p.first, p.n_frames) for p in parts if p.synthetic and p.first]
    if not spans:
        why = note or "it was not made by Longtake"
        raise AskInvalid(
            f"'{path}' does not say where it was joined ({why}); give a time before its "
            "end with --join."
        )
    first_clip = lineage.statistics if lineage else None
    return tuple(_measured(clip, first, n_new, first_clip) for first, n_new in spans)


def before(clip: Clip, n_keep: int) -> Frames:
    """The frames before a join that count: small, upright, of the last shot only."""
    count = min(n_keep, math.ceil(MEASURED_S * clip.video.rate))
    return one_shot(looked_at(clip, n_keep - count, count))


def one_shot(frames: Frames) -> Frames:
    """``frames`` without what lies before their last cut."""
    return frames[cuts.last_shot(frames) :]


def looked_at(clip: Clip, first: int, count: int) -> Frames:
    """Small upright frames of ``clip``: (time, height, width, 3) uint8, RGB."""
    turn = clip.video.rotation
    frames = decode.frames(clip, first=first, count=count)
    return np.stack([small(decode.upright(frame, turn)) for frame in frames])


def _measured(
    clip: Clip, first: int, n_new: int, first_clip: dict[str, Any] | None
) -> Measured:
    measures = measure(before(clip, first), new := looked_at(clip, first, n_new))
    drifted = None
    if first_clip is not None:
        drifted = drift(Statistics.model_validate(first_clip), new)
    return Measured(
        join=first / clip.video.rate,
        first=first,
        n_new=n_new,
        measures=measures,
        verdict=gate.judge(measures),
        drift=drifted,
    )
