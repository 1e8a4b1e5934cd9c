"""``longtake extend``: the main job."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from longtake.cli.clips import verdict_text
from longtake.cli.console import AsJson, document, facts, say

if TYPE_CHECKING:
    from longtake.extension import Extension
    from longtake.media.join import SoundJoined
    from longtake.report import Report


class Sound(StrEnum):
    """What becomes of the sound behind the join."""

    CONTINUE = "continue"
    FADE = "fade"
    SILENT = "silent"


def extend(
    clip: Annotated[Path, typer.Argument(help="The clip to make longer.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="The result; by default beside CLIP."),
    ] = None,
    *,
    seconds: Annotated[
        str, typer.Option(help="Length of one continuation: 4, 3.5 or 7/2.")
    ] = "4",
    times: Annotated[
        int, typer.Option(help="Continuations, each on the one before.")
    ] = 1,
    until: Annotated[
        str | None,
        typer.Option(help="Total length in seconds, instead of --times.", metavar="T"),
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from", help="Keep [0, T) of the clip and go on from there.", metavar="T"
        ),
    ] = None,
    only_new: Annotated[
        bool,
        typer.Option("--only-new", help="Write the new part alone, with a handle."),
    ] = False,
    prompt: Annotated[
        str | None, typer.Option(help="What should happen; ignored parts are named.")
    ] = None,
    engine: Annotated[
        str | None, typer.Option(help="See longtake engines.", metavar="NAME")
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same frames.")] = 0,
    watermark: Annotated[
        str | None, typer.Option(help="Text shown on the new frames.", metavar="TEXT")
    ] = None,
    sound: Annotated[
        Sound | None,
        typer.Option(help="How the sound goes on; by default decided by measure."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write the report, JSON.", metavar="FILE")
    ] = None,
    filmstrip: Annotated[
        Path | None,
        typer.Option(help="Write a picture of the join, PNG.", metavar="FILE"),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace files that exist.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Make CLIP longer; the source stays untouched, and the result is proved."""
    from longtake.media import offspring

    offspring.prepare()  # it imports what it needs while we do

    from longtake import extension
    from longtake.cli import progress

    with progress.shown() as listen:
        made = extension.extend(
            clip,
            output,
            seconds=seconds,
            times=times,
            until=until,
            from_=from_,
            only_new=only_new,
            prompt=prompt,
            engine=engine,
            seed=seed,
            watermark=watermark,
            sound=sound.value if sound else None,
            report=report,
            filmstrip=filmstrip,
            force=force,
            progress=listen,
        )
    if json:
        paths = {
            "path": made.path,
            "report_path": made.report_path,
            "filmstrip_path": made.filmstrip_path,
        }
        told = made.report.model_dump(mode="json")
        document({k: v and str(v) for k, v in paths.items()} | {"report": told})
    else:
        _tell(made)


def _tell(made: Extension) -> None:
    """The result in plain words."""
    report = made.report
    rows = [("length", _length(report)), ("source", _source(report))]
    for number, step in enumerate(report.steps, 1):
        name = f"join {number}" if len(report.steps) > 1 else "join"
        rows.append((name, verdict_text(step.verdict)))
        rows += [("drift", failure) for failure in step.drift.failures]
    rows += _sound_and_tracks(report)
    if report.steps[0].written:
        rows.append(("shows", report.steps[0].written))
    if report.understood:
        rows.append(("followed", "; ".join(report.understood)))
    if report.ignored:
        rows.append(("ignored", "; ".join(report.ignored)))
    if report.missing_glyphs:
        rows.append(("watermark", f"no font draws {' '.join(report.missing_glyphs)}"))
    rows += [
        (name, str(path))
        for name, path in (
            ("report", made.report_path),
            ("filmstrip", made.filmstrip_path),
        )
        if path
    ]
    say(str(made.path))
    facts(rows)


def _length(report: Report) -> str:
    before, after = float(report.source.duration), float(report.result.duration)
    made = report.steps[0]
    how = f"{made.engine}, {made.plan_kind}" if made.plan_kind else made.engine
    return (
        f"{before:.3f} s before, {after:.3f} s now: {report.n_new} new frames ({how})"
    )


def _source(report: Report) -> str:
    """What became of the source's pictures."""
    coded = next((s.joined for s in report.steps if s.joined.mode == "re-encode"), None)
    if coded:
        db = "" if coded.psnr_db is None else f" at {coded.psnr_db:.1f} dB"
        return f"re-encoded{db}, because {coded.reason}"
    joined = report.steps[0].joined
    if joined.mode == "new-only":
        return "not in this file: the new part stands alone"
    text = f"untouched: {joined.n_source} frames copied, proved identical"
    if joined.n_recoded:
        text += f"; the {joined.n_recoded} before the cut had to be coded again"
    return text


_GOES_ON = {
    "continue": "then it goes on",
    "fade": "then it fades",
    "silent": "then silent",
}


def _sound(sound: SoundJoined) -> str:
    """What became of the sound, and how it goes on."""
    why = f" ({sound.reason})" if sound.reason else ""
    if sound.made is None:
        return f"{sound.mode}{why}"
    return f"{sound.mode}{why}, {_GOES_ON[sound.made.mode]}: {sound.made.reason}"


def _sound_and_tracks(report: Report) -> list[tuple[str, str]]:
    joined = report.steps[0].joined
    rows = []
    if joined.sound.mode != "none":
        rows.append(("sound", _sound(joined.sound)))
    rows += [
        (f"{track.kind} {track.index}", f"lost: {track.reason}")
        for track in joined.tracks
        if not track.kept
    ]
    return rows
