"""What one continuation costs, stage by stage, beside a tool that everybody has."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks import bandwidth, results
from benchmarks.memory import tree
from benchmarks.source import ffmpeg, sample
from longtake.clock import monotonic_s
from longtake.engines.process import EngineProcess
from longtake.media.decode import frames
from longtake.media.probe import probe

QUESTION = (
    "How long does a continuation take? (4 s at 24 frames per second after 5 s of context; "
    "seconds, medians of interleaved runs. `extend` is the whole command: start, probe, "
    "engine, join, proof, measures; `cpu` is the processor time of all its processes. "
    "`minterpolate` is ffmpeg making as many frames by its own motion interpolation and "
    "encoding them with x264; the ratios are to that.)"
)
COLUMNS = (
    "engine",
    "size",
    "start_s",
    "plan_s",
    "frames_s",
    "engine_s",
    "extend_s",
    "extend_cpu_s",
    "minterpolate_s",
    "minterpolate_cpu_s",
    "engine_ratio",
    "extend_ratio",
)
PROCESSES = ("process", "832x464", "1280x720")
_RUNS = 3
_NEW_S = 4
_NEW = _NEW_S * 24
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_EVERY_S = 0.02
_ROLES = {  # how Linux calls a process, or what it was started with
    "longtake-probe": "probe, of source and result",
    "longtake-decode": "decode of the context",
    "longtake-join": "join: encode, sound, write",
    "longtake-verify": "proof",
    "longtake.engines.host": "engine: study, plan, draw",
    "longtake.media.nursery": "nursery: imports of the four above",
}
_COMMAND = "command: imports, frames passed on, measures"

Run = dict[str, float]


def main() -> None:
    """Measure our engines on the sample clip, and the whole of `motion` at 720 lines too."""
    found: dict[tuple[str, int], list[Run]] = {
        ("persistence", 464): [],
        ("motion", 464): [],
        ("motion", 720): [],
    }
    profiles: dict[int, Run] = {}
    with tempfile.TemporaryDirectory() as name:
        output = Path(name) / "longer.mp4"
        for _ in range(_RUNS):
            for (engine, height), runs in found.items():
                clip = sample(Path(name), height=height)
                run = _engine(engine, clip)
                command = _command(clip, output, engine)
                run |= _timed("extend", lambda c=command: _run(c))  # type: ignore[misc]
                run |= _timed("minterpolate", lambda c=clip: _minterpolate(c, output))  # type: ignore[misc]
                runs.append(run)
                if engine == "motion" and height not in profiles:
                    profiles[height] = profile(command)
    rows = [row(engine, height, runs) for (engine, height), runs in found.items()]
    more = "\n\n".join([_profiled(profiles), bandwidth.told()])
    results.write("speed", QUESTION, COLUMNS, rows, more=more, details=[profiles])


def row(engine: str, height: int, runs: list[Run]) -> dict[str, Any]:
    """The medians of all runs, and the ratios of those medians."""
    middle = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    yardstick = middle["minterpolate_s"]
    return {
        "engine": engine,
        "size": "832x464" if height == 464 else "1280x720",
        "runs": len(runs),
        **middle,
        "engine_ratio": middle["engine_s"] / yardstick,
        "extend_ratio": middle["extend_s"] / yardstick,
    }


def profile(command: list[str]) -> Run:
    """Seconds of processor time of every kind of process of ``command``, looked at often."""
    spent: dict[int, tuple[str, float]] = {}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            for pid in tree(process.pid):
                with suppress(OSError):
                    role, seconds = _spent(pid)
                    known, _ = spent.get(pid, (_COMMAND, 0.0))
                    spent[pid] = role or known, seconds
            with suppress(subprocess.TimeoutExpired):
                process.wait(_EVERY_S)
    found: Run = {}
    for role, seconds in spent.values():
        found[role] = found.get(role, 0.0) + seconds
    return found


def _spent(pid: int) -> tuple[str, float]:
    """What a process is, "" of one that has ended, and its processor time, seconds."""
    folder = Path("/proc", str(pid))
    called = (folder / "comm").read_text().strip()
    line = (folder / "cmdline").read_bytes().decode()
    numbers = (folder / "stat").read_text().rpartition(")")[2].split()
    seconds = (int(numbers[11]) + int(numbers[12])) * _TICK_S
    if not line:
        return "", seconds
    role = _ROLES.get(called) or next(
        (role for part, role in _ROLES.items() if part in line), _COMMAND
    )
    return role, seconds


def _profiled(profiles: dict[int, Run]) -> str:
    """Where the processor time of a command goes, in the order of what it costs."""
    small, large = profiles[464], profiles[720]
    roles = sorted(small, key=lambda role: -small[role])
    rows: list[dict[str, Any]] = [
        dict(zip(PROCESSES, (role, small[role], large[role]), strict=True))
        for role in roles
    ]
    whole = ("all", sum(small.values()), sum(large.values()))
    rows.append(dict(zip(PROCESSES, whole, strict=True)))
    told = results.table(PROCESSES, rows)
    return f"Processor time of `extend` with `motion`, seconds, by process:\n\n{told}"


def _timed(name: str, work: Callable[[], None]) -> Run:
    """Seconds that ``work`` takes, and the processor time of all that it starts."""
    before, began = _children_s(), monotonic_s()
    work()
    return {
        f"{name}_s": monotonic_s() - began,
        f"{name}_cpu_s": _children_s() - before,
    }


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _command(clip: Path, output: Path, engine: str) -> list[str]:
    longtake = [sys.executable, "-m", "longtake", "extend", str(clip)]
    asked = ["--seconds", str(_NEW_S), "--engine", engine]
    return [*longtake, "-o", str(output), "--force", *asked]


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


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


def _minterpolate(source: Path, output: Path) -> None:
    """Have ffmpeg make as many frames between the frames of ``source``."""
    between = "minterpolate=fps=48,select='mod(n,2)'"
    cut = ("-t", f"{_NEW_S}", "-i", source, "-an", "-vf", between)
    ffmpeg(*cut, "-c:v", "libx264", output)


if __name__ == "__main__":
    main()
