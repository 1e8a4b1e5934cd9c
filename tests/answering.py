"""The API alone, as a process over books that a test fills; and what its answers promise."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx2
import jsonschema_rs
from sqlalchemy import Connection

from longtake import callbacks, clips, keys, ledger, records, tasks
from longtake.clips import Facts
from longtake.records import Record, Work
from longtake.store import Store
from tests import wire
from tests.running import READY_S, Caller, Server, until

REPORT = {
    "steps": [
        {
            "understood": ["pan left"],
            "ignored": ["--raw"],
            "written": "The camera pans left.",
            "verdict": {"passed": True, "failures": [], "unmeasured": []},
        }
    ]
}
FACTS = Facts(
    container="mp4",
    codec="h264",
    width=64,
    height=48,
    rate=Fraction(24000, 1001),
    n_frames=48,
    duration=Fraction(1001, 500),
    sound=False,
)


@contextmanager
def answering(folder: Path, **settings: Any) -> Iterator[Server]:
    """The books of ``folder`` and one API process over them; no worker."""
    with Server(folder, **settings) as server:
        tasks.prepare(server.store)
        with process(server):
            yield server


@contextmanager
def process(
    server: Server, *, port: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """One API process over the books of ``server``, told to stop at the end.

    It listens on ``port``, or where ``server`` says.
    """
    port = port or server.settings.port
    with (
        server.log.open("ab") as log,
        subprocess.Popen(
            [sys.executable, "-P", "-m", "longtake.api"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=server.folder,
            env=server.environment | {"LONGTAKE_PORT": str(port)},
        ) as started,
    ):

        def listens() -> bool:
            assert started.poll() is None, f"it ended: {server.said()}"
            with suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port)).close()
                return True
            return False

        try:
            until(listens, what=f"an API process: {server.said()}", timeout_s=READY_S)
            yield started
        finally:
            started.terminate()
            started.wait(30)


def administrator(server: Server, name: str = "operator") -> Caller:
    """A caller with an admin key, of an account of its own."""
    with server.store.database.transaction() as connection:
        account = keys.open_account(connection, name)
        text, _ = keys.create(
            connection, account.id, secret=server.store.secret, admin=True
        )
    return Caller(server.address, text, account.id)


def made(
    store: Store, account_id: str, *, parent: Record | None = None, **fields: Any
) -> Record:
    """A record of a task that is done, with one video whose files are there."""
    with store.database.transaction() as connection:
        record = waiting(connection, account_id, parent=parent, **fields)
        records.begin(connection, record.id)
        records.succeed(connection, record.id, expires_ms=2**50)
        stem = f"clips/{account_id}/{record.id}/0"
        stored = store.files.put_bytes(b"a video", f"{stem}.mp4")
        store.files.put_bytes(b"a poster", f"{stem}.jpg")
        store.files.put_bytes(b"a filmstrip", f"{stem}.png")
        clips.add(
            connection,
            record_id=record.id,
            account_id=account_id,
            index=0,
            media_name=f"{record.task_id}_0_0.mp4",
            object_key=f"{stem}.mp4",
            stored=stored,
            facts=FACTS,
            report=REPORT,
            poster_key=f"{stem}.jpg",
            filmstrip_key=f"{stem}.png",
        )
        return records.by_id(connection, record.id)


def waiting(
    connection: Connection,
    account_id: str,
    *,
    parent: Record | None = None,
    engine: str = "motion",
    **fields: Any,
) -> Record:
    """A record of a task that waits; nobody will ever make it."""
    return records.add(
        connection,
        account_id=account_id,
        task_type="mj_video_extend_auto",
        params={"taskId": parent.task_id if parent else "0"},
        work=Work(kind="extend", engine=engine),
        parent_id=parent.id if parent else None,
        parent_index=0 if parent else None,
        **fields,
    )


def owed(store: Store, record: Record) -> str:
    """A callback that the record's account is owed; the delivery's id."""
    with store.database.transaction() as connection:
        return callbacks.owe(
            connection,
            record_id=record.id,
            account_id=record.account_id,
            url="http://receiver.example/",
            body={"taskId": record.task_id},
        )


def granted(store: Store, account_id: str, *credits: int) -> None:
    """Entries in the account's history."""
    with store.database.transaction() as connection:
        for each in credits:
            ledger.grant(connection, account_id, each)


@dataclass(frozen=True)
class Promise:
    """The OpenAPI document of a server."""

    document: dict[str, Any]

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Every (method, path, operation)."""
        for path, operations in self.document["paths"].items():
            for method, operation in operations.items():
                yield method.upper(), path, operation

    def check(self, method: str, path: str, answer: httpx2.Response) -> Any:
        """The ``data`` of an answer with code 200, which is as it is promised to be."""
        operation = self.document["paths"][path][method.lower()]
        told = operation["responses"][str(answer.status_code)]
        schema = told["content"]["application/json"]["schema"]
        document = answer.json()
        jsonschema_rs.validate(
            {**schema, "components": self.document["components"]}, document
        )
        assert document["code"] == 200, document
        return document["data"]


@dataclass(frozen=True)
class Reader:
    """A client that checks that each answer is as it is promised to be."""

    caller: wire.Caller
    promise: Promise

    @classmethod
    def of(cls, caller: wire.Caller) -> Reader:
        """A reader with the key of ``caller``."""
        return cls(caller, Promise(caller.client.get("/openapi.json").json()))

    def __call__(
        self, method: str, path: str, *, body: Any = None, **fields: Any
    ) -> Any:
        """``data`` of ``method path``; ``fields`` fill the path, the rest is the query."""
        named = {
            name: fields.pop(name) for name in list(fields) if f"{{{name}}}" in path
        }
        answer = self.caller.call(
            method,
            path.format(**named),
            params=fields,
            **({} if body is None else {"json": body}),
        )
        return self.promise.check(method, path, answer)
