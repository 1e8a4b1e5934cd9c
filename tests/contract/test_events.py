"""A record's progress as server-sent events: what comes, how often, and what it costs."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from longtake import clock, keys, records
from longtake.records import Progress, Record
from longtake.store import Store
from tests.answering import answering, process, waiting
from tests.running import PLAIN, Caller, Server, until

_JPEG = b"\xff\xd8\xff a picture"
_STREAMS = 16  # for one key


@dataclass(frozen=True)
class Event:
    """One event as it came, or a comment."""

    at_s: float
    kind: str
    id: str = ""
    data: Any = None


@contextmanager
def following(
    caller: Caller, task_id: str, **headers: str
) -> Iterator[httpx2.Response]:
    """A stream of events, open for the length of a block."""
    headers["Authorization"] = f"Bearer {caller.key}"
    url = f"{caller.address}/api/v1/records/{task_id}/events"
    with (
        httpx2.Client(verify=PLAIN, trust_env=False, timeout=30) as client,
        client.stream("GET", url, headers=headers) as answer,
    ):
        yield answer


def events(answer: httpx2.Response) -> Iterator[Event]:
    """The events of a stream as they come."""
    fields: dict[str, str] = {}
    for line in answer.iter_lines():
        name, _, value = line.partition(": ")
        if not line and fields:
            comment = fields.get("")
            yield Event(
                clock.monotonic_s(),
                "comment" if comment else fields["event"],
                fields.get("id", ""),
                comment or json.loads(fields["data"]),
            )
            fields = {}
        elif line:
            fields[name] = value


def opened(stack: ExitStack, caller: Caller, record: Record) -> Iterator[Event]:
    """A stream that has begun; who drops it hangs up."""
    come = events(stack.enter_context(following(caller, record.task_id)))
    assert next(come).kind == "progress"
    return come


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with answering(tmp_path_factory.mktemp("events") / "server") as found:
        yield found


@pytest.fixture
def caller(server: Server, request: pytest.FixtureRequest) -> Caller:
    return server.caller(request.node.name)


def open_record(store: Store, caller: Caller, **fields: Any) -> Record:
    with store.database.transaction() as connection:
        return waiting(connection, caller.account_id, **fields)


def begin(store: Store, record: Record) -> None:
    with store.database.transaction() as connection:
        records.begin(connection, record.id)


def tell(store: Store, record: Record, **progress: Any) -> None:
    with store.database.transaction() as connection:
        assert records.tell(connection, record.id, Progress(**progress))


def fail(store: Store, record: Record) -> None:
    with store.database.transaction() as connection:
        records.fail(connection, record.id, code="X", message="It failed.", flag=3)


def test_a_task_is_followed_from_the_queue_to_its_end(
    server: Server, caller: Caller
) -> None:
    first = open_record(server.store, caller)
    record = open_record(server.store, caller)
    with following(caller, record.task_id) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-cache"
        come = events(answer)
        told = next(come)
        assert (told.kind, told.data["state"]) == ("progress", "waiting")
        assert told.data["ahead"] == 1
        assert told.data["picture"] is None
        fail(server.store, first)
        assert next(come).data["ahead"] == 0
        begin(server.store, record)
        told = next(come)
        assert (told.data["state"], told.data["stage"]) == ("generating", None)
        tell(server.store, record, stage="render", done=3, total=96, picture=_JPEG)
        told = next(come)
        assert (told.data["stage"], told.data["done"]) == ("render", 3)
        assert told.data["total"] == 96
        assert told.data["picture"].startswith("data:image/jpeg;base64,/9j/")
        fail(server.store, record)
        told = next(come)
        assert told.kind == "end"
        assert told.data == caller.data("GET", f"/api/v1/records/{record.task_id}")
        assert told.data["errorMessage"] == "It failed."
        assert next(come, None) is None


def test_a_task_that_is_over_has_one_event(server: Server, caller: Caller) -> None:
    record = open_record(server.store, caller)
    fail(server.store, record)
    with following(caller, record.task_id) as answer:
        assert [told.kind for told in events(answer)] == ["end"]


def test_what_was_seen_is_not_told_again(server: Server, caller: Caller) -> None:
    record = open_record(server.store, caller)
    begin(server.store, record)
    tell(server.store, record, stage="render", done=1, total=9)
    with following(caller, record.task_id) as answer:
        seen = next(events(answer))
    with following(caller, record.task_id, **{"Last-Event-ID": seen.id}) as answer:
        tell(server.store, record, stage="render", done=2, total=9)
        assert next(events(answer)).data["done"] == 2


def test_at_most_two_events_come_in_a_second(server: Server, caller: Caller) -> None:
    record = open_record(server.store, caller)
    begin(server.store, record)
    began_s = clock.monotonic_s()
    with following(caller, record.task_id) as answer:
        times = []
        for done, told in enumerate(events(answer)):
            times.append(told.at_s)
            if told.at_s > began_s + 2.5:
                break
            tell(server.store, record, stage="render", done=done + 1, total=99)
    assert 3 <= len(times) <= 2 * (times[-1] - times[0]) + 2


def test_a_missing_record_is_refused_before_the_stream(
    server: Server, caller: Caller
) -> None:
    other = server.caller("somebody else")
    record = open_record(server.store, other)
    for task_id in ("0" * 32, record.task_id):
        with following(caller, task_id) as answer:
            answer.read()
            assert answer.json()["code"] == 422
            assert answer.json()["msg"] == "Record does not exist"


def test_a_key_has_so_many_streams_and_each_place_comes_back(
    server: Server, caller: Caller
) -> None:
    record = open_record(server.store, caller)
    with ExitStack() as stack:
        held = [opened(stack, caller, record) for _ in range(_STREAMS)]
        with following(caller, record.task_id) as answer:
            assert answer.status_code == 429
            assert int(answer.headers["retry-after"]) > 0
        assert len(held) == _STREAMS

    def free() -> bool:
        with following(caller, record.task_id) as answer:
            return answer.status_code == 200

    until(free, what="a place, after everybody has hung up")


def test_streams_hold_no_thread(server: Server) -> None:
    """More of them than the thread pool has threads, and others are answered at once."""
    with ExitStack() as stack:
        held = []
        for number in range(3):
            caller = server.caller(f"reader {number}")
            record = open_record(server.store, caller)
            held += [opened(stack, caller, record) for _ in range(_STREAMS)]
        began_s = clock.monotonic_s()
        for _ in range(10):
            caller.data("GET", "/api/v1/chat/credit")
        assert clock.monotonic_s() - began_s < 5
        assert len(held) == 3 * _STREAMS


def test_a_revoked_key_is_told_no_more(server: Server, caller: Caller) -> None:
    record = open_record(server.store, caller)
    with following(caller, record.task_id) as answer:
        come = events(answer)
        next(come)
        with server.store.database.transaction() as connection:
            (key,) = keys.listed(connection, caller.account_id)
            keys.revoke(connection, key.id)
        assert next(come, None) is None


def test_a_deleted_record_is_told_no_more(server: Server, caller: Caller) -> None:
    record = open_record(server.store, caller)
    with following(caller, record.task_id) as answer:
        come = events(answer)
        next(come)
        with server.store.database.transaction() as connection:
            records.fail(connection, record.id, code="X", message="x", flag=2)
            records.delete(connection, caller.account_id, record.task_id)
        assert next(come, None) is None


def test_a_server_that_stops_ends_its_streams(tmp_path: Path) -> None:
    with Server(tmp_path / "server") as server:
        with process(server) as started:
            caller = server.caller("reader")
            record = open_record(server.store, caller)
            with following(caller, record.task_id) as answer:
                come = events(answer)
                next(come)
                began_s = clock.monotonic_s()
                started.send_signal(signal.SIGTERM)
                assert next(come, None) is None
            started.wait(10)
        assert clock.monotonic_s() - began_s < 5


@pytest.mark.slow
def test_a_silent_stream_is_kept_open_by_comments(
    server: Server, caller: Caller
) -> None:
    record = open_record(server.store, caller)
    with following(caller, record.task_id) as answer:
        come = events(answer)
        assert next(come).kind == "progress"
        assert next(come).kind == "comment"
