"""A server as it runs for people: real processes over a data folder, and HTTP to it."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx2
from sqlalchemy import text

from longtake import clock, keys, ledger
from longtake.settings import Settings
from longtake.store import Store, prepare
from tests.command import ENVIRONMENT
from tests.postgres import die_with_parent

T = TypeVar("T")

# All of it is plain HTTP; the authorities of a default context take 0.1 s to read.
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
READY_S = 60.0
STOP_S = 30.0
_KINDS = {
    "longtake.engines.host": "engine",
    "longtake.api": "api",
    "longtake.worker": "slot",
    "longtake": "supervisor",
}
# A test is one caller in a hurry; what limits callers has tests of its own.
_UNLIMITED = {"submit_rate": 100_000, "read_rate": 100_000}


def until(
    look: Callable[[], T | None],
    *,
    what: str | Callable[[], str],
    timeout_s: float = 30.0,
    every_s: float = 0.05,
) -> T:
    """What ``look`` answers once that is true; fails, saying ``what`` never came."""
    deadline = clock.monotonic_s() + timeout_s
    while not (found := look()):
        if clock.monotonic_s() > deadline:
            said = what if isinstance(what, str) else what()
            raise AssertionError(f"never came: {said}")
        time.sleep(every_s)
    return found


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """One data folder, its settings, and the processes that serve it.

    A context manager that leaves no process behind. All of them work in ``folder``: by
    that they are found, whoever started them and whoever their parent is by now.
    """

    def __init__(self, folder: Path, *, python_path: str = "", **settings: Any) -> None:
        self.folder = folder
        self.log = folder / "server.log"
        self.temporary = folder / "temporary"
        self.temporary.mkdir(parents=True)
        given: dict[str, Any] = (
            _UNLIMITED | {"data": folder / "data", "port": free_port()} | settings
        )
        self.settings = Settings(**given)
        self.environment = ENVIRONMENT | {
            "TMPDIR": str(self.temporary),
            "PYTHONPATH": os.pathsep.join(
                filter(None, (python_path, ENVIRONMENT.get("PYTHONPATH")))
            ),
            **{
                f"LONGTAKE_{name.upper()}": _text(value)
                for name, value in given.items()
            },
        }
        self.store: Store
        self._started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        prepare(self.settings)
        self.store = Store(self.settings, pool_size=4)
        return self

    def __exit__(self, *_: object) -> None:
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for process in self._started:
            process.wait()
        self.store.close()

    @property
    def address(self) -> str:
        """Where it answers: ``http://127.0.0.1:PORT``."""
        return f"http://127.0.0.1:{self.settings.port}"

    def start(self, *command: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start ``longtake COMMAND``; what it says goes to the log."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "longtake", *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=self.environment | environment,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - nothing but a system call
            )
        self._started.append(process)
        return process

    def serve(self, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start ``longtake serve`` and wait until it answers and a worker has reported."""
        began_ms = clock.now_ms()
        process = self.start("serve", *options, **environment)
        self.wait_ready(process)
        if "--no-worker" not in options:
            self.wait_for_worker(began_ms)
        return process

    def wait_ready(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until it answers /readyz."""

        def ready() -> bool:
            assert process.poll() is None, f"it ended: {self.said()}"
            with suppress(httpx2.TransportError):
                return httpx2.get(
                    f"{self.address}/readyz", verify=PLAIN, trust_env=False
                ).is_success
            return False

        until(
            ready,
            what=lambda: f"an answer of the server: {self.said()}",
            timeout_s=READY_S,
        )

    def wait_for_worker(self, since_ms: int = 0) -> None:
        """Wait until a worker that started after ``since_ms`` has said what it can do."""

        def reported() -> bool:
            found = self.rows(
                "SELECT 1 FROM lt_workers WHERE started_ms >= :since", since=since_ms
            )
            return bool(found)

        until(reported, what=lambda: f"a worker: {self.said()}", timeout_s=READY_S)

    def stop(self, process: subprocess.Popen[bytes]) -> int:
        """Ask it to stop, as an operator would; its exit status."""
        process.terminate()
        try:
            return process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it does not stop: {self.said()}") from None

    def said(self) -> str:
        """The end of what its processes printed."""
        return self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""

    def processes(self) -> dict[int, str]:
        """Every living process that works in the folder, by its kind."""
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                if (entry / "cwd").readlink() != self.folder:
                    continue
                words = (entry / "cmdline").read_bytes().decode().split("\0")
            except OSError:  # it has ended meanwhile, or is another user's
                continue
            found[int(entry.name)] = _kind(words)
        return found

    def of_kind(self, kind: str) -> list[int]:
        """The living processes of one kind: supervisor, api, slot, engine, other."""
        return sorted(pid for pid, its in self.processes().items() if its == kind)

    def rows(self, statement: str, **values: Any) -> list[Any]:
        """What the database answers, right now."""
        with self.store.database.reading() as connection:
            return list(connection.execute(text(statement), values))

    def caller(
        self, name: str, *, credits: int | None = None, tier: str = "standard"
    ) -> Caller:
        """A new account ``name`` and a caller with its key; no ``credits``: unlimited."""
        with self.store.database.transaction() as connection:
            account = keys.open_account(connection, name, tier=tier)
            ledger.grant(connection, account.id, 10**9 if credits is None else credits)
            shown, _ = keys.create(connection, account.id, secret=self.store.secret)
        return Caller(self.address, shown, account.id)


@dataclass(frozen=True, slots=True)
class Caller:
    """A program with a key. Each call is one request on a connection of its own."""

    address: str
    key: str
    account_id: str

    def call(self, method: str, path: str, **arguments: Any) -> httpx2.Response:
        """One request. Raises httpx2.TransportError where nobody answers."""
        headers = {
            "Authorization": f"Bearer {self.key}",
            **arguments.pop("headers", {}),
        }
        with httpx2.Client(
            verify=PLAIN, trust_env=False, timeout=arguments.pop("timeout_s", 30)
        ) as client:
            return client.request(
                method, self.address + path, headers=headers, **arguments
            )

    def data(self, method: str, path: str, **arguments: Any) -> Any:
        """The ``data`` of an answer whose ``code`` is 200."""
        envelope = self.call(method, path, **arguments).json()
        assert envelope["code"] == 200, envelope
        return envelope["data"]

    def import_clip(self, clip: Path) -> str:
        """Import a file; its task id."""
        with clip.open("rb") as file:
            data = self.data("POST", "/api/v1/clips", files={"file": (clip.name, file)})
        return str(data["taskId"])

    def extend(self, source: str, **fields: Any) -> str:
        """Ask for an extension of the first video of ``source``; its task id."""
        return str(self.data("POST", EXTEND, json=ask(source, **fields))["taskId"])

    def record(self, task_id: str) -> dict[str, Any]:
        """The record as record-info tells it."""
        data = self.data("GET", "/api/v1/mj/record-info", params={"taskId": task_id})
        assert isinstance(data, dict)
        return data

    def settled(self, task_id: str, *, timeout_s: float = 60.0) -> dict[str, Any]:
        """The record once it has succeeded or failed."""

        def look() -> dict[str, Any] | None:
            record = self.record(task_id)
            return record if record["successFlag"] else None

        return until(
            look, what=f"the end of {task_id}", timeout_s=timeout_s, every_s=0.2
        )


EXTEND = "/api/v1/mj/generateVideoExtend"


def ask(source: str, **fields: Any) -> dict[str, Any]:
    """The body of an extend request; ``fields`` go first."""
    return {
        "taskId": source,
        "taskType": "mj_video_extend_auto",
        "index": 0,
        "engine": "persistence",
        "seconds": "1/2",
        **fields,
    }


@contextmanager
def running(
    folder: Path, *options: str, python_path: str = "", **settings: Any
) -> Iterator[Server]:
    """``longtake serve`` with ``settings`` for the length of a block."""
    with Server(folder, python_path=python_path, **settings) as server:
        process = server.serve(*options)
        try:
            yield server
        finally:
            if process.poll() is None:
                server.stop(process)


def _kind(words: list[str]) -> str:
    """What a process is, by the module that it runs, on the supervisor's leash or not."""
    modules = [word for word in words if word in _KINDS]
    return _KINDS[modules[0]] if modules else "other"


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str | int | Path) else json.dumps(value)
