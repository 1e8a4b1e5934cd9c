"""What one continuation costs, stage by stage, beside a tool that everybody has."""

from __future__ import annotations

import statistics
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks import results
from benchmarks.source import ffmpeg, sample
from longtake.clock import monotonic_s
from longtake.engines.process import EngineProcess
from longtake.extension import extend
from longtake.media.decode import frames
from longtake.media.probe import probe

QUESTION = (
    "How long does a continuation take? (832x464, 4 s at 24 frames per second after 5 s of "
    "context; seconds, medians of interleaved runs. `extend` is the whole of it: probe, "
    "engine, join, proof, measures. `minterpolate` is ffmpeg making as many frames by its "
    "own motion interpolation and encoding them with x264; the ratios are to that.)"
)
COLUMNS = (
    "engine",
    "start_s",
    "plan_s",
    "frames_s",
    "engine_s",
    "extend_s",
    "minterpolate_s",
    "engine_ratio",
    "extend_ratio",
)
_RUNS = 3
_NEW_S = 4
_NEW = _NEW_S * 24


def main() -> None:
    """Measure every engine of ours on the sample clip."""
    found: dict[str, list[dict[str, float]]] = {"persistence": [], "motion": []}
    with tempfile.TemporaryDirectory() as name:
        clip = sample(Path(name))
        output = Path(name) / "longer.mp4"
        for _ in range(_RUNS):
            for engine, runs in found.items():
                run = _engine(engine, clip)
                began = monotonic_s()
                extend(clip, output, seconds=_NEW_S, engine=engine, force=True)
                run["extend_s"] = monotonic_s() - began
                run["minterpolate_s"] = _minterpolate(clip, output)
                runs.append(run)
    results.write("speed", QUESTION, COLUMNS, [row(e, r) for e, r in found.items()])


def row(engine: str, runs: list[dict[str, float]]) -> dict[str, Any]:
    """The medians of all runs, and the ratios of those medians."""
    middle = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    yardstick = middle["minterpolate_s"]
    return {
        "engine": engine,
        "runs": len(runs),
        **middle,
        "engine_ratio": middle["engine_s"] / yardstick,
        "extend_ratio": middle["extend_s"] / yardstick,
    }


def _engine(name: str, source: Path) -> dict[str, float]:
    """Seconds from nothing to a started engine, to its plan, and to its last frame."""
    video = probe(source).video
    count = min(video.n_frames, 5 * 24)
    context = list(frames(probe(source), first=video.n_frames - count, count=count))
    times = [monotonic_s()]
    with EngineProcess(name) as engine:
        times.append(monotonic_s())
        made = engine.extend(
            context,
            n_context=count,
            width=video.width,
            height=video.height,
            rate=video.rate,
            n_frames=_NEW,
            seed=0,
        )
        times.append(monotonic_s())
        n_made = sum(1 for _ in made.frames)
        times.append(monotonic_s())
    assert n_made == _NEW, f"{name} made {n_made} frames"
    start, plan, drawn = (b - a for a, b in pairwise(times))
    return {
        "start_s": start,
        "plan_s": plan,
        "frames_s": drawn,
        "engine_s": start + plan + drawn,
    }


def _minterpolate(source: Path, output: Path) -> float:
    """Seconds that ffmpeg takes for as many frames between the frames of ``source``."""
    began = monotonic_s()
    between = "minterpolate=fps=48,select='mod(n,2)'"
    ffmpeg(
        "-t",
        f"{_NEW_S}",
        "-i",
        source,
        "-an",
        "-vf",
        between,
        "-c:v",
        "libx264",
        output,
    )
    return monotonic_s() - began


if __name__ == "__main__":
    main()
