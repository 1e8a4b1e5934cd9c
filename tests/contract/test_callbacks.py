"""Callbacks as the contract promises them to receivers: body, signatures, persistence."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from email.utils import formatdate
from fractions import Fraction
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from longtake import callbacks, clips, clock, keys, records
from longtake.callbacks import Again, Done, GivenUp, Outcome
from longtake.clips import Facts
from longtake.door import Door
from longtake.records import Work
from longtake.settings import Settings
from longtake.store.database import Database
from longtake.store.files import Stored
from tests import receivers
from tests.books import opened
from tests.receivers import Received, Receiver, Reply, receiving

BASE_URL = "https://clips.example"
FACTS = Facts(
    container="mp4",
    codec="h264",
    width=64,
    height=64,
    rate=Fraction(24),
    n_frames=24,
    duration=Fraction(1),
    sound=False,
)
# A second database would prove nothing more here: the books have tests of their own.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Sender:
    """An account, its secrets, and what it takes to send a callback of one of its tasks."""

    def __init__(self, database: Database, receiver: Receiver, n_secrets: int = 0):
        self.database = database
        self.receiver = receiver
        self.account_id = opened(database)
        self.door = Door(Settings(allowed_hosts=(receiver.host,)))
        with database.transaction() as connection:
            for _ in range(n_secrets):
                keys.rotate_secret(connection, self.account_id)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What signs, newest first."""
        with self.database.reading() as connection:
            return keys.secrets(connection, self.account_id)

    def owe(self, *, made: bool = True, url: str = "") -> str:
        """Owe the callback of a new task that has ended; the delivery's id."""
        work = Work(kind="extend", engine="persistence", prompt="a \N{SNOWMAN}")
        with self.database.transaction() as connection:
            record = records.add(
                connection,
                account_id=self.account_id,
                task_type="mj_video_extend_manual",
                params={"prompt": "a \N{SNOWMAN}", "taskId": "x"},
                work=work,
            )
            records.begin(connection, record.id)
            if made:
                records.succeed(connection, record.id, expires_ms=2**42)
                for index in range(2):
                    clips.add(
                        connection,
                        record_id=record.id,
                        account_id=self.account_id,
                        index=index,
                        media_name=f"{record.id}_0_{index}.mp4",
                        object_key=f"clips/a/{record.id}/{index}.mp4",
                        stored=Stored(1, "0" * 64),
                        facts=FACTS,
                    )
            else:
                records.fail(
                    connection,
                    record.id,
                    code="VIDEO_EXTEND_FAILED",
                    message="The engine stopped.",
                    flag=3,
                )
            record = records.by_id(connection, record.id)
            body = records.callback_body(
                record, clips.of(connection, record.id), base_url=BASE_URL
            )
            return callbacks.owe(
                connection,
                record_id=record.id,
                account_id=self.account_id,
                url=url or self.receiver.url(),
                body=body,
            )

    def attempt(
        self,
        delivery_id: str,
        number: int = 1,
        *,
        round: int = 0,
        waits_s: tuple[float, ...] = (5, 300),
        timeout_s: float = 5,
    ) -> Outcome:
        """One attempt, from the books to the wire and back into the books."""
        with self.database.transaction() as connection:
            begun = callbacks.begin_attempt(connection, delivery_id, round, number)
        assert begun is not None
        outcome = callbacks.attempt(
            begun, self.secrets, self.door, waits_s=waits_s, timeout_s=timeout_s
        )
        with self.database.transaction() as connection:
            again = callbacks.close_attempt(connection, begun, outcome)
        assert again == isinstance(outcome, Again)
        return outcome

    def sent(self, **ask: Any) -> Received:
        """What the receiver got for one new callback."""
        assert self.attempt(self.owe(**ask)) == Done(200)
        return self.receiver.received[-1]

    def found(self, delivery_id: str) -> callbacks.Delivery:
        """The delivery as it stands in the books."""
        with self.database.reading() as connection:
            return callbacks.find(connection, delivery_id, account_id=self.account_id)


# -- the body ----------------------------------------------------------------------

Told = tuple[str, bool, list[str], str | None]  # task, made, URLs, reason


def _as_record_info(body: dict[str, Any]) -> Told:
    """A receiver that reads ``data`` as it reads record-info."""
    data = body["data"]
    info = data["resultInfoJson"]
    urls = [one["resultUrl"] for one in info["resultUrls"]] if info else []
    assert isinstance(json.loads(data["paramJson"]), dict)
    return data["taskId"], data["successFlag"] == 1, urls, data["errorMessage"]


def _as_result_urls(body: dict[str, Any]) -> Told:
    """A receiver that tests ``code`` and takes ``data.task_id`` and ``data.resultUrls``."""
    if body["code"] == 200:
        return body["data"]["task_id"], True, list(body["data"]["resultUrls"]), None
    assert body["code"] in {500, 501}
    assert body["data"]["resultUrls"] == []
    return body["data"]["task_id"], False, [], body["msg"]


