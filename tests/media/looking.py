"""The work of the probe and the decoder, done in the test's own process.

For clips that the tests made themselves; what is hostile goes through the real children.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from longtake.media import decode, probe
from longtake.media.child import Channel
from longtake.media.clip import Clip
from longtake.media.wire import Frame


class Heard(Channel):
    """A channel whose other end is here."""

    def __init__(self) -> None:
        self.frames_sent: list[Frame] = []

    def send_frame(self, frame: Frame, **_: Any) -> None:
        self.frames_sent.append(frame)


def look(path: Path, *, max_clip_s: int = 900, max_clip_bytes: int = 1 << 30) -> Clip:
    """What the probe finds."""
    request = {
        "path": str(path),
        "max_clip_s": max_clip_s,
        "max_clip_bytes": max_clip_bytes,
    }
    return Clip.model_validate(probe.work(request, Heard())["clip"])


def decoded(clip: Clip, first: int, count: int) -> list[Frame]:
    """Decoded frames, (height, width, 3) uint8 RGB."""
    request = {"clip": clip.model_dump(mode="json"), "first": first, "count": count}
    decode.work(request, heard := Heard())
    return heard.frames_sent
