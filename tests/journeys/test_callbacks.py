"""A callback from the request to the receiver, and again when the operator wants it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from longtake import keys
from tests import receivers
from tests.command import longtake
from tests.conftest import Made
from tests.receivers import receiving
from tests.running import running, until

pytestmark = pytest.mark.slow


def test_a_callback_comes_until_it_is_taken(made: Made, tmp_path: Path) -> None:
    """The receiver is ill at first; who is down beside it holds up nobody."""
    clip = made(n_frames=12)
    with (
        receiving(receivers.failing(2)) as receiver,
        receiving(receivers.hanging) as down,
        running(
            tmp_path,
            allowed_hosts=(receiver.host, down.host),
            callback_waits_s=(0.2, 0.2, 60),
        ) as server,
    ):
        ann = server.caller("ann")
        with server.store.database.transaction() as connection:
            secret = keys.add_secret(connection, ann.account_id)
        source = ann.import_clip(clip)
        canceled = ann.extend(source, callBackUrl=down.url())
        ann.data("POST", f"/api/v1/tasks/{canceled}/cancel")
        task_id = ann.extend(source, callBackUrl=receiver.url("/hook?app=1"))
        received = receiver.wait_for(3, timeout_s=60)
        assert down.received
        for one in received:
            assert one.path == "/hook?app=1"
            body = Webhook(secret).verify(one.body, dict(one.headers))
            assert body["taskId"] == task_id
            assert body["data"]["resultUrls"] == [
                url["resultUrl"]
                for url in ann.record(task_id)["resultInfoJson"]["resultUrls"]
            ]
        assert len({one.headers["webhook-id"] for one in received}) == 1

        data = ("--data", server.settings.data, "--json")

        def delivered() -> str:
            ran = longtake("callbacks", "list", "--state", "delivered", *data)
            found = ran.document["deliveries"]
            return str(found[0]["deliveryId"]) if found else ""

        delivery_id = until(delivered, what="a delivery in the books")
        ran = longtake("callbacks", "redeliver", delivery_id, *data)
        assert ran.status == 0, ran.err
        again = receiver.wait_for(4)[-1]
        assert again.body == received[0].body
        assert again.headers["webhook-id"] == received[0].headers["webhook-id"]
        shown = longtake("callbacks", "show", delivery_id, *data).document["delivery"]
        assert json.loads(shown["body"])["taskId"] == task_id
        assert [one["round"] for one in shown["attempts"]] == [0, 0, 0, 1]
        down.leaving.set()  # or the server would wait for its answer
