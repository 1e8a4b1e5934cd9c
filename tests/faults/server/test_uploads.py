"""Uploads that break off, crawl, lie about their length, or meet a full disk."""

from __future__ import annotations

import resource
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from longtake import clips, clock, tasks
from tests.answering import process
from tests.running import Caller, Server, until

pytestmark = pytest.mark.slow

CLIPS = "/api/v1/clips"
_HEAD = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'
_TAIL = b"\r\n--x--\r\n"
_MB = 1 << 20


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Books that nobody serves yet."""
    with Server(tmp_path) as found:
        tasks.prepare(found.store)
        yield found


@pytest.fixture
def api(server: Server) -> Iterator[subprocess.Popen[bytes]]:
    """The API over them."""
    with process(server) as started:
        yield started


@pytest.fixture
def caller(server: Server, api: subprocess.Popen[bytes]) -> Caller:
    """A program with a key."""
    assert api.poll() is None
    return server.caller("ann")


def kept(server: Server) -> list[str]:
    """Every file of the server."""
    folder = server.settings.data / "files"
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def arriving(server: Server) -> list[int]:
    """The sizes of the files that are being received."""
    folder = server.settings.data / "arrivals"
    sizes = []
    for path in folder.iterdir():
        with suppress(FileNotFoundError):  # it has gone, or taken its key, meanwhile
            sizes.append(path.stat().st_size)
    return sizes


def begun(caller: Caller, *, length: int) -> socket.socket:
    """A connection on which an upload of ``length`` bytes has begun."""
    place = urlsplit(caller.address)
    assert place.hostname is not None
    connection = socket.create_connection(
        (place.hostname, place.port or 80), timeout=20
    )
    connection.sendall(
        f"POST {CLIPS} HTTP/1.1\r\nHost: {place.netloc}\r\n"
        f"Authorization: Bearer {caller.key}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n"
        f"Content-Length: {length}\r\nConnection: close\r\n\r\n".encode()
    )
    return connection


def answer(connection: socket.socket) -> bytes:
    """Everything the server still says."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def test_a_client_that_leaves_takes_its_half_along(
    server: Server, caller: Caller
) -> None:
    with begun(caller, length=10 * _MB) as connection:
        connection.sendall(_HEAD + bytes(3 * _MB))
        until(lambda: max(arriving(server), default=0) > _MB, what="the first bytes")
    until(lambda: not arriving(server), what="an empty folder of arrivals")
    assert kept(server) == []


def test_a_slow_client_holds_up_nobody(
    server: Server, caller: Caller, tiny: Path
) -> None:
    """Forty of them at once, as many as there are threads; then each comes in."""
    data = tiny.read_bytes()
    body = _HEAD + data + _TAIL
    slow = [begun(caller, length=len(body)) for _ in range(40)]
    try:
        for connection in slow:
            connection.sendall(body[:200])
        until(lambda: len(arriving(server)) == len(slow), what="every one of them")
        began_s = clock.monotonic_s()
        assert caller.import_clip(tiny)
        assert clock.monotonic_s() - began_s < 5
        for connection in slow[:3]:
            connection.sendall(body[200:])
            assert b'"code":200' in answer(connection)
    finally:
        for connection in slow:
            connection.close()
    until(lambda: not arriving(server), what="an empty folder of arrivals")


def test_a_length_that_is_not_true(server: Server, caller: Caller, tiny: Path) -> None:
    body = _HEAD + tiny.read_bytes() + _TAIL
    for length, code in ((len(body) - 9, b"400"), (100, b"400"), (0, b"400")):
        with begun(caller, length=length) as connection:
            connection.sendall(body[:length])
            assert b'"code":' + code in answer(connection)
    with begun(caller, length=len(body)) as connection:  # what follows is thrown away
        connection.sendall(body + b"GET / HTTP/1.1\r\n\r\n")
        said = answer(connection)
    assert said.count(b"HTTP/1.1 ") == 1
    assert b'"code":200' in said
    with begun(caller, length=len(body) + 1000) as connection:
        connection.sendall(body)
        connection.shutdown(socket.SHUT_WR)
        assert b'"code":200' not in answer(connection)
    until(lambda: not arriving(server), what="an empty folder of arrivals")
    assert len(kept(server)) == 2


def test_a_full_disk_refuses_and_keeps_nothing(
    server: Server, caller: Caller, api: subprocess.Popen[bytes], tiny: Path
) -> None:
    """No file may grow beyond 3 MB, as on a disk that has no more."""
    free = resource.prlimit(api.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(api.pid, resource.RLIMIT_FSIZE, (3 * _MB, free[1]))
    data = tiny.read_bytes() + (4 * _MB).to_bytes(4, "big") + b"free" + bytes(4 * _MB)
    refused = caller.call("POST", CLIPS, files={"file": ("a.mp4", data)})
    assert (refused.status_code, refused.json()["code"]) == (500, 500)
    assert "disk that holds the files is full" in refused.json()["msg"]
    assert (arriving(server), kept(server)) == ([], [])
    assert caller.import_clip(tiny)
    resource.prlimit(api.pid, resource.RLIMIT_FSIZE, free)
    again = caller.call("POST", CLIPS, files={"file": ("a.mp4", data)})
    assert again.json()["code"] == 200


def test_a_killed_server_leaves_what_the_sweep_finds(
    server: Server, caller: Caller, api: subprocess.Popen[bytes], tiny: Path
) -> None:
    task = caller.import_clip(tiny)
    with begun(caller, length=10 * _MB) as connection:
        connection.sendall(_HEAD + bytes(3 * _MB))
        until(lambda: max(arriving(server), default=0) > _MB, what="the first bytes")
        assert server.store.files.delete_arrivals() == 0, "it is still on its way"
        api.send_signal(signal.SIGKILL)
        api.wait()
    files = server.store.files
    assert len(arriving(server)) == 1
    assert files.delete_arrivals() == 1
    with server.store.database.reading() as connection_:
        lying = [key for key, _ in files.keys("clips")]
        assert clips.unnamed(connection_, lying) == []
    with process(server):
        assert caller.record(task)["successFlag"] == 1


def test_a_killed_server_takes_its_probes_along(
    server: Server, caller: Caller, api: subprocess.Popen[bytes], tiny: Path
) -> None:
    body = _HEAD + tiny.read_bytes() + _TAIL

    def probes() -> list[int]:
        return [pid for pid in server.processes() if pid != api.pid]

    with begun(caller, length=len(body)) as connection:
        connection.sendall(body)
        until(probes, what="a probe", every_s=0.002)
        api.send_signal(signal.SIGKILL)
        api.wait()
    until(lambda: not probes(), what="the end of the probe")
