"""An engine that misbehaves ends its own task; two workers share the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from longtake import clock
from tests.conftest import Made
from tests.faults.server import moments, whole
from tests.faults.server.conftest import Install
from tests.running import Caller, Server, running, until

SILENCE_S = 5
MEMORY_BYTES = 700_000_000
BAD = {
    "segfaults": "SIGSEGV",
    "leaves": "exit code 3",
    "raises": "a bug in the engine",
    "hangs": f"said nothing for {SILENCE_S} s",
    "hungry": f"more than {MEMORY_BYTES:,} bytes",
    "short": "11 of 12 frames",
}
FATAL_ATTEMPTS = 4  # the first, and three recoveries
DEADLINE_S = 12  # enough for a task that hurries, also on a machine that is busy
DEATHS_S = 240  # its only slot is started anew after each, on a machine that is busy

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(
    installed: Install, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """One slot, impatient and tight."""
    with running(
        tmp_path_factory.mktemp("server"),
        python_path=installed(*BAD, "slow", "steady"),
        slots=1,
        engine_silence_s=SILENCE_S,
        engine_memory_bytes=MEMORY_BYTES,
    ) as server:
        yield server


@pytest.mark.parametrize("engine", BAD)
def test_a_bad_engine_ends_its_own_task(
    server: Server, tiny: Path, engine: str
) -> None:
    """With a reason, at no charge, and the next task never hears of it."""
    caller = server.caller(engine)
    source = caller.import_clip(tiny)
    slots = server.of_kind("slot")
    failed = caller.extend(source, engine=engine, seconds="1/2")
    fine = caller.extend(source, engine="steady")
    record = caller.settled(failed)
    assert record["successFlag"] == 3
    assert record["errorCode"] == "VIDEO_EXTEND_FAILED"
    assert BAD[engine] in record["errorMessage"]
    assert caller.settled(fine)["successFlag"] == 1
    assert server.of_kind("slot") == slots, "its worker lives on"
    assert caller.data("GET", "/api/v1/chat/credit") == whole.BEGAN_WITH - whole.PRICE


def test_a_task_that_takes_too_long_fails(
    installed: Install, tiny: Path, tmp_path: Path
) -> None:
    with running(
        tmp_path, python_path=installed("slow"), slots=1, task_deadline_s=DEADLINE_S
    ) as server:
        caller = server.caller("ann")
        source = caller.import_clip(tiny)
        began = clock.monotonic_s()
        record = caller.settled(caller.extend(source, engine="slow", seconds=20))
        assert clock.monotonic_s() - began < DEADLINE_S + 11
        assert record["successFlag"] == 3
        assert f"{DEADLINE_S} s" in record["errorMessage"]
        until(
            lambda: not _working(server, "slow"),
            what="the end of its engine",
            timeout_s=5,
        )
        assert caller.settled(caller.extend(source))["successFlag"] == 1


def test_canceling_stops_the_engine_within_a_second(server: Server, tiny: Path) -> None:
    """Also one that would never come to its next frame; an idle one may stay warm."""
    caller = server.caller("canceling")
    task = caller.extend(caller.import_clip(tiny), engine="hangs")
    until(lambda: _stage(caller, task) == "frames", what="its first frame")
    began = clock.monotonic_s()
    caller.data("POST", f"/api/v1/tasks/{task}/cancel")
    until(
        lambda: not _working(server, "hangs"),
        what="the end of its engine",
        every_s=0.02,
    )
    assert clock.monotonic_s() - began < 1
    record = caller.record(task)
    assert (record["successFlag"], record["errorCode"]) == (3, "TASK_CANCELED")
    assert caller.data("GET", "/api/v1/chat/credit") == whole.BEGAN_WITH


def test_a_poisonous_task_fails_for_good_and_blocks_nobody(
    installed: Install, database_url: str, tiny: Path, tmp_path: Path
) -> None:
    """It takes its worker along each time, and not one worker more than allowed."""
    with running(
        tmp_path,
        python_path=installed("kills-worker"),
        database_url=database_url,
        engine="persistence",
        slots=1,
    ) as server:
        poisoner, other = server.caller("poisoner"), server.caller("other")
        sources = {c: c.import_clip(tiny) for c in (poisoner, other)}
        poison = poisoner.extend(sources[poisoner], engine="kills-worker")
        fine = [other.extend(sources[other]) for _ in range(4)]
        ended = [other.settled(task, timeout_s=DEATHS_S) for task in fine]
        assert all(record["successFlag"] == 1 for record in ended)
        record = poisoner.settled(poison, timeout_s=DEATHS_S)
        assert record["successFlag"] == 3
        assert _workflow(server, poison)[1] <= FATAL_ATTEMPTS + 1
        assert poisoner.data("GET", "/api/v1/chat/credit") == whole.BEGAN_WITH
        whole.assert_no_orphans(server)
        whole.assert_in_order(server)


def test_leaving_is_no_fault_of_a_task(
    installed: Install, database_url: str, tiny: Path, tmp_path: Path
) -> None:
    """It is handed back more often than it may kill its worker, and then made."""
    with Server(
        tmp_path,
        python_path=installed("slow"),
        database_url=database_url,
        engine="slow",
        slots=1,
        stop_grace_s=0,
    ) as server:
        process = server.serve()
        caller = server.caller("ann")
        task = caller.extend(caller.import_clip(tiny), engine="slow", seconds=2)
        for _ in range(FATAL_ATTEMPTS + 1):
            until(lambda: moments.claims(server).get(task), what="its next beginning")
            assert server.stop(process) == 0
            assert _workflow(server, task)[0] == "ENQUEUED"
            process = server.serve()
        assert caller.settled(task)["successFlag"] == 1
        until(lambda: _workflow(server, task) == ("SUCCESS", 1), what="its last word")
        assert server.stop(process) == 0
        whole.assert_in_order(server)


def test_two_workers_share_and_never_do_the_same(
    database_url: str, made: Made, tiny: Path, tmp_path: Path
) -> None:
    """`serve --no-worker` beside two workers: one order of tasks, each done once."""
    with running(tmp_path, "--no-worker", database_url=database_url) as server:
        began_ms = clock.now_ms()
        workers = [server.start("worker", "--slots", "1") for _ in range(2)]
        until(
            lambda: len(_executors(server, began_ms)) == 2,
            what=lambda: f"two workers: {server.said()}",
            timeout_s=60,
        )
        callers = [server.caller(name) for name in ("ann", "bob", "cem")]
        tasks: list[tuple[Caller, str]] = []
        for caller in callers:
            source = caller.import_clip(tiny)
            tasks += [(caller, caller.extend(source)) for _ in range(3)]
        assert all(caller.settled(task)["successFlag"] == 1 for caller, task in tasks)
        table = moments.durable(server, "workflow_status")
        done = server.rows(
            f"SELECT executor_id, recovery_attempts FROM {table} "  # noqa: S608
            "WHERE name = 'make'"
        )
        assert len(done) == len(tasks)
        assert {attempts for _, attempts in done} == {1}, "none was begun twice"
        shares = Counter(executor for executor, _ in done)
        assert len(shares) == 2, f"one did nothing: {shares}"
        whole.assert_charged_once(server, callers)
        assert [server.stop(worker) for worker in workers] == [0, 0]


def _workflow(server: Server, task: str) -> tuple[str, int]:
    """The state of a task's workflow, and how often it was begun since a hand-back."""
    [(status, attempts)] = server.rows(
        "SELECT status, recovery_attempts FROM "  # noqa: S608 - our own words
        + moments.durable(server, "workflow_status")
        + " WHERE workflow_uuid = :id",
        id=task,
    )
    return str(status), int(attempts)


