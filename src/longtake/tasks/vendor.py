"""The service that records are adopted from: its record-info, at a bearable pace."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import httpx2

from longtake import clock
from longtake.callbacks.outcome import retry_after_ms
from longtake.door.place import Place
from longtake.errors import AskInvalid, FetchFailed, KeyRefused, NotFound

WAITS_S = (1.0, 2.0, 4.0, 8.0)
_PATH = "/api/v1/mj/record-info"
_TIMEOUT_S = 30
_OK, _UNAUTHORIZED, _MISSING, _INVALID, _TOO_MANY = 200, 401, 404, 422, 429
_AGAIN = frozenset((_TOO_MANY, 455, 500, 502, 503, 504))  # may go through later
_MAX_TASK_TYPE = 40
_MAX_MS = 2**53


@dataclass(frozen=True, slots=True)
class OldRecord:
    """A record as the old service tells it."""

    task_type: str
    params: Mapping[str, Any]
    created_ms: int | None
    flag: int  # successFlag: 0 generating, 1 success, 2 and 3 failed
    urls: tuple[str, ...]  # of its videos, in their order
    reason: str | None  # why it failed

    @property
    def prompt(self) -> str | None:
        """What it was asked to show."""
        prompt = self.params.get("prompt")
        return _clean(prompt) if isinstance(prompt, str) else None


class Vendor:
    """The old service at ``url``, asked with ``key``; a context manager.

    Never more than ``per_second`` requests. What may go through later is asked again after
    each of ``waits_s`` seconds, or as long as the service asks to wait. Raises
    AddressRefused where ``url`` is none, AskInvalid where ``key`` cannot be one.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        per_second: float = 5,
        waits_s: Sequence[float] = WAITS_S,
    ) -> None:
        self._waits_s = tuple(waits_s)
        self._pace_s = 1 / per_second
        self._next_s = clock.monotonic_s()
        place = Place.of(url.rstrip("/").removesuffix("/api/v1"))
        self._url = place.url.rstrip("/") + _PATH
        if not key.isascii() or not key.isprintable():
            raise AskInvalid("The key of the old service holds what no key holds.")
        headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
        self._client = httpx2.Client(headers=headers, timeout=_TIMEOUT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def record(self, task_id: str) -> OldRecord:
        """What the service knows of ``task_id``.

        Raises NotFound; KeyRefused; and FetchFailed, without a status where nobody
        answers or what answers is another service.
        """
        for wait_s in (*self._waits_s, None):
            self._keep_pace()
            try:
                response = self._client.get(self._url, params={"taskId": task_id})
            except httpx2.TransportError as error:
                if wait_s is None:
                    raise FetchFailed(
                        f"{self._url} cannot be reached: {error}."
                    ) from error
                time.sleep(wait_s)
                continue
            code, message, data = self._understood(response)
            if code == _OK:
                return _old_record(data)
            if code not in _AGAIN or wait_s is None:
                break
            asked_ms = retry_after_ms(
                response.headers.get("retry-after", ""), clock.now_ms()
            )
            time.sleep(max(wait_s, asked_ms / 1000))
        if code == _UNAUTHORIZED:
            raise KeyRefused(f"{self._url} does not accept the key: {message}.")
        if code in {_MISSING, _INVALID}:
            raise NotFound(f"The service does not know it: {message}.")
        raise FetchFailed(f"The service answers {code}: {message}.", status=code)

    def _keep_pace(self) -> None:
        now_s = clock.monotonic_s()
        time.sleep(max(0.0, self._next_s - now_s))
        self._next_s = max(self._next_s, now_s) + self._pace_s

    def _understood(self, response: httpx2.Response) -> tuple[int, str, Any]:
        """``code``, ``msg`` and ``data``; the HTTP status where there is no envelope."""
        try:
            envelope = response.json()
            return int(envelope["code"]), str(envelope.get("msg")), envelope.get("data")
        except (ValueError, TypeError, KeyError) as error:
            if response.status_code != _OK:
                return response.status_code, response.reason_phrase, None
            raise FetchFailed(
                f"{self._url} answers, but not as the video API does; check --from."
            ) from error


def _old_record(data: Any) -> OldRecord:
    """Read ``data`` of record-info, with what old documents show of it as well."""
    if not isinstance(data, dict):
        raise FetchFailed("The service tells nothing of it.", status=_OK)
    params = _object(data.get("paramJson"))
    results = _object(data.get("resultInfoJson")).get("resultUrls")
    named = [
        one.get("resultUrl") if isinstance(one, dict) else one
        for one in (results if isinstance(results, list) else [])
    ]
    task_type = str(data.get("taskType") or params.get("taskType") or "mj_video")
    flag = data.get("successFlag")
    return OldRecord(
        task_type=_clean(task_type)[:_MAX_TASK_TYPE],
        params=params,
        created_ms=_moment_ms(data.get("createTime")),
        flag=flag if isinstance(flag, int) else 1,
        urls=tuple(url for url in named if isinstance(url, str) and url),
        reason=data.get("errorMessage"),
    )


def _object(value: Any) -> dict[str, Any]:
    """A JSON object, or the text of one; empty for anything else."""
    if isinstance(value, str):
        try:
            value = json.loads(value, parse_constant=lambda _: None)  # no NaN
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}


def _moment_ms(value: Any) -> int | None:
    """Epoch milliseconds, or an ISO time; None for anything else."""
    if isinstance(value, str) and not value.isdecimal():
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            return None
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
        return round(found.timestamp() * 1000)
    found_ms = int(value) if isinstance(value, int | str) else -1
    return found_ms if 0 <= found_ms < _MAX_MS else None


def _clean(text: str) -> str:
    """``text`` without what a database does not take: zero bytes, half characters."""
    return text.replace("\0", "").encode(errors="replace").decode()
