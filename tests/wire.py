"""The API in this process, as a client of the wire sees it, over real books."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from uuid import uuid4

import httpx2
from sqlalchemy import select, update
from starlette.testclient import TestClient

from longtake import clips, keys, ledger, limits, records, tasks
from longtake.api.app import application
from longtake.clips import Facts
from longtake.keys import Account
from longtake.records import Record, Work
from longtake.settings import Settings
from longtake.store import Store, prepare
from longtake.store.files import Stored
from longtake.store.tables import clips as clips_table
from longtake.tasks import Tasks

EXTEND = "/api/v1/mj/generateVideoExtend"
GENERATE = "/api/v1/mj/generate"
INFO = "/api/v1/mj/record-info"
CREDIT = "/api/v1/chat/credit"
BASE = "http://127.0.0.1:8420"

FACTS = Facts(
    container="mp4",
    codec="h264",
    width=320,
    height=240,
    rate=Fraction(24),
    n_frames=120,
    duration=Fraction(5),
    sound=False,
)


class Site:
    """Prepared books and an application over them."""

    def __init__(self, settings: Settings) -> None:
        prepare(settings)
        self.store = Store(settings)
        tasks.prepare(self.store)
        self.tasks = Tasks(self.store)
        self.client = client(self.store, self.tasks)

    def close(self) -> None:
        """Let go of the database."""
        self.tasks.queue.close()
        self.store.close()

    def caller(self, *, credits: int = 1_000_000, admin: bool = False) -> Caller:
        """A new account with a key."""
        with self.store.database.transaction() as connection:
            account = keys.open_account(connection, uuid4().hex)
            if credits:
                ledger.grant(connection, account.id, credits)
            text, _ = keys.create(
                connection, account.id, secret=self.store.secret, admin=admin
            )
        return Caller(self, self.client, account, text)

    def switch(self, name: str, *, off: bool, message: str = "") -> None:
        """Turn a switch."""
        with self.store.database.transaction() as connection:
            limits.switch(connection, name, off=off, message=message)


def client(store: Store, its_tasks: Tasks) -> TestClient:
    """A client of a new application; what the server breaks on is answered, not raised."""
    app = application(store, its_tasks)
    return TestClient(app, base_url=BASE, raise_server_exceptions=False)


@dataclass(frozen=True)
class Caller:
    """A client with a key, and the books of its account."""

    site: Site
    client: TestClient
    account: Account
    key: str

    def call(self, method: str, path: str, **arguments: Any) -> httpx2.Response:
        """One request under the key."""
        headers = {"Authorization": f"Bearer {self.key}"} | arguments.pop("headers", {})
        return self.client.request(method, path, headers=headers, **arguments)

    def post(self, path: str, body: Any, **headers: str) -> dict[str, Any]:
        """The envelope that answers a JSON body."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return envelope(self.call("POST", path, json=body, headers=named))

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """The envelope that answers a query."""
        return envelope(self.call("GET", path, params=query))

    def record(self, task_id: str) -> Record:
        """The row of a record."""
        with self.site.store.database.reading() as connection:
            return records.find(connection, self.account.id, task_id)

    def balance(self) -> int:
        """The credits that are left."""
        with self.site.store.database.reading() as connection:
            return ledger.balance(connection, self.account.id)

    def source(
        self, n: int = 1, *, task_id: str | None = None, prompt: str | None = None
    ) -> str:
        """A finished record with ``n`` videos of 5 s; its task id."""
        with self.site.store.database.transaction() as connection:
            record = records.add(
                connection,
                account_id=self.account.id,
                task_type="import",
                params={},
                origin="imported",
                task_id=task_id,
                prompt=prompt,
            )
            for index in range(n):
                clips.add(
                    connection,
                    record_id=record.id,
                    account_id=self.account.id,
                    index=index,
                    media_name=f"{uuid4().hex}_0_{index}.mp4",
                    object_key=f"clips/{self.account.id}/{record.id}/{index}.mp4",
                    stored=Stored(1, "0" * 64),
                    facts=FACTS,
                )
        return record.task_id

    def open_task(self) -> str:
        """A task that waits."""
        answer = self.post(EXTEND, ask(self.source()))
        return str(answer["data"]["taskId"])

    def failed(self) -> str:
        """A task that failed."""
        task_id = self.open_task()
        self.site.tasks.settle_failed(
            self.record(task_id).id, message="The engine crashed.", flag=3
        )
        return task_id

    def expire(self, task_id: str) -> None:
        """Let the media of a record be gone."""
        with self.site.store.database.transaction() as connection:
            connection.execute(
                update(clips_table)
                .where(clips_table.c.record_id == self.record(task_id).id)
                .values(expired_ms=1)
            )

    def clip_id(self, task_id: str, index: int = 0) -> str:
        """The id of a record's video."""
        with self.site.store.database.reading() as connection:
            return str(
                connection.scalar(
                    select(clips_table.c.id).where(
                        clips_table.c.record_id == self.record(task_id).id,
                        clips_table.c.index == index,
                    )
                )
            )

    def work(self, task_id: str) -> Work:
        """What a worker will be asked for."""
        return Work.model_validate(self.record(task_id).work)


def ask(source: str, **fields: Any) -> dict[str, Any]:
    """The body of an extend request; ``fields`` go first, and None leaves one out."""
    body = {"taskId": source, "taskType": "mj_video_extend_auto", "index": 0} | fields
    return {name: value for name, value in body.items() if value is not None}


def envelope(answer: httpx2.Response) -> dict[str, Any]:
    """The envelope, once it is known to be one."""
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    found: dict[str, Any] = json.loads(answer.content)
    assert list(found) == ["code", "msg", "data"], found
    assert isinstance(found["msg"], str)
    return found
