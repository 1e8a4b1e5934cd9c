"""The report of one extension: what was made, how it measures, what was proved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

from longtake.analysis.along import Along
from longtake.analysis.drift import Drift
from longtake.analysis.gate import Verdict
from longtake.analysis.measures import Measures
from longtake.media.clip import Clip, Facts
from longtake.media.join import Joined
from longtake.media.lineage import Part
from longtake.media.sound.ending import Going
from longtake.media.verify import Proof


class ClipSummary(Facts):
    """What a reader wants to know of a clip. Times in seconds, exact."""

    path: Path
    container: str
    codec: str
    width: int  # as shown, after rotation
    height: int
    rate: Fraction
    variable: bool
    n_frames: int
    duration: Fraction
    size_bytes: int
    sound: str | None

    @classmethod
    def of(cls, clip: Clip, path: Path) -> Self:
        """The summary of ``clip``, which lies or will lie at ``path``."""
        video, audio = clip.video, clip.audio
        width, height = video.width, video.height
        if video.rotation in {90, 270}:
            width, height = height, width
        return cls(
            path=path,
            container=clip.container,
            codec=video.codec,
            width=width,
            height=height,
            rate=video.rate,
            variable=video.variable,
            n_frames=video.n_frames,
            duration=video.duration,
            size_bytes=clip.size_bytes,
            sound=audio and f"{audio.codec} {audio.sample_rate} Hz {audio.layout}",
        )


class Asked(Facts):
    """The request as it was understood, defaults filled in."""

    seconds: Fraction
    times: int
    until: Fraction | None
    start: Fraction | None
    only_new: bool
    prompt: str | None
    engine: str
    seed: int
    candidate: int = 0  # of several of one ask
    watermark: str | None
    sound: Going | None  # None: by measure


class Step(Facts):
    """One continuation and its join. Ratios are to the clip's own behavior (analysis)."""

    engine: str
    engine_version: str
    seed: int
    plan: dict[str, Any] | None
    plan_kind: str | None
    chained: bool  # drawn from the lineage's original pixels, going on with its plan
    chain_note: str | None  # why not, for a clip that was extended before
    n_context: int
    n_played: int
    notes: dict[str, Any]
    understood: tuple[str, ...]
    ignored: tuple[str, ...]
    relaxed: tuple[str, ...] = ()  # measures that the prompt takes out of their bands
    written: str | None = None  # what the new frames show, in the engine's words
    n_new: int
    seconds_new: Fraction
    joined: Joined
    measures: Measures
    along: Along | None = None  # None in reports that are older than it
    verdict: Verdict
    drift: Drift
    timings_s: dict[str, float]


class Report(Facts):
    """Everything about one result; its JSON is what ``--report`` writes."""

    version: int = 1
    made_by: str
    made_at: datetime
    statement: str  # which frames no camera has seen, and what made them
    source: ClipSummary
    result: ClipSummary
    asked: Asked
    steps: tuple[Step, ...]
    parts: tuple[
        Part, ...
    ] = ()  # of the result: who made which frames, as it says itself
    proof: Proof
    missing_glyphs: tuple[str, ...]  # characters of the watermark no font could draw

    @property
    def n_new(self) -> int:
        """New frames of all steps."""
        return sum(step.n_new for step in self.steps)

    @property
    def passed(self) -> bool:
        """Whether every step's measures lie in their bands."""
        return all(step.verdict.passed for step in self.steps)

    @property
    def understood(self) -> tuple[str, ...]:
        """Clauses of the prompt that were followed, each with what it became."""
        return self.steps[0].understood

    @property
    def ignored(self) -> tuple[str, ...]:
        """Clauses of the prompt that were not followed."""
        return self.steps[0].ignored


def statement(result: Clip, steps: Sequence[Step]) -> str:
    """Which frames of ``result`` are synthetic, in one sentence."""
    n_frames = result.video.n_frames
    first = n_frames - sum(step.n_new for step in steps)
    maker = f"{steps[0].engine} {steps[0].engine_version}"
    return (
        f"Frames {first} to {n_frames - 1} are synthetic, made by the engine {maker}; "
        "the frames before them are the clip's."
    )
