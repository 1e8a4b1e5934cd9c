"""What came in becomes a record, once; of a failure nothing is left."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from longtake import clips, ledger, records
from longtake.clips.look import Seen
from longtake.errors import DatabaseUnreachable, FieldInvalid, OutputRefused
from longtake.records import Record
from longtake.store import Store
from longtake.tasks import intake
from longtake.tasks.intake import Arrived, Intake
from tests.books import opened
from tests.unit.test_clips import FACTS

Take = Callable[..., Record]


@pytest.fixture
def take(store: Store) -> Take:
    """``take(account_id, b"one", b"two", task_id=...)``: videos with these bytes come in."""

    def takes(account_id: str, *videos: bytes, **about: Any) -> Record:
        with ExitStack() as stack:
            arrived = []
            for data in videos:
                path = stack.enter_context(store.files.arrival())
                path.write_bytes(data)
                arrived.append(Arrived(path, Seen(FACTS, b"a poster")))
            return intake.take_in(store, account_id, arrived, _about(about))

    return takes


def _about(about: dict[str, Any]) -> Intake:
    adopted = "task_id" in about
    given = {"origin": "adopted" if adopted else "imported", "task_type": "import"}
    return Intake(**given | {"params": {}} | about)


def lying(store: Store) -> list[str]:
    """The files of ``store``, half written ones too."""
    folder = store.settings.data
    found = [*(folder / "files").rglob("*"), *(folder / "arrivals").rglob("*")]
    return sorted(str(path.relative_to(folder)) for path in found if path.is_file())


def test_a_clip_becomes_a_record_without_charge(store: Store, take: Take) -> None:
    ann = opened(store.database, credits=7)
    record = take(ann, b"video", prompt="a river", params={"fileName": "x.mov"})
    assert (record.state, record.success_flag, record.origin) == (
        "success",
        1,
        "imported",
    )
    assert (record.task_id, record.prompt, record.credits) == (record.id, "a river", 0)
    assert record.completed_ms is not None
    life_ms = store.settings.media_days * 24 * 3_600_000
    assert record.expires_ms is not None
    assert 0 <= record.completed_ms + life_ms - record.expires_ms < 5000
    with store.database.reading() as connection:
        [clip] = clips.of(connection, record.id)
        assert ledger.balance(connection, ann) == 7
    assert clip.facts == FACTS
    assert store.files.read(clip.object_key) == b"video"
    assert clip.poster_key is not None
    assert store.files.read(clip.poster_key) == b"a poster"
    assert record.id not in clip.media_name
    assert len(lying(store)) == 2


def test_an_adopted_record_keeps_id_order_and_age(store: Store, take: Take) -> None:
    ann = opened(store.database)
    record = take(ann, b"0", b"1", b"2", task_id="ee9c2715-0001", created_ms=12345)
    assert (record.task_id, record.origin, record.created_ms) == (
        "ee9c2715-0001",
        "adopted",
        12345,
    )
    with store.database.reading() as connection:
        found = clips.of(connection, record.id)
    assert [store.files.read(clip.object_key) for clip in found] == [b"0", b"1", b"2"]
    assert [clip.media_name[32:] for clip in found] == [
        f"_0_{index}.mov" for index in range(3)
    ]


def test_the_same_again_is_the_same_record(store: Store, take: Take) -> None:
    ann, bob = opened(store.database), opened(store.database, "bob")
    about = {"task_id": "old-1", "params": {"urls": ["u"], "prompt": "p"}}
    record = take(ann, b"video", **about)
    before = lying(store)
    assert take(ann, b"video", **about) == record
    assert lying(store) == before
    assert take(bob, b"video", **about).id != record.id
    for other in ({"params": {"urls": ["v"]}}, {"origin": "imported"}):
        with pytest.raises(
            FieldInvalid, match="'old-1' names a record of other content"
        ):
            take(ann, b"video", **about | other)
    with store.database.transaction() as connection:
        records.delete(connection, ann, "old-1")
    assert take(ann, b"video", **about).id != record.id


def test_the_same_twice_at_once_is_one_record(store: Store, take: Take) -> None:
    ann = opened(store.database)
    with ThreadPoolExecutor(4) as pool:
        found = [pool.submit(take, ann, b"video", task_id="old-1") for _ in range(4)]
    assert len({future.result().id for future in found}) == 1
    assert len(lying(store)) == 2


def test_a_failure_leaves_nothing(store: Store, take: Take) -> None:
    ann = opened(store.database)
    take(ann, b"video", task_id="old-1")
    before = lying(store)
    with pytest.raises(FieldInvalid):
        take(ann, b"a", b"b", task_id="old-1", params={"urls": ["other"]})
    assert lying(store) == before
    blocked = store.settings.data / "files" / "clips" / ann
    for path in sorted(blocked.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    blocked.rmdir()
    blocked.write_bytes(b"a file where a folder belongs")
    with pytest.raises(OutputRefused):
        take(ann, b"a")
    assert lying(store) == [f"files/clips/{ann}"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_files_whose_commit_is_unknown_are_left_to_the_sweep(
    store: Store, take: Take
) -> None:
    ann = opened(store.database)
    with store.database.transaction() as connection:
        connection.exec_driver_sql("ALTER TABLE lt_clips RENAME TO lt_gone")
    with pytest.raises(DatabaseUnreachable):
        take(ann, b"video")
    with store.database.transaction() as connection:
        connection.exec_driver_sql("ALTER TABLE lt_gone RENAME TO lt_clips")
    left = [key for key, _ in store.files.keys("clips")]
    assert len(left) == 2
    with store.database.reading() as connection:
        assert clips.unnamed(connection, left) == left
        assert records.listed(connection, ann) == ()
