"""The API as a process of its own: what it holds, what it says, how it takes bad clients."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from longtake import clock, keys, tasks
from longtake.settings import Settings
from longtake.store import Store, prepare
from tests.command import ENVIRONMENT
from tests.wire import CREDIT, EXTEND

_HEAVY = re.compile(
    r"/(av|cv2|numpy|PIL|torch)(\.libs)?/|/lib(av|sw)[a-z]+[.-]|openblas"
)
_HALF_HEADS = (b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: a\r\n")
_JSON = b"application/json;charset=UTF-8"


class Process:
    """One API process; its first line on stdout has said where it listens."""

    def __init__(self, started: subprocess.Popen[bytes], log: Path) -> None:
        assert started.stdout is not None
        self.popen = started
        self.said = json.loads(started.stdout.readline())
        self.address = f"http://127.0.0.1:{self.said['port']}"
        self._log = log

    def lines(self) -> list[dict[str, Any]]:
        """What it has logged."""
        return [json.loads(line) for line in self._log.read_text().splitlines()]

    def connect(self) -> socket.socket:
        """A connection that says nothing yet."""
        return socket.create_connection(("127.0.0.1", self.said["port"]), timeout=40)


@contextmanager
def started(folder: Path, **settings: str) -> Iterator[Process]:
    """An API process over a prepared data folder, on a port of its choice."""
    data = folder / "data"
    store = Store(_prepared(data))
    tasks.prepare(store)
    store.close()
    log = folder / "api.log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [sys.executable, "-P", "-m", "longtake.api"],
            stdout=subprocess.PIPE,
            stderr=errors,
            env=ENVIRONMENT
            | {"LONGTAKE_DATA": str(data), "LONGTAKE_PORT": "0"}
            | settings,
        ) as popen,
    ):
        try:
            yield Process(popen, log)
        finally:
            popen.kill()


def _prepared(data: Path) -> Settings:
    settings = Settings(data=data)
    prepare(settings)
    return settings


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """One process for the tests that leave it as it was."""
    with started(tmp_path_factory.mktemp("api")) as process:
        yield process


def test_it_says_where_it_listens_and_answers_at_once(api: Process) -> None:
    assert api.said["port"] > 0
    answer = httpx2.get(f"{api.address}/healthz", trust_env=False)
    assert answer.status_code == 200
    assert answer.json() == {"code": 200, "msg": "success", "data": None}


def test_it_holds_no_codec_no_arrays_and_no_model(api: Process) -> None:
    """Every one of them comes with shared objects, which the kernel lists."""
    for path in ("/docs", "/openapi.json", "/readyz", CREDIT, "/api/v1/engines"):
        httpx2.get(f"{api.address}{path}", trust_env=False)
    mapped = Path(f"/proc/{api.popen.pid}/maps").read_text()
    assert "pydantic_core" in mapped  # so the list can be read, and is of this process
    assert not [line for line in mapped.splitlines() if _HEAVY.search(line)]


def test_importing_the_api_loads_none_either() -> None:
    code = "import longtake.api.__main__, sys, json; print(json.dumps(sorted(sys.modules)))"
    said = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout
    loaded = {name.split(".")[0] for name in json.loads(said)}
    assert not loaded & {"av", "cv2", "numpy", "PIL", "torch", "diffusers"}


def test_readiness(api: Process) -> None:
    answer = httpx2.get(f"{api.address}/readyz", trust_env=False)
    assert answer.status_code == 200
    assert answer.json()["data"] == {"worker": False}


def test_it_is_not_ready_where_the_tables_are_of_another_version(
    tmp_path: Path,
) -> None:
    with started(tmp_path) as process:
        store = Store(Settings(data=tmp_path / "data"))
        with store.database.transaction() as connection:
            connection.exec_driver_sql("UPDATE lt_version SET version_num = '0000'")
        store.close()
        answer = httpx2.get(f"{process.address}/readyz", trust_env=False)
        assert answer.status_code == 503
        assert "longtake serve" in answer.json()["msg"]


def test_the_log_has_a_line_for_each_request_and_no_secret(tmp_path: Path) -> None:
    with started(tmp_path) as process:
        httpx2.get(
            f"{process.address}{CREDIT}?key=in-a-query",
            headers={"Authorization": "Bearer lt_secret", "X-Request-ID": "mine-1"},
            trust_env=False,
        )
        httpx2.get(f"{process.address}/m/{'ab' * 16}_0_0.mp4", trust_env=False)
        process.popen.send_signal(signal.SIGTERM)
        process.popen.wait(20)
        lines = {line["path"]: line for line in process.lines() if "path" in line}
    line = lines[CREDIT]
    assert (line["event"], line["status"], line["code"]) == ("request", 401, 401)
    assert (line["request_id"], line["process"]) == ("mine-1", "api")
    text = json.dumps(lines)
    assert "lt_secret" not in text
    assert "in-a-query" not in text
    assert "ab" * 16 not in text


def test_it_stops_when_it_is_told_to(tmp_path: Path) -> None:
    with started(tmp_path) as process:
        process.popen.send_signal(signal.SIGTERM)
        assert process.popen.wait(20) == -signal.SIGTERM


def test_a_port_that_is_taken_is_said(api: Process, tmp_path: Path) -> None:
    prepare(Settings(data=tmp_path))
    port = str(api.said["port"])
    said = subprocess.run(
        [sys.executable, "-P", "-m", "longtake.api"],
        env=ENVIRONMENT | {"LONGTAKE_DATA": str(tmp_path), "LONGTAKE_PORT": port},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert said.returncode == 8
    assert "LONGTAKE_PORT" in said.stderr
    assert "Traceback" not in said.stderr


# ── bad clients ──


@pytest.mark.parametrize(
    "head",
    [
        b"HELLO\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",  # no Host
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n\r\n",  # TLS
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: odd\r\n\r\n",
    ],
)
def test_what_is_no_http_is_answered_in_an_envelope(api: Process, head: bytes) -> None:
    with api.connect() as connection:
        connection.sendall(head)
        answer = _everything(connection)
    status, _, body = _parted(answer)
    assert b" 400 " in status or b" 200 " in status
    assert _JSON in answer
    assert json.loads(body)["code"] in {400, 404}


def test_a_head_within_the_bounds_is_taken(api: Process) -> None:
    with api.connect() as connection:
        connection.sendall(
            b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nX: "
            + b"x" * 16_000
            + b"\r\n\r\n"
        )
        assert b" 200 " in _parted(_everything(connection))[0]


def test_a_body_over_the_limit_is_refused_though_it_is_all_sent(api: Process) -> None:
    """The client reads its answer, whether it sends on or not; the connection lives."""
    with api.connect() as connection:
        connection.sendall(
            b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n"
            % (EXTEND.encode(), 9_000_000)
        )
        connection.sendall(b"x" * 9_000_000)
        answer = connection.recv(65_536)
        assert b'"code":401' in answer
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert b" 200 " in connection.recv(65_536)


@pytest.mark.slow
def test_slow_clients_hold_no_worker(tmp_path: Path) -> None:
    """More slow bodies than the thread pool has threads, and others go on as before."""
    with started(tmp_path) as process:
        store = Store(Settings(data=tmp_path / "data"))
        key = _key(store)
        silent = [process.connect() for _ in _HALF_HEADS]
        for connection, head in zip(silent, _HALF_HEADS, strict=True):
            connection.sendall(head)
        slow = [process.connect() for _ in range(100)]
        for connection in slow:
            connection.sendall(
                b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"
                b"Content-Length: 1000\r\n\r\n{" % (EXTEND.encode(), key.encode())
            )
        time.sleep(0.5)
        began_s = clock.monotonic_s()
        answer = httpx2.get(
            f"{process.address}{CREDIT}",
            headers={"Authorization": f"Bearer {key}"},
            trust_env=False,
        )
        assert answer.json()["code"] == 200
        assert clock.monotonic_s() - began_s < 2
        # Then they are told, and hung up on.
        answers = [_everything(connection) for connection in slow]
        assert clock.monotonic_s() - began_s < 40
        late = [text for text in answers if b"too slowly" in text]
        assert len(late) + sum(b'"code":429' in text for text in answers) == 100
        assert late
        assert all(b'"code":400' in text for text in late)
        # A head that does not come is not waited for either.
        assert [_hung_up(connection) for connection in silent] == [True, True, True]
        assert clock.monotonic_s() - began_s < 40
        for connection in (*slow, *silent):
            connection.close()
        store.close()


def _key(store: Store) -> str:
    with store.database.transaction() as connection:
        account = keys.open_account(connection, "slow")
        return keys.create(connection, account.id, secret=store.secret)[0]


def _hung_up(connection: socket.socket) -> bool:
    try:
        return connection.recv(1000) == b""
    except ConnectionResetError:
        return True


def _everything(connection: socket.socket) -> bytes:
    """What comes until the other side hangs up or has answered whole."""
    found = b""
    while piece := connection.recv(65_536):
        found += piece
        _, head, body = _parted(found)
        length = re.search(rb"content-length: (\d+)", head)
        if length and len(body) >= int(length[1]):
            break
    return found


def _parted(answer: bytes) -> tuple[bytes, bytes, bytes]:
    """Status line, head and body."""
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.split(b"\r\n")[0], head, body
