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

PATIENCE_MS = 15_000

pytestmark = pytest.mark.slow


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
            for receiver in outside:
                receiver.wait_for(1, timeout_s=120)
            [told] = good.received
            assert json.loads(told.body)["taskId"] == tasks[good]

            silent.wait_for(len(silent.received) + 1, timeout_s=60)
            caller.data("POST", f"/api/v1/deliveries/{_id(server, good)}/redeliver")
            _, again = good.wait_for(2)
            assert again.headers["webhook-id"] == told.headers["webhook-id"]
            assert _attempts(server, silent)[-1].ended_ms is None, "it still hangs"

            first, second = failed_once.wait_for(2, timeout_s=30)
            assert first.headers["webhook-id"] == second.headers["webhook-id"]
            assert first.body == second.body
            until(lambda: _state(server, failed_once) == "delivered", what="its end")

            rude.behave = good.behave
            rude.wait_for(2, timeout_s=30)
            until(lambda: _state(server, rude) == "delivered", what="its end")

            _assert_given_up(server, silent)
            assert _attempts(server, sly)[0].status == 302
            assert _state(server, sly) == "owed"
            assert not inside.received, "redirects are not followed"


def _assert_given_up(server: Server, silent: Receiver) -> None:
    """The first attempt at it has ended, no sooner than it may, and there will be more."""
    one = until(
        lambda: next((a for a in _attempts(server, silent) if a.ended_ms), None),
        what="the end of patience",
    )
    assert one.status is None
    assert "did not answer in time" in one.error
    assert one.ended_ms - one.began_ms >= PATIENCE_MS
    assert _state(server, silent) == "owed"


def _attempts(server: Server, receiver: Receiver) -> list[Any]:
    return server.rows(
        "SELECT a.* FROM lt_attempts a JOIN lt_deliveries d ON d.id = a.delivery_id "
        "WHERE d.url = :url ORDER BY a.id",
        url=receiver.url(),
    )


def _id(server: Server, receiver: Receiver) -> str:
    [(delivery_id,)] = server.rows(
        "SELECT id FROM lt_deliveries WHERE url = :url", url=receiver.url()
    )
    return str(delivery_id)


def _state(server: Server, receiver: Receiver) -> str:
    [(state,)] = server.rows(
        "SELECT state FROM lt_deliveries WHERE url = :url", url=receiver.url()
    )
    return str(state)
