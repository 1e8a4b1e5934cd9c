"""The steps of a generation, each run twice as after a crash; images that are none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import longtake.store
from longtake import clips, clock, keys, ledger, records, tasks
from longtake.records import Record, Work
from longtake.settings import Settings
from longtake.store import Store
from longtake.worker import task
from longtake.worker.bench import Bench
from tests.receivers import Receiver, receiving, serving

PRICE = 30
BALANCE = 100


def picture() -> bytes:
    data = BytesIO()
    Image.effect_noise((480, 320), 60).convert("RGB").save(data, "JPEG")
    return data.getvalue()


@dataclass(frozen=True)
class Slot:
    """A slot's bench, an account with credits, and a host that has images."""

    bench: Bench
    account: keys.Account
    receiver: Receiver

    def run(self, image: str, **work: Any) -> Record:
        """Submit a generation and take its steps, each of them twice."""
        record = self.bench.tasks.submit(
            self.account,
            task_type="mj_video",
            params={},
            work=Work(
                kind="generate", engine="persistence", image=image, seconds=1, **work
            ),
            credits=PRICE,
        )
        due_s = clock.monotonic_s() + 100
        begun = task.begin(self.bench, record.id)
        assert begun
        failure = _twice(lambda: task.still(self.bench, record.id, due_s))
        made = (
            [failure]
            if failure
            else [
                task.candidate(self.bench, record.id, number, due_s)
                for number in range(begun["candidates"])
            ]
        )
        _twice(lambda: task.settle(self.bench, record.id, made))
        with self.bench.store.database.reading() as connection:
            return records.by_id(connection, record.id)

    def balance(self) -> int:
        with self.bench.store.database.reading() as connection:
            return ledger.balance(connection, self.account.id)

    def files(self) -> set[str]:
        """The names of all files in the store."""
        keys = self.bench.store.files.keys(before_ms=clock.now_ms() + 1000)
        return {Path(key).name for key, _ in keys}


def _twice(step: Callable[[], Any]) -> Any:
    step()
    return step()


@pytest.fixture
def slot(tmp_path: Path) -> Iterator[Slot]:
    there = {
        "/image.jpg": ("image/jpeg", picture()),
        "/page": ("text/html", b"<html>"),
        "/broken.jpg": ("image/jpeg", picture()[:2000]),
    }
    with receiving(serving(there)) as receiver:
        settings = Settings(data=tmp_path, allowed_hosts=(receiver.host,))
        longtake.store.prepare(settings)
        store = Store(settings)
        tasks.prepare(store)
        bench = Bench(store, "slot-0")
        with store.database.transaction() as connection:
            account = keys.open_account(connection, "ann")
            ledger.grant(connection, account.id, BALANCE)
        yield Slot(bench, account, receiver)
        bench.engines.kill()
        bench.tasks.queue.close()
        store.close()


@pytest.mark.slow
def test_two_candidates_of_an_image_elsewhere(slot: Slot) -> None:
    record = slot.run(slot.receiver.url("/image.jpg"), aspect="9:16", candidates=2)
    assert (record.state, record.success_flag) == ("success", 1)
    with slot.bench.store.database.reading() as connection:
        videos = clips.of(connection, record.id)
    assert [video.facts.n_frames for video in videos] == [24, 24]
    assert {(video.facts.width, video.facts.height) for video in videos} == {(464, 832)}
    assert slot.files() == {
        f"{n}.{end}" for n in (0, 1) for end in ("mp4", "jpg", "png")
    }
    assert slot.balance() == BALANCE - PRICE


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/broken.jpg", "The image is not a whole JPEG, PNG or WebP"),
        ("/page", "text/html"),
        ("/nowhere", "404"),
    ],
)
def test_an_image_that_is_none_fails_before_an_engine(
    slot: Slot, path: str, said: str
) -> None:
    record = slot.run(slot.receiver.url(path))
    assert (record.state, record.success_flag) == ("fail", 2)
    assert record.error_code == "VIDEO_GENERATE_FAILED"
    assert said in (record.error_message or "")
    assert slot.balance() == BALANCE
    assert not slot.files()


def test_an_upload_that_has_expired(slot: Slot) -> None:
    record = slot.run("0" * 32)
    assert (record.state, record.success_flag) == ("fail", 2)
    assert "no such upload" in (record.error_message or "")
