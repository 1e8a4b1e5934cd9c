"""Every installed engine keeps the promise of the protocol, in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from longtake import clock
from longtake.engines import registry
from longtake.engines.process import EngineProcess
from longtake.engines.protocol import Continuation, Frames, Limits
from longtake.errors import EngineFailed, EngineUnknown
from tests import engines_for_tests

RATE = Fraction(24)
ENGINES = registry.names()
each_engine = pytest.mark.parametrize("name", ENGINES)


@pytest.fixture(scope="module", autouse=True)
def fakes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Misbehaving engines, installed for this module as entry points."""
    folder = tmp_path_factory.mktemp("installed")
    engines_for_tests.install(folder)
    repository = str(Path(__file__).parents[2])
    sys.path[:0] = [str(folder), repository]
    yield folder
    sys.path.remove(str(folder))
    sys.path.remove(repository)


def scene(n_frames: int, width: int = 128, height: int = 80) -> Frames:
    """A soft texture that drifts and a disk that swings: (t, h, w, 3) uint8."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    frames = np.empty((n_frames, height, width, 3), np.uint8)
    for t in range(n_frames):
        waves = (
            np.sin((x + 0.7 * t) / 5) + np.sin((y - 0.3 * t) / 7) + np.sin((x + y) / 3)
        )
        center = width / 2 + width / 4 * np.sin(t / 6)
        disk = (x - center) ** 2 + (y - height / 2) ** 2 < (height / 5) ** 2
        gray = np.where(disk, 230, 110 + 25 * waves)
        frames[t] = np.stack([gray, gray * 0.9, 255 - gray], axis=-1)
    return frames


def asked(
    engine: EngineProcess, context: Frames, n_frames: int = 24, **more: Any
) -> tuple[Frames, Continuation]:
    """All frames of one continuation, and what came with them."""
    n_context = engine.limits.n_context(len(context), RATE, *size_of(context))
    width, height = size_of(context)
    answer = engine.extend(
        iter(context[len(context) - n_context :]),
        n_context=n_context,
        width=width,
        height=height,
        rate=RATE,
        n_frames=n_frames,
        **{"seed": 7, **more},
    )
    return np.stack(list(answer.frames)), answer


def size_of(frames: Frames) -> tuple[int, int]:
    return frames.shape[2], frames.shape[1]


# -- every installed engine -----------------------------------------------------------


def test_ours_are_installed_as_entry_points() -> None:
    assert {"motion", "persistence"} <= set(ENGINES)


@each_engine
def test_exactly_the_frames_asked_for(name: str) -> None:
    with EngineProcess(name) as engine:
        context = scene(48)
        for n_frames in (1, 25):
            frames, answer = asked(engine, context, n_frames)
            assert frames.shape == (n_frames, *context.shape[1:])
            assert frames.dtype == np.uint8
            if answer.source_map is not None:
                assert len(answer.source_map) == n_frames


@each_engine
def test_same_seed_same_frames(name: str) -> None:
    results = []
    for _ in range(2):
        with EngineProcess(name) as engine:
            results.append(asked(engine, scene(48)))
    np.testing.assert_array_equal(results[0][0], results[1][0])
    assert results[0][1].plan == results[1][1].plan


@each_engine
def test_one_context_frame_is_enough_where_declared(name: str) -> None:
    with EngineProcess(name) as engine:
        if engine.limits.min_context > 1:
            pytest.skip(f"{name} declares that it needs more than one context frame")
        frames, _ = asked(engine, scene(1), 12)
        assert len(frames) == 12


@each_engine
def test_odd_sizes_within_its_limits(name: str) -> None:
    with EngineProcess(name) as engine:
        if engine.limits.size_multiple > 1:
            pytest.skip(f"{name} declares multiples of {engine.limits.size_multiple}")
        context = scene(30, width=99, height=61)
        assert asked(engine, context, 10)[0].shape[1:] == (61, 99, 3)


@each_engine
def test_closing_the_frames_stops_it_within_a_second(name: str) -> None:
    with EngineProcess(name) as engine:
        context = scene(24)
        n_context = engine.limits.n_context(24, RATE, *size_of(context))
        answer = engine.extend(
            iter(context[24 - n_context :]),
            n_context=n_context,
            width=128,
            height=80,
            rate=RATE,
            n_frames=int(engine.limits.max_seconds * RATE),
            seed=1,
        )
        next(answer.frames)
        began = clock.monotonic_s()
        answer.frames.close()  # type: ignore[attr-defined]
        engine.kill()
        assert clock.monotonic_s() - began < 1.5


@each_engine
def test_a_chain_goes_on_from_its_plan(name: str) -> None:
    """Two steps from one context: the second starts after the first, its plan covers both."""
    context = scene(48)
    with EngineProcess(name) as engine:
        first, answer = asked(engine, context, 20)
        if answer.plan is None:
            pytest.skip(f"{name} has no plan")
        second, chained = asked(engine, context, 20, plan=answer.plan, n_played=20)
        again, _ = asked(engine, context, 20, plan=answer.plan, n_played=20)
    assert len(first) == len(second) == 20
    assert chained.plan is not None
    np.testing.assert_array_equal(second, again)


@each_engine
def test_a_plan_draws_the_same_frames_again(name: str) -> None:
    """``render(context, plan, start)`` beside the engine is pure, also for a chain."""
    context = scene(48)
    with EngineProcess(name) as engine:
        frames, answer = asked(engine, context, 20)
        if answer.plan is None:
            pytest.skip(f"{name} has no plan")
        more, chained = asked(engine, context, 12, plan=answer.plan, n_played=20)
        n_context = engine.limits.n_context(48, RATE, *size_of(context))
    render = sys.modules[type(registry.load(name)).__module__].render
    own = context[48 - n_context :]
    np.testing.assert_array_equal(list(render(own, answer.plan, 0)), frames)
    np.testing.assert_array_equal(list(render(own, chained.plan, 20)), more)


# -- limits ---------------------------------------------------------------------------

NARROW = engines_for_tests.Narrow.limits


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, None),
        ({"n_context": 4}, "5 frames of context"),
        ({"width": 100}, "multiples of 64"),
        ({"width": 8}, "16 pixels"),
        ({"width": 6400, "height": 6400}, "pixels in all"),
        ({"rate": Fraction(60)}, "frames per second"),
        ({"n_frames": 25}, "at most 1 s"),
    ],
)
def test_limits_say_what_lies_outside(facts: dict[str, Any], said: str | None) -> None:
    inside = {"n_context": 5, "rate": RATE, "width": 128, "height": 64, "n_frames": 24}
    refusal = NARROW.refusal(**{**inside, **facts})
    assert (refusal is None) if said is None else (said in (refusal or ""))


def test_context_is_bounded_by_seconds_bytes_and_what_there_is() -> None:
    limits = Limits(
        context_s=Fraction(2), context_bytes=10 * 128 * 64 * 3, min_context=4
    )
    assert limits.n_context(100, Fraction(3), 128, 64) == 6  # two seconds
    assert limits.n_context(100, Fraction(24), 128, 64) == 10  # ten pictures of bytes
    assert limits.n_context(100, Fraction(24), 640, 480) == 4  # never below the least
    assert limits.n_context(3, Fraction(24), 128, 64) == 3  # all there are


# -- engines that misbehave -----------------------------------------------------------


def test_an_unknown_engine_is_refused_by_naming_the_installed() -> None:
    with pytest.raises(EngineUnknown, match=r"'dragon'.*motion.*persistence"):
        EngineProcess("dragon")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("segfaults", "crashed .*SIGSEGV"),
        ("leaves", "crashed .*exit code 3"),
        ("leaves-early", "crashed .*exit code 3"),
        ("raises", "ValueError: a bug in the engine"),
        ("short", "made 23 of 24 frames"),
        ("misshapen", r"Frame 0 .*\(78, 128, 3\)"),
        ("floating", "Frame 0 .*float32"),
    ],
)
def test_a_broken_engine_is_an_error_of_its_task_only(name: str, said: str) -> None:
    with EngineProcess(name) as engine, pytest.raises(EngineFailed, match=said):
        asked(engine, scene(24))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("broken", "cannot be loaded: ModuleNotFoundError"),
        ("stranger", "not an engine"),
    ],
)
def test_an_entry_point_that_holds_no_engine(name: str, said: str) -> None:
    with pytest.raises(EngineFailed, match=said), EngineProcess(name):
        pass


def test_a_silent_engine_is_stopped() -> None:
    with (
        EngineProcess("hangs", silence_s=1.0) as engine,
        pytest.raises(EngineFailed, match="said nothing for 1 s"),
    ):
        asked(engine, scene(24))


def test_a_stopped_engine_that_reads_nothing_is_stopped_too() -> None:
    """Its pipe fills up while it is sent a context; the deadline covers writing."""
    with EngineProcess("steady", silence_s=1.0) as engine:
        assert engine._process
        os.kill(engine._process.pid, signal.SIGSTOP)
        with pytest.raises(EngineFailed, match="said nothing for 1 s"):
            asked(engine, scene(24, 640, 480))


def test_an_engine_may_print_and_read() -> None:
    with EngineProcess("chatty") as engine:
        frames, _ = asked(engine, scene(24))
        assert len(frames) == 24


def test_a_canceled_engine_can_be_asked_again() -> None:
    with EngineProcess("slow") as engine:
        context = scene(24)
        answer = engine.extend(
            iter(context),
            n_context=24,
            width=128,
            height=80,
            rate=RATE,
            n_frames=1000,
            seed=1,
        )
        next(answer.frames)
        answer.frames.close()  # type: ignore[attr-defined]
        assert len(asked(engine, context, 2)[0]) == 2


def test_frames_may_be_let_go_after_the_process_is_gone() -> None:
    context = scene(4)
    with EngineProcess("slow") as engine:
        answer = engine.extend(
            iter(context),
            n_context=4,
            width=128,
            height=80,
            rate=RATE,
            n_frames=10,
            seed=1,
        )
        next(answer.frames)
    answer.frames.close()  # type: ignore[attr-defined]


def test_large_frames_flow_both_ways() -> None:
    context = np.random.default_rng(1).integers(0, 256, (6, 2160, 3840, 3), np.uint8)
    with EngineProcess("steady") as engine:
        frames, _ = asked(engine, context, 4)
    np.testing.assert_array_equal(frames[3], context[-1])


def test_the_environment_of_an_engine_holds_no_secret() -> None:
    """Nothing but where its modules are."""
    with EngineProcess("steady") as engine:
        assert engine._process
        listed = Path(f"/proc/{engine._process.pid}/environ")
        if not listed.exists():
            pytest.skip("this system does not show the environment of a process")
        names = {
            line.split(b"=")[0] for line in listed.read_bytes().split(b"\0") if line
        }
    assert names <= {b"PYTHONPATH", b"SYSTEMROOT", b"LC_CTYPE"}


def test_an_engine_does_not_outlive_its_parent() -> None:
    """The parent is killed outright; the engine goes too."""
    program = (
        "import os, sys\n"
        "from longtake.engines.process import EngineProcess\n"
        "engine = EngineProcess('hangs').__enter__()\n"
        "print(engine._process.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert parent.stdout
    assert parent.stdin
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    deadline = clock.monotonic_s() + 5
    while _runs(pid) and clock.monotonic_s() < deadline:
        pass
    parent.stdout.close()
    parent.stdin.close()
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rsplit(")", 1)[1].split()[0] != "Z"
