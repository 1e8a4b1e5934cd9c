"""What is asked of a join, and what it answers: values that cross to its child and back."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Literal

from longtake.media.clip import Clip, Facts
from longtake.media.lineage import Lineage
from longtake.media.output import Family
from longtake.media.sound import SoundJoined
from longtake.media.tracks import TrackJoined

Mode = Literal["copy", "append", "re-encode", "new-only"]


class Order(Facts):
    """A join to be made. ``handles``: frames of the source before new frames alone."""

    clip: Clip
    output: Path
    family: Family
    n_keep: int
    n_new: int
    lineage: Lineage
    comment: str
    handles: int
    mode: Mode
    reason: str | None


class Joined(Facts):
    """What the join did."""

    mode: Mode
    reason: str | None  # why it is no copy; None where it is one
    container: Family
    n_source: int  # frames of the source in the result that are its own packets still
    n_recoded: int  # frames of the source that were encoded again
    n_new: int
    psnr_db: float | None  # of the recoded frames, see ``assembly.measured_psnr``
    rate: Fraction  # frames per second of the new ones
    retimed_shift: Fraction | None  # largest change to a time of the source, seconds
    sound: SoundJoined
    tracks: tuple[TrackJoined, ...]
