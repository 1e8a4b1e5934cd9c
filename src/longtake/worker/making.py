"""Making one candidate of a task: what a worker asks of the pictures, and what it gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from PIL import Image

from longtake import clock
from longtake.analysis.pictures import Frame, small
from longtake.clips import Facts
from longtake.direction import Reading, read
from longtake.extension import Progress, extend
from longtake.media import stopping
from longtake.media.join import container_for
from longtake.media.probe import probe
from longtake.media.still import still
from longtake.report import ClipSummary, Report
from longtake.worker.engines import Engines

if TYPE_CHECKING:
    from longtake.records import Work

_TELL_EVERY_S = 0.5
_PICTURE = 240  # pixels wide
_PICTURE_BYTES = 12_000
_QUALITIES = (75, 60, 45, 30, 15)


@dataclass(frozen=True, slots=True)
class Telling:
    """Where a candidate stands; ``picture`` is its latest frame, a JPEG of up to 12 kB."""

    stage: str  # extension.Progress.stage
    done: int
    total: int
    candidate: int  # from 0
    picture: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class MadeVideo:
    """One candidate, in files of ``out_dir``."""

    path: Path
    poster: Path  # JPEG
    filmstrip: Path  # PNG
    facts: Facts
    report: Report


def make_still(work: Work, image: Path, out: Path, *, stop: Event) -> None:
    """Make the clip ``out``, an mp4 of one frame, that a generation starts from.

    Raises a LongtakeError, Canceled once ``stop`` is set.
    """
    with stopping.heeding(stop):
        still(image, out, aspect=work.aspect, hd=work.hd)


def make_extension(
    work: Work,
    source: Path,
    out_dir: Path,
    *,
    engines: Engines,
    listen: Callable[[Telling], None],
    stop: Event,
    candidate: int,
) -> MadeVideo:
    """Extend ``source`` as ``work`` asks: its ``candidate``-th video, from 0.

    To generate, ``source`` is what :func:`make_still` made. Each candidate has a seed of
    its own. Raises a LongtakeError, Canceled once ``stop`` is set; ``out_dir`` then holds
    nothing of it.
    """
    reading = read(work.prompt)
    name = str(candidate)
    poster, filmstrip = out_dir / f"{name}.jpg", out_dir / f"{name}.png"
    with stopping.heeding(stop), engines.lease(work.engine) as engine:
        clip = probe(source)
        made = extend(
            clip,
            out_dir / f"{name}{container_for(clip)}",
            seconds=work.seconds,
            until=work.seconds if work.kind == "generate" else None,
            from_=work.from_,
            prompt=_prompt(work, reading),
            engine=engine,
            seed=(work.seed or 0) + candidate,
            candidate=candidate,
            watermark=work.watermark,
            sound=work.sound,
            poster=poster,
            filmstrip=filmstrip,
            force=True,
            progress=Teller(listen, candidate),
            stop=stop,
        )
    report = _told(made.report, work, reading)
    return MadeVideo(made.path, poster, filmstrip, _facts(report.result), report)


class Teller:
    """Passes progress on, at most twice a second within a stage."""

    def __init__(self, listen: Callable[[Telling], None], candidate: int) -> None:
        self._listen, self._candidate = listen, candidate
        self._stage = ""
        self._next_s = 0.0

    def __call__(self, progress: Progress) -> None:
        """Tell of ``progress``, or let it pass."""
        now = clock.monotonic_s()
        if progress.stage == self._stage and now < self._next_s:
            return
        self._stage, self._next_s = progress.stage, now + _TELL_EVERY_S
        picture = progress.picture
        self._listen(
            Telling(
                progress.stage,
                progress.done,
                progress.total,
                self._candidate,
                None if picture is None else thumbnail(picture),
            )
        )


def thumbnail(frame: Frame) -> bytes:
    """``frame``, (height, width, 3) uint8 RGB, as a JPEG of at most 12 kB.

    240 pixels wide, less where even the poorest quality is too large.
    """
    width = _PICTURE
    while True:
        image = Image.fromarray(small(frame, width))
        for quality in _QUALITIES:
            file = BytesIO()
            image.save(file, "JPEG", quality=quality, optimize=True)
            if file.tell() <= _PICTURE_BYTES:
                return file.getvalue()
        width //= 2


def _prompt(work: Work, reading: Reading) -> str | None:
    """What the engine is told: the words, and the flags that are its own to follow."""
    flags = reading.ignored
    if work.motion and not reading.flags.motion:
        flags += (f"--motion {work.motion}",)
    return " ".join((reading.text, *flags)).strip() or None


def _told(report: Report, work: Work, reading: Reading) -> Report:
    """``report`` for its reader: nothing of this machine, and every wish answered for."""
    understood = reading.understood
    if work.sound:
        understood += (f"sound {work.sound}",)
    first, *others = report.steps
    first = first.model_copy(
        update={
            "understood": first.understood + understood,
        }
    )
    return report.model_copy(
        update={
            "source": _nameless(report.source),
            "result": _nameless(report.result),
            "steps": (first, *others),
        }
    )


def _nameless(summary: ClipSummary) -> ClipSummary:
    return summary.model_copy(update={"path": Path(summary.path.name)})


def _facts(result: ClipSummary) -> Facts:
    return Facts(
        container=result.container,
        codec=result.codec,
        width=result.width,
        height=result.height,
        rate=result.rate,
        n_frames=result.n_frames,
        duration=result.duration,
        sound=result.sound is not None,
    )
