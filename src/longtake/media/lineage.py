"""What a result says of itself, carried in the file as one metadata tag.

The tag ``longtake`` (JSON text) names the parts of the file, which engine made which,
that they are synthetic, the plan from which they can be drawn again, and the statistics
of the lineage's first clip, since files expire and their children must still be measured.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Literal, Self

from pydantic import ValidationError

from longtake.media.clip import Clip, Facts

TAG = "longtake"
VERSION = 1


class Part(Facts):
    """A run of shown frames ``[first, first + n_frames)`` with one maker."""

    first: int
    n_frames: int
    start: Fraction  # presentation time of its first frame, seconds
    synthetic: bool
    engine: str | None = None  # None for the original
    engine_version: str | None = None
    seed: int | None = None
    prompt: str | None = None


class Lineage(Facts):
    """The whole tag. The parts lie in order and cover every shown frame."""

    version: Literal[1] = 1
    made_by: str  # "longtake 0.1.0"
    width: int
    height: int
    rate: Fraction
    parts: tuple[Part, ...]
    first: int = 0  # frame of its source that the file begins with: a new part alone
    plan: dict[str, Any] | None = None  # engine plan of all synthetic frames so far
    statistics: dict[str, Any] | None = (
        None  # analysis.drift.Statistics of the first clip
    )

    @property
    def n_frames(self) -> int:
        """Shown frames of the file this tag was written into."""
        return sum(part.n_frames for part in self.parts)

    @property
    def n_original(self) -> int:
        """Leading frames that no engine made."""
        count = 0
        for part in self.parts:
            if part.synthetic:
                break
            count += part.n_frames
        return count

    @classmethod
    def of(cls, clip: Clip) -> tuple[Self | None, str | None]:
        """The lineage that ``clip`` carries, or None and why it cannot be gone on with.

        Both are None for a clip that no engine has touched.
        """
        if clip.lineage is None:
            return None, None
        try:
            lineage = cls.model_validate_json(clip.lineage)
        except ValidationError:
            return None, "its Longtake tag is of another version, or damaged"
        video = clip.video
        if lineage.n_frames != video.n_frames:
            return None, (
                f"its Longtake tag speaks of {lineage.n_frames} frames and it has "
                f"{video.n_frames}: it was cut or re-encoded since"
            )
        if (lineage.width, lineage.height) != (video.width, video.height):
            return None, "its picture size has changed since Longtake wrote it"
        return lineage, None

    def between(self, first: int, end: int) -> tuple[Part, ...]:
        """The parts of the shown frames [``first``, ``end``), counted from ``first``.

        Unless ``first`` is 0, times count from there too, at the lineage's rate.
        """
        found = []
        for part in self.parts:
            begin = max(first, part.first)
            count = min(end, part.first + part.n_frames) - begin
            if count > 0:
                at = part.start if not first else (begin - first) / self.rate
                places = {"first": begin - first, "n_frames": count, "start": at}
                found.append(part.model_copy(update=places))
        return tuple(found)
