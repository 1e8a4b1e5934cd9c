"""What a record asks of a worker: everything that making it needs, and nothing else."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict


class Work(BaseModel):
    """One piece of work, as it was understood when it was submitted.

    Times in seconds, exact; in JSON they are texts like ``"7/2"``.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["extend", "generate"]
    engine: str
    source_clip_id: str | None = None  # extend: the clip that is extended
    image: str | None = None  # generate: a URL, or the id of an upload
    seconds: Fraction = Fraction(4)  # of new material; generate: of the whole
    from_: Fraction | None = None  # extend from here, keeping what is before it
    prompt: str | None = None
    seed: int | None = None
    watermark: str | None = None
    candidates: int = 1
    sound: Literal["continue", "fade", "silent"] | None = None
    motion: Literal["low", "high"] | None = None
    aspect: str | None = None  # generate: one of sizes.ASPECTS; None is the nearest
    hd: bool = False  # generate: which table of sizes

    def seeded(self, record_id: str) -> Self:
        """This work with a seed: its own, or one of 32 bits that follows from the record.

        Whoever asks twice gets two continuations, and a task that is begun again the
        same one.
        """
        if self.seed is not None:
            return self
        return self.model_copy(update={"seed": int(record_id[:8], 16)})
