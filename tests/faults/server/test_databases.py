"""The database is locked, gone for a while, or its disk is full: late, and nothing lost."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from longtake import clock
from tests import postgres
from tests.faults.server import moments, whole
from tests.faults.server.conftest import Install
from tests.running import EXTEND, Caller, Server, ask, running, until

LOCKED_S = 34  # longer than anybody waits for the lock
DISK_BYTES = 24 << 20
SPARE_BYTES = 64 << 10

pytestmark = pytest.mark.slow


def submitted(caller: Caller, source: str, **fields: Any) -> str:
    """Ask until it is taken, as a client that obeys Retry-After does."""
    key = {"Idempotency-Key": os.urandom(8).hex()}
    while True:
        answer = caller.call(
            "POST", EXTEND, json=ask(source, **fields), headers=key, timeout_s=60
        )
        if answer.status_code == 200:
            envelope = answer.json()
            assert envelope["code"] == 200, envelope
            return str(envelope["data"]["taskId"])
        assert answer.status_code == 503, answer.text
        assert answer.json()["code"] == 455
        time.sleep(float(answer.headers["Retry-After"]))


def working(server: Server, caller: Caller, source: str) -> str:
    """A task that is being made: it takes a few seconds."""
    task = caller.extend(source, engine="slow", seconds=1)
    until(lambda: moments.claims(server).get(task), what="its start")
    return task


def test_a_locked_database_is_waited_for(
    installed: Install, tiny: Path, tmp_path: Path
) -> None:
    """Another program holds SQLite's only write lock; reading goes on."""
    with running(tmp_path, python_path=installed("slow")) as server:
        caller = server.caller("ann")
        source = caller.import_clip(tiny)
        task = working(server, caller, source)
        with closing(
            sqlite3.connect(server.settings.data / "longtake.db", isolation_level=None)
        ) as other:
            other.execute("BEGIN IMMEDIATE")
            asking = threading.Thread(
                target=lambda: late.append(submitted(caller, source))
            )
            late: list[str] = []
            asking.start()
            answer = caller.call("POST", EXTEND, json=ask(source), timeout_s=60)
            assert (answer.status_code, answer.json()["code"]) == (503, 455)
            assert float(answer.headers["Retry-After"]) > 0
            assert caller.record(task)["successFlag"] == 0, "reading waits for nobody"
            other.execute("ROLLBACK")
        asking.join(60)
        assert len(late) == 1
        assert caller.settled(task)["successFlag"] == 1
        assert caller.settled(late[0])["successFlag"] == 1
        whole.assert_charged_once(server, [caller])
        whole.assert_in_order(server)


def test_postgres_stops_and_starts_while_a_task_is_made(
    installed: Install, tiny: Path, tmp_path: Path
) -> None:
    with stoppable() as pg:
        name = pg.create()
        with running(
            tmp_path, python_path=installed("slow"), database_url=pg.url(name)
        ) as server:
            caller = server.caller("ann")
            source = caller.import_clip(tiny)
            task = working(server, caller, source)
            pg.stop()
            began = clock.monotonic_s()
            answer = caller.call("POST", EXTEND, json=ask(source))
            assert (answer.status_code, answer.json()["code"]) == (503, 455)
            assert float(answer.headers["Retry-After"]) > 0
            assert clock.monotonic_s() - began < 10
            assert caller.call("GET", "/readyz").status_code == 503
            assert caller.call("GET", "/healthz").status_code == 200
            time.sleep(4)  # until the task is made and nobody can be told
            pg.start()
            late = submitted(caller, source)
            assert caller.settled(task)["successFlag"] == 1
            assert caller.settled(late)["successFlag"] == 1
            whole.assert_charged_once(server, [caller])
            whole.assert_in_order(server)


def test_a_full_disk_fails_tasks_and_loses_none(
    installed: Install, tiny: Path, tmp_path: Path
) -> None:
    with (
        disk(tmp_path / "disk") as folder,
        running(folder, python_path=installed("slow")) as server,
    ):
        caller = server.caller("ann")
        source = caller.import_clip(tiny)
        accepted = {caller.extend(source): caller}
        assert caller.settled(*accepted)["successFlag"] == 1
        accepted[working(server, caller, source)] = caller
        ballast = folder / "ballast"
        fill(ballast)
        answers = [caller.call("POST", EXTEND, json=ask(source)) for _ in range(20)]
        for answer in answers:
            envelope = answer.json()
            if envelope["code"] == 200:
                accepted[envelope["data"]["taskId"]] = caller
            else:
                assert (answer.status_code, envelope["code"]) == (503, 455), envelope
        time.sleep(3)
        ballast.unlink()
        for task in accepted:
            record = caller.settled(task)
            if record["successFlag"] != 1:
                assert "disk" in record["errorMessage"], record
        assert caller.settled(submitted(caller, source))["successFlag"] == 1
        whole.assert_charged_once(server, [caller])
        whole.assert_in_order(server)


@contextmanager
def disk(folder: Path) -> Iterator[Path]:
    """A small disk of its own."""
    folder.mkdir()
    size = f"size={DISK_BYTES}"
    mount = ["mount", "-t", "tmpfs", "-o", size, "longtake-tests", str(folder)]
    if (
        os.geteuid()
        or subprocess.run(mount, capture_output=True, check=False).returncode
    ):
        pytest.skip("a small disk can be mounted by root only")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(file: Path) -> None:
    """Take all of the disk but a little."""
    stat = os.statvfs(file.parent)
    with file.open("wb") as ballast:
        os.posix_fallocate(
            ballast.fileno(), 0, stat.f_bavail * stat.f_frsize - SPARE_BYTES
        )


@contextmanager
def stoppable() -> Iterator[postgres.Postgres]:
    """A Postgres that this test may stop."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with postgres.running(port) as found:
        yield found
