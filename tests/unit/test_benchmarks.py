"""The scorers of the benchmarks: numbers that the documentation quotes must be right."""

from __future__ import annotations

import sys
from itertools import accumulate
from pathlib import Path

import av
import numpy as np
import pytest

from benchmarks import chain, join, memory, results, service, source, speed
from benchmarks.studio import __main__ as paint
from longtake.engines.motion.plan import Plan, Run

_MEGABYTE = 1_000_000


def test_ratios_count_the_proof_to_the_copy() -> None:
    cost = {
        "copy_s": 1.5,
        "proof_s": 0.5,
        "reencode_s": 60.0,
        "veryfast_s": 30.0,
        "copy_cpu_s": 3.0,
        "proof_cpu_s": 1.0,
        "reencode_cpu_s": 100.0,
    }
    assert join.ratios(cost) == {
        "times_faster": 30.0,
        "than_veryfast": 15.0,
        "less_cpu": 25.0,
    }


def test_a_chain_that_loops_is_told() -> None:
    """A jump from the end to 30 frames before it, over and over; and one that strays."""

    def plan(*lengths: int) -> Plan:
        ends = [0, *accumulate(lengths)]
        runs = [Run(at, float(1 - n)) for at, n in zip(ends, lengths, strict=False)]
        return Plan("texture", ends[-1], (Run(-1, 0.0), *runs), shot=8)

    loop, straying = plan(*[30] * 12), plan(50, 31, 44, 27, 61, 38, 33, 70)
    assert chain.beat(loop, 12) > 0.9
    assert chain.beat(straying, 12) < 0.2
    assert chain.twice(loop) == 11
    assert chain.twice(straying) == 0


def test_sound_that_loops_is_told() -> None:
    noise = np.random.default_rng(1).standard_normal(80_000).astype(np.float32)
    assert chain.echo(noise) < 0.1
    assert chain.echo(np.tile(noise[:9_000], 9)) > 0.9


def test_a_row_of_speed_is_made_of_medians() -> None:
    runs = [
        {"engine_s": engine, "extend_s": 4.0, "minterpolate_s": 8.0}
        for engine in (1.0, 2.0, 30.0)
    ]
    row = speed.row("motion", 464, runs)
    assert row["engine_s"] == 2.0
    assert (row["engine_ratio"], row["extend_ratio"]) == (0.25, 0.5)


def test_a_row_of_the_service_is_made_of_all_rounds() -> None:
    ours = [([0.01] * 50, 2.0), ([0.03] * 50, 2.0)]
    bare = [([0.001] * 98 + [0.5, 0.5], 1.0)]
    row = service.row("submit", ours, bare)
    assert (row["per_s"], row["bare_per_s"], row["ratio"]) == (25, 100, 4)
    assert row["p50_ms"] == pytest.approx(20)
    assert (row["p99_ms"], row["bare_p50_ms"], row["bare_p99_ms"]) == (30, 1, 500)


def test_a_latency_of_the_service_has_no_rate() -> None:
    row = service.single_row("callback", [0.2, 0.1, 0.3], [0.1, 0.1])
    assert (row["per_s"], row["bare_per_s"]) == ("", "")
    assert row["ratio"] == pytest.approx(2)


def test_a_row_of_the_studio_is_of_all_visits_which_load_the_same() -> None:
    visits = [
        {
            "requests": 9.0,
            "kB": 100.0,
            "sent_kB": 30.0,
            "first_paint_ms": ms,
            "content_ms": ms + 1,
            "largest_ms": 2 * ms,
        }
        for ms in (50.0, 40.0, 900.0)
    ]
    row = paint.row("library", visits)
    assert (row["kB"], row["sent_kB"]) == (100, 30)
    assert (row["first_paint_ms"], row["worst_first_paint_ms"]) == (50, 900)
    assert (row["largest_ms"], row["worst_largest_ms"]) == (100, 1800)
    visits[0]["kB"] = 120.0
    with pytest.raises(ValueError, match="too many values"):
        paint.row("library", visits)


def test_idle_is_processor_time_by_the_clock() -> None:
    row = service.idle_row(0.6, 0.3, 30)
    assert (row["core_percent"], row["bare_core_percent"]) == (2, 1)
    assert row["ratio"] == 2


def test_a_tree_is_a_process_and_all_below_it(tmp_path: Path) -> None:
    for pid, name, parent in [
        (1, "init", 0),
        (7, "extend", 1),
        (8, "a (b) c", 7),
        (9, "join", 8),
        (10, "other", 1),
    ]:
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "stat").write_text(f"{pid} ({name}) S {parent} 0 0")
    (tmp_path / "self").mkdir()
    assert memory.tree(7, tmp_path) == [7, 8, 9]
    assert memory.tree(99, tmp_path) == [99]


def test_held_is_the_proportional_size(tmp_path: Path) -> None:
    (tmp_path / "5").mkdir()
    text = "5000-6000 ---p [rollup]\nRss:  900 kB\nPss:  300 kB\nPss_Anon:  200 kB\n"
    (tmp_path / "5" / "smaps_rollup").write_text(text)
    assert memory.held_bytes(5, tmp_path) == 300 * 1024
    assert memory.held_bytes(6, tmp_path) == 0


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs /proc")
def test_the_peak_holds_what_a_child_of_a_child_held() -> None:
    hold = "import time; data = b'x' * 80_000_000; time.sleep(0.6)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hold!r}])"
    peak = memory.peak_bytes([sys.executable, "-c", code])
    assert 80 * _MEGABYTE < peak < 140 * _MEGABYTE


def test_a_table_rounds_to_what_is_known() -> None:
    rows = [{"a_s": 1.23456, "b": 1234.5, "c": 7, "hidden": 1}]
    assert results.table(("a_s", "b", "c"), rows).splitlines() == [
        "| a s | b | c |",
        "| --- | --- | --- |",
        "| 1.23 | 1234 | 7 |",
    ]


@pytest.mark.slow
def test_a_looped_source_is_the_sample_over_and_over(tmp_path: Path) -> None:
    path = source.looped(tmp_path, 10)
    with av.open(str(path)) as file:
        pictures = [f.to_ndarray() for f in file.decode(video=0)]
    assert len(pictures) == 240
    assert all((pictures[n] == pictures[n + 120]).all() for n in (0, 50, 119))
