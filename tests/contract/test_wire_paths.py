"""The path of a video, for its owner and, under a signed link, for anybody."""

from __future__ import annotations

from itsdangerous import TimestampSigner

from longtake import clock, records
from tests.answering import REPORT, made
from tests.wire import BASE, Caller, Site


def test_a_path_goes_from_the_original_to_the_video(caller: Caller) -> None:
    source = caller.source(2, prompt="A shore")
    root = caller.record(source)
    first = made(caller.site.store, caller.account.id, parent=root, prompt="Rain comes")
    last = made(caller.site.store, caller.account.id, parent=first, prompt="It stops")
    made(caller.site.store, caller.account.id, parent=first, prompt="Elsewhere")
    found = caller.get(f"/api/v1/records/{last.task_id}/path")["data"]
    assert (found["taskId"], found["index"]) == (last.task_id, 0)
    steps = found["steps"]
    assert [step["prompt"] for step in steps] == ["A shore", "Rain comes", "It stops"]
    assert [step["report"] for step in steps] == [None, REPORT, REPORT]
    assert [step["engine"] for step in steps] == [None, "motion", "motion"]
    assert steps[-1]["video"]["url"] == f"{BASE}/m/{last.task_id}_0_0.mp4"
    second = caller.get(f"/api/v1/records/{source}/path", index=1)["data"]
    assert [step["video"]["index"] for step in second["steps"]] == [1]
    assert caller.get(f"/api/v1/records/{source}/path", index=2)["code"] == 422
    with caller.site.store.database.transaction() as connection:
        records.delete(connection, caller.account.id, first.task_id)
    found = caller.get(f"/api/v1/records/{last.task_id}/path")["data"]
    assert [step["prompt"] for step in found["steps"]] == ["A shore", "It stops"]


def test_a_record_without_a_video_has_no_path(caller: Caller) -> None:
    for task_id in (caller.open_task(), caller.failed()):
        assert caller.get(f"/api/v1/records/{task_id}/path")["code"] == 422
        assert caller.post(f"/api/v1/records/{task_id}/share", {})["code"] == 422


def test_a_shared_link_needs_no_key_and_ends(site: Site, caller: Caller) -> None:
    record = made(site.store, caller.account.id, prompt="Rain comes")
    share = caller.post(f"/api/v1/records/{record.task_id}/share", {"index": 0})["data"]
    assert 0 < share["expireTime"] - clock.now_ms() <= 7 * 86_400_000
    link = share["dataUrl"].removeprefix(BASE)
    assert share["url"] == f"{BASE}/#{link}"
    answer = site.client.get(link)
    assert answer.status_code == 200
    assert (
        answer.json()["data"]
        == caller.get(f"/api/v1/records/{record.task_id}/path")["data"]
    )
    forged = link.replace(record.id, caller.source())
    old = _Earlier(site.store.secret, salt="longtake.share").sign(f"{record.id}.0")
    for bad in (forged, f"/share/{record.id}.0", f"/share/{old.decode()}"):
        refused = site.client.get(bad)
        assert (refused.status_code, refused.json()["code"]) == (404, 404)
        assert refused.json()["data"] is None
    with site.store.database.transaction() as connection:
        records.delete(connection, caller.account.id, record.task_id)
    assert site.client.get(link).status_code == 404


class _Earlier(TimestampSigner):
    """Signs as it was eight days ago."""

    def get_timestamp(self) -> int:
        return super().get_timestamp() - 8 * 86400
