"""A small old service for tests: record-info and the media of its records."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from longtake import clock
from tests.receivers import Received, Receiver, Reply, receiving

KEY = "old-service-key-0123456789"
_INFO = "/api/v1/mj/record-info"


@dataclass(slots=True)
class OldService:
    """What it knows, and how it misbehaves. Its address is that of its receiver."""

    receiver: Receiver
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    media: dict[str, bytes] = field(default_factory=dict)
    # What a path answers first, one after the other, before it answers as it should.
    first: dict[str, list[Reply]] = field(default_factory=lambda: defaultdict(list))
    asked_s: list[float] = field(default_factory=list)  # when record-info was asked
    on_request: Callable[[str], None] = lambda path: None

    @property
    def url(self) -> str:
        """Its address, as --from wants it."""
        return f"http://{self.receiver.host}"

    def add(
        self, task_id: str, *videos: bytes, flag: int = 1, **fields: Any
    ) -> dict[str, Any]:
        """A record with ``videos``; ``fields`` replace what record-info tells of it."""
        urls = []
        for index, video in enumerate(videos):
            self.media[f"/media/{task_id}_{index}.mp4"] = video
            urls.append({"resultUrl": f"{self.url}/media/{task_id}_{index}.mp4?s=1"})
        params = {"prompt": f"a scene of {task_id}", "taskType": "mj_video", "ow": 3}
        self.records[task_id] = {
            "taskId": task_id,
            "taskType": "mj_video",
            "paramJson": json.dumps(params),
            "createTime": 1_760_000_000_000,
            "completeTime": 1_760_000_060_000,
            "resultInfoJson": {"resultUrls": urls} if flag == 1 else None,
            "successFlag": flag,
            "errorCode": None,
            "errorMessage": None,
        } | fields
        return self.records[task_id]

    def media_of(self, task_id: str) -> list[str]:
        """Where the media of ``task_id`` are."""
        return [path for path in self.media if path.startswith(f"/media/{task_id}_")]

    def asked(self, task_id: str) -> int:
        """How often ``task_id`` was asked for."""
        return [one.path for one in self.receiver.received].count(
            f"{_INFO}?taskId={task_id}"
        )

    def fetched(self, task_id: str) -> list[str]:
        """The media of ``task_id`` that were fetched, in order."""
        paths = (urlsplit(one.path).path for one in self.receiver.received)
        return [path for path in paths if path.startswith(f"/media/{task_id}_")]

    def behave(self, request: Received) -> Reply:
        """Answer one request."""
        path = urlsplit(request.path).path
        self.on_request(request.path)
        if path == _INFO:
            self.asked_s.append(clock.monotonic_s())
        if self.first[request.path]:
            return self.first[request.path].pop(0)
        if path == _INFO:
            return self._info(request)
        if path in self.media:
            return Reply(headers={"Content-Type": "video/mp4"}, body=self.media[path])
        return Reply(404)

    def _info(self, request: Received) -> Reply:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return envelope(401, "You do not have access permissions")
        (task_id,) = parse_qs(urlsplit(request.path).query)["taskId"]
        if task_id not in self.records:
            return envelope(422, "Record does not exist")
        return envelope(200, "success", self.records[task_id])


def envelope(code: int, message: str, data: Mapping[str, Any] | None = None) -> Reply:
    """An answer of the family: HTTP 200, whatever the code."""
    body = json.dumps({"code": code, "msg": message, "data": data}).encode()
    return Reply(headers={"Content-Type": "application/json"}, body=body)


def info_path(task_id: str) -> str:
    """Where the record of ``task_id`` is told."""
    return f"{_INFO}?taskId={task_id}"


@contextmanager
def serving() -> Iterator[OldService]:
    """An old service for the length of a block."""
    with receiving() as receiver:
        service = OldService(receiver)
        receiver.behave = service.behave
        yield service
