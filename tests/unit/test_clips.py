"""The rows of clips and uploads, on both databases; what a media name leads to."""

from __future__ import annotations

from fractions import Fraction
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, update

from longtake import clips, clock, records
from longtake.clips import Clip, Facts
from longtake.errors import NotFound
from longtake.records import Record, Work
from longtake.store import tables
from longtake.store.database import Database
from longtake.store.files import Stored
from tests.books import opened

FACTS = Facts(
    container="mov",
    codec="h264",
    width=640,
    height=360,
    rate=Fraction(24000, 1001),
    n_frames=48,
    duration=Fraction(1001, 500),
    sound=True,
)
BASE = "https://media.example/longtake"


def imported(connection: Connection, account_id: str, **fields: Any) -> Record:
    """A record that came from outside."""
    fields = {"expires_ms": clock.now_ms() + 60_000} | fields
    return records.add(
        connection,
        account_id=account_id,
        task_type="import",
        params={},
        origin="imported",
        **fields,
    )


def added(connection: Connection, record: Record, index: int = 0) -> Clip:
    """A video of ``record`` with a poster and a filmstrip."""
    place = f"clips/{record.account_id}/{record.id}/{index}"
    return clips.add(
        connection,
        record_id=record.id,
        account_id=record.account_id,
        index=index,
        media_name=f"{record.id}_0_{index}.mov",
        object_key=f"{place}.mov",
        stored=Stored(size_bytes=10, sha256="ab" * 32),
        facts=FACTS,
        report={"verdict": "smooth"},
        poster_key=f"{place}.jpg",
        filmstrip_key=f"{place}.png",
    )


def uploaded(connection: Connection, account_id: str, path: str = "a/b.png") -> Any:
    """An upload at ``path``: (the row, the key that it replaced)."""
    upload_id = uuid4().hex
    return clips.add_upload(
        connection,
        upload_id=upload_id,
        account_id=account_id,
        path=path,
        suffix="png",
        object_key=f"uploads/{account_id}/{upload_id}",
        mime_type="image/png",
        stored=Stored(size_bytes=10, sha256="cd" * 32),
    )


def test_videos_of_a_record_come_in_their_order(database: Database) -> None:
    ann = opened(database)
    with database.transaction() as connection:
        record = imported(connection, ann)
        second, first = added(connection, record, 1), added(connection, record, 0)
        other = imported(connection, ann)
    with database.reading() as connection:
        assert clips.of(connection, record.id) == (first, second)
        assert clips.of_each(connection, [other.id, record.id]) == {
            other.id: (),
            record.id: (first, second),
        }
        assert clips.by_id(connection, first.id) == first
        assert clips.by_media_name(connection, second.media_name) == second
        with pytest.raises(NotFound):
            clips.by_id(connection, "none")
        with pytest.raises(NotFound):
            clips.by_media_name(connection, "none")


def test_a_media_name_leads_to_the_file_and_its_pictures(database: Database) -> None:
    ann = opened(database)
    with database.transaction() as connection:
        clip = added(connection, imported(connection, ann))
        upload, _ = uploaded(connection, ann)
    stem = clip.media_name.removesuffix(".mov")
    with database.reading() as connection:
        video = clips.media(connection, clip.media_name)
        poster = clips.media(connection, f"{stem}.jpg")
        filmstrip = clips.media(connection, f"{stem}.png")
        image = clips.media(connection, upload.media_name)
        for unknown in (f"{stem}.mp4", f"{stem}.webp", stem, "", ".jpg", f"{stem}.exe"):
            with pytest.raises(NotFound):
                clips.media(connection, unknown)
    assert [video.object_key, poster.object_key, filmstrip.object_key] == [*clip.keys]
    assert [video.mime_type, poster.mime_type, filmstrip.mime_type] == [
        "video/quicktime",
        "image/jpeg",
        "image/png",
    ]
    assert len({video.etag, poster.etag, filmstrip.etag, image.etag}) == 4
    assert video.clip == poster.clip == clip
    assert (image.upload_id, image.mime_type) == (upload.id, "image/png")
    assert not video.expired(clock.now_ms())
    assert video.expired(clock.now_ms() + 60_001)
    assert image.expired(upload.expires_ms)
    assert upload.expires_ms - upload.created_ms == 3 * 24 * 3600 * 1000


def test_a_deleted_record_has_no_media(database: Database) -> None:
    ann = opened(database)
    with database.transaction() as connection:
        record = imported(connection, ann)
        clip = added(connection, record)
        records.delete(connection, ann, record.task_id)
        with pytest.raises(NotFound):
            clips.media(connection, clip.media_name)
        assert clips.expire(connection, clock.now_ms()) == [*clip.keys]


OURS = (
    "{base}/m/{name}",
    "{base}/m/{name}?download=abc",
    "{base}/m/{name}#t=3",
    "HTTPS://MEDIA.example/longtake/m/{name}",
)
OF_ELSEWHERE = (
    "https://media.example/m/{name}",
    "https://media.example/longtake/m2/{name}",
    "https://media.example:8443/longtake/m/{name}",
    "http://media.example/longtake/m/{name}",
    "https://media.example.evil/longtake/m/{name}",
    "https://user@media.example/longtake/m/{name}",
    "/longtake/m/{name}",
    "https://[",
    "",
)


