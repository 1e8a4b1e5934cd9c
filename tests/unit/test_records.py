"""Records: their one life, how they are found, and how the wire shows them."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select, text

from longtake import clock, records
from longtake.errors import FieldInvalid, NotFound, RecordNotReady
from longtake.records import Progress, Record, Work
from longtake.records.view import text as json_text
from longtake.store import tables
from longtake.store.database import Database
from tests.books import opened

BASE = "http://host:1"
WORK = Work(
    kind="extend",
    engine="motion",
    source_clip_id="c" * 32,
    seconds=Fraction(7, 2),
    from_=Fraction(1, 3),
)
LATER_MS = 10**9


@dataclass(frozen=True)
class Video:
    """What a view needs of a clip."""

    index: int
    media_name: str


def submitted(connection: Connection, account_id: str, **more: Any) -> Record:
    usual: dict[str, Any] = {"task_type": "t", "params": {}, "work": WORK}
    return records.add(connection, account_id=account_id, **usual | more)


def made(connection: Connection, account_id: str, **more: Any) -> Record:
    record = submitted(connection, account_id, **more)
    assert records.succeed(connection, record.id, expires_ms=clock.now_ms() + LATER_MS)
    return records.by_id(connection, record.id)


# -- one life ------------------------------------------------------------------------


def test_a_record_waits_runs_and_succeeds_once(database: Database) -> None:
    account_id = opened(database)
    with database.transaction() as connection:
        record = submitted(connection, account_id)
        assert (record.state, record.success_flag, record.task_id) == (
            "waiting",
            0,
            record.id,
        )
        assert records.begin(connection, record.id) == WORK
        first = records.by_id(connection, record.id)
        assert first.state == "running"
        assert records.begin(connection, record.id) == WORK  # its worker has died
        assert records.by_id(connection, record.id).started_ms == first.started_ms
        assert records.succeed(connection, record.id, expires_ms=5)
        assert not records.succeed(connection, record.id, expires_ms=6)
        assert not records.fail(connection, record.id, code="X", message="", flag=3)
        assert records.begin(connection, record.id) is None
        end = records.by_id(connection, record.id)
    assert (end.state, end.success_flag, end.expires_ms) == ("success", 1, 5)
    assert end.completed_ms is not None


def test_a_failure_keeps_its_reason(database: Database) -> None:
    account_id = opened(database)
    with database.transaction() as connection:
        record = submitted(connection, account_id)
        assert records.fail(connection, record.id, code="X", message="No.", flag=2)
        assert not records.succeed(connection, record.id, expires_ms=5)
        end = records.by_id(connection, record.id)
    assert (end.state, end.success_flag) == ("fail", 2)
    assert (end.error_code, end.error_message) == ("X", "No.")


def test_who_settles_at_once_settles_once(database: Database) -> None:
    account_id = opened(database)
    with database.transaction() as connection:
        record = submitted(connection, account_id)

    def settle(number: int) -> bool:
        with database.transaction() as connection:
            if number % 2:
                return records.succeed(connection, record.id, expires_ms=5)
            return records.fail(connection, record.id, code="X", message="", flag=3)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(settle, range(8))) == 1


def test_progress_is_of_running_records_only(database: Database) -> None:
    account_id = opened(database)
    told = Progress(stage="draw", done=1, total=9, picture=b"jpeg")
    with database.transaction() as connection:
        record = submitted(connection, account_id)
        assert not records.tell(connection, record.id, told)
        records.begin(connection, record.id)
        assert records.tell(connection, record.id, told)
        assert records.tell(
            connection, record.id, Progress(stage="draw", done=2, total=9)
        )
        latest = records.progress(connection, record.id)
        assert latest == Progress(stage="draw", done=2, total=9, picture=b"jpeg")
        records.fail(connection, record.id, code="X", message="", flag=3)
        assert records.progress(connection, record.id) is None
        assert not records.tell(connection, record.id, told)


@given(seconds=st.fractions(Fraction(1, 2), 20), start=st.none() | st.fractions(0, 9))
def test_work_comes_back_as_it_was(seconds: Fraction, start: Fraction | None) -> None:
    work = Work(kind="extend", engine="e", seconds=seconds, from_=start)
    kept = json.loads(json.dumps(work.model_dump(mode="json", exclude_none=True)))
    assert Work.model_validate(kept) == work


def test_places_go_to_the_lowest_priority_then_to_the_oldest(
    database: Database,
) -> None:
    account_id, other_id = opened(database), opened(database, "bob")
    with database.transaction() as connection:
        late, first, second, third = (
            submitted(connection, account_id, priority=priority, created_ms=number)
            for number, priority in enumerate((200, 100, 100, 1))
        )
        other = submitted(connection, other_id)

        def given(n_places: int) -> list[str]:
            found = records.line_up(connection, account_id, n_places)
            assert all(one.enqueued_ms for one in found)
            return [one.id for one in found]

        assert given(2) == [third.id, first.id]
        assert given(2) == given(1) == []
        assert [one.id for one in records.enqueued(connection)] == sorted(
            (first.id, third.id)
        )
        lines = {one.account_id: one.n_enqueued for one in records.lines(connection)}
        assert lines == {account_id: 2, other_id: 0}
        records.begin(connection, first.id)
        waiting = (records.by_id(connection, one.id) for one in (third, second, late))
        assert [records.ahead(connection, one) for one in waiting] == [0, 2, 3]
        records.fail(connection, third.id, code="X", message="", flag=3)
        records.fail(connection, first.id, code="X", message="", flag=3)
        assert given(3) == [second.id, late.id]
        both = (records.by_id(connection, one.id) for one in (second, late))
        assert [records.ahead(connection, one) for one in both] == [0, 1]
        assert [one.account_id for one in records.lines(connection)] == [
            other.account_id
        ]
        assert records.counts(connection) == {"waiting": 3, "running": 0}


# -- found ---------------------------------------------------------------------------


def test_another_accounts_record_does_not_exist(database: Database) -> None:
    account_id, other_id = opened(database), opened(database, "bob")
    with database.transaction() as connection:
        record = submitted(connection, account_id)
        assert records.find(connection, account_id, record.task_id) == record
        for owner, task_id in ((other_id, record.task_id), (account_id, "no")):
            with pytest.raises(NotFound, match="Record does not exist"):
                records.find(connection, owner, task_id)


def test_an_old_id_is_adopted_once_by_each_account(database: Database) -> None:
    adopted = {"work": None, "origin": "adopted", "task_id": "old-1"}
    account_id, other_id = opened(database), opened(database, "bob")
    with database.transaction() as connection:
        record = submitted(connection, account_id, **adopted)
        assert (record.state, record.success_flag) == ("success", 1)
        submitted(connection, other_id, **adopted)
        with pytest.raises(FieldInvalid, match="'old-1' already"):
            submitted(connection, account_id, **adopted)
        child = submitted(connection, account_id, parent_id=record.id, parent_index=0)
        assert child.parent_task_id == "old-1"
        records.delete(connection, account_id, "old-1")
        with pytest.raises(NotFound):
            records.find(connection, account_id, "old-1")
        assert records.by_id(connection, child.id).parent_task_id is None
        assert submitted(connection, account_id, **adopted).task_id == "old-1"


def test_an_open_record_is_not_deleted(database: Database) -> None:
    account_id = opened(database)
    with database.transaction() as connection:
        record = submitted(connection, account_id)
        with pytest.raises(RecordNotReady, match="cancel"):
            records.delete(connection, account_id, record.task_id)


def test_pages_show_every_record_once_newest_first(database: Database) -> None:
    """Many of one millisecond too."""
    account_id = opened(database)
    opened(database, "bob")
    with database.transaction() as connection:
        added = [
            submitted(connection, account_id, created_ms=1000 + number // 4).id
            for number in range(11)
        ]
        seen: list[Record] = []
        before = None
        while page := records.listed(connection, account_id, before=before, limit=3):
            seen += page
            before = (page[-1].created_ms, page[-1].id)
    assert sorted(one.id for one in seen) == sorted(added)
    assert seen == sorted(seen, key=lambda one: (one.created_ms, one.id), reverse=True)


def test_search_looks_into_prompt_and_id_and_takes_signs_as_they_are(
    database: Database,
) -> None:
    account_id = opened(database)
    with database.transaction() as connection:
        waves = made(connection, account_id, prompt="Waves, 100% slow_motion")
        other = submitted(connection, account_id, prompt="A forest")

        def found(query: str, **more: Any) -> list[str]:
            page = records.listed(connection, account_id, query=query, **more)
            return [one.id for one in page]

        assert found("wAVES") == found("100%") == found("w_m") == [waves.id]
        assert found("_") == [waves.id]
        assert found("a%t") == []
        assert found(other.id[:20]) == [other.id]
        assert found("", states=("success",)) == [waves.id]


def test_a_lineage_goes_up_to_the_root_and_down_to_all(database: Database) -> None:
    account_id = opened(database)
    with database.transaction() as connection:
        chain = [made(connection, account_id, created_ms=1)]
        for at_ms in range(2, 6):
            more = {"parent_id": chain[-1].id, "parent_index": 0, "created_ms": at_ms}
            chain.append(made(connection, account_id, **more))
        sibling = made(
            connection, account_id, parent_id=chain[1].id, parent_index=1, created_ms=9
        )
        ids = [one.id for one in chain]

        def family(of: Record) -> list[str]:
            found = records.lineage(connection, account_id, of.task_id)
            return [one.id for one in found]

        assert family(chain[2]) == ids
        assert family(chain[0]) == [*ids, sibling.id]
        assert family(sibling) == [*ids[:2], sibling.id]
        records.delete(connection, account_id, chain[1].task_id)
        assert family(chain[2]) == [ids[0], *ids[2:]]


def test_what_is_forgotten_leaves_no_loose_ends(database: Database) -> None:
    account_id = opened(database)
    with database.transaction() as connection:
        old, waiting = made(connection, account_id), submitted(connection, account_id)
        child = submitted(connection, account_id, parent_id=old.id, parent_index=0)
        due = records.outdated(connection, clock.now_ms() + 1, 10)
        assert due == (old.id,)
        records.forget(connection, due)
        assert records.by_id(connection, child.id).parent_id is None
        ids = set(connection.execute(select(tables.records.c.id)).scalars())
        assert ids == {waiting.id, child.id}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_pages_and_lines_are_found_by_an_index(database: Database) -> None:
    plans = {
        "SELECT * FROM lt_records WHERE account_id = 'a' AND deleted_ms IS NULL "
        "ORDER BY created_ms DESC, id DESC LIMIT 5": "account_id_created_ms_id",
        "SELECT id FROM lt_records WHERE account_id = 'a' AND state = 'waiting' AND "
        "enqueued_ms IS NULL ORDER BY priority, created_ms, id LIMIT 1": "records_line",
        "SELECT account_id, count(enqueued_ms) FROM lt_records WHERE state IN "
        "('waiting', 'running') GROUP BY account_id": "COVERING INDEX ix_lt_records_line",
        "SELECT * FROM lt_records WHERE account_id = 'a' AND task_id = 't'": "task_id",
    }
    with database.reading() as connection:
        for query, index in plans.items():
            plan = connection.execute(text(f"EXPLAIN QUERY PLAN {query}")).all()
            assert index in str(plan) or "autoindex_lt_records" in str(plan), plan
            assert "SCAN" not in str(plan)
            assert "ORDER BY" not in str(plan)


# -- on the wire ---------------------------------------------------------------------


def test_record_info_says_what_the_contract_says(database: Database) -> None:
    account_id = opened(database)
    params = {"taskType": "t", "index": 0, "prompt": "Größe", "waterMark": None}
    with database.transaction() as connection:
        record = submitted(connection, account_id, params=params, credits=60)
        begun = records.view(record, (), base_url=BASE)
        assert begun["completeTime"] is begun["resultInfoJson"] is None
        assert (begun["successFlag"], begun["state"]) == (0, "waiting")
        records.begin(connection, record.id)
        running = records.by_id(connection, record.id)
        told = Progress(stage="draw", done=1, total=9)
        shown = records.view(running, (), base_url=BASE, progress=told)
        assert shown["state"] == "generating"
        assert shown["progress"] == {
            "stage": "draw",
            "done": 1,
            "total": 9,
            "candidate": 0,
        }
        records.succeed(connection, record.id, expires_ms=5)
        end = records.by_id(connection, record.id)
    videos = [Video(1, "b.mp4"), Video(0, "a.mp4")]
    shown = records.view(end, videos, base_url=BASE, progress=told)
    assert list(shown)[:9] == [
        *("taskId", "taskType", "paramJson", "createTime", "completeTime"),
        *("resultInfoJson", "successFlag", "errorCode", "errorMessage"),
    ]
    assert shown["paramJson"] == '{"index":0,"prompt":"Größe","taskType":"t"}'
    urls = [f"{BASE}/m/a.mp4", f"{BASE}/m/b.mp4"]
    results = [{"resultUrl": url} for url in urls]
    assert shown["resultInfoJson"] == {"resultUrls": results}
    assert json.loads(shown["resultJson"]) == {"resultUrls": urls}
    assert (shown["state"], shown["successFlag"]) == ("success", 1)
    assert shown["errorCode"] is shown["errorMessage"] is shown["progress"] is None
    assert shown["reportUrl"].endswith(f"/{end.task_id}/report")
    assert (shown["expireTime"], shown["credits"]) == (5, 60)
    assert isinstance(shown["completeTime"], int)


def test_one_callback_serves_three_kinds_of_receivers(database: Database) -> None:
    account_id = opened(database)
    with database.transaction() as connection:
        record = made(connection, account_id, params={"b": 1, "a": 2})
    sent = records.callback_body(record, [Video(0, "a.mp4")], base_url=BASE)
    url = f"{BASE}/m/a.mp4"
    assert list(sent) == ["code", "msg", "taskId", "data"]
    assert (sent["code"], sent["taskId"]) == (200, record.task_id)
    data = sent["data"]
    assert data["resultInfoJson"]["resultUrls"][0]["resultUrl"] == url
    assert data["taskId"] == data["task_id"] == record.task_id
    assert data["resultUrls"] == [url]
    assert data["promptJson"] == data["paramJson"] == '{"a":2,"b":1}'
    assert (data["successFlag"], data["callbackType"]) == (1, "task_completed")


@pytest.mark.parametrize("flag", [2, 3])
def test_a_failure_calls_back_with_500(database: Database, flag: int) -> None:
    account_id = opened(database)
    with database.transaction() as connection:
        record = submitted(connection, account_id)
        records.fail(connection, record.id, code="X", message="It broke.", flag=flag)
        record = records.by_id(connection, record.id)
    sent = records.callback_body(record, (), base_url=BASE)
    assert (sent["code"], sent["msg"]) == (500, "It broke.")
    assert sent["data"]["resultUrls"] == []
    assert sent["data"]["resultInfoJson"] is None
    assert (sent["data"]["errorCode"], sent["data"]["successFlag"]) == ("X", flag)
    shown = records.view(record, (), base_url=BASE)
    assert (shown["state"], shown["successFlag"]) == ("fail", flag)
    assert shown["resultJson"] is shown["resultInfoJson"] is None


@given(st.dictionaries(st.text(), st.none() | st.integers() | st.text()))
def test_params_are_alphabetical_and_without_nulls(params: dict[str, Any]) -> None:
    read = json.loads(json_text(params))
    assert list(read) == sorted(read)
    assert read == {name: value for name, value in params.items() if value is not None}
