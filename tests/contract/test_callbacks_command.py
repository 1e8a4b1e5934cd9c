"""``longtake callbacks``: what an operator sees of deliveries, and owes again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from longtake import callbacks, cli, records, tasks
from longtake.callbacks import Delivery, Done, GivenUp, Outcome
from longtake.store import Store
from longtake.tasks.queue import Queue, delivery_workflow
from tests.books import opened

# The books of callbacks are tried on both databases; here it is about the words.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def queue(store: Store) -> Iterator[Queue]:
    """The queue of ``store``, ready to be enqueued to."""
    tasks.prepare(store)
    found = Queue(store.database)
    yield found
    found.close()


def _delivery(store: Store, account_id: str, outcome: Outcome | None) -> Delivery:
    """A delivery of a new record, after one attempt if there is an outcome."""
    with store.database.transaction() as connection:
        record = records.add(
            connection, account_id=account_id, task_type="imported", params={}
        )
        id = callbacks.owe(
            connection,
            record_id=record.id,
            account_id=account_id,
            url="https://hooks.example/a",
            body={"taskId": record.task_id, "code": 200},
        )
        if outcome is not None:
            begun = callbacks.begin_attempt(connection, id, 0, 1)
            assert begun is not None
            callbacks.close_attempt(connection, begun, outcome)
        return callbacks.find(connection, id, account_id=None)


def _run(store: Store, *arguments: str) -> int:
    data = str(store.settings.data)
    return cli._run(["callbacks", *arguments, "--data", data])


def _told(store: Store, capsys: Capture, *arguments: str) -> Any:
    assert _run(store, *arguments, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_deliveries_are_listed_newest_first(store: Store, capsys: Capture) -> None:
    ann, eve = opened(store.database), opened(store.database, "eve")
    made = [_delivery(store, ann, Done(200)) for _ in range(2)]
    hers = _delivery(store, eve, GivenUp(410, "The receiver is gone (410)."))

    def ids(*arguments: str) -> list[str]:
        found = _told(store, capsys, "list", *arguments)["deliveries"]
        return [one["deliveryId"] for one in found]

    assert sorted(ids()) == sorted(one.id for one in (*made, hers))
    assert ids("--account", "eve") == [hers.id]
    assert ids("--state", "dead") == [hers.id]
    assert ids("--state", "owed") == []
    assert len(ids("--limit", "2")) == 2
    assert _run(store, "list", "--state", "dead") == 0
    header, row = capsys.readouterr().out.splitlines()
    assert header.split() == ["delivery", "task", "state", "attempts", "next", "url"]
    assert row.split() == [
        hers.id,
        hers.task_id,
        "dead",
        "1",
        "-",
        "https://hooks.example/a",
    ]
    assert _run(store, "list", "--account", "nobody") == 10


def test_more_than_a_page_is_listed_in_whole(store: Store, capsys: Capture) -> None:
    ann = opened(store.database)
    made = [_delivery(store, ann, None).id for _ in range(103)]
    found = _told(store, capsys, "list", "--limit", "1000")["deliveries"]
    assert sorted(one["deliveryId"] for one in found) == sorted(made)
    assert len(_told(store, capsys, "list", "--limit", "101")["deliveries"]) == 101


def test_a_delivery_is_shown_with_its_attempts_and_its_body(
    store: Store, capsys: Capture
) -> None:
    dead = _delivery(store, opened(store.database), GivenUp(410, "It is gone."))
    told = _told(store, capsys, "show", dead.id)["delivery"]
    assert told["body"] == dead.body
    assert told["attempts"][0]["error"] == "It is gone."
    assert _run(store, "show", dead.id) == 0
    out = capsys.readouterr().out
    for words in (dead.webhook_id, dead.body, "It is gone.", dead.url):
        assert words in out
    assert _run(store, "show", "nothing") == 10


def test_what_is_owed_again_is_enqueued_with_it(
    store: Store, queue: Queue, capsys: Capture
) -> None:
    ann, eve = opened(store.database), opened(store.database, "eve")
    done = _delivery(store, ann, Done(200))
    dead = _delivery(store, eve, GivenUp(410, "It is gone."))
    (told,) = _told(store, capsys, "redeliver", done.id)["deliveries"]
    assert (told["state"], told["round"]) == ("owed", 1)
    (told,) = _told(store, capsys, "redeliver", "--dead")["deliveries"]
    assert told["deliveryId"] == dead.id
    expected = [delivery_workflow(one.id, 1, 1) for one in (done, dead)]
    assert queue.states(expected) == dict.fromkeys(expected, "ENQUEUED")
    assert _run(store, "redeliver", "--dead") == 0
    assert capsys.readouterr().out.startswith("0 in all")


@pytest.mark.parametrize("arguments", [[], ["it", "--dead"]])
def test_what_to_deliver_again_must_be_said(
    store: Store, capsys: Capture, arguments: list[str]
) -> None:
    assert _run(store, "redeliver", *arguments) == 2
    assert "--dead" in capsys.readouterr().err


def test_another_accounts_delivery_is_not_owed_again(
    store: Store, queue: Queue, capsys: Capture
) -> None:
    ann = opened(store.database)
    opened(store.database, "eve")
    hers = _delivery(store, ann, Done(200))
    assert _run(store, "redeliver", hers.id, "--account", "eve") == 10
    with store.database.reading() as connection:
        assert callbacks.find(connection, hers.id, account_id=ann).state == "delivered"
    assert capsys.readouterr().err.startswith("longtake: ")
