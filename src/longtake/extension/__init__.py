"""A clip and an ask in, a longer clip and its report out: ``longtake.extend``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import longtake
from longtake import clock, settings
from longtake.engines.process import EngineProcess
from longtake.errors import ProofFailed
from longtake.extension import ask
from longtake.extension.ask import Exact
from longtake.extension.steps import Progress, Run, upright_size
from longtake.media import stopping
from longtake.media.clip import Clip
from longtake.media.delivery import Delivery, writing
from longtake.media.lineage import Lineage
from longtake.media.probe import probe
from longtake.media.sound.ending import Going
from longtake.media.verify import Proof, prove
from longtake.media.watermark import Stamp
from longtake.report import Asked, ClipSummary, Report, Step, statement

__all__ = ["Extension", "Progress", "extend"]

_POSTER_QUALITY = 85


@dataclass(frozen=True, slots=True)
class Extension:
    """A delivered result."""

    path: Path
    report: Report
    report_path: Path | None
    filmstrip_path: Path | None
    poster_path: Path | None


def extend(
    clip: str | Path | Clip,
    output: str | Path | None = None,
    *,
    seconds: Exact = 4,
    times: int = 1,
    until: Exact | None = None,
    from_: Exact | None = None,
    only_new: bool = False,
    prompt: str | None = None,
    engine: str | EngineProcess | None = None,
    seed: int = 0,
    candidate: int = 0,
    watermark: str | None = None,
    sound: Going | None = None,
    report: str | Path | None = None,
    filmstrip: str | Path | None = None,
    poster: str | Path | None = None,
    force: bool = False,
    progress: Callable[[Progress], None] | None = None,
    stop: Event | None = None,
) -> Extension:
    """Make ``clip``, a file or what probe says of one, longer and prove what was done.

    ``output`` defaults to ``<name>-longer`` beside the clip. Each of ``times`` steps adds
    ``seconds`` (round(seconds x rate) frames) after the one before; ``until`` takes as
    many steps as it needs for that total length and shortens the last. ``from_`` keeps
    only [0, from_) of the clip. ``candidate``: of several answers, which one (0 is what
    the engine thinks best; the next ones differ from it). ``only_new`` delivers the new
    part alone, after half a second of the clip to cut from. ``watermark`` stands on new
    frames only. ``sound`` is "continue", "fade" or "silent"; by default it is made to
    continue where it is texture, and to fade under speech and music. ``report``,
    ``filmstrip`` and ``poster`` name further files to write (JSON, PNG, JPEG). ``force``
    replaces existing files; the clip itself is never written over. All files appear whole
    or not at all. ``engine`` may be a running one, which is left running; after an error
    it may not be :attr:`~EngineProcess.idle` any more, and is its owner's to kill. Setting
    ``stop`` ends the work at once, whatever it waits for, as Canceled.

    Raises a :class:`longtake.errors.LongtakeError`; nothing is left behind then.
    """
    running = engine if isinstance(engine, EngineProcess) else None
    asked = Asked(
        seconds=ask.exact(seconds, "seconds"),
        times=times,
        until=None if until is None else ask.exact(until, "until"),
        start=None if from_ is None else ask.exact(from_, "from"),
        only_new=only_new,
        prompt=prompt,
        engine=running.name if running else engine or settings.load().engine,
        seed=seed,
        candidate=candidate,
        watermark=watermark,
        sound=sound,
    )
    wanted = {"report": report, "filmstrip": filmstrip, "poster": poster}
    beside = {name: Path(path) for name, path in wanted.items() if path}
    with stopping.heeding(stop), ExitStack() as stack:
        host = running or _started(asked.engine, stack)
        source = clip if isinstance(clip, Clip) else probe(Path(clip))
        n_keep, counts = ask.kept(source, asked.start), ask.counts(source, asked)
        given = source.path if isinstance(clip, Clip) else clip
        final = ask.final(source, given, output, only_new=only_new)
        ask.require_distinct(final, *beside.values())
        stamp = Stamp(watermark or "", *upright_size(source))

        def place(path: Path) -> Delivery:
            delivery = Delivery(path, force=force, sources=(source.path,))
            return stack.enter_context(delivery)

        result = place(final)
        files = {name: place(path) for name, path in beside.items()}
        if not running:
            stack.enter_context(host)
        run = Run(asked, host, counts, stamp, progress or _unheard)
        steps = run.steps(source, n_keep, result.path)
        run.tell("proof", 0, 1)
        told = _report(asked, source, result, steps, stamp)
        for name, file in files.items():
            with writing(file.final):
                _write(name, file.path, told, run)
        stopping.check()
        for file in (*files.values(), result):
            file.deliver()
    return Extension(final, told, *map(beside.get, ("report", "filmstrip", "poster")))


def _started(name: str, stack: ExitStack) -> EngineProcess:
    """The engine ``name``, which gets ready while the clip is looked at."""
    engine = EngineProcess(name).start()
    stack.callback(engine.kill)
    return engine


def _write(name: str, path: Path, report: Report, run: Run) -> None:
    """One of the files beside the result."""
    match name:
        case "report":
            path.write_text(report.model_dump_json(indent=2) + "\n")
        case "filmstrip":
            run.film(report.source.path.name).save(path, "PNG")
        case "poster":
            assert run.poster, "every step has one"
            run.poster.save(path, "JPEG", quality=_POSTER_QUALITY)


def _report(
    asked: Asked,
    source: Clip,
    result: Delivery,
    steps: tuple[Step, ...],
    stamp: Stamp,
) -> Report:
    """Everything about the finished file, proof included."""
    proof = proven(result.path, source.path)
    made = probe(result.path)
    lineage, _ = Lineage.of(made)
    assert lineage, "the proof holds the tag against the file"
    return Report(
        made_by=f"longtake {longtake.__version__}",
        made_at=clock.now(),
        statement=statement(made, steps),
        source=ClipSummary.of(source, source.path),
        result=ClipSummary.of(made, result.final),
        asked=asked,
        steps=steps,
        parts=lineage.parts,
        proof=proof,
        missing_glyphs=stamp.missing,
    )


def _unheard(_: Progress) -> None:
    """Nobody listens."""


def proven(result: Path, source: Path) -> Proof:
    """The proof of the finished file; raises ProofFailed rather than deliver it."""
    proof = prove(result, source)
    if proof.failures:
        raise ProofFailed(
            "The finished file is not what was promised and was not delivered: "
            + " ".join(proof.failures)
        )
    return proof
