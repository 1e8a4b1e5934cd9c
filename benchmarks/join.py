"""The join by copy, proof included, against encoding everything again, in the same run."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeVar

from longtake.media.decode import frames
from longtake.media.probe import probe

from benchmarks import results
from benchmarks.source import SAMPLE_S, ffmpeg, looped
from longtake.clock import monotonic_s
from longtake.media.clip import Clip
from longtake.media.join import Join, Joined
from longtake.media.lineage import Lineage, Part
from longtake.media.verify import prove
from longtake.media.wire import Frame

QUESTION = (
    "How much faster is the join by copy, its proof included, than encoding source and "
    "continuation again? (832x464 at 24 frames per second, a continuation of 4 s; "
    "`re-encode` is our own full re-encode without a proof, `veryfast` a plain ffmpeg "
    "re-encode of the source alone with x264's veryfast preset; seconds, medians.)"
)
COLUMNS = (
    "source_s",
    "copy_s",
    "proof_s",
    "reencode_s",
    "veryfast_s",
    "copy_times_faster",
    "than_veryfast",
)
_Answer = TypeVar("_Answer")
_NEW_S = 4
_RUNS = {5: 5, 60: 3, 600: 1}  # of each way, interleaved


def main() -> None:
    """Measure at 5, 60 and 600 seconds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        new = _continuation(folder)
        rows = [_row(folder, seconds, runs, new) for seconds, runs in _RUNS.items()]
    results.write("join", QUESTION, COLUMNS, rows)


def _row(folder: Path, seconds: int, runs: int, new: list[Frame]) -> dict[str, Any]:
    source = looped(folder, seconds)
    clip = probe(source)
    found: dict[str, list[float]] = {name: [] for name in COLUMNS[1:5]}
    result, other = folder / "copy.mp4", folder / "other.mp4"
    for _ in range(runs):
        copied, joined = _timed(lambda: _join(clip, result, new, "auto"))
        assert joined.mode == "copy", joined.reason
        proved, proof = _timed(lambda: prove(result, source))
        assert not proof.failures, proof.failures
        coded, _ = _timed(lambda: _join(clip, other, new, "re-encode"))
        plain, _ = _timed(lambda: _veryfast(source, other))
        for name, value in zip(found, (copied, proved, coded, plain), strict=True):
            found[name].append(value)
    row: dict[str, Any] = {"source_s": seconds, "runs": runs}
    row |= {name: statistics.median(values) for name, values in found.items()}
    row |= ratios(row)
    return row


def ratios(row: dict[str, Any]) -> dict[str, float]:
    """How many times the copy and its proof fit into either re-encode."""
    whole = row["copy_s"] + row["proof_s"]
    return {
        "copy_times_faster": row["reencode_s"] / whole,
        "than_veryfast": row["veryfast_s"] / whole,
    }


def _continuation(folder: Path) -> list[Frame]:
    """Frames to join: the sample's own last ones, so that they cost what pictures cost."""
    clip = probe(looped(folder, SAMPLE_S))
    count = _NEW_S * 24
    return list(
        islice(frames(clip, first=clip.video.n_frames - count, count=count), count)
    )


def _join(
    clip: Clip, output: Path, new: list[Frame], mode: Literal["auto", "re-encode"]
) -> Joined:
    video = clip.video
    original = Part(
        first=0, n_frames=video.n_frames, start=Fraction(0), synthetic=False
    )
    made = Part(
        first=video.n_frames,
        n_frames=len(new),
        start=video.duration,
        synthetic=True,
        engine="benchmark",
    )
    lineage = Lineage(
        made_by="benchmark",
        width=video.width,
        height=video.height,
        rate=video.rate,
        parts=(original, made),
    )
    output.write_bytes(b"")
    with Join(
        clip,
        output,
        n_keep=video.n_frames,
        n_new=len(new),
        lineage=lineage,
        mode=mode,
    ) as join:
        for frame in new:
            join.write(frame)
        return join.finish()


def _veryfast(source: Path, output: Path) -> None:
    ffmpeg(
        "-i", source, "-c:a", "copy", "-c:v", "libx264", "-preset", "veryfast", output
    )


def _timed(work: Callable[[], _Answer]) -> tuple[float, _Answer]:
    began = monotonic_s()
    answer = work()
    return monotonic_s() - began, answer


if __name__ == "__main__":
    main()
