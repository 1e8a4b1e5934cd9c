"""Receivers that are broken, slow or sly: each hurts itself alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.receivers import (
    Receiver,
    failing,
    hanging,
    receiving,
    redirecting,
    resetting,
)
from tests.running import Server, running, until

pytestmark = pytest.mark.storm


def test_bad_receivers_hold_up_nobody(
    database_url: str, tiny: Path, tmp_path: Path
) -> None:
    """What can be delivered is, at once or at the next attempt, under the same id."""
    with (
        receiving() as good,
        receiving(failing(1)) as failed_once,
        receiving(hanging) as silent,
        receiving(resetting) as rude,
        receiving() as inside,  # where a redirect would lead
        receiving(redirecting(inside.url())) as sly,
    ):
        outside = [good, failed_once, silent, rude, sly]
        with running(
            tmp_path,
            database_url=database_url,
            allowed_hosts=[receiver.host for receiver in (*outside, inside)],
            callback_waits_s=[5] * 9,
        ) as server:
            caller = server.caller("ann")
            source = caller.import_clip(tiny)
            tasks = {
                receiver: caller.extend(source, callBackUrl=receiver.url())
                for receiver in (silent, rude, sly, failed_once, good)
            }
            for receiver in (silent, rude, sly):
                receiver.wait_for(1, timeout_s=60)
            [told] = good.wait_for(1, timeout_s=30)
            assert json.loads(told.body)["taskId"] == tasks[good]
            assert _attempts(server, silent)[0].ended_ms is None, "it still hangs"

            first, second = failed_once.wait_for(2, timeout_s=30)
            assert first.headers["webhook-id"] == second.headers["webhook-id"]
            assert first.body == second.body
            until(lambda: _state(server, failed_once) == "delivered", what="its end")

            rude.behave = good.behave
            rude.wait_for(2, timeout_s=30)
            until(lambda: _state(server, rude) == "delivered", what="its end")

            until(
                lambda: _attempts(server, silent)[0].ended_ms,
                what="the end of patience",
                timeout_s=30,
            )
            one = _attempts(server, silent)[0]
            assert one.status is None
            assert "15 s" in one.error
            assert _state(server, silent) == "owed"

            assert _attempts(server, sly)[0].status == 302
            assert _state(server, sly) == "owed"
            assert not inside.received, "redirects are not followed"


def _attempts(server: Server, receiver: Receiver) -> list[Any]:
    return server.rows(
        "SELECT a.* FROM lt_attempts a JOIN lt_deliveries d ON d.id = a.delivery_id "
        "WHERE d.url = :url ORDER BY a.id",
        url=receiver.url(),
    )


def _state(server: Server, receiver: Receiver) -> str:
    [(state,)] = server.rows(
        "SELECT state FROM lt_deliveries WHERE url = :url", url=receiver.url()
    )
    return str(state)
