"""The wall clock is set while the server works: late by seconds at most, nothing lost."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from longtake import clock, keys
from tests.faults.server import moments, whole
from tests.faults.server.conftest import Install
from tests.receivers import Receiver, failing, receiving
from tests.running import EXTEND, Caller, Server, ask, until
from tests.wall_clock import WallClock

HOUR_S = 3600
DAY_S = 24 * HOUR_S
STEPS_S = (-HOUR_S, DAY_S)  # one after the other
WAIT_S = 5  # between the attempts at a callback
BOUND_S = 60  # from a step until all is made and told, on a busy machine
SUBMIT_RATE = 12  # in ten seconds

pytestmark = pytest.mark.slow


@pytest.fixture
def wall_clock(tmp_path: Path) -> WallClock:
    """The machine's time, until a test steps it."""
    folder = tmp_path / "clock"
    folder.mkdir()
    return WallClock(folder)


def test_only_the_wall_clock_is_stepped(wall_clock: WallClock) -> None:
    """What the other test stands on: no wait of Python's looks at the wall clock."""
    waits = """
import queue, threading, time
began, wall = time.monotonic(), time.time()
print("waits", flush=True)
threading.Event().wait(0.5)
lock = threading.Lock()
lock.acquire()
lock.acquire(timeout=0.5)
try:
    queue.Queue().get(timeout=0.5)
except queue.Empty:
    time.sleep(0.5)
print(time.monotonic() - began, time.time() - wall)
"""
    with subprocess.Popen(
        [sys.executable, "-c", waits],
        env=wall_clock.environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "waits\n"
        wall_clock.step(-HOUR_S)
        monotonic_s, wall_s = map(float, process.stdout.read().split())
    assert 2 <= monotonic_s < 10
    assert wall_s == pytest.approx(monotonic_s - HOUR_S, abs=1)


def test_a_stepped_clock_makes_nothing_late(
    installed: Install,
    database_url: str,
    tiny: Path,
    tmp_path: Path,
    wall_clock: WallClock,
) -> None:
    """Set back by an hour, then on by a day, each time with work in every state."""
    with (
        receiving() as receiver,
        Server(
            tmp_path / "server",
            python_path=installed("slow"),
            engine="slow",
            database_url=database_url,
            slots=1,
            submit_rate=SUBMIT_RATE,
            allowed_hosts=[receiver.host],
            callback_waits_s=[WAIT_S] * 9,
        ) as server,
    ):
        server.environment |= wall_clock.environment
        process = server.serve()
        slots = server.of_kind("slot")
        stepping = _Stepping(server, receiver, wall_clock, tiny)
        for step_s in STEPS_S:
            stepping.strike(step_s)
        assert server.of_kind("slot") == slots, "its lock is its own"
        whole.assert_nothing_lost(server, stepping.accepted)
        whole.assert_charged_once(server, [stepping.caller])
        whole.assert_called_back(
            receiver.received, stepping.accepted, {stepping.caller: stepping.secret}
        )
        whole.assert_in_order(server)
        assert server.stop(process) == 0
        whole.assert_no_orphans(server)


@dataclass(slots=True)
class _Stepping:
    """A caller with work in every state, and the clock that is set meanwhile."""

    server: Server
    receiver: Receiver
    wall_clock: WallClock
    clip: Path
    accepted: dict[str, Caller] = field(default_factory=dict)  # by task id
    caller: Caller = field(init=False)
    hasty: Caller = field(init=False)  # sends more than it may, all of it nonsense
    secret: str = field(init=False)
    source: str = field(init=False)

    def __post_init__(self) -> None:
        self.caller, self.hasty = map(self.server.caller, ("ann", "hasty"))
        self.source = self.caller.import_clip(self.clip)
        with self.server.store.database.transaction() as connection:
            self.secret = keys.add_secret(connection, self.caller.account_id)

    def strike(self, step_s: int) -> None:
        """Step the clock while a task waits, one runs and one is to be told again."""
        self.receiver.behave = failing(1)
        told = self._submit()
        until(lambda: self._again(told), what="a second attempt that is due")
        running = self._submit(seconds=1)
        waiting = self._submit(key=f"{step_s}")
        until(lambda: moments.claims(self.server).get(running), what="its start")
        until(lambda: self._rated() == 429, what="the end of patience", every_s=0)

        self.wall_clock.step(step_s)
        began_s = clock.monotonic_s()
        assert self._rated() == 429, "a rate does not look at the wall clock"
        if step_s < DAY_S:  # by then a key is forgotten
            assert self._submit(key=f"{step_s}") == waiting
        new = self._submit()
        created_ms = int(self.caller.record(new)["createTime"])
        ahead_ms = created_ms - clock.now_ms() - 1000 * self.wall_clock.ahead_s
        assert abs(ahead_ms) < 2000, "the server goes by the clock that was set"
        until(lambda: not self._open(), what=self._told, timeout_s=BOUND_S)
        assert clock.monotonic_s() - began_s < BOUND_S
        until(lambda: self._rated() != 429, what="patience again", every_s=1)

    def _submit(self, *, key: str | None = None, **fields: object) -> str:
        headers = {"Idempotency-Key": key} if key else {}
        url = self.receiver.url()
        body = ask(self.source, engine="slow", callBackUrl=url, **fields)
        data = self.caller.data("POST", EXTEND, json=body, headers=headers)
        self.accepted[str(data["taskId"])] = self.caller
        return str(data["taskId"])

    def _rated(self) -> int:
        """The code of an answer to nonsense: about the rate, or about the nonsense."""
        return int(self.hasty.call("POST", EXTEND, json={}).json()["code"])

    def _again(self, task: str) -> list[object]:
        return self.server.rows(
            "SELECT id FROM lt_deliveries "
            "WHERE record_id = :task AND n_attempts = 1 AND next_ms IS NOT NULL",
            task=task,
        )

    def _open(self) -> list[object]:
        return self.server.rows(
            "SELECT id FROM lt_records WHERE success_flag = 0 UNION ALL "
            "SELECT id FROM lt_deliveries WHERE state = 'owed'"
        )

    def _told(self) -> str:
        rows = self.server.rows("SELECT * FROM lt_deliveries WHERE state = 'owed'")
        return f"the end of {self._open()}, owed {rows}: {self.server.said()}"
