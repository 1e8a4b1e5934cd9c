"""What the server costs beside the bare durable library that it stands on."""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks import results
from benchmarks.bare import Bare, now_ns
from longtake import clock, keys
from longtake.records import Work
from longtake.store import Store
from longtake.tasks import Tasks
from longtake.tasks.queue import POLL_S
from tests import clips, postgres
from tests.receivers import Received, Receiver, Reply, receiving
from tests.running import EXTEND, Caller, Server, ask, free_port

QUESTION = (
    "What does the server cost beside the durable library that it stands on? ({clients} "
    "clients at a time, {seconds} s per round, {rounds} rounds of ours and the bare "
    "library by turns; clients, server and database share the machine. `submit` is a POST "
    "of an extension, with its hold and its record in one transaction on the disk, and its "
    "enqueue while its account has a free place, beside the library's enqueue alone; "
    "`submit in process` is the same without HTTP; `record-info` is beside the library's status of a workflow. `submit to start` "
    "is from sending a request to an idle server until its worker has begun, beside the "
    "library's enqueue until its workflow has begun, and `callback` from the end of a "
    "task to the arrival of its callback, beside the same: all queues are polled every "
    "{poll_s} s, {singles} tasks one after the other. `idle` is the processor time that all "
    "processes of a server with one slot and three queues take while nothing is asked, in "
    "per cent of one core, beside the library's executor with one queue. The ratio is ours "
    "to the library's: of the time per request, the median latency, or the processor time.)"
)
COLUMNS = (
    "database",
    "measure",
    "per_s",
    "p50_ms",
    "p99_ms",
    "bare_per_s",
    "bare_p50_ms",
    "bare_p99_ms",
    "core_percent",
    "bare_core_percent",
    "ratio",
)
_EMPTY = dict.fromkeys(COLUMNS, "")
_CLIENTS = 8
_IDLE_S = 30.0
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")

Act = Callable[[], object]  # one request, on a connection of its own
Load = tuple[list[float], float]  # seconds of each request, and of all together


