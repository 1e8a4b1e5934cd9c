"""The join: a source and its continuation become one file.

Where the source allows it, its packets are copied and only the new frames are encoded;
else the whole is encoded again, and the reason is told. All of it happens in a limited
child (``python -m longtake.media.join``); frames are streamed to it one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from longtake.media import child
from longtake.media.clip import Clip
from longtake.media.join.joined import Family, Joined, Mode, Order, SoundJoined
from longtake.media.lineage import Lineage
from longtake.media.sound.ending import Going
from longtake.media.wire import Frame

__all__ = ["Join", "Joined", "Mode", "SoundJoined", "container_for", "plan_join"]

_COPY_FAMILIES = {"mp4", "mov", "matroska"}
_APPEND_FAMILIES = {
    "vp8": {"matroska", "webm"},
    "vp9": {"matroska", "mp4", "webm"},
    "av1": {"matroska", "mp4", "webm"},
}
_SUFFIXES = {"mp4": ".mp4", "mov": ".mov", "matroska": ".mkv", "webm": ".webm"}
_SPARE_CPU_S = 60
_CPU_S_PER_MEGAPIXEL = 2.0  # of a frame that is encoded: several times what it takes
_MEMORY_BYTES = 4 << 30
_SILENCE_S = 60.0


def plan_join(clip: Clip) -> tuple[Mode, str | None]:
    """How ``clip`` will be joined, and why not by copy, as far as its facts tell.

    A copy that looks possible may still turn out not to be, when its packets are read.
    """
    video = clip.video
    for applies, reason in _objections(clip):
        if applies:
            return "re-encode", reason
    if video.codec == "h264":
        if clip.container in _COPY_FAMILIES:
            return "copy", None
    elif clip.container in _APPEND_FAMILIES.get(video.codec, ()):
        return "append", None
    return "re-encode", f"{video.codec} in {clip.container} is not joined by copy"


def _objections(clip: Clip) -> Iterator[tuple[bool, str]]:
    video = clip.video
    yield video.interlaced, "it is interlaced"
    yield video.n_edits > 1, "its edit list shows several stretches"
    yield video.color.hdr, "its brightness range is high (HDR)"
    yield video.alpha, "it has an alpha plane"
    yield video.codec == "h264" and video.bit_depth not in {8, 10}, "unusual bit depth"


def container_for(clip: Clip, only_new: bool = False) -> str:
    """The suffix of the result's name, decidable before any work.

    The source's own container; ``.mp4`` for avi, transport streams and new frames alone.
    """
    return _SUFFIXES[_family(clip, only_new=only_new)]


def _family(clip: Clip, *, only_new: bool) -> Family:
    match clip.container:
        case "mov" | "matroska" | "webm" as family if not only_new:
            return family
    return "mp4"


class Join:
    """Makes the file ``output``, which must exist and be empty, in a limited child.

    Frames are given by :meth:`write` in the coded orientation, (height, width, 3) uint8
    RGB, exactly ``n_new``; then :meth:`finish` answers. ``n_keep`` shown frames of the
    source are kept. ``only_new`` makes a file of the new frames alone, behind ``handles``
    frames of the source. ``lineage`` describes the result and travels in it. ``sound`` says
    how the sound goes on, None by measure; it is the same for the same ``seed``. Leaving the
    context without :meth:`finish` ends the child; the file is its owner's to remove.
    """

    def __init__(
        self,
        clip: Clip,
        output: Path,
        *,
        n_keep: int,
        n_new: int,
        lineage: Lineage,
        only_new: bool = False,
        handles: int = 0,
        mode: Literal["auto", "re-encode"] = "auto",
        sound: Going | None = None,
        seed: int = 0,
    ) -> None:
        assert 0 < n_keep <= clip.video.n_frames, "some of the source is kept"
        planned, reason = plan_join(clip)
        if only_new:
            planned, reason = "new-only", "only the new part was asked for"
        elif mode == "re-encode":
            planned, reason = "re-encode", "it was asked for"
        self._order = Order(
            clip=clip,
            output=output,
            family=_family(clip, only_new=only_new),
            n_keep=n_keep,
            n_new=n_new,
            lineage=lineage,
            comment=_comment(lineage),
            handles=min(handles, n_keep),
            mode=planned,
            reason=reason,
            sound=sound,
            seed=seed,
        )
        self._n_written = 0
        self._ready = False

    def __enter__(self) -> Self:
        order = self._order
        video = order.clip.video
        megapixels = video.width * video.height / 1e6
        n_frames = order.n_new + (0 if order.mode == "copy" else order.n_keep)
        self._child = child.Child(
            "longtake.media.join",
            order.model_dump(mode="json"),
            reads=(order.clip.path,),
            writes=(order.output,),
            cpu_s=_SPARE_CPU_S + round(n_frames * megapixels * _CPU_S_PER_MEGAPIXEL),
            memory_bytes=_MEMORY_BYTES,
            silence_s=_SILENCE_S,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._child.__exit__(kind, error, trace)

    def write(self, frame: Frame) -> None:
        """Give the next new frame. Raises the child's error where it has given up."""
        self._await_ready()
        self._child.send_frame(frame)
        self._n_written += 1

    def finish(self) -> Joined:
        """Close the file and answer what was made of it."""
        assert self._n_written == self._order.n_new, "as many frames as promised"
        self._await_ready()
        self._child.close_input()
        return Joined.model_validate(self._child.result())

    def _await_ready(self) -> None:
        """Wait until the child has done with the source: it tells of its progress meanwhile."""
        if self._ready:
            return
        for message in self._child.messages():
            if message.kind == "ready":
                self._ready = True
                return


def _comment(lineage: Lineage) -> str:
    """A sentence for people: which part of the file is synthetic, and made by what."""
    parts = [
        f"frames {part.first} to {part.first + part.n_frames - 1} by the engine "
        f"{part.engine} {part.engine_version or ''}".rstrip()
        for part in lineage.parts
        if part.synthetic
    ]
    made = ", ".join(parts)
    return f"Synthetic, made with {lineage.made_by}: {made} (counted from 0)."
