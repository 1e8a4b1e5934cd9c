"""What is known of a clip: its streams, size, rate and times, as probe answers them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from pydantic import BaseModel, ConfigDict


class Facts(BaseModel):
    """A frozen value that crosses process boundaries as JSON; fractions are "n/d"."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Color(Facts):
    """Color description of a video stream, as the numbers of ITU-T H.273 (2 = unsaid)."""

    matrix: int
    full_range: bool
    primaries: int
    transfer: int

    @property
    def hdr(self) -> bool:
        """Whether the transfer is PQ (16) or HLG (18)."""
        return self.transfer in {16, 18}


class VideoFacts(Facts):
    """The first video stream. Times are seconds, exact, of the frames that are shown."""

    index: int
    codec: str
    profile: str | None
    width: int  # coded picture after cropping, before rotation
    height: int
    pixel_aspect: Fraction  # sample (pixel) aspect ratio, 1 where unsaid
    rotation: int  # degrees clockwise a player turns the picture: 0, 90, 180, 270
    pixel_format: str
    bit_depth: int
    color: Color
    interlaced: bool
    alpha: bool
    time_base: Fraction
    n_packets: int
    n_frames: int  # shown frames: packets hidden by an edit list are not counted
    n_hidden_head: int
    n_hidden_tail: int
    n_edits: int = 1  # entries of an mp4's edit list that show something
    start: Fraction  # presentation time of the first shown frame
    end: Fraction  # presentation time of the last shown frame, plus one step
    step: Fraction  # median distance of two shown frames, exact for a standard rate
    rate: Fraction  # frames per second of the continuation: 1/step, a standard rate if near
    variable: bool  # whether times miss every constant rate by more than one tick

    @property
    def duration(self) -> Fraction:
        """Seconds from the first shown frame to the end of the last."""
        return self.end - self.start


class AudioFacts(Facts):
    """The first sound stream."""

    index: int
    codec: str
    profile: str | None
    sample_rate: int
    channels: int
    layout: str
    n_packets: int
    start: Fraction
    end: Fraction


class TrackFacts(Facts):
    """A further track: a second video or sound, subtitles, data, an attachment."""

    index: int
    kind: str
    codec: str
    language: str | None


class Clip(Facts):
    """A media file and its facts."""

    path: Path
    container: str  # mp4, mov, matroska, webm, avi, mpegts
    fragmented: bool
    size_bytes: int
    video: VideoFacts
    audio: AudioFacts | None
    tracks: tuple[TrackFacts, ...]
    tags: dict[str, str]  # container metadata, as read
    lineage: str | None  # the JSON text of our own tag (media.lineage), when present
    damaged_share: float  # share of packets that were marked or found damaged