def main() -> None:
    """Measure on both databases."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service")
    parser.add_argument("--seconds", type=float, default=5, help="of each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--singles", type=int, default=40, help="tasks, one by one")
    parser.add_argument("--dry", action="store_true", help="print, and write nothing")
    asked = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for name, where in (("SQLite", _on_sqlite), ("Postgres", _on_postgres)):
        for measure in (_throughput, _latency):
            with ExitStack() as stack:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                ours, bare = stack.enter_context(where())
                found = measure(folder, ours, bare, asked)
                rows += [_EMPTY | {"database": name} | row for row in found]
    question = QUESTION.format(
        clients=_CLIENTS,
        seconds=f"{asked.seconds:g}",
        rounds=asked.rounds,
        singles=asked.singles,
        poll_s=POLL_S,
    )
    if asked.dry:
        print(results.table(COLUMNS, rows))
    else:
        results.write("service", question, COLUMNS, rows)


def row(measure: str, ours: Sequence[Load], bare: Sequence[Load]) -> dict[str, Any]:
    """One line of the table: rounds of ours beside rounds of the bare library."""
    mine, its = _told(ours), _told(bare)
    return {
        "measure": measure,
        **mine,
        **{f"bare_{name}": value for name, value in its.items()},
        "ratio": its["per_s"] / mine["per_s"],
    }


def single_row(
    measure: str, ours_s: Sequence[float], bare_s: Sequence[float]
) -> dict[str, Any]:
    """The same of latencies that were measured one by one: there is no rate."""
    told = row(measure, [(list(ours_s), 1.0)], [(list(bare_s), 1.0)])
    ratio = told["p50_ms"] / told["bare_p50_ms"]
    return told | {"per_s": "", "bare_per_s": "", "ratio": ratio}


def idle_row(ours_s: float, bare_s: float, seconds: float) -> dict[str, Any]:
    """The same of processor time taken in so many ``seconds``."""
    return {
        "measure": "idle",
        "core_percent": 100 * ours_s / seconds,
        "bare_core_percent": 100 * bare_s / seconds,
        "ratio": ours_s / bare_s,
    }


def _told(rounds: Sequence[Load]) -> dict[str, float]:
    times = sorted(itertools.chain.from_iterable(taken for taken, _ in rounds))
    return {
        "per_s": len(times) / sum(seconds for _, seconds in rounds),
        "p50_ms": 1000 * statistics.median(times),
        "p99_ms": 1000 * times[round(0.99 * (len(times) - 1))],
    }


@contextmanager
def _on_sqlite() -> Iterator[tuple[str, str]]:
    """Two database URLs: for us, and for the bare library."""
    yield "", ""


@contextmanager
def _on_postgres() -> Iterator[tuple[str, str]]:
    with postgres.running(free_port(), durable=True) as server:
        yield server.url(server.create()), server.url(server.create())


def _throughput(
    folder: Path, ours: str, bare: str, asked: argparse.Namespace
) -> list[dict[str, Any]]:
    """Requests per second, with nobody to work on what is submitted."""
    clip = clips.make(folder / "clip.mp4", size=(64, 48), n_frames=12)
    (folder / "bare").mkdir()
    library = Bare(folder / "bare", bare, pool_size=_CLIENTS)
    with Server(folder / "ours", database_url=ours) as server:
        store = Store(server.settings, pool_size=_CLIENTS)
        process = server.serve("--no-worker")
        callers = [server.caller(f"client {n}") for n in range(_CLIENTS)]
        sources = {caller: caller.import_clip(clip) for caller in callers}
        _announce(server)
        turn = itertools.count()
        acts: dict[str, Callable[[], Act]] = {
            "submit": lambda: _posting(*_next(sources, turn)),
            "submit in process": lambda: _submitting(
                server, store, _next(sources, turn)[0]
            ),
            "enqueue": lambda: library.enqueue,
            "record-info": lambda: _looking(*_next(sources, turn)),
            "status": lambda: _asking(library),
        }
        rounds: dict[str, list[Load]] = {name: [] for name in acts}
        for _ in range(asked.rounds):
            for name, act in acts.items():
                rounds[name].append(_load(act, asked.seconds))
        store.close()
        server.stop(process)
    library.close()
    return [
        row("submit", rounds["submit"], rounds["enqueue"]),
        row("submit in process", rounds["submit in process"], rounds["enqueue"]),
        row("record-info", rounds["record-info"], rounds["status"]),
    ]


def _latency(
    folder: Path, ours: str, bare: str, asked: argparse.Namespace
) -> list[dict[str, Any]]:
    """How long one task waits for an idle worker, and its caller for the callback."""
    clip = clips.make(folder / "clip.mp4", size=(64, 48), n_frames=12)
    (folder / "bare").mkdir()
    library = Bare(folder / "bare", bare, pool_size=2)
    starts: list[float] = []
    calls: list[float] = []
    began: list[float] = []
    with (
        receiving() as receiver,
        Server(
            folder / "ours", database_url=ours, allowed_hosts=[receiver.host]
        ) as server,
        _executing(folder / "bare", bare) as executor,
    ):
        process = server.serve()
        caller = server.caller("client")
        source = caller.import_clip(clip)
        arrived_ms = _arrivals(receiver)
        for number in range(asked.singles + 1):
            sent_ms = now_ns() / 1e6
            task = caller.extend(source, callBackUrl=receiver.url())
            receiver.wait_for(number + 1, timeout_s=60)
            [(started_ms, completed_ms)] = server.rows(
                "SELECT started_ms, completed_ms FROM lt_records WHERE id = :id",
                id=task,
            )
            starts.append((started_ms - sent_ms) / 1000)
            calls.append((arrived_ms[-1] - completed_ms) / 1000)
            sent_ns = now_ns()
            began.append((library.began_ns(library.enqueue()) - sent_ns) / 1e9)
        idle = _idle([*server.processes()], [executor])
        server.stop(process)
    library.close()
    # The first of each found everything cold.
    return [
        single_row("submit to start", starts[1:], began[1:]),
        single_row("callback", calls[1:], began[1:]),
        idle,
    ]


def _idle(ours: list[int], bare: list[int]) -> dict[str, Any]:
    """What these processes take while nobody asks for anything."""
    before = _taken_s(ours), _taken_s(bare)
    time.sleep(_IDLE_S)
    return idle_row(_taken_s(ours) - before[0], _taken_s(bare) - before[1], _IDLE_S)


def _taken_s(processes: list[int]) -> float:
    """The processor time that processes have taken so far."""
    stats = [Path(f"/proc/{pid}/stat").read_text() for pid in processes]
    fields = [stat.rpartition(")")[2].split() for stat in stats]
    return sum(int(each[11]) + int(each[12]) for each in fields) / _TICKS_PER_S


def _load(connect: Callable[[], Act], seconds: float) -> Load:
    """Everybody asks, again and again, for so long."""
    taken: list[float] = []
    acts = [connect() for _ in range(_CLIENTS)]
    began = clock.monotonic_s()

    def work(act: Act) -> None:
        while (sent := clock.monotonic_s()) < began + seconds:
            act()
            taken.append(clock.monotonic_s() - sent)

    threads = [threading.Thread(target=work, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken, clock.monotonic_s() - began


def _next(sources: dict[Caller, str], turn: Iterator[int]) -> tuple[Caller, str]:
    return list(sources.items())[next(turn) % len(sources)]


def _posting(caller: Caller, source: str) -> Act:
    body = json.dumps(ask(source)).encode()
    send = _connected(caller)
    return lambda: send("POST", EXTEND, body)


def _looking(caller: Caller, task: str) -> Act:
    send = _connected(caller)
    return lambda: send("GET", f"/api/v1/mj/record-info?taskId={task}", None)


def _connected(caller: Caller) -> Callable[[str, str, bytes | None], None]:
    connection = http.client.HTTPConnection(caller.address.removeprefix("http://"))
    headers = {
        "Authorization": f"Bearer {caller.key}",
        "Content-Type": "application/json",
    }

    def send(method: str, path: str, body: bytes | None) -> None:
        connection.request(method, path, body, headers)
        answer = connection.getresponse().read()
        assert answer.startswith(b'{"code":200'), answer

    return send


def _submitting(server: Server, store: Store, caller: Caller) -> Act:
    """What the endpoint does with a request that it has understood."""
    tasks = Tasks(store)
    with store.database.reading() as connection:
        account = keys.account(connection, caller.account_id)
    work = Work(kind="extend", engine="persistence", source_clip_id="one")
    price = server.settings.prices["extend"]
    return lambda: tasks.submit(
        account, task_type="mj_video_extend_auto", params={}, work=work, credits=price
    )


def _asking(library: Bare) -> Act:
    workflow = library.enqueue()
    return lambda: library.status(workflow)


def _announce(server: Server) -> None:
    """Have a worker declare its engines, and leave."""
    worker = server.start("worker")
    server.wait_for_worker()
    server.stop(worker)


def _arrivals(receiver: Receiver) -> list[float]:
    """When each request came, epoch milliseconds."""
    found: list[float] = []

    def note(_: Received) -> Reply:
        found.append(now_ns() / 1e6)
        return Reply()

    receiver.behave = note
    return found


@contextmanager
def _executing(folder: Path, url: str) -> Iterator[int]:
    """The bare library's executor, running; its process id."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.bare", str(folder), url],
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None, "a pipe was asked for"
        assert process.stdout.readline() == b"ready\n"
        try:
            yield process.pid
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