def _as_completed_task(body: dict[str, Any]) -> Told:
    """A receiver that waits for ``callbackType`` and knows the task from the top."""
    data = body["data"]
    assert data["callbackType"] == "task_completed"
    assert isinstance(json.loads(data["promptJson"]), dict)
    made = data["errorCode"] is None
    return body["taskId"], made, list(data["resultUrls"]), data["errorMessage"]


@pytest.mark.parametrize("made", [True, False])
@pytest.mark.parametrize("read", [_as_record_info, _as_result_urls, _as_completed_task])
def test_one_body_satisfies_every_documented_receiver(
    database: Database, read: Callable[[dict[str, Any]], Told], *, made: bool
) -> None:
    with receiving() as receiver:
        received = Sender(database, receiver).sent(made=made)
    assert (received.method, received.path) == ("POST", "/callback")
    assert received.headers["content-type"] == "application/json"
    body = json.loads(received.body)
    assert body["code"] == (200 if made else 500)
    task_id, was_made, urls, reason = read(body)
    assert (task_id, was_made) == (body["taskId"], made)
    names = [f"{BASE_URL}/m/{task_id}_0_{n}.mp4" for n in range(2)]
    assert urls == (names if made else [])
    assert reason == (None if made else "The engine stopped.")


# -- the signatures ----------------------------------------------------------------


def _hmac_sha256(key: bytes, message: bytes) -> bytes:
    """HMAC by its definition (RFC 2104), apart from the library that signs."""
    padded = key.ljust(64, b"\0") if len(key) <= 64 else hashlib.sha256(key).digest()
    padded = padded.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded) + message).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in padded) + inner).digest()


def _legacy_holds(received: Received, secret: str) -> bool:
    """As the documentation tells receivers to verify: the body is not looked at."""
    timestamp = received.headers["x-webhook-timestamp"]
    task_id = json.loads(received.body)["data"]["task_id"]
    signature = base64.b64encode(
        _hmac_sha256(secret.encode(), f"{task_id}.{timestamp}".encode())
    )
    fresh = abs(time.time() - int(timestamp)) < 300  # noqa: TID251  (a receiver's)
    return fresh and signature.decode() == received.headers["x-webhook-signature"]


@pytest.mark.parametrize("n_secrets", [1, 2, 3])
def test_both_signatures_hold_with_every_secret_of_a_rotation(
    database: Database, n_secrets: int
) -> None:
    with receiving() as receiver:
        sender = Sender(database, receiver, n_secrets)
        received = sender.sent()
    newest, *older = sender.secrets
    assert len(older) == n_secrets - 1
    headers = dict(received.headers)
    for secret in (newest, *older):
        assert Webhook(secret).verify(received.body, headers)["code"] == 200
    assert _legacy_holds(received, newest)
    assert not any(_legacy_holds(received, secret) for secret in older)


def test_a_change_on_the_way_is_seen(database: Database) -> None:
    with receiving() as receiver:
        sender = Sender(database, receiver, 1)
        received = sender.sent()
    (secret,) = sender.secrets
    stranger = "whsec_" + base64.b64encode(bytes(32)).decode()
    changed: list[tuple[str, bytes, Mapping[str, str]]] = [
        (stranger, received.body, {}),
        (secret, received.body.replace(b"200", b"500"), {}),
        (secret, received.body, {"webhook-id": "msg_other"}),
        (secret, received.body, {"webhook-timestamp": "1800000000"}),
    ]
    for known, body, others in changed:
        with pytest.raises(WebhookVerificationError):
            Webhook(known).verify(body, {**received.headers, **others})
    assert not _legacy_holds(received, stranger)


def test_without_a_secret_nothing_is_signed(database: Database) -> None:
    with receiving() as receiver:
        received = Sender(database, receiver).sent()
    assert not {name for name in received.headers if "signature" in name}
    assert received.headers["webhook-id"].startswith("msg_")


# -- what an answer means ----------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_a_success(database: Database, status: int) -> None:
    with receiving(receivers.always(status)) as receiver:
        sender = Sender(database, receiver)
        delivery_id = sender.owe()
        assert sender.attempt(delivery_id) == Done(status)
    assert sender.found(delivery_id).state == "delivered"


def test_a_success_does_not_wait_for_the_rest_of_the_answer(database: Database) -> None:
    with receiving(receivers.dripping(1.0)) as receiver:
        began = time.monotonic()
        Sender(database, receiver).sent()
        assert time.monotonic() - began < 1


