"""A record as the wire shows it: the data of ``record-info``, the body of a callback."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from longtake.records.life import Progress
from longtake.records.record import Record, State

STATES: dict[State, str] = {
    "waiting": "waiting",
    "running": "generating",
    "success": "success",
    "fail": "fail",
}


class Video(Protocol):
    """What a view needs of a clip."""

    @property
    def index(self) -> int:
        """Which video of its record, from 0."""

    @property
    def media_name(self) -> str:
        """Its name in ``/m/<name>``."""


def view(
    record: Record,
    videos: Sequence[Video],
    *,
    base_url: str,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """The ``data`` of ``record-info``: the vendor's fields first, then ours."""
    urls = _urls(record, videos, base_url)
    parent = {"taskId": record.parent_task_id, "index": record.parent_index}
    return {
        "taskId": record.task_id,
        "taskType": record.task_type,
        "paramJson": text(record.params),
        "createTime": record.created_ms,
        "completeTime": record.completed_ms,
        "resultInfoJson": _result_info(urls),
        "successFlag": record.success_flag,
        "errorCode": record.error_code,
        "errorMessage": record.error_message,
        "state": STATES[record.state],
        "resultJson": text({"resultUrls": urls}) if urls else None,
        "failCode": record.error_code,
        "failMsg": record.error_message,
        "origin": record.origin,
        "prompt": record.prompt,
        "credits": record.credits,
        "parent": parent if record.parent_task_id else None,
        "startTime": record.started_ms,
        "expireTime": record.expires_ms,
        "progress": _progress(record, progress),
        "reportUrl": _report_url(record, base_url),
    }


def callback_body(
    record: Record, videos: Sequence[Video], *, base_url: str
) -> dict[str, Any]:
    """The body of a callback: the union of the three forms that receivers know.

    One reads ``data.taskId`` and ``data.resultInfoJson`` as in ``record-info``, one
    ``data.task_id`` and ``data.resultUrls``, one ``taskId`` beside ``code``.
    """
    made = record.state == "success"
    urls = _urls(record, videos, base_url)
    params = text(record.params)
    return {
        "code": 200 if made else 500,
        "msg": "success" if made else record.error_message,
        "taskId": record.task_id,
        "data": {
            "taskId": record.task_id,
            "task_id": record.task_id,
            "taskType": record.task_type,
            "promptJson": params,
            "paramJson": params,
            "resultUrls": urls,
            "resultInfoJson": _result_info(urls),
            "successFlag": record.success_flag,
            "errorCode": record.error_code,
            "errorMessage": record.error_message,
            "callbackType": "task_completed",
        },
    }


def text(value: Mapping[str, Any]) -> str:
    """``value`` as JSON text: keys in alphabetical order, nulls dropped."""
    return json.dumps(
        {name: kept for name, kept in value.items() if kept is not None},
        ensure_ascii=False,
        separators=(",", ":"),
        sort_keys=True,
    )


def _urls(record: Record, videos: Sequence[Video], base_url: str) -> list[str]:
    if record.state != "success":
        return []
    ordered = sorted(videos, key=lambda video: video.index)
    return [f"{base_url}/m/{video.media_name}" for video in ordered]


def _result_info(urls: Sequence[str]) -> dict[str, Any] | None:
    return {"resultUrls": [{"resultUrl": url} for url in urls]} if urls else None


def _progress(record: Record, progress: Progress | None) -> dict[str, Any] | None:
    if progress is None or not record.open:
        return None
    return {
        "stage": progress.stage,
        "done": progress.done,
        "total": progress.total,
        "candidate": progress.candidate,
    }


def _report_url(record: Record, base_url: str) -> str | None:
    if record.origin != "made" or record.state != "success":
        return None
    return f"{base_url}/api/v1/records/{record.task_id}/report"
