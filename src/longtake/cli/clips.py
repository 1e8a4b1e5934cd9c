"""``longtake probe``, ``measure`` and ``verify``: what is true of a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from longtake.cli.console import AsJson, document, facts, say

if TYPE_CHECKING:
    from longtake.analysis.gate import Verdict
    from longtake.analysis.measures import Measures
    from longtake.media.verify import Proof

ClipFile = Annotated[Path, typer.Argument(help="A video file.")]


def probe(clip: ClipFile, *, json: AsJson = False) -> None:
    """Say what CLIP is: streams, size, rate, times."""
    from longtake.media.probe import probe as look

    found = look(clip)
    if json:
        document(found.model_dump(mode="json"))
        return
    video, audio = found.video, found.audio
    kind = "variable, about " if video.variable else ""
    turned = f", shown turned by {video.rotation} degrees" if video.rotation else ""
    rows = [
        ("container", f"{found.container}, {found.size_bytes:,} bytes"),
        ("length", f"{float(video.duration):.3f} s, {video.n_frames} frames"),
        ("picture", f"{video.codec} {video.width}x{video.height}{turned}"),
        ("rate", f"{kind}{float(video.rate):.3f} frames per second"),
        ("pixels", f"{video.pixel_format}, aspect {video.pixel_aspect}"),
        ("sound", "none"),
    ]
    if audio:
        sound = f"{audio.codec} {audio.sample_rate} Hz {audio.layout}"
        rows[-1] = ("sound", sound)
    rows += [
        (f"track {track.index}", f"{track.kind} {track.codec} {track.language or ''}")
        for track in found.tracks
    ]
    say(str(clip))
    facts(rows)


def measure(
    clip: ClipFile,
    *,
    join: Annotated[
        str | None,
        typer.Option(
            help="Where the join is, seconds [default: every join the file names].",
            metavar="T",
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """Measure how well what follows a join goes on from what is before it."""
    from longtake.extension.measured import measured

    found = measured(clip, join=join)
    if json:
        document({"joins": [one.model_dump(mode="json") for one in found]})
        return
    for one in found:
        say(f"{clip}: {one.n_new} frames after {float(one.join):.3f} s")
        facts(measure_rows(one.measures, one.verdict))
        if one.drift and one.drift.failures:
            facts(("drift", failure) for failure in one.drift.failures)


def measure_rows(measures: Measures, verdict: Verdict) -> list[tuple[str, str]]:
    """Every measure with its band, and the verdict under them."""
    from longtake.analysis.gate import BANDS

    rows = []
    for name, value in measures:
        band = BANDS.get(name)
        accepted = f"accepted {band}" if band else "only told"
        shown = "not measurable" if value is None else f"{value:8.2f}   {accepted}"
        outside = band is not None and value is not None and value not in band
        rows.append(
            (name.replace("_", " "), shown + ("   <- outside" if outside else ""))
        )
    return [*rows, ("verdict", verdict_text(verdict))]


def verdict_text(verdict: Verdict) -> str:
    """The verdict in plain words."""
    if verdict.beside:
        return "\n".join(("it passes, a little outside its bands:", *verdict.beside))
    if verdict.passed:
        return "every measure lies in its band"
    return "\n".join(verdict.failures)


def verify(
    result: Annotated[Path, typer.Argument(help="What Longtake delivered.")],
    source: Annotated[Path, typer.Argument(help="The clip it was made from.")],
    *,
    json: AsJson = False,
) -> None:
    """Prove that RESULT holds SOURCE untouched: every frame and sound sample compared."""
    from longtake.errors import ProofFailed
    from longtake.media.verify import prove

    proof = prove(result, source, whole=True)
    if json:
        document(proof.model_dump(mode="json"))
        if proof.failures:
            raise typer.Exit(ProofFailed.exit_code)
        return
    if proof.failures:
        raise ProofFailed(" ".join(proof.failures))
    say(f"{result}: everything promised of it holds")
    facts(_proof_rows(proof))


def _proof_rows(proof: Proof) -> list[tuple[str, str]]:
    """What was found, as a person would ask for it."""
    kept = f"{proof.n_kept} of {proof.n_source} frames, packet for packet the source's"
    if proof.mode == "re-encode":
        kept = f"none packet for packet: re-encoded, because {proof.reason}"
    rows = [("kept", kept)]
    if proof.n_recoded:
        rows.append(("coded again", f"{proof.n_recoded} frames of the source"))
    rows.append(("new", f"{proof.n_new} frames from {float(proof.join):.3f} s on"))
    if proof.n_compared:
        found = f"{proof.n_compared} kept frames, {proof.n_different} different"
        rows.append(("decoded", found))
    if proof.psnr_db is not None:
        worst = proof.worst_psnr_db or proof.psnr_db
        rows.append(("PSNR", f"{proof.psnr_db:.1f} dB, at worst {worst:.1f} dB"))
    if proof.sound != "none":
        compared = ""
        if proof.n_samples_compared is not None:
            compared = (
                f", {proof.n_samples_compared} samples decoded, "
                f"{proof.n_samples_different} different"
            )
        gap = f", gap {proof.sound_gap} samples" if proof.sound_gap else ""
        rows.append(("sound", f"{proof.sound}{compared}{gap}"))
    rows += [
        (track.kind, f"{track.codec}, {'kept' if track.kept else 'lost'}")
        for track in proof.tracks
    ]
    return rows
