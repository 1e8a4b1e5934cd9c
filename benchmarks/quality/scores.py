"""Everything that is measured of one maker's continuation of one window."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.quality import controls
from benchmarks.quality.windows import Window
from longtake.analysis.measures import Own, measure, own
from longtake.analysis.pictures import Frame, Frames, gray
from longtake.engines import registry
from longtake.engines.motion.plan import places
from longtake.engines.protocol import Ask, Engine

REAL, TURN = "real", "turn_around"
ENGINES = ("motion", "persistence")
MAKERS = (REAL, *ENGINES, TURN, *controls.CONTROLS)
LATER = (1, 6, 12)  # frames after the join

Score = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Made:
    """A continuation; ``source_map``, ``plan`` and ``notes`` where its maker told them."""

    frames: Frames
    source_map: Sequence[int | None] | None = None
    plan: dict[str, Any] | None = None
    notes: dict[str, Any] | None = None


def psnr(a: Frame, b: Frame) -> float:
    """Peak signal-to-noise ratio of two RGB pictures in dB; 100 where they are equal."""
    error = float(np.square(a.astype(np.float64) - b).mean())
    return 100.0 if error == 0 else min(100.0, 10 * float(np.log10(255**2 / error)))


def ssim(a: Frame, b: Frame) -> float:
    """Structural similarity of two pictures' luma (Wang et al., 2004; Gaussian 1.5)."""
    x, y = (gray(frame).astype(np.float64) for frame in (a, b))

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(cv2.GaussianBlur(values, (11, 11), 1.5), np.float64)

    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mx, my = mean(x), mean(y)
    vx, vy, both = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    alike = (2 * mx * my + c1) * (2 * both + c2)
    return float((alike / ((mx**2 + my**2 + c1) * (vx + vy + c2))).mean())


def real_and_controls(window: Window) -> list[Score]:
    """What really happened and every control that no engine has a part in."""
    clip = own(window.context)
    found = [_score(window, REAL, Made(window.future), clip)]
    for name, control in controls.CONTROLS.items():
        made = Made(control(window.context, window.future))
        found.append(_score(window, name, made, clip))
    return found


def engines(window: Window) -> list[Score]:
    """What every engine makes, what it took, and the plan to draw it again.

    And the turn-around, which the engine's plans draw.
    """
    clip = own(window.context)
    found = [_score(window, TURN, turned(window), clip)]
    for name in ENGINES:
        _forget_peak()
        held, began = _held_bytes("VmRSS"), time.process_time()
        made = continued(name, window)
        took = time.process_time() - began
        peak = _held_bytes("VmHWM") - held
        score = _score(window, name, made, clip)
        score |= {"cpu_s": took, "peak_mb": peak / 1e6}
        found.append(score | {"plan": made.plan, "notes": made.notes})
    return found


def turned(window: Window) -> Made:
    """The turn-around with its source map: re-drawn frames hide it from the pixels."""
    n, n_new = len(window.context), len(window.future)
    frames = controls.turn_around(window.context, window.future)
    runs = controls.turning(n, n_new)
    shown = (round(places(runs, k)[0]) for k in range(n_new))
    return Made(frames, [n - 1 + min(0, place) for place in shown])


def continued(engine: str, window: Window) -> Made:
    """As many frames as are held out, made by ``engine``."""
    ask = Ask(window.context, window.rate, len(window.future), seed=0)
    made = _ready(engine).extend(ask)
    frames = np.stack(list(made.frames))
    return Made(frames, made.source_map, made.plan, made.notes)


@cache
def _ready(name: str) -> Engine:
    """The engine, in this process: frames of 416 pixels need no pipe."""
    engine = registry.load(name)
    engine.setup()
    return engine


def _score(window: Window, maker: str, made: Made, clip: Own) -> Score:
    measures = measure(
        window.context, made.frames, source_map=made.source_map, behavior=clip
    )
    found: Score = {
        "clip": window.clip,
        "join": window.join,
        "n_new": len(made.frames),
        "maker": maker,
        **{name: value for name, value in measures if value is not None},
    }
    for k in LATER:
        if maker != REAL and k <= len(made.frames):
            pair = made.frames[k - 1], window.future[k - 1]
            found |= {f"psnr_{k}": psnr(*pair), f"ssim_{k}": ssim(*pair)}
    return found


def _forget_peak() -> None:
    """Let the kernel count this process's largest size anew, where it can."""
    forget = Path("/proc/self/clear_refs")
    if forget.exists():
        forget.write_text("5")


def _held_bytes(field: str) -> int:
    """A field of /proc/self/status in bytes; 0 where there is none."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    found = [line.split()[1] for line in lines if line.startswith(f"{field}:")]
    return int(found[0]) * 1024 if found else 0
