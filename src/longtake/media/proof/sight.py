"""The stretch around the join as a decoder gives it: the same frames, and no complaint."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av.logging
from av import VideoFrame

from longtake.media.decode import deinterlaced
from longtake.media.proof.pictures import Comparison, shown
from longtake.media.proof.reel import Kept, Reel

_STRETCH_S = Fraction(1)  # on either side of the join
_FLOOR_DB = 25.0  # a frame coded again that is further away is another frame
_TELL_EVERY = 50  # frames

Frames = Iterator[tuple[int, VideoFrame]]


@dataclass(slots=True)
class _Reader:
    """Frames by rank, from one file, and what the decoder says while they are read."""

    frames: Frames
    messages: list[str] = field(default_factory=list)
    _ahead: tuple[int, VideoFrame] | None = None

    def take(self, rank: int) -> VideoFrame | None:
        """The frame ``rank``, or None where the decoder left it out."""
        while self._ahead is None or self._ahead[0] < rank:
            with _listening() as said:
                self._ahead = next(self.frames, None)
            self.messages += [f"{name}: {text.strip()}" for _, name, text in said]
            if self._ahead is None:
                return None
        return self._ahead[1] if self._ahead[0] == rank else None


def see(
    source: Reel, result: Reel, kept: Kept, *, whole: bool, tell: Callable[[], None]
) -> tuple[dict[str, Any], list[str]]:
    """Facts and failures of the decoded frames around the join, or of all of them."""
    begin, end = _stretch(result, kept, whole=whole)
    first = kept.first
    copied, recoded = Comparison(), Comparison()
    failures: list[str] = []
    n_new = 0
    frames = _frames(source, first + begin, first + kept.n_frames)
    if source.video.interlaced and not kept.n_copied:
        frames = _deinterlaced(frames)
    ours = _Reader(frames)
    theirs = _Reader(_frames(result, begin, end))
    for rank in range(begin, end):
        other = theirs.take(rank)
        mine = ours.take(first + rank) if rank < kept.n_frames else None
        if other is None and (mine is not None or rank >= kept.n_frames):
            failures.append(f"Frame {rank} of the result cannot be decoded.")
            break
        if rank >= kept.n_frames:
            n_new += 1
        elif mine is not None and other is not None:
            (copied if rank < kept.n_copied else recoded).take(rank, mine, other)
        if rank % _TELL_EVERY == 0:
            tell()
    theirs.take(end)
    failures += _judged(copied, recoded)
    if len(theirs.messages) > len(ours.messages):
        failures.append(f"A decoder complains of the result: {theirs.messages[0]}.")
    return {
        "n_compared": copied.n_compared,
        "n_different": copied.n_different,
        "n_recoded_compared": recoded.n_compared,
        "psnr_db": recoded.mean_db,
        "worst_psnr_db": recoded.worst_db if recoded.n_compared else None,
        "n_new_decoded": n_new,
        "decoder_messages": tuple(theirs.messages[:20]),
    }, failures


def _stretch(result: Reel, kept: Kept, *, whole: bool) -> tuple[int, int]:
    """The first rank of the result to decode, and the one behind the last."""
    if whole:
        return 0, result.n_frames
    times = result.shown
    ticks = _STRETCH_S / times.base
    join = times.pts[min(kept.n_frames, result.n_frames - 1)]
    return bisect_left(times.pts, join - ticks), bisect_left(times.pts, join + ticks)


def _frames(reel: Reel, first: int, last: int) -> Frames:
    return shown(reel.path, reel.video.index, reel.timeline, first, last)


def _deinterlaced(frames: Frames) -> Frames:
    """The frames as the encoder was given them, where it could not copy."""
    ranks: list[int] = []

    def noted() -> Iterator[VideoFrame]:
        for rank, frame in frames:
            ranks.append(rank)
            yield frame

    for index, frame in enumerate(deinterlaced(noted())):
        yield ranks[index], frame


def _judged(copied: Comparison, recoded: Comparison) -> list[str]:
    failures = []
    if copied.n_different:
        failures.append(
            f"{copied.n_different} of {copied.n_compared} copied frames decode to other "
            f"pictures than in the source, the first of them frame "
            f"{copied.first_different}."
        )
    if recoded.n_compared and recoded.worst_db < _FLOOR_DB:
        failures.append(
            f"Frame {recoded.worst_rank} was coded again and is no longer the source's "
            f"frame: it is {recoded.worst_db:.1f} dB from it."
        )
    return failures


@contextmanager
def _listening() -> Iterator[list[tuple[int, str, str]]]:
    """Let FFmpeg say what it complains of, and only while one thread decodes.

    A thread of its own that speaks waits for the interpreter's lock, for ever where the
    interpreter waits for that thread.
    """
    before = av.logging.get_level()
    av.logging.set_level(av.logging.WARNING)
    try:
        with av.logging.Capture(local=False) as said:
            yield said
    finally:
        av.logging.set_level(before)
