"""``longtake serve`` as a newcomer meets it: the start, the first key, stop and restart."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from longtake import clock
from longtake.errors import SetupIncomplete
from tests import clips
from tests.running import Server, until

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path / "server") as found:
        yield found


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return clips.make(path, size=(160, 96), n_frames=24)


def n_keys(server: Server) -> int:
    (row,) = server.rows("SELECT count(*) AS n FROM lt_keys")
    return int(row.n)


def state(server: Server, task_id: str) -> str:
    (row,) = server.rows("SELECT state FROM lt_records WHERE id = :id", id=task_id)
    return str(row.state)


def test_a_newcomer(server: Server, clip: Path) -> None:
    """The printed lines, pasted into a shell, lead from a clip to where a longer plays."""
    process = server.serve()
    assert f"Longtake serves {server.address} " in server.said()
    (server.temporary / "clip.mp4").write_bytes(clip.read_bytes())
    lines = re.findall(r"^  (.*\n)", server.said(), re.MULTILINE)

    def paste(folder: Path) -> str:
        return subprocess.run(
            ["sh"],
            input="".join(lines),
            cwd=folder,
            env={"PATH": os.defpath},
            stdout=subprocess.PIPE,
            text=True,
            timeout=60,
            check=True,
        ).stdout

    said = paste(server.temporary)
    found = re.fullmatch(r'"resultUrl":"(http.*)"\n', said)
    assert found, said
    url = found[1]
    assert httpx2.get(url, trust_env=False).headers["content-type"] == "video/mp4"
    assert '"code":422' in paste(server.folder), "without a clip it ends, and says why"
    assert server.stop(process) == 0
    assert not server.processes()

    server.log.unlink()
    process = server.serve("--no-worker")  # a second time: no key is made or shown
    assert n_keys(server) == 1
    assert "lt_" not in server.said()
    assert "longtake keys create" in server.said()
    assert server.of_kind("slot") == []
    assert server.stop(process) == 0


def test_stopping_finishes_what_is_under_way_or_hands_it_back(
    server: Server, clip: Path
) -> None:
    process = server.serve()
    caller = server.caller("ann")
    source = caller.import_clip(clip)
    short = caller.extend(source)
    until(lambda: state(server, short) == "running", what="its begin")
    assert server.stop(process) == 0
    assert state(server, short) == "success"

    process = server.serve()
    long = caller.extend(source, engine="motion", seconds=20)
    until(lambda: caller.record(long)["progress"], what="its progress")
    for _ in range(2):  # the second signal: now, whatever is under way
        process.terminate()
        until(lambda: not server.of_kind("api"), what="the end of the API")
    process.wait(10)
    until(lambda: not server.processes(), what="the end of all processes")
    assert state(server, long) == "running"


def test_whoever_is_killed_comes_back(server: Server) -> None:
    process = server.serve()
    caller = server.caller("ann")
    for kind in ("api", "slot"):
        (victim,) = server.of_kind(kind)
        since_ms = clock.now_ms()
        os.kill(victim, signal.SIGKILL)
        if kind == "slot":
            server.wait_for_worker(since_ms)
        server.wait_ready(process)
        assert caller.data("GET", "/api/v1/chat/credit") == 10**9
    assert server.of_kind("engine")
    process.kill()  # the supervisor, and with it everything
    process.wait(10)
    until(lambda: not server.processes(), what="the end of all processes")


def test_a_taken_port_is_one_sentence(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = server.start("serve", "--port", str(port))
        assert process.wait(30) == SetupIncomplete.exit_code
    assert f"cannot listen on 127.0.0.1:{port}" in server.said()
    assert "Traceback" not in server.said()


def test_cancel_reaches_the_engine_within_a_second(server: Server, clip: Path) -> None:
    process = server.serve()
    caller = server.caller("ann")
    source = caller.import_clip(clip)
    task_id = caller.extend(source, engine="motion", seconds=20)

    def making() -> bool:
        return (caller.record(task_id)["progress"] or {}).get("stage") == "frames"

    until(making, what="its frames")
    (engine,) = server.of_kind("engine")
    began_s = clock.monotonic_s()
    caller.data("POST", f"/api/v1/tasks/{task_id}/cancel")
    until(lambda: engine not in server.of_kind("engine"), what="its end", timeout_s=5)
    assert clock.monotonic_s() - began_s < 1
    assert caller.record(task_id)["errorCode"] == "TASK_CANCELED"
    assert caller.data("GET", "/api/v1/chat/credit") == 10**9
    # The slot goes on with the next task, with a fresh engine.
    assert caller.settled(caller.extend(source))["successFlag"] == 1
    assert server.stop(process) == 0
