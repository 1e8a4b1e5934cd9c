"""What is taken in and what is refused, each with its sentence."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING

from longtake.errors import ClipRefused, ClipUnreadable
from longtake.media.source import MAX_PIXELS

if TYPE_CHECKING:
    from av.codec import CodecContext
    from av.stream import Stream
    from av.video.stream import VideoStream

    from longtake.media.timeline import Timeline

CODECS = frozenset(
    {"h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "mpeg2video", "mpeg1video"}
    | {"h263", "mjpeg", "prores", "dnxhd"}
)
MIN_RATE, MAX_RATE = 1, 240  # frames per second
_MIN_SIDE, _MAX_SIDE = 16, 4096  # pixels
_MAX_ASPECT = 4
_MAX_DAMAGE = 0.02


def coding(stream: Stream) -> str:
    """The name of a stream's codec, "unknown" where FFmpeg has no decoder for it."""
    codec: CodecContext | None = stream.codec_context
    return "unknown" if codec is None else codec.codec.canonical_name


def aspect(stream: VideoStream) -> Fraction:
    """The shape of a pixel, width by height; 1 where unsaid."""
    return stream.sample_aspect_ratio or Fraction(1)


def check_stream(name: str, stream: VideoStream) -> None:
    """Refuse what can be refused before a packet is read."""
    if coding(stream) not in CODECS:
        raise ClipRefused(
            f"{name} is coded as {coding(stream)}, which is not taken; convert it to H.264."
        )
    codec = stream.codec_context
    if not codec.pix_fmt or not codec.width or not codec.height:
        raise ClipUnreadable(
            f"{name} does not say how its pictures are made; it is cut off or damaged."
        )
    _check_size(name, codec.width, codec.height)
    shape = aspect(stream)
    if not Fraction(1, _MAX_ASPECT) <= shape <= _MAX_ASPECT:
        raise ClipRefused(
            f"{name} has pixels of the shape {shape}, which is beyond {_MAX_ASPECT}:1; "
            "convert it to square pixels."
        )


def _check_size(name: str, width: int, height: int) -> None:
    small, large = sorted((width, height))
    if _MIN_SIDE <= small <= large <= _MAX_SIDE and width * height <= MAX_PIXELS:
        return
    raise ClipRefused(
        f"{name} is {width}x{height}; sides of {_MIN_SIDE} to {_MAX_SIDE} pixels and "
        f"{MAX_PIXELS:,} pixels in all are taken, so scale it first."
    )


def check_one_size(name: str, sizes: Iterable[tuple[int, int]]) -> None:
    """Refuse pictures of several ``sizes``, or of one that is beyond the limits."""
    first, *others = sorted(sizes)
    if others:
        found = " and ".join(f"{width}x{height}" for width, height in (first, *others))
        raise ClipRefused(
            f"{name} changes its picture size on the way ({found}); convert it to one size "
            "first."
        )
    _check_size(name, *first)


def too_long(name: str, max_s: int) -> ClipRefused:
    """The refusal of a clip that lasts more than ``max_s`` seconds."""
    return ClipRefused(
        f"{name} is longer than the {max_s} s that are taken; shorten it or raise "
        "LONGTAKE_MAX_CLIP_S."
    )


def check_length(name: str, timeline: Timeline, max_s: int) -> None:
    """Refuse what lasts more than ``max_s`` seconds."""
    if (timeline.shown[-1] - timeline.shown[0]) * timeline.tick > max_s:
        raise too_long(name, max_s)


def check_bytes(name: str, size_bytes: int, max_bytes: int) -> None:
    """Refuse a file of more than ``max_bytes``."""
    if size_bytes > max_bytes:
        raise ClipRefused(
            f"{name} has {size_bytes:,} bytes, more than the {max_bytes:,} that are taken; "
            "shorten it or raise LONGTAKE_MAX_CLIP_BYTES."
        )


def check_end(name: str, stream: VideoStream, size_bytes: int) -> None:
    """Refuse a file that ends before the pictures its index names; one may be lost."""
    entries = stream.index_entries
    lost = sum(entry.pos + entry.size > size_bytes for entry in entries)
    if lost > 1:
        raise ClipUnreadable(
            f"{name} is cut off: {lost} of its {len(entries)} frames are missing; take it "
            "again from its origin."
        )


def check_rate(name: str, rate: Fraction) -> None:
    """Refuse a rate that is no moving picture's."""
    if not MIN_RATE <= rate <= MAX_RATE:
        raise ClipRefused(
            f"{name} has {float(rate):.3g} frames per second; {MIN_RATE} to {MAX_RATE} are "
            "taken, so convert it first."
        )


def check_damage(name: str, share: float, n_packets: int) -> None:
    """Refuse more than 2 % of damage; one packet may always be: the last is easily cut."""
    if share > max(_MAX_DAMAGE, 1 / n_packets):
        raise ClipUnreadable(
            f"{name} is damaged: {share:.0%} of what was looked at does not decode; take it "
            "again from its origin, or convert it with another program."
        )
