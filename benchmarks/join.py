"""The join by copy, proof included, against encoding everything again, in the same run."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeVar

from benchmarks import results
from benchmarks.source import SAMPLE_S, ffmpeg, looped
from longtake.clock import monotonic_s
from longtake.media.clip import Clip
from longtake.media.decode import frames
from longtake.media.join import Join, Joined
from longtake.media.lineage import Lineage, Part
from longtake.media.probe import probe
from longtake.media.verify import prove
from longtake.media.wire import Frame

QUESTION = (
    "How much faster is the join by copy, its proof included, than encoding source and "
    "continuation again? (832x464 at 24 frames per second, a continuation of 4 s; "
    "`re-encode` is our own full re-encode without a proof, `veryfast` a plain ffmpeg "
    "re-encode of the source alone with x264's veryfast preset; seconds, medians. "
    "`less_cpu` compares the processor time of copy, proof and re-encode, which does not "
    "depend on what else the machine does.)"
)
COLUMNS = (
    "source_s",
    "copy_s",
    "proof_s",
    "reencode_s",
    "veryfast_s",
    "times_faster",
    "than_veryfast",
    "less_cpu",
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
    result, other = folder / "copy.mp4", folder / "other.mp4"
    found: list[dict[str, float]] = []
    for _ in range(runs):
        copied, joined = _cost("copy", lambda: _join(clip, result, new, "auto"))
        assert joined.mode == "copy", joined.reason
        proved, proof = _cost("proof", lambda: prove(result, source))
        assert not proof.failures, proof.failures
        coded, _ = _cost("reencode", lambda: _join(clip, other, new, "re-encode"))
        plain, _ = _cost("veryfast", lambda: _veryfast(source, other))
        found.append(copied | proved | coded | plain)
    middle = {name: statistics.median(run[name] for run in found) for name in found[0]}
    return {"source_s": seconds, "runs": runs, **middle, **ratios(middle)}


def ratios(cost: dict[str, float]) -> dict[str, float]:
    """How many times the copy and its proof fit into either re-encode."""
    whole_s = cost["copy_s"] + cost["proof_s"]
    whole_cpu_s = cost["copy_cpu_s"] + cost["proof_cpu_s"]
    return {
        "times_faster": cost["reencode_s"] / whole_s,
        "than_veryfast": cost["veryfast_s"] / whole_s,
        "less_cpu": cost["reencode_cpu_s"] / whole_cpu_s,
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


def _cost(name: str, work: Callable[[], _Answer]) -> tuple[dict[str, float], _Answer]:
    """Seconds by the clock and of the processor, children included; and the answer."""
    began, used = monotonic_s(), _cpu_s()
    answer = work()
    return {
        f"{name}_s": monotonic_s() - began,
        f"{name}_cpu_s": _cpu_s() - used,
    }, answer


def _cpu_s() -> float:
    """Processor time of this process and of its children that have ended."""
    times = os.times()
    return sum(times[:4])


if __name__ == "__main__":
    main()
