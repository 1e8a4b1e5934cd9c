"""What the books keep of a clip's facts."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

_QUARTER_TURN, _HALF_TURN = 90, 180
SUFFIXES = {
    "mp4": "mp4",
    "mov": "mov",
    "matroska": "mkv",
    "webm": "webm",
    "avi": "avi",
    "mpegts": "ts",
}  # by container, as media.probe names it


class Facts(BaseModel):
    """A clip's facts; kept and answered as JSON, fractions as "n/d"."""

    model_config = ConfigDict(frozen=True)

    container: str  # mp4, mov, matroska, webm, avi, mpegts
    codec: str
    width: int  # as a player shows it
    height: int
    rate: Fraction  # frames per second
    n_frames: int
    duration: Fraction  # seconds
    sound: bool

    @classmethod
    def of(cls, clip: dict[str, Any]) -> Self:
        """The facts of ``clip``, the JSON document that media.probe answers."""
        video = clip["video"]
        width, height = video["width"], video["height"]
        shape = Fraction(video["pixel_aspect"])
        width = round(width * shape)
        if video["rotation"] % _HALF_TURN == _QUARTER_TURN:
            width, height = height, width
        return cls(
            container=clip["container"],
            codec=video["codec"],
            width=width,
            height=height,
            rate=video["rate"],
            n_frames=video["n_frames"],
            duration=Fraction(video["end"]) - Fraction(video["start"]),
            sound=clip["audio"] is not None,
        )

    @property
    def suffix(self) -> str:
        """The suffix of a file of this container."""
        return SUFFIXES[self.container]