def test_a_tier_counts_over_all_engines_and_workers(
    installed: Install, database_url: str, tiny: Path, tmp_path: Path
) -> None:
    """One at a time, though two slots could make two, and nobody else is kept waiting."""
    with running(
        tmp_path,
        python_path=installed("slow", "steady"),
        database_url=database_url,
        engine="steady",
        slots=2,
        tiers={"standard": 1},
    ) as server:
        ann, bob = server.caller("ann"), server.caller("bob")
        sources = {caller: caller.import_clip(tiny) for caller in (ann, bob)}
        hers = [
            ann.extend(sources[ann], engine=name) for name in ("slow", "steady") * 3
        ]
        his = bob.settled(bob.extend(sources[bob], engine="steady"))
        told = [ann.settled(task) for task in hers]
        assert {one["successFlag"] for one in (*told, his)} == {1}
        for one, following in pairwise(told):
            assert one["completeTime"] <= following["startTime"]
        assert his["completeTime"] < told[-1]["startTime"]
        whole.assert_in_order(server)


def _stage(caller: Caller, task: str) -> str:
    """What is being done for it now."""
    progress = caller.record(task)["progress"]
    return str(progress["stage"]) if progress else ""


def _working(server: Server, engine: str) -> list[int]:
    """The processes of this engine."""
    found = {pid: Path(f"/proc/{pid}/cmdline") for pid in server.of_kind("engine")}
    return [pid for pid, words in found.items() if f"\0{engine}\0" in words.read_text()]


def _executors(server: Server, since_ms: int) -> list[object]:
    return server.rows(
        "SELECT executor FROM lt_workers WHERE started_ms >= :since", since=since_ms
    )
