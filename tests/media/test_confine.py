"""From inside a limited child nothing outside can be had; and its end is never ours."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from longtake.errors import ClipRefused, ClipUnreadable, LongtakeError, MediaFailed
from longtake.media import confine, landlock, seccomp
from longtake.media.child import Child

ATTEMPTS = "tests.media.attempts"
# What each layer alone must stop, where the kernel has it.
FILES = {"read", "list"}


class Trap:
    """Sockets that must see nothing: TCP, UDP, a named and an abstract Unix socket."""

    def __init__(self, folder: Path) -> None:
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self.tcp.getsockname()[1]
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self.path = str(folder / "socket")
        self.abstract = f"longtake-{os.getpid()}-{self.port}"
        self.unix = [socket.socket(socket.AF_UNIX) for _ in range(2)]
        self.unix[0].bind(self.path)
        self.unix[1].bind("\0" + self.abstract)
        for one in self.unix:
            one.listen()

    def seen(self) -> list[str]:
        """What came in, if anything."""
        found = []
        for one in [self.tcp, *self.unix]:
            one.setblocking(False)
            with suppress(BlockingIOError):
                found.append(f"a connection to {one.accept()[0].getsockname()}")
        self.udp.setblocking(False)
        with suppress(BlockingIOError):
            found.append(f"a datagram {self.udp.recv(10)!r}")
        return found

    def close(self) -> None:
        """Close every socket."""
        for one in [self.tcp, self.udp, *self.unix]:
            one.close()


@pytest.fixture
def trap(tmp_path: Path) -> Iterator[Trap]:
    trap = Trap(tmp_path)
    yield trap
    trap.close()


def do(deed: str, tmp_path: Path, **limits: Any) -> dict[str, Any]:
    """Run one deed of attempts.py in a real limited child."""
    own = tmp_path / "own.mp4"
    own.write_bytes(b"own")
    with Child(ATTEMPTS, {"do": deed}, reads=(own,), **limits) as child:
        child.close_input()
        return child.result()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can forbid all of it")
def test_nothing_can_be_reached_from_inside(tmp_path: Path, trap: Trap) -> None:
    layers = confine.capabilities()
    folder = tmp_path / "others"
    folder.mkdir()
    own, secret = tmp_path / "own.mp4", folder / "secret"
    own.write_bytes(b"own")
    secret.write_bytes(b"secret")
    before = secret.stat()
    request = {
        "do": "escape",
        "own": str(own),
        "secret": str(secret),
        "folder": str(folder),
        "home": str(Path.home()),
        "port": trap.port,
        "unix": trap.path,
        "abstract": trap.abstract,
    }
    with Child(ATTEMPTS, request, reads=(own,)) as child:
        outcome = child.result()
    assert outcome.pop("environment") == {}
    done = {name for name, what in outcome.items() if what == "done"}
    if not layers["files"]:
        done = {name for name in done if name.split()[0] not in FILES}
    if layers["system_calls"]:
        assert not done
    assert len(outcome) > 30
    assert not trap.seen()
    assert own.read_bytes() == b"own"
    assert secret.read_bytes() == b"secret"
    after = secret.stat()
    assert (after.st_mode, after.st_mtime_ns) == (before.st_mode, before.st_mtime_ns)
    assert list(folder.iterdir()) == [secret]


def test_the_same_attempts_succeed_outside(tmp_path: Path) -> None:
    """The attempts are real ones: unconfined, reading and writing work."""
    code = (
        "from pathlib import Path; import os, sys\n"
        "Path('/etc/passwd').read_bytes(); Path(sys.argv[1]).write_bytes(b'x')\n"
        "assert os.fork() == 0 or os.wait()"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "new")], check=True)
    assert (tmp_path / "new").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="Landlock and seccomp are Linux's")
def test_a_named_file_can_be_written_and_no_other(tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    out.touch()
    with Child(ATTEMPTS, {"do": "write", "out": str(out)}, writes=(out,)) as child:
        outcome = child.result()
    assert outcome["own"] == "result"
    assert out.read_bytes() == b"result"
    if confine.capabilities()["files"]:
        assert outcome["other"] == "PermissionError"
        assert list(tmp_path.iterdir()) == [out]


def test_messages_and_pictures_travel_both_ways_and_threads_work(
    tmp_path: Path,
) -> None:
    frames = [np.full((48, 64, 3), n, np.uint8) for n in range(9)]
    with Child(ATTEMPTS, {"do": "count", "n": 3}) as child:
        for frame in frames:
            child.send_frame(frame)
        child.close_input()
        messages = list(child.messages())
        assert child.result() == {"sum": sum(int(frame.sum()) for frame in frames)}
    assert [(m.kind, m.body, len(m.payload)) for m in messages] == [
        ("index", {"index": n}, n) for n in range(3)
    ]


@pytest.mark.parametrize(
    ("deed", "kind", "says"),
    [
        ("refuse", ClipRefused, "take another"),
        ("break", MediaFailed, "KeyError"),
        ("leave", MediaFailed, "exit code 3"),
    ],
)
def test_an_error_inside_is_the_same_error_outside(
    tmp_path: Path, deed: str, kind: type[LongtakeError], says: str
) -> None:
    with pytest.raises(kind, match=says):
        do(deed, tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
@pytest.mark.parametrize(
    ("deed", "limits", "says"),
    [
        ("crash", {}, "crashed on it .SIG"),
        ("spin", {"cpu_s": 1}, "processor"),
        ("grow", {"memory_bytes": 1 << 30}, "memory"),
        ("sleep", {"silence_s": 1.0}, "no progress"),
    ],
)
def test_a_child_that_misbehaves_is_an_error_of_the_clip(
    tmp_path: Path, deed: str, limits: dict[str, Any], says: str
) -> None:
    with pytest.raises(ClipUnreadable, match=says) as caught:
        do(deed, tmp_path, **limits)
    assert str(caught.value).endswith(".")


def test_what_the_child_could_not_take_is_its_own_error_not_a_broken_pipe(
    tmp_path: Path,
) -> None:
    frame = np.zeros((720, 1280, 3), np.uint8)

    def send_on(child: Child) -> None:
        for _ in range(100):
            child.send_frame(frame)

    with Child(ATTEMPTS, {"do": "refuse"}) as child, pytest.raises(ClipRefused):
        send_on(child)


def test_a_child_left_early_is_gone() -> None:
    with Child(ATTEMPTS, {"do": "sleep"}) as child:
        process = child._process
        assert process.poll() is None
    assert process.poll() is not None


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("deed", ["sleep", "count"])
def test_a_child_ends_with_its_parent(deed: str, tmp_path: Path) -> None:
    """SIGKILL the parent: the child, computing or listening, must not stay."""
    code = (
        "import sys\n"
        "from longtake.media.child import Child\n"
        f"child = Child({ATTEMPTS!r}, {{'do': {deed!r}, 'n': 1}})\n"
        "print(child._process.pid, flush=True)\n"
        "import threading; threading.Event().wait()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 20
    while _alive(pid):
        assert time.monotonic() < deadline, "the child outlived its parent"
        threading.Event().wait(0.05)


def _alive(pid: int) -> bool:
    """Whether the process runs; one that only waits to be collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_capabilities_say_what_is_in_force() -> None:
    layers = confine.capabilities()
    assert set(layers) == {
        "memory",
        "cpu",
        "file_size",
        "descriptors",
        "core_dump",
        "privileges",
        "files",
        "network",
        "system_calls",
    }
    if sys.platform == "linux":
        assert bool(layers["files"]) == (landlock.abi() > 0)
        assert layers["memory"] is True
        assert layers["cpu"] is True


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_a_filter_runs_on_either_machine(machine: str) -> None:
    """The program, run by hand: what passes, what is refused, what is not known."""
    allow, no, unknown = 0x7FFF0000, 0x00050001, 0x00050026
    read, socket_, clone3 = {"x86_64": (0, 41, 435), "aarch64": (63, 198, 435)}[machine]
    clone, openat, tgkill = {"x86_64": (56, 257, 234), "aarch64": (220, 56, 131)}[
        machine
    ]
    arch = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}[machine]
    program = seccomp.program(machine, 77, writes=False)

    def run(number: int, *arguments: int, arch: int = arch) -> int:
        return _run(program, number, arch, arguments)

    assert run(read) == allow
    assert run(read, arch=0x40000003) == no
    assert run(socket_) == no
    assert run(clone3) == unknown
    assert run(9999) == unknown
    assert run(0x40000000 | read) == unknown
    assert run(clone, 0x10F00) == allow  # a thread
    assert run(clone, 17) == no  # a process
    assert run(tgkill, 77) == allow
    assert run(tgkill, 78) == no
    assert run(openat, 0, 0, 0o2000000) == allow  # O_CLOEXEC
    assert run(openat, 0, 0, 0o2000001) == no
    writing = seccomp.program(machine, 77, writes=True)
    assert _run(writing, openat, arch, (0, 0, 1)) == allow


def _run(
    program: list[tuple[int, int, int, int]],
    number: int,
    arch: int,
    arguments: tuple[int, ...],
) -> int:
    """A classic BPF machine, as far as the filter needs one."""
    data = {0: number, 4: arch}
    data |= {16 + 8 * n: value & 0xFFFFFFFF for n, value in enumerate(arguments)}
    at = value = 0
    while True:
        code, yes, no, operand = program[at]
        at += 1
        if code == 0x20:
            value = data.get(operand, 0)
        elif code == 0x06:
            return operand
        else:
            holds = {
                0x15: value == operand,
                0x25: value > operand,
                0x45: bool(value & operand),
            }[code]
            at += yes if holds else no
