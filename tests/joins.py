"""Clips of tests.clips joined with new frames whose counter goes on."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from longtake.media.clip import Clip
from longtake.media.join import Join, Joined, container_for
from longtake.media.lineage import Lineage, Part
from longtake.media.probe import probe
from longtake.media.sound.ending import Going
from tests.scene import Frame, picture, write_counter


def lineage_of(clip: Clip, n_keep: int, n_new: int, *, first: int = 0) -> Lineage:
    """A tag for ``n_new`` frames made by hand after ``n_keep`` of ``clip``."""
    video = clip.video
    before, _ = Lineage.of(clip)
    kept: tuple[Part, ...] = (
        Part(first=0, n_frames=n_keep - first, start=Fraction(0), synthetic=False),
    )
    if before is not None:
        kept = before.between(first, n_keep)
    made = Part(
        first=n_keep - first,
        n_frames=n_new,
        start=(n_keep - first) / video.rate,
        synthetic=True,
        engine="hand",
        engine_version="1",
    )
    return Lineage(
        made_by="a test",
        width=video.width,
        height=video.height,
        rate=video.rate,
        parts=(*kept, made),
        first=first,
    )


def new_frame(clip: Clip, number: int) -> Frame:
    """Frame ``number`` of the scene and its counter, as coded, going on where it ends."""
    video = clip.video
    frame = picture(number / video.rate, video.width, video.height)
    write_counter(frame, number)
    return frame


def joined(
    source: Path,
    folder: Path,
    *,
    n_new: int = 48,
    n_keep: int | None = None,
    first_number: int | None = None,
    only_new: bool = False,
    handles: int = 0,
    sound: Going | None = "silent",
    seed: int = 0,
) -> tuple[Path, Joined]:
    """``source`` made ``n_new`` frames longer in ``folder``, and what the join says of it.

    The counter of the new frames goes on from ``first_number`` (the number kept).
    """
    clip = probe(source)
    kept = clip.video.n_frames if n_keep is None else n_keep
    result = folder / f"{source.stem}-joined{container_for(clip, only_new)}"
    result.touch()
    tag = lineage_of(clip, kept, n_new, first=kept - handles if only_new else 0)
    start = kept if first_number is None else first_number
    with Join(
        clip,
        result,
        n_keep=kept,
        n_new=n_new,
        lineage=tag,
        only_new=only_new,
        handles=handles,
        sound=sound,
        seed=seed,
    ) as join:
        for number in range(start, start + n_new):
            join.write(new_frame(clip, number))
        return result, join.finish()
