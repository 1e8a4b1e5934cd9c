"""Sixty extensions, each of the file before: what four minutes of them have become."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from benchmarks import results
from benchmarks.source import ffmpeg, sample
from longtake import clock, extend
from longtake.analysis.recurrence import rhythm, same_source
from longtake.engines.motion.plan import Plan, Run, places
from longtake.engines.process import EngineProcess
from longtake.extension import Extension

QUESTION = (
    "Does a clip stay what it is when it is made longer again and again? (The sample clip at "
    "208x116, 4 s more, 60 times, each time from the file before; measured against the first "
    "clip.)"
)
COLUMNS = (
    "run",
    "seconds",
    "color_drift",
    "contrast",
    "sharpness",
    "sound_change_db",
    "drift_failures",
    "plan_kb",
    "took_s",
)
_RUNS, _SECONDS = 60, 4
_SHOWN = (1, 2, 5, 10, 20, 30, 40, 50, 60)
_SAME = 4  # frames: jumps nearer than this at both ends are the same jump
_WINDOW_S = 20.0  # in which a beat is looked for
_SHORTEST_LAG_S = 0.2
_RATE = 8000  # samples a second in which sound is looked at

Sound = NDArray[np.float32]  # (time,)


def main() -> None:
    """Make the chain, and write what became of it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = folder / "clip.mp4"
        small = ("-vf", "scale=208:116", "-preset", "veryfast", "-crf", "18")
        ffmpeg("-i", sample(folder), "-c:v", "libx264", *small, "-c:a", "copy", clip)
        rows, made = [], None
        began = clock.monotonic_s()
        for number, made in enumerate(chained(clip, folder, _RUNS, _SECONDS), start=1):
            took_s, began = clock.monotonic_s() - began, clock.monotonic_s()
            rows.append({"run": number, **row(made), "took_s": took_s})
        assert made is not None, "there are runs"
        told = whole(clip, made)
    more = "\n".join(f"* {name.replace('_', ' ')}: {told[name]:.3g}" for name in told)
    shown = [one for one in rows if one["run"] in _SHOWN]
    results.write("chain", QUESTION, COLUMNS, shown, details=[*rows, told], more=more)


def chained(clip: Path, folder: Path, n_runs: int, seconds: int) -> Iterator[Extension]:
    """Make ``clip`` longer ``n_runs`` times, each time from the file before."""
    path = clip
    with EngineProcess("motion") as engine:
        for number in range(1, n_runs + 1):
            target = folder / f"{number}.mp4"
            yield extend(path, target, seconds=seconds, engine=engine)
            if path != clip:
                path.unlink()
            path = target


def row(made: Extension) -> dict[str, Any]:
    """How the last run stands to the first clip of its lineage."""
    (step,) = made.report.steps
    sound = step.joined.sound.made
    return {
        "seconds": float(made.report.result.duration),
        "color_drift": step.drift.color,
        "contrast": step.drift.contrast,
        "sharpness": step.drift.sharpness,
        "sound_change_db": sound.change_db if sound else None,
        "drift_failures": len(step.drift.failures),
        "gate_failures": list(step.verdict.failures),
        "from_original": step.n_context == made.report.parts[0].n_frames,
        "plan_kb": len(json.dumps(step.plan)) / 1000,
    }


def whole(clip: Path, made: Extension) -> dict[str, float]:
    """What the finished chain does as a whole, and a hard loop of the clip beside it."""
    (step,) = made.report.steps
    assert step.plan is not None, "the engine writes its plans down"
    plan, rate = Plan.from_json(step.plan), float(made.report.result.rate)
    own = heard(clip)
    new = heard(made.path)[len(own) :]
    loop = np.tile(own, len(new) // len(own) + 1)[: len(new)]
    return {
        "jumps": float(sum(len(jumps(runs)) for runs in parts(plan))),
        "same_jump_twice_running": float(twice(plan)),
        "picture_on_a_beat": beat(plan, rate),
        "sound_like_itself_later": echo(new),
        "a_hard_loop_like_itself_later": echo(loop),
    }


def parts(plan: Plan) -> list[tuple[Run, ...]]:
    """The runs of the ground and of every region."""
    return [plan.runs, *(one.runs for one in plan.regions)]


def jumps(runs: tuple[Run, ...]) -> list[tuple[float, float]]:
    """From which place of the source to which, at every transition."""
    return [(one.place(two.at), two.source) for one, two in pairwise(runs)]


def twice(plan: Plan) -> int:
    """How often the same jump is taken twice running, or nearly the same."""
    return sum(
        bool(np.abs(np.subtract(one, two)).max() <= _SAME)
        for runs in parts(plan)
        for one, two in pairwise(jumps(runs))
    )


def beat(plan: Plan, rate: float) -> float:
    """The largest share of frames on a beat, of any part and within any window."""
    length = round(_WINDOW_S * rate)
    found = [0.0]
    for runs in parts(plan):
        if len(runs) == 1:
            continue  # it rests
        shown = np.array([places(runs, time)[0] for time in range(plan.n_frames)])
        windows = (shown[k : k + length] for k in range(0, len(shown), length))
        found += (rhythm(same_source(one)) for one in windows)
    return max(found)


def heard(path: Path) -> Sound:
    """The first sound track in one channel, at 8000 samples a second; empty for none."""
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return np.zeros(0, np.float32)
        convert = av.AudioResampler("flt", "mono", _RATE)
        frames = [one for f in container.decode(audio=0) for one in convert.resample(f)]
        frames += convert.resample(None)
    return np.concatenate([one.to_ndarray()[0] for one in frames])


def echo(sound: Sound) -> float:
    """The largest correlation of ``sound`` with itself 0.2 s to half its length later."""
    spectrum = np.abs(np.fft.rfft(sound, 2 * len(sound))) ** 2
    alike = np.fft.irfft(spectrum)[: len(sound) // 2]
    share = 1 - np.arange(len(alike)) / len(sound)
    return float((alike / alike[0] / share)[round(_SHORTEST_LAG_S * _RATE) :].max())


if __name__ == "__main__":
    main()
