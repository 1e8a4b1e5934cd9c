"""What an engine is: a context goes in, a continuation comes out, frame by frame."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.uint8]  # (time, height, width, 3) uint8, RGB
Frame = NDArray[np.uint8]  # (height, width, 3) uint8, RGB


@dataclass(frozen=True, slots=True)
class Limits:
    """What an engine declares before any work; the asker refuses what lies outside."""

    context_s: Fraction  # how much context it wants at most, seconds
    context_bytes: int  # and how many bytes of RGB frames at most
    min_context: int = 1  # frames it cannot do without
    min_side: int = 16  # pixels
    max_pixels: int = 8_294_400
    size_multiple: int = 1  # width and height must be multiples of this
    min_rate: Fraction = Fraction(1)
    max_rate: Fraction = Fraction(240)
    max_seconds: Fraction = Fraction(20)  # of one continuation
    takes_prompt: bool = False

    def n_context(self, available: int, rate: Fraction, width: int, height: int) -> int:
        """How many of ``available`` frames to give: what it wants, within its bytes."""
        wanted = math.floor(self.context_s * rate)
        affordable = self.context_bytes // (width * height * 3)
        return min(available, max(self.min_context, min(wanted, affordable)))

    def refusal(
        self, *, n_context: int, rate: Fraction, width: int, height: int, n_frames: int
    ) -> str | None:
        """Why this cannot be done, as the end of a sentence, or None if it can.

        ``width`` and ``height`` are of the upright picture, ``n_frames`` the new frames.
        """
        seconds = n_frames / rate
        if n_context < self.min_context:
            return f"needs {self.min_context} frames of context; there are {n_context}"
        if min(width, height) < self.min_side or width * height > self.max_pixels:
            return (
                f"takes pictures from {self.min_side} pixels a side to "
                f"{self.max_pixels} pixels in all; this clip is {width}x{height}"
            )
        if width % self.size_multiple or height % self.size_multiple:
            return (
                f"takes sizes that are multiples of {self.size_multiple}; "
                f"this clip is {width}x{height}"
            )
        if not self.min_rate <= rate <= self.max_rate:
            return (
                f"takes {float(self.min_rate):g} to {float(self.max_rate):g} frames "
                f"per second; this clip has {float(rate):.3f}"
            )
        if seconds > self.max_seconds:
            return (
                f"makes at most {float(self.max_seconds):g} s at a time; asked for "
                f"{float(seconds):.3f} s: take fewer seconds and more steps (--times)"
            )
        return None


@dataclass(frozen=True, slots=True)
class Ask:
    """One continuation asked for.

    ``context``: (time, height, width, 3) uint8, RGB: the clip's last original frames,
    upright (as shown, not as coded), oldest first, at ``rate`` frames per second. ``plan``
    is None, or the plan of what this engine has already made after those same frames (a
    chain), of which the first ``n_played`` frames were kept: the new frames go on from
    there, drawn from the original pixels of ``context``. ``candidate``: which of several
    answers to one ask this is, from 0, the best first; they should differ visibly.
    ``whole``: whether the context begins with the clip's first frame. ``prompt``: with its
    flags. ``later``: whether more continuations follow at once, for the same prompt. Same
    ask, same frames.
    """

    context: Frames
    rate: Fraction
    n_frames: int
    seed: int
    prompt: str | None = None
    plan: dict[str, Any] | None = None
    n_played: int = 0
    candidate: int = 0
    whole: bool = False
    later: bool = False


@dataclass(frozen=True, slots=True)
class Continuation:
    """What an engine answers: a plan (or None) and exactly ``n_frames`` frames.

    ``plan`` is JSON, versioned, and covers the ``n_played`` kept frames of a chain and the
    new frames together, so that ``render(context, plan)`` is pure and draws all of them
    again. ``source_map`` says, for each new frame, which context frame it mostly shows
    (None where it shows none; the whole is None for an engine that does not re-use frames).
    ``understood`` and ``ignored`` are the clauses of the prompt, and its flags. ``relaxed``
    names measures that the prompt itself takes out of the gate's bands ("rewind" where it
    says reverse): they are not held against the frames. ``written`` says in words what the
    new frames show. ``notes`` goes into the report: which plan was chosen, why, and what the others scored.
    """

    frames: Iterator[Frame]
    plan: dict[str, Any] | None = None
    source_map: tuple[int | None, ...] | None = None
    understood: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    relaxed: tuple[str, ...] = ()
    written: str | None = None
    notes: dict[str, Any] = field(default_factory=dict)


@runtime_checkable
class Engine(Protocol):
    """Turns a context into a continuation. Found by entry point ``longtake.engines``.

    ``setup`` runs once per process and loads whatever is heavy. Closing the iterator of
    frames stops the work.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    limits: ClassVar[Limits]

    def setup(self) -> None:
        """Load what the engine needs. Raises SetupIncomplete where it is missing."""
        ...

    def extend(self, ask: Ask) -> Continuation:
        """Begin one continuation. Raises EngineIncapable for what it cannot do."""
        ...
