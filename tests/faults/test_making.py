"""What a worker makes, and what is left when it is stopped or its engine goes wrong."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from longtake import clock
from longtake.engines.process import EngineProcess
from longtake.engines.protocol import Frame
from longtake.errors import Canceled, EngineFailed, EngineIncapable, LongtakeError
from longtake.media import offspring
from longtake.records import Work
from longtake.worker.engines import Engines
from longtake.worker.making import MadeVideo, Telling, make_extension, make_still
from tests import engines_for_tests
from tests.conftest import Made

STAGES = ("context", "engine", "frames", "measure", "proof")


@pytest.fixture(scope="module", autouse=True)
def fakes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Misbehaving engines, installed for this module as entry points."""
    folder = tmp_path_factory.mktemp("installed")
    engines_for_tests.install(folder)
    added = engines_for_tests.python_path(folder).split(os.pathsep)
    sys.path[:0] = added
    yield
    for entry in added:
        sys.path.remove(entry)


@pytest.fixture
def engines() -> Iterator[Engines]:
    pool = Engines()
    yield pool
    pool.kill()


@pytest.fixture
def source(made: Made, tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return Path(shutil.copy(made(n_frames=24), folder / "clip.mp4"))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def make(
    source: Path,
    out: Path,
    engines: Engines,
    *,
    listen: Callable[[Telling], None] = lambda _: None,
    stop: threading.Event | None = None,
    candidate: int = 0,
    **work: Any,
) -> MadeVideo:
    asked = {"kind": "extend", "engine": "steady", "seconds": 1, **work}
    return make_extension(
        Work.model_validate(asked),
        source,
        out,
        engines=engines,
        listen=listen,
        stop=stop or threading.Event(),
        candidate=candidate,
    )


def pid_of(engines: Engines) -> int:
    assert engines._engine
    assert engines._engine._process
    return engines._engine._process.pid


def children() -> set[int]:
    """Every process of ours started by this one, and by those, but the nursery."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                ours = b"longtake." in (entry / "cmdline").read_bytes()  # no database
            except (FileNotFoundError, ProcessLookupError):
                continue
            if ours and stat[0] != "Z":
                parents[int(entry.name)] = int(stat[1])
    found = {os.getpid()}
    while more := {p for p, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {os.getpid(), offspring._current and offspring._current.pid}


# -- what is made ---------------------------------------------------------------------

Told = list[tuple[float, Telling]]


@pytest.fixture(scope="module")
def one(made: Made, tmp_path_factory: pytest.TempPathFactory) -> tuple[MadeVideo, Told]:
    """A candidate made of every wish, and what was told meanwhile, with the time."""
    source, out = made(n_frames=24, sound="aac"), tmp_path_factory.mktemp("out")
    told: Told = []
    engines = Engines()
    video = make(
        *(source, out, engines),
        engine="slow",
        seed=5,
        candidate=2,
        watermark="Longtake",
        prompt="the cat leaps, then sleeps --motion high --bs 2 --loop",
        sound="fade",
        listen=lambda telling: told.append((clock.monotonic_s(), telling)),
    )
    engines.kill()
    return video, told


def test_a_video_with_all_that_belongs_to_it(one: tuple[MadeVideo, Told]) -> None:
    made, _ = one
    names = {path.name for path in made.path.parent.iterdir()}
    assert names == {"2.mp4", "2.jpg", "2.png"}
    assert (made.facts.n_frames, made.facts.container) == (48, "mp4")
    assert made.facts.sound
    assert made.report.asked.seed == 7
    assert made.report.proof.ok
    with Image.open(made.poster) as poster:
        assert poster.format == "JPEG"
        assert poster.width == made.facts.width
    with Image.open(made.filmstrip) as filmstrip:
        assert filmstrip.format == "PNG"


def test_its_report_names_no_folder_of_this_machine(
    one: tuple[MadeVideo, Told],
) -> None:
    made, _ = one
    assert str(made.path.parent.parent) not in made.report.model_dump_json()


def test_every_wish_is_answered_for(one: tuple[MadeVideo, Told]) -> None:
    step = one[0].report.steps[0]
    assert step.understood == ("--bs 2", "sound fade")
    assert step.ignored == (
        *("the cat leaps", "sleeps"),
        *("--motion high", "--loop"),
    )
    assert step.joined.sound.made is not None
    assert step.joined.sound.made.mode == "fade"


def test_progress_is_told_stage_by_stage(one: tuple[MadeVideo, Told]) -> None:
    _, told = one
    stages = [telling.stage for _, telling in told]
    assert tuple(dict.fromkeys(stages)) == STAGES
    assert {telling.candidate for _, telling in told} == {2}
    frames = [(at, telling) for at, telling in told if telling.stage == "frames"]
    for _, telling in frames:
        assert telling.picture
        assert Image.open(BytesIO(telling.picture)).format == "JPEG"
        assert telling.total == 24
    times = [at for at, _ in frames]
    assert len(times) >= 4
    assert min(b - a for a, b in pairwise(times)) >= 0.5


@pytest.mark.slow
def test_an_image_becomes_five_seconds(
    tmp_path: Path, out: Path, engines: Engines
) -> None:
    image, source = tmp_path / "image", tmp_path / "still.mp4"
    Image.effect_noise((640, 360), 60).convert("RGB").save(image, "JPEG")
    work = Work(kind="generate", engine="motion", seconds=5, motion="high")
    make_still(work, image, source, stop=threading.Event())
    made = make(source, out, engines, **work.model_dump())
    assert (made.facts.width, made.facts.height) == (832, 464)
    assert made.facts.n_frames == 120
    assert made.facts.duration == Fraction(5)
    report = made.report
    assert report.statement.startswith("Frames 1 to 119 are synthetic")
    assert report.proof.n_kept == report.proof.n_source == 1
    assert report.steps[0].plan_kind == "drift"
    assert report.steps[0].understood == (
        "--motion high: moves at 1.50 times its pace",
    )
    longer = make(made.path, out, engines, candidate=1, engine="motion", seconds=4)
    assert longer.facts.n_frames == 216
    assert longer.report.steps[0].chained
    spans = [(part.n_frames, part.synthetic) for part in longer.report.parts]
    assert spans == [(1, False), (119, True), (96, True)]


# -- warm engines ---------------------------------------------------------------------


def test_an_engine_stays_warm_between_tasks(engines: Engines) -> None:
    """Also where each task is run by a thread of its own, which ends with it."""

    def task() -> int:
        with engines.lease("steady") as engine:
            assert len(list(asked(engine))) == 12
            return pid_of(engines)

    pids = set()
    for _ in range(3):
        with ThreadPoolExecutor(1) as thread:
            pids.add(thread.submit(task).result())
    assert len(pids) == 1


def test_another_engine_takes_its_place(engines: Engines) -> None:
    with engines.lease("steady"):
        first = pid_of(engines)
    with engines.lease("slow"):
        assert first not in children()


def test_an_engine_that_died_between_tasks_is_replaced(engines: Engines) -> None:
    with engines.lease("steady") as engine:
        os.kill(pid_of(engines), signal.SIGKILL)
        deadline = clock.monotonic_s() + 10
        while engine.idle and clock.monotonic_s() < deadline:
            pass
    with engines.lease("steady") as engine:
        assert len(list(asked(engine))) == 12


@pytest.mark.parametrize(
    ("engine", "said"),
    [
        ("segfaults", "SIGSEGV"),
        ("raises", "a bug in the engine"),
    ],
)
def test_an_engine_that_fails_is_an_error_of_its_task_only(
    source: Path, out: Path, engines: Engines, engine: str, said: str
) -> None:
    with pytest.raises(EngineFailed, match=said):
        make(source, out, engines, engine=engine)
    assert not list(out.iterdir())
    assert not children()
    with engines.lease(engine) as fresh:
        assert fresh.idle


def test_a_task_refused_before_any_work_leaves_the_engine_warm(
    source: Path, out: Path, engines: Engines
) -> None:
    with engines.lease("narrow"):
        pid = pid_of(engines)
    with pytest.raises(EngineIncapable):
        make(source, out, engines, engine="narrow")
    with engines.lease("narrow"):
        assert pid_of(engines) == pid


# -- stopped --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "stage",
    [pytest.param(s, marks=pytest.mark.slow) if s != "frames" else s for s in STAGES],
)
def test_a_stop_leaves_nothing(
    source: Path, out: Path, engines: Engines, stage: str
) -> None:
    stop = threading.Event()

    def listen(telling: Telling) -> None:
        if telling.stage == stage:
            stop.set()

    with pytest.raises(Canceled):
        make(source, out, engines, engine="slow", listen=listen, stop=stop)
    assert not list(out.iterdir())
    assert children() <= {pid_of(engines)}  # between frames and proof it is idle


@pytest.mark.parametrize("engine", ["ponders", "hangs"])
def test_a_stop_reaches_a_silent_engine(
    source: Path, out: Path, engines: Engines, engine: str
) -> None:
    stop, said = threading.Event(), threading.Event()
    stages: list[str] = []

    def listen(telling: Telling) -> None:
        stages.append(telling.stage)
        if telling.stage == {"ponders": "engine", "hangs": "frames"}[engine]:
            said.set()

    with ThreadPoolExecutor(1) as thread:
        made = thread.submit(
            make, source, out, engines, engine=engine, listen=listen, stop=stop
        )
        assert said.wait(30)
        before = children()
        assert pid_of(engines) in before
        stop.set()
        began = clock.monotonic_s()
        with pytest.raises(Canceled):
            made.result(10)
        assert clock.monotonic_s() - began < 1
        assert not children() & before
    assert not list(out.iterdir())


def test_the_pool_can_be_ended_under_a_task(source: Path, out: Path) -> None:
    engines, said = Engines(), threading.Event()
    with ThreadPoolExecutor(1) as thread:
        made = thread.submit(
            make, source, out, engines, engine="ponders", listen=lambda _: said.set()
        )
        assert said.wait(30)
        engines.kill()
        with pytest.raises(Canceled):
            made.result(10)
    assert not children()


# -- memory ---------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="asked of Linux")
@pytest.mark.parametrize("engine", ["hungry", "feeding"])
def test_an_engine_that_takes_too_much_is_stopped(source: Path, engine: str) -> None:
    """Also where a process that it started takes it."""
    with (
        EngineProcess(engine, memory_bytes=300_000_000) as process,
        pytest.raises(EngineFailed, match=r"300,000,000 bytes.*ENGINE_MEMORY_BYTES"),
    ):
        list(asked(process))
    assert not children()


@pytest.mark.skipif(sys.platform != "linux", reason="asked of Linux")
def test_what_is_only_reserved_does_not_count() -> None:
    with EngineProcess("reserving", memory_bytes=500_000_000) as process:
        assert len(list(asked(process))) == 12


def asked(process: EngineProcess) -> Iterator[Frame]:
    return process.extend(
        [np.zeros((64, 64, 3), np.uint8)],
        n_context=1,
        width=64,
        height=64,
        rate=Fraction(24),
        n_frames=12,
        seed=0,
    ).frames


# -- many tasks ---------------------------------------------------------------------


@pytest.mark.slow
def test_many_tasks_leave_no_trace(source: Path, out: Path, engines: Engines) -> None:
    """No process, thread or descriptor, whatever became of each."""
    kinds = ["steady", "steady", "raises", "segfaults"]

    def run(candidate: int) -> None:
        try:
            make(source, out, engines, engine=kinds[candidate % len(kinds)])
        except LongtakeError:
            assert kinds[candidate % len(kinds)] in {"raises", "segfaults"}

    def traces() -> tuple[int, int, int]:
        return (
            len(children()),
            threading.active_count(),
            len(list(Path("/proc/self/fd").iterdir())),
        )

    for candidate in range(4):
        run(candidate)
    before = traces()
    for candidate in range(8):
        run(candidate)
    assert traces() == before
