"""Whatever happens while a clip is extended: no half file, no process, one sentence."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from longtake import clock, errors
from longtake.extension import proven
from tests import engines_for_tests
from tests.command import ENVIRONMENT, listed, longtake, start
from tests.conftest import Made

WAIT_S = 30


@pytest.fixture
def folder(made: Made, tmp_path: Path) -> Path:
    """A folder that holds nothing but a clip."""
    shutil.copy(made(n_frames=24, sound="aac"), tmp_path / "clip.mp4")
    return tmp_path


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PYTHONPATH on which the engines that misbehave are installed."""
    installed = tmp_path_factory.mktemp("installed")
    engines_for_tests.install(installed)
    return engines_for_tests.python_path(installed)


def descendants(pid: int) -> set[int]:
    """All processes that ``pid`` has started, and those they have."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if stat[0] != "Z":
                parents[int(entry.name)] = int(stat[1])
    found = {pid}
    while more := {p for p, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def alive(pids: set[int]) -> set[int]:
    """Those that still run; waits a moment for the kernel to be done with them."""
    deadline = clock.monotonic_s() + 5
    while clock.monotonic_s() < deadline:
        running = {
            pid
            for pid in pids
            if Path(f"/proc/{pid}").exists()
            and " Z " not in Path(f"/proc/{pid}/stat").read_text()
        }
        if not running:
            return set()
    return running


def working(process: subprocess.Popen[str], folder: Path) -> set[int]:
    """Wait until new frames are on their way into a file; the processes at work."""
    deadline = clock.monotonic_s() + WAIT_S
    while clock.monotonic_s() < deadline:
        assert process.poll() is None, process.communicate()
        children = descendants(process.pid)
        if len(children) > 2 and len(list(folder.iterdir())) > 1:  # a nursery, too
            return children
    raise AssertionError("it never came to work")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_interrupting_leaves_nothing(folder: Path, path: str, name: str) -> None:
    before = listed(folder)
    ask = ["extend", "clip.mp4", "--engine", "slow", "--report", "r.json"]
    with start(*ask, folder=folder, PYTHONPATH=path) as process:
        children = working(process, folder)
        began = clock.monotonic_s()
        process.send_signal(getattr(signal, name))
        _, err = process.communicate(timeout=WAIT_S)
    assert clock.monotonic_s() - began < 5
    assert process.returncode == errors.Canceled.exit_code
    assert err.strip().splitlines() == [
        f"longtake: Stopped by {name}; nothing was left behind."
    ]
    assert listed(folder) == before
    assert not alive(children)


def test_a_second_interrupt_does_not_break_the_cleaning_up(
    folder: Path, path: str
) -> None:
    before = listed(folder)
    with start(
        "extend", "clip.mp4", "--engine", "slow", folder=folder, PYTHONPATH=path
    ) as process:
        children = working(process, folder)
        for _ in range(5):
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=WAIT_S)
    assert process.returncode == errors.Canceled.exit_code
    assert listed(folder) == before
    assert not alive(children)


def test_killing_the_command_leaves_no_process(folder: Path, path: str) -> None:
    with start(
        "extend", "clip.mp4", "--engine", "slow", folder=folder, PYTHONPATH=path
    ) as process:
        children = working(process, folder)
        process.kill()
    assert not alive(children)


@pytest.mark.parametrize(
    ("engine", "said"),
    [
        ("segfaults", "SIGSEGV"),
        ("leaves-early", "exit code 3"),
        ("raises", "a bug in the engine"),
        ("short", "made 23 of 24 frames"),
        ("misshapen", "Frame 0"),
        ("hangs", "said nothing for 2 s"),
        ("broken", "cannot be loaded"),
    ],
)
def test_an_engine_that_fails(folder: Path, path: str, engine: str, said: str) -> None:
    before = listed(folder)
    ran = longtake(
        *("extend", "clip.mp4", "--engine", engine, "--seconds", "1"),
        folder=folder,
        PYTHONPATH=path,
        LONGTAKE_ENGINE_SILENCE_S="2",
    )
    assert ran.status == errors.EngineFailed.exit_code
    assert said in ran.err
    assert len(ran.err.strip().splitlines()) == 1
    assert listed(folder) == before


def test_limits_of_an_engine_are_kept(folder: Path, path: str) -> None:
    before = listed(folder)
    ran = longtake(
        "extend", "clip.mp4", "--engine", "narrow", folder=folder, PYTHONPATH=path
    )
    assert ran.status == errors.EngineIncapable.exit_code
    assert "multiples of 64" in ran.err
    assert listed(folder) == before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 kB, where this machine lets us mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if (
        os.geteuid()
        or subprocess.run(mount, check=False, capture_output=True).returncode
    ):
        pytest.skip("a small disk can be mounted by root only")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("only", ["result", "report"])
@pytest.mark.slow
def test_a_full_disk(folder: Path, small_disk: Path, only: str) -> None:
    """Large enough for nothing, or for the result but not for the report."""
    target = small_disk / "out.mp4"
    more: list[str | Path] = []
    if only == "report":
        target = folder / "out.mp4"
        (small_disk / "ballast").write_bytes(bytes(60 << 10))
        more = ["--report", small_disk / "r.json"]
    before = listed(folder)
    ask = ("extend", "clip.mp4", "-o", target, "--engine", "persistence")
    ran = longtake(*ask, *more, folder=folder)
    assert ran.status == errors.OutputRefused.exit_code
    assert "disk is full" in ran.err
    assert len(ran.err.strip().splitlines()) == 1
    assert listed(folder) == before
    assert {path.name for path in small_disk.iterdir()} <= {"ballast"}


def test_no_permission(folder: Path) -> None:
    """Also as root, once it has laid down the right to write everywhere."""
    locked = folder / "locked"
    locked.mkdir(mode=0o500)
    powerless = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    if not os.geteuid() and shutil.which("setpriv") is None:
        pytest.skip("root writes everywhere, unless setpriv (util-linux) is installed")
    command = [sys.executable, "-m", "longtake", "extend", "clip.mp4"]
    ran = subprocess.run(
        [*([] if os.geteuid() else powerless), *command, "-o", "locked/out.mp4"],
        cwd=folder,
        env=ENVIRONMENT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == errors.OutputRefused.exit_code
    assert "No permission" in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1


@pytest.mark.slow
def test_a_failed_proof_delivers_nothing(made: Made, tmp_path: Path) -> None:
    source = made(n_frames=24, sound="aac")
    result = tmp_path / "out.mp4"
    assert (
        longtake("extend", source, "-o", result, "--engine", "persistence").status == 0
    )
    data = bytearray(result.read_bytes())
    data[data.index(b"mdat") + 2000] ^= 1
    result.write_bytes(data)
    with pytest.raises(errors.ProofFailed, match="not delivered"):
        proven(result, source)
    ran = longtake("verify", result, source)
    assert ran.status == errors.ProofFailed.exit_code
