"""A clip and an ask in, a longer clip and its report out: ``longtake.extend``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import longtake
from longtake import clock, settings
from longtake.engines.process import EngineProcess
from longtake.errors import ProofFailed
from longtake.extension import ask
from longtake.extension.ask import Exact
from longtake.extension.steps import Progress, Run, upright_size
from longtake.media.clip import Clip
from longtake.media.delivery import Delivery, writing
from longtake.media.probe import probe
from longtake.media.verify import Proof, prove
from longtake.media.watermark import Stamp
from longtake.report import Asked, ClipSummary, Report, Step, statement

__all__ = ["Extension", "Progress", "extend"]


@dataclass(frozen=True, slots=True)
class Extension:
    """A delivered result."""

    path: Path
    report: Report
    report_path: Path | None
    filmstrip_path: Path | None


def extend(
    clip: str | Path,
    output: str | Path | None = None,
    *,
    seconds: Exact = 4,
    times: int = 1,
    until: Exact | None = None,
    from_: Exact | None = None,
    only_new: bool = False,
    prompt: str | None = None,
    engine: str | None = None,
    seed: int = 0,
    watermark: str | None = None,
    report: str | Path | None = None,
    filmstrip: str | Path | None = None,
    force: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> Extension:
    """Make ``clip`` longer and prove what was done.

    ``output`` defaults to ``<name>-longer`` beside the clip. Each of ``times`` steps adds
    ``seconds`` (round(seconds x rate) frames) after the one before; ``until`` takes as
    many steps as it needs for that total length and shortens the last. ``from_`` keeps
    only [0, from_) of the clip. ``only_new`` delivers the new part alone, after half a
    second of the clip to cut from. ``watermark`` stands on new frames only. ``report`` and
    ``filmstrip`` name further files to write (JSON, PNG). ``force`` replaces existing
    files; the clip itself is never written over. All files appear whole or not at all.

    Raises a :class:`longtake.errors.LongtakeError`; nothing is left behind then.
    """
    asked = Asked(
        seconds=ask.exact(seconds, "seconds"),
        times=times,
        until=None if until is None else ask.exact(until, "until"),
        start=None if from_ is None else ask.exact(from_, "from"),
        only_new=only_new,
        prompt=prompt,
        engine=engine or settings.load().engine,
        seed=seed,
        watermark=watermark,
    )
    source = probe(Path(clip))
    n_keep, counts = ask.kept(source, asked.start), ask.counts(source, asked)
    final = ask.final(source, clip, output, only_new=only_new)
    wanted = {"report": report, "filmstrip": filmstrip}
    beside = {name: Path(path) for name, path in wanted.items() if path}
    ask.require_distinct(final, *beside.values())
    stamp = Stamp(watermark or "", *upright_size(source))
    with ExitStack() as stack:

        def place(path: Path) -> Delivery:
            delivery = Delivery(path, force=force, sources=(source.path,))
            return stack.enter_context(delivery)

        result = place(final)
        files = {name: place(path) for name, path in beside.items()}
        host = stack.enter_context(EngineProcess(asked.engine))
        run = Run(asked, host, counts, stamp, progress or _unheard)
        steps = run.steps(source, n_keep, result.path)
        run.tell("proof", 0, 1)
        told = _report(asked, source, result, steps, stamp)
        for name, file in files.items():
            with writing(file.final):
                if name == "report":
                    file.path.write_text(told.model_dump_json(indent=2) + "\n")
                else:
                    run.film(source.path.name).save(file.path, "PNG")
        for file in (*files.values(), result):
            file.deliver()
    return Extension(final, told, beside.get("report"), beside.get("filmstrip"))


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
    return Report(
        made_by=f"longtake {longtake.__version__}",
        made_at=clock.now(),
        statement=statement(made, steps),
        source=ClipSummary.of(source, source.path),
        result=ClipSummary.of(made, result.final),
        asked=asked,
        steps=steps,
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