def test_our_own_urls_are_known_to_their_account(database: Database) -> None:
    ann, bob = opened(database), opened(database, "bob")
    with database.transaction() as connection:
        clip = added(connection, imported(connection, ann))
    with database.reading() as connection:
        for pattern in OURS:
            url = pattern.format(base=BASE, name=clip.media_name)
            found = clips.own(connection, ann, url, BASE)
            assert found is not None, url
            assert found.clip == clip
            with pytest.raises(NotFound):
                clips.own(connection, bob, url, BASE)
        with pytest.raises(NotFound):
            clips.own(connection, ann, f"{BASE}/m/none.mp4", BASE)
        for pattern in OF_ELSEWHERE:
            url = pattern.format(name=clip.media_name)
            assert clips.own(connection, ann, url, BASE) is None, url


def test_media_expire_in_batches_and_only_once(database: Database) -> None:
    ann, now_ms = opened(database), clock.now_ms()
    with database.transaction() as connection:
        due = [imported(connection, ann, expires_ms=now_ms) for _ in range(3)]
        keys = [key for record in due for key in added(connection, record).keys]
        kept = added(connection, imported(connection, ann, expires_ms=now_ms + 1))
    gone: list[str] = []
    with database.transaction() as connection:
        for _ in range(3):
            batch = clips.expire(connection, now_ms, limit=2)
            assert len(batch) in {6, 3, 0}
            gone += batch
    assert sorted(gone) == sorted(keys)
    with database.reading() as connection:
        assert clips.by_id(connection, kept.id) == kept
        [expired] = clips.of(connection, due[0].id)
        assert expired.expired_ms == now_ms
        assert clips.media(connection, expired.media_name).expired(now_ms)


def test_a_clip_that_is_being_extended_waits_for_that(database: Database) -> None:
    ann, now_ms = opened(database), clock.now_ms()
    with database.transaction() as connection:
        source = imported(connection, ann, expires_ms=now_ms)
        clip = added(connection, source)
        task = records.add(
            connection,
            account_id=ann,
            task_type="mj_video_extend_auto",
            params={},
            work=Work(
                kind="extend", engine="motion", source_clip_id=clip.id, seconds=4
            ),
            parent_id=source.id,
            parent_index=0,
        )
        assert clips.expire(connection, now_ms) == []
        records.begin(connection, task.id)
        assert clips.expire(connection, now_ms) == []
        records.fail(connection, task.id, code="E", message="m", flag=3)
        assert clips.expire(connection, now_ms) == [*clip.keys]


def test_removed_records_give_up_their_clips(database: Database) -> None:
    ann = opened(database)
    with database.transaction() as connection:
        record, other = imported(connection, ann), imported(connection, ann)
        clip, kept = added(connection, record), added(connection, other)
        assert clips.remove(connection, [record.id]) == [*clip.keys]
        assert clips.of(connection, record.id) == ()
        assert clips.of(connection, other.id) == (kept,)
        records.forget(connection, [record.id])


def test_what_nothing_refers_to_is_unnamed(database: Database) -> None:
    ann = opened(database)
    with database.transaction() as connection:
        clip = added(connection, imported(connection, ann))
        upload, _ = uploaded(connection, ann)
        task = records.add(
            connection,
            account_id=ann,
            task_type="mj_video",
            params={},
            work=Work(kind="generate", engine="motion", image="u", seconds=5),
        )
        unsettled = f"clips/{ann}/{task.id}/0.mp4"
        left = [f"clips/{ann}/{uuid4().hex}/0.mp4", f"uploads/{ann}/{uuid4().hex}", "x"]
        keys = [*clip.keys, upload.object_key, unsettled, *left]
        assert clips.unnamed(connection, keys) == left
        assert clips.unnamed(connection, []) == []
        records.fail(connection, task.id, code="E", message="m", flag=3)
        assert clips.unnamed(connection, [unsettled]) == [unsettled]


def test_an_upload_of_the_same_path_takes_the_place(database: Database) -> None:
    ann, bob = opened(database), opened(database, "bob")
    with database.transaction() as connection:
        first, replaced = uploaded(connection, ann)
        assert replaced is None
        others, replaced = uploaded(connection, bob)
        assert replaced is None
        second, replaced = uploaded(connection, ann)
        assert replaced == first.object_key
    with database.reading() as connection:
        assert clips.upload(connection, ann, second.id) == second
        assert clips.upload(connection, bob, others.id) == others
        for account_id, upload_id in ((ann, first.id), (ann, others.id)):
            with pytest.raises(NotFound):
                clips.upload(connection, account_id, upload_id)
        with pytest.raises(NotFound):
            clips.media(connection, first.media_name)


def test_uploads_expire(database: Database) -> None:
    ann = opened(database)
    with database.transaction() as connection:
        first, _ = uploaded(connection, ann, "1")
        second, _ = uploaded(connection, ann, "2")
        connection.execute(
            update(tables.uploads)
            .where(tables.uploads.c.id == first.id)
            .values(expires_ms=1000)
        )
        assert clips.expire_uploads(connection, 999) == []
        assert clips.expire_uploads(connection, 1000) == [first.object_key]
        assert clips.expire_uploads(connection, 1000) == []
        assert clips.upload(connection, ann, second.id) == second


def test_facts_are_those_of_a_player() -> None:
    document = {
        "container": "matroska",
        "audio": None,
        "video": {
            "codec": "vp9",
            "width": 720,
            "height": 576,
            "pixel_aspect": "16/15",
            "rotation": 90,
            "rate": "25",
            "n_frames": 50,
            "start": "1/25",
            "end": "51/25",
        },
    }
    facts = Facts.of(document)
    assert (facts.width, facts.height) == (576, 768)
    assert facts.duration == 2
    assert not facts.sound
    assert facts.suffix == "mkv"
    assert Facts.model_validate(facts.model_dump(mode="json")) == facts