FAILURES = {
    "400": receivers.always(400),
    "401": receivers.always(401),
    "404": receivers.always(404),
    "500": receivers.always(500),
    "502": receivers.always(502),
    "reset": receivers.resetting,
    "hang": receivers.hanging,
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_tried_again_later(database: Database, name: str) -> None:
    with receiving(FAILURES[name]) as receiver:
        sender = Sender(database, receiver)
        delivery_id = sender.owe()
        before = clock.now_ms()
        outcome = sender.attempt(delivery_id, timeout_s=1)
        assert isinstance(outcome, Again)
        assert clock.now_ms() - before < 2000
        assert 5000 <= outcome.at_ms - before <= 5500 + 2000
    delivery = sender.found(delivery_id)
    assert (delivery.state, delivery.next_ms) == ("owed", outcome.at_ms)
    (attempt,) = delivery.attempts
    assert attempt.error
    assert attempt.status == (int(name) if name.isdecimal() else None)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(database: Database, status: int) -> None:
    with receiving() as other:
        with receiving(receivers.redirecting(other.url(), status)) as receiver:
            sender = Sender(database, receiver)
            sender.door = Door(Settings(allowed_hosts=(receiver.host, other.host)))
            outcome = sender.attempt(sender.owe())
        assert isinstance(outcome, Again)
        assert "redirects" in outcome.error
        assert not other.received


def test_410_ends_a_delivery_and_no_other(database: Database) -> None:
    with receiving(receivers.always(410)) as receiver:
        sender = Sender(database, receiver)
        gone = sender.owe()
        assert isinstance(sender.attempt(gone), GivenUp)
        receiver.behave = receivers.ok
        sender.sent()
    assert sender.found(gone).state == "dead"


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("as_date", [False, True])
def test_who_asks_to_wait_is_waited_for(
    database: Database, status: int, *, as_date: bool
) -> None:
    asked = formatdate(time.time() + 900, usegmt=True) if as_date else "900"  # noqa: TID251
    with receiving(receivers.always(status, Retry_After=asked)) as receiver:
        sender = Sender(database, receiver)
        outcome = sender.attempt(sender.owe())
        assert isinstance(outcome, Again)
        assert 895_000 < outcome.at_ms - clock.now_ms() <= 900_000
        receiver.behave = receivers.always(status, Retry_After="1")
        outcome = sender.attempt(sender.owe())  # sooner than the schedule: as scheduled
        assert isinstance(outcome, Again)
        assert 4000 < outcome.at_ms - clock.now_ms() <= 5500


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/x", "http://169.254.169.254/", "http://localhost/"]
)
def test_an_address_inside_is_given_up_at_once(database: Database, url: str) -> None:
    with receiving() as receiver:
        sender = Sender(database, receiver)
        delivery_id = sender.owe(url=url)
        assert isinstance(sender.attempt(delivery_id), GivenUp)
    delivery = sender.found(delivery_id)
    assert delivery.state == "dead"
    assert delivery.attempts[0].error


# -- persistence -------------------------------------------------------------------


def test_ten_attempts_then_a_dead_letter_that_can_be_owed_again(
    database: Database,
) -> None:
    """Every attempt carries the same id and the same bytes; a new round does, too."""
    waits_s = tuple(0.0 for _ in Settings().callback_waits_s)
    with receiving(receivers.failing(10)) as receiver:
        sender = Sender(database, receiver, 1)
        delivery_id = sender.owe()
        for number in range(1, 10):
            outcome = sender.attempt(delivery_id, number, waits_s=waits_s)
            assert isinstance(outcome, Again)
        last = sender.attempt(delivery_id, 10, waits_s=waits_s)
        assert isinstance(last, GivenUp)
        assert "last" in last.error
        dead = sender.found(delivery_id)
        assert (dead.state, len(dead.attempts)) == ("dead", 10)
        with database.transaction() as connection:
            callbacks.redeliver(connection, delivery_id, account_id=sender.account_id)
        assert sender.attempt(delivery_id, round=1) == Done(200)
    (secret,) = sender.secrets
    assert len(receiver.received) == 11
    assert len({one.headers["webhook-id"] for one in receiver.received}) == 1
    assert len({one.body for one in receiver.received}) == 1
    for one in receiver.received:
        assert Webhook(secret).verify(one.body, dict(one.headers))
    assert sender.found(delivery_id).state == "delivered"


def test_a_receiver_that_takes_it_but_cannot_say_so_gets_it_again(
    database: Database,
) -> None:
    """At least once: by the id it knows the second one."""
    replies = iter([Reply(reset=True), Reply()])
    with receiving(lambda _: next(replies)) as receiver:
        sender = Sender(database, receiver)
        delivery_id = sender.owe()
        assert isinstance(sender.attempt(delivery_id), Again)
        assert sender.attempt(delivery_id, 2) == Done(200)
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
