"""The steps of one extension: context, continuation, join, measures, one after another."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL.Image import Image

import longtake
from longtake import clock
from longtake.analysis import gate
from longtake.analysis.along import along
from longtake.analysis.drift import Statistics, drift, statistics
from longtake.analysis.filmstrip import filmstrip
from longtake.analysis.measures import Own, compare, measured, own
from longtake.analysis.pictures import small
from longtake.direction import clauses, read
from longtake.engines.process import EngineProcess
from longtake.engines.protocol import Continuation, Frame, Frames
from longtake.errors import EngineIncapable
from longtake.extension import poster
from longtake.extension.measured import MEASURED_S, before, one_shot
from longtake.media import decode, stopping
from longtake.media.clip import Clip
from longtake.media.delivery import Delivery
from longtake.media.join import Join
from longtake.media.lineage import Lineage, Part
from longtake.media.probe import probe
from longtake.media.watermark import Stamp
from longtake.report import Asked, Step

Stage = Literal["context", "engine", "frames", "measure", "proof"]

_HANDLE_S = Fraction(1, 2)  # of the clip, before the new part where that stands alone


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the work stands: ``done`` of ``total`` frames in ``stage``."""

    stage: Stage
    done: int
    total: int
    step: int  # from 1
    steps: int
    picture: Frame | None = field(default=None, compare=False, repr=False)  # the
    # latest frame, upright, at most 416 pixels wide; None where there is no new one


@dataclass(frozen=True, slots=True)
class Origin:
    """What one step goes on from.

    The engine sees the frames [first, first + n_context) of ``clip``; ``n_keep`` frames
    are kept before the ``n_new`` ones. With a plan, the frames between context and join
    are the ``n_played`` ones that the plan has already made.
    """

    clip: Clip
    n_keep: int
    n_new: int
    lineage: Lineage | None
    plan: dict[str, Any] | None
    note: str | None  # why a clip that was extended before is not gone on with
    first: int
    n_context: int

    @property
    def n_played(self) -> int:
        """Kept synthetic frames that the plan accounts for."""
        return self.n_keep - self.first - self.n_context


@dataclass(slots=True)
class Watch:
    """Seconds spent per stage."""

    laps: dict[str, float] = field(default_factory=dict)
    began: float = field(default_factory=clock.monotonic_s)

    def lap(self, stage: str) -> None:
        """End a stage and begin the next."""
        now = clock.monotonic_s()
        self.laps[stage] = round(now - self.began, 3)
        self.began = now


