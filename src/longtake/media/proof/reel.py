"""What the proof reads of each file before it compares the two."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from av.stream import Disposition, Stream
from pydantic import ValidationError

from longtake.errors import ClipUnreadable
from longtake.media.join.tracks import packets_of
from longtake.media.lineage import TAG, Lineage
from longtake.media.proof.times import Shown
from longtake.media.source import open_source, translated
from longtake.media.timeline import Timeline

_PROGRESSIVE = 1  # FFmpeg's field order; 0 is unknown


@dataclass(frozen=True, slots=True)
class Track:
    """A stream as far as the proof needs it."""

    index: int
    kind: str  # video, audio, subtitle, data, attachment
    codec: str
    base: Fraction  # seconds of a tick
    parameters: bytes  # parameter sets and headers kept by the container
    sample_rate: int = 0
    interlaced: bool = False

    @property
    def parameters_sha256(self) -> str:
        """SHA-256 of ``parameters``."""
        return hashlib.sha256(self.parameters).hexdigest()


@dataclass(frozen=True, slots=True)
class Reel:
    """One file: its first picture with its times, its first sound, what else it holds."""

    path: Path
    video: Track
    timeline: Timeline
    audio: Track | None
    others: tuple[Track, ...]
    lineage: Lineage | None  # as its tag says, which may be wrong

    @classmethod
    def open(cls, path: Path) -> Reel:
        """Read the file's packets, and decode nothing. Raises ClipUnreadable."""
        with translated(path), open_source(path) as container:
            videos = [
                stream
                for stream in container.streams.video
                if not stream.disposition & Disposition.attached_pic
            ]
            if not videos:
                raise ClipUnreadable(f"{path.name} has no picture; name a video.")
            sounds = container.streams.audio[:1]
            first = {videos[0].index, *(sound.index for sound in sounds)}
            return cls(
                path=path,
                video=_track(videos[0]),
                audio=_track(sounds[0]) if sounds else None,
                others=tuple(
                    _track(s) for s in container.streams if s.index not in first
                ),
                lineage=_lineage(container.metadata),
                timeline=Timeline.read(videos[0]),
            )

    @property
    def n_frames(self) -> int:
        """Shown frames."""
        return len(self.timeline.shown)

    @property
    def shown(self) -> Shown:
        """Their times."""
        return Shown(self.timeline.shown, self.timeline.tick)

    def payloads(self, track: Track) -> Iterator[bytes]:
        """The payload of each packet of one of the tracks, in decoding order."""
        return (bytes(packet) for packet in packets_of(self.path, track.index))


@dataclass(frozen=True, slots=True)
class Kept:
    """What of the source is in the result.

    The result's frames 0 .. ``n_frames`` - 1 are the source's from ``first`` on. The first
    ``n_copied`` of them are its first ``n_packets`` packets; the rest is coded again.
    """

    first: int
    n_frames: int
    n_copied: int
    n_packets: int


def _track(stream: Stream) -> Track:
    context: Any = stream.codec_context
    name = context.codec.canonical_name if context else getattr(stream, "name", None)
    return Track(
        index=stream.index,
        kind=stream.type,
        codec=str(name or "unknown"),
        base=stream.time_base or Fraction(1),
        parameters=bytes(getattr(context, "extradata", None) or b""),
        sample_rate=int(getattr(context, "sample_rate", 0) or 0),
        interlaced=int(getattr(context, "field_order", 0) or 0) > _PROGRESSIVE,
    )


def _lineage(tags: Mapping[str, str]) -> Lineage | None:
    """Our own tag, by whatever case its container writes names in."""
    for name, text in tags.items():
        if name.lower() == TAG:
            try:
                return Lineage.model_validate_json(text)
            except ValidationError:
                return None
    return None
