"""What is asked of a join, and what it answers: values that cross to its child and back."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Literal

from longtake.media.clip import Clip, Facts
from longtake.media.lineage import Lineage
from longtake.media.sound.ending import Going, SoundMade

Family = Literal["mp4", "mov", "matroska", "webm"]
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
    sound: Going | None = None  # how it goes on; None decides by measure
    seed: int = 0  # of new sound


class SoundJoined(Facts):
    """What became of the first sound. Samples are counted at ``sample_rate``."""

    mode: Literal["none", "copied", "lossless", "re-encoded"]
    reason: str | None = None  # why it is not simply copied
    codec: str | None = None  # of the result
    sample_rate: int | None = None
    n_packets_kept: int = 0
    n_samples_kept: int = 0
    n_new_samples: int = 0  # that follow them, made or silent
    new_from: Fraction | None = None  # seconds; None where nothing follows
    n_hidden_samples: int = 0  # of the last kept packet, which the source does not show
    made: SoundMade | None = None  # what follows; None where nothing does


class TrackJoined(Facts):
    """What became of a further track of the source."""

    index: int
    kind: str
    codec: str
    kept: bool
    reason: str | None  # why it was lost, or what it is no longer


class Joined(Facts):
    """What the join did."""

    mode: Mode
    reason: str | None  # why it is no copy; None where it is one
    container: Family
    n_source: int  # frames of the source in the result that are its own packets still
    n_recoded: int  # frames of the source that were encoded again
    n_new: int
    psnr_db: float | None  # of the recoded frames, luma, mean over all of them
    rate: Fraction  # frames per second of the new ones
    retimed_shift: Fraction | None  # largest change to a time of the source, seconds
    sound: SoundJoined
    tracks: tuple[TrackJoined, ...]