@dataclass(slots=True)
class Run:
    """The steps of one extension, through one engine process."""

    asked: Asked
    engine: EngineProcess
    counts: list[int]
    stamp: Stamp
    progress: Callable[[Progress], None]
    n_done: int = 0
    shown: tuple[Frames, Frames, Step] | None = (
        None  # the first join, for the filmstrip
    )
    poster: Image | None = None  # of the last new part
    aside: ThreadPoolExecutor = field(  # looks at frames while others make them
        default_factory=partial(ThreadPoolExecutor, 1), repr=False
    )

    def steps(self, source: Clip, n_keep: int, last: Path) -> tuple[Step, ...]:
        """All steps, each on the result of the one before; the last into ``last``."""
        made: list[Step] = []
        clip = source
        with ExitStack() as stack:
            stack.enter_context(self.aside)
            for n_new in self.counts[:-1]:
                between = Delivery(last, force=True, sources=())
                target = stack.enter_context(between).path
                made.append(self._step(clip, n_keep, n_new, target))
                if clip is not source:
                    clip.path.unlink()
                clip = probe(target)
                n_keep = clip.video.n_frames
            made.append(self._step(clip, n_keep, self.counts[-1], last))
        return tuple(made)

    def tell(
        self, stage: Stage, done: int, total: int, picture: Frame | None = None
    ) -> None:
        """Report progress to whoever asked. Raises Canceled once it was stopped."""
        stopping.check()
        steps = len(self.counts)
        step = min(self.n_done + 1, steps)
        self.progress(Progress(stage, done, total, step, steps, picture))

    def film(self, name: str) -> Image:
        """The filmstrip of the first join of the clip ``name``."""
        assert self.shown, "a film of steps that were made"
        own, new, step = self.shown
        assert step.along, "every step that was made has one"
        return filmstrip(
            own,
            new,
            step.measures,
            step.verdict,
            step.along,
            rate=step.n_new / step.seconds_new,
            title=f"{name}, by {step.plan_kind or step.engine}",
        )

    def _step(self, clip: Clip, n_keep: int, n_new: int, target: Path) -> Step:
        """One continuation of the first ``n_keep`` frames of ``clip``, into ``target``."""
        watch = Watch()
        origin = self._origin(clip, n_keep, n_new)
        (shown, behavior), answer = self._ask(origin)
        watch.lap("context_and_plan")
        lineage = self._lineage(origin, answer, shown)
        with self._joining(origin, lineage, target) as join:
            new = self._passed_on(origin, answer, join)
            comparing = self.aside.submit(compare, shown, new, behavior=behavior)
            joined = join.finish()
        watch.lap("frames_and_join")
        self.tell("measure", 0, 1)
        compared = comparing.result()
        measures = measured(compared, answer.source_map)
        course = along(compared)
        relaxed = frozenset(answer.relaxed) & gate.BANDS.keys()
        first = Statistics.model_validate(lineage.statistics)
        drifted = drift(first, new, asked_for=relaxed)
        watch.lap("measure")
        step = Step(
            engine=self.engine.name,
            engine_version=self.engine.version,
            seed=self.asked.seed,
            plan=answer.plan,
            plan_kind=answer.plan and answer.plan.get("kind"),
            chained=origin.plan is not None,
            chain_note=origin.note,
            n_context=origin.n_context,
            n_played=origin.n_played,
            notes=answer.notes,
            understood=answer.understood,
            ignored=answer.ignored,
            relaxed=tuple(sorted(relaxed)),
            written=answer.written,
            n_new=n_new,
            seconds_new=n_new / clip.video.rate,
            joined=joined,
            measures=measures,
            along=course,
            verdict=gate.judge(measures, asked_for=relaxed),
            drift=drifted,
            timings_s=watch.laps,
        )
        self.shown = self.shown or (shown, new, step)
        self.n_done += 1
        return step

    def _origin(self, clip: Clip, n_keep: int, n_new: int) -> Origin:
        """Original pixels and a plan to go on with, wherever possible."""
        lineage, note = Lineage.of(clip)
        plan, end = None, n_keep
        if lineage and lineage.n_original < n_keep:
            note = self._unchained(lineage, clip)
            if note is None:
                plan, end = lineage.plan, lineage.n_original
        limits, rate = self.engine.limits, clip.video.rate
        width, height = upright_size(clip)
        n_context = limits.n_context(end, rate, width, height)
        refusal = limits.refusal(
            n_context=n_context, rate=rate, width=width, height=height, n_frames=n_new
        )
        if refusal:
            raise EngineIncapable(f"The engine '{self.engine.name}' {refusal}.")
        first = end - n_context
        return Origin(clip, n_keep, n_new, lineage, plan, note, first, n_context)

    def _unchained(self, lineage: Lineage, clip: Clip) -> str | None:
        """Why the new frames cannot go on with the plan of the lineage, or None."""
        makers = {part.engine for part in lineage.parts if part.synthetic}
        if makers != {self.engine.name}:
            return f"its new frames were made by {', '.join(map(str, makers))}"
        if lineage.plan is None:
            return "its Longtake tag carries no plan"
        if lineage.rate != clip.video.rate:
            return "its frame rate has changed since Longtake wrote it"
        return None

    def _ask(self, origin: Origin) -> tuple[tuple[Frames, Own], Continuation]:
        """Stream the context in; the clip's last frames, small, looked at, and the answer."""
        clip, rate = origin.clip, origin.clip.video.rate
        takes_prompt = self.engine.limits.takes_prompt
        width, height = upright_size(clip)
        wanted = min(origin.n_keep, math.ceil(MEASURED_S * rate))
        looking: list[Future[tuple[Frames, Own]]] = []

        def given(frames: list[Frame]) -> None:
            if not origin.n_played and len(frames) >= wanted:
                looking.append(
                    self.aside.submit(lambda: _looked(one_shot(np.stack(frames))))
                )

        with closing(self._context(origin, given)) as context:
            answer = self.engine.extend(
                context,
                n_context=origin.n_context,
                width=width,
                height=height,
                rate=rate,
                n_frames=origin.n_new,
                seed=self.asked.seed,
                prompt=self.asked.prompt if takes_prompt else None,
                plan=origin.plan,
                n_played=origin.n_played,
                candidate=self.asked.candidate,
                whole=origin.first == 0,
                later=self.n_done + 1 < len(self.counts),
            )
        if not takes_prompt:
            reading = read(self.asked.prompt, obeyed=frozenset())
            unread = (*clauses(reading.text), *reading.ignored)
            answer = replace(answer, ignored=unread)
        if looking:
            return looking[0].result(), answer
        return _looked(before(clip, origin.n_keep)), answer

    def _context(
        self, origin: Origin, given: Callable[[list[Frame]], None]
    ) -> Generator[Frame]:
        """Frames for the engine; ``given`` hears of all of them, small, at the end."""
        clip, count = origin.clip, origin.n_context
        own: list[Frame] = []
        frames = decode.frames(clip, first=origin.first, count=count)
        for index, coded in enumerate(frames, 1):
            frame = decode.upright(coded, clip.video.rotation)
            own.append(small(frame))
            self.tell("context", index, count, own[-1])
            yield frame
        given(own)
        self.tell("engine", 0, 1)

    def _lineage(self, origin: Origin, answer: Continuation, own: Frames) -> Lineage:
        """What the result will say of itself."""
        video, before = origin.clip.video, origin.lineage
        first = origin.n_keep - self._handles(origin) if self.asked.only_new else 0
        kept: tuple[Part, ...] = (
            Part(
                first=0,
                n_frames=origin.n_keep - first,
                start=video.start if not first else Fraction(0),
                synthetic=False,
            ),
        )
        if before:
            kept = before.between(first, origin.n_keep)
        made = Part(
            first=origin.n_keep - first,
            n_frames=origin.n_new,
            start=kept[0].start + self._length(origin) - first / video.rate,
            synthetic=True,
            engine=self.engine.name,
            engine_version=self.engine.version,
            seed=self.asked.seed,
            prompt=self.asked.prompt,
        )
        # A plan speaks of the frames before the first synthetic one. Where this one was
        # made from others, or those will not be in the file, it would mislead.
        speaks = origin.plan or not any(part.synthetic for part in kept)
        stats = before and before.statistics
        return Lineage(
            made_by=f"longtake {longtake.__version__}",
            width=video.width,
            height=video.height,
            rate=video.rate,
            parts=(*kept, made),
            first=first,
            plan=answer.plan if speaks and not self.asked.only_new else None,
            statistics=stats or statistics(own).model_dump(mode="json"),
        )

    def _length(self, origin: Origin) -> Fraction:
        """Seconds of the clip that are kept."""
        video, start = origin.clip.video, self.asked.start
        if origin.n_keep == video.n_frames:
            return video.duration
        if video.variable and start is not None:
            return start  # the join is within a frame of it
        return origin.n_keep / video.rate

    def _handles(self, origin: Origin) -> int:
        return min(origin.n_keep, math.ceil(_HANDLE_S * origin.clip.video.rate))

    def _joining(self, origin: Origin, lineage: Lineage, target: Path) -> Join:
        only_new = self.asked.only_new
        return Join(
            origin.clip,
            target,
            n_keep=origin.n_keep,
            n_new=origin.n_new,
            lineage=lineage,
            only_new=only_new,
            handles=self._handles(origin) if only_new else 0,
            sound=self.asked.sound,
            seed=self.asked.seed,
        )

    def _passed_on(self, origin: Origin, answer: Continuation, join: Join) -> Frames:
        """Every new frame, small; each stamped, turned as coded and given to ``join``."""
        video = origin.clip.video
        new: list[Frame] = []
        for frame in answer.frames:
            stamped = self.stamp.apply(frame)
            if len(new) == poster.chosen(origin.n_new):
                self.poster = poster.poster(stamped, video)
            new.append(small(frame))
            join.write(decode.as_coded(stamped, video.rotation))
            self.tell("frames", len(new), origin.n_new, new[-1])
        return np.stack(new)


def _looked(frames: Frames) -> tuple[Frames, Own]:
    """``frames``, and how they behave."""
    return frames, own(frames)


def upright_size(clip: Clip) -> tuple[int, int]:
    """Width and height of the picture as it is shown."""
    width, height = clip.video.width, clip.video.height
    return (height, width) if clip.video.rotation in {90, 270} else (width, height)
