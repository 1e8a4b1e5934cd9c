"""Adoption: another service's records become ours, under the ids they have there.

One record at a time, whole or not at all; what is here already is not asked for again.
So it may be stopped at any moment and started again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from longtake import records
from longtake.clips.look import Looker
from longtake.clips.sniff import kind_of
from longtake.door import MEDIA_TYPES, Door
from longtake.errors import (
    AddressRefused,
    ClipRefused,
    ClipUnreadable,
    FetchFailed,
    FieldInvalid,
    LongtakeError,
    MediaFailed,
    NotFound,
)
from longtake.store import Store
from longtake.tasks.intake import Arrived, Intake, take_in
from longtake.tasks.vendor import OldRecord, Vendor

_FETCH_S = 300
_MAX_ID = 128
_GONE = frozenset((404, 410))
_GENERATING, _SUCCESS = 0, 1

Kind = Literal["adopted", "known", "expired", "nothing", "failed"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one id.

    ``expired``: its videos are gone there; ``nothing``: it never had any; ``failed``: it
    is worth another try. ``reason`` says more of these three.
    """

    task_id: str
    kind: Kind
    n_videos: int = 0
    reason: str | None = None


def adopt(
    store: Store,
    account_id: str,
    task_ids: Iterable[str],
    *,
    vendor: Vendor,
    door: Door,
) -> Iterator[Outcome]:
    """Bring the records ``task_ids`` over, one after the other; an outcome for each.

    Media are fetched through ``door``. Ends at what would stop every further id as well:
    raises KeyRefused, FetchFailed (nobody answers), OutputRefused, DatabaseUnreachable.
    """
    adopting = _Adopting(store, account_id, vendor, door)
    for task_id in dict.fromkeys(task_ids):
        yield adopting.one(task_id)


@dataclass(frozen=True, slots=True)
class _Adopting:
    store: Store
    account_id: str
    vendor: Vendor
    door: Door

    def one(self, task_id: str) -> Outcome:
        if not (0 < len(task_id) <= _MAX_ID and task_id.isprintable()):
            return Outcome(task_id, "failed", reason="This is no task id.")
        if self._known(task_id):
            return Outcome(task_id, "known")
        try:
            old = self.vendor.record(task_id)
        except NotFound as error:
            return Outcome(task_id, "failed", reason=str(error))
        except FetchFailed as error:
            if error.status is None:
                raise
            return Outcome(task_id, "failed", reason=str(error))
        if old.flag == _GENERATING:
            return Outcome(task_id, "failed", reason="It is not finished there yet.")
        if old.flag != _SUCCESS:
            return Outcome(task_id, "nothing", reason=old.reason or "It failed there.")
        if not old.urls:
            return Outcome(task_id, "expired", reason="The service names no videos.")
        return self._take(task_id, old)

    def _known(self, task_id: str) -> bool:
        with self.store.database.reading() as connection:
            try:
                records.find(connection, self.account_id, task_id)
            except NotFound:
                return False
        return True

    def _take(self, task_id: str, old: OldRecord) -> Outcome:
        """Fetch every video, look at it, and write the record."""
        n_videos, n_gone = len(old.urls), 0
        with ExitStack() as stack:
            arrived = []
            for index, url in enumerate(old.urls):
                path = stack.enter_context(self.store.files.arrival())
                name = f"Video {index} of {n_videos}"
                try:
                    arrived.append(self._arrived(url, path, name))
                except FetchFailed as error:
                    if error.status not in _GONE:
                        return _failed(task_id, name, error)
                    n_gone += 1
                except (
                    AddressRefused,
                    ClipRefused,
                    ClipUnreadable,
                    MediaFailed,
                ) as error:
                    return _failed(task_id, name, error)
            if n_gone == n_videos:
                return Outcome(task_id, "expired", reason="Its videos are gone there.")
            if n_gone:
                return Outcome(
                    task_id,
                    "failed",
                    reason=f"{n_gone} of its {n_videos} videos are gone there, so they "
                    "would not keep their order; import the others by their URLs.",
                )
            try:
                take_in(self.store, self.account_id, arrived, _intake(task_id, old))
            except FieldInvalid as error:
                return Outcome(task_id, "failed", reason=str(error))
        return Outcome(task_id, "adopted", n_videos=n_videos)

    def _arrived(self, url: str, path: Path, name: str) -> Arrived:
        settings = self.store.settings
        self.door.fetch(
            url,
            path,
            max_bytes=settings.max_clip_bytes,
            timeout_s=_FETCH_S,
            types=MEDIA_TYPES,
        )
        if not kind_of(path, name).is_clip:
            raise ClipRefused(f"{name} is an image.")
        return Arrived(path, asyncio.run(Looker(settings).look(path, name)))


def _intake(task_id: str, old: OldRecord) -> Intake:
    return Intake(
        origin="adopted",
        task_type=old.task_type,
        params=old.params,
        prompt=old.prompt,
        task_id=task_id,
        created_ms=old.created_ms,
    )


def _failed(task_id: str, name: str, error: LongtakeError) -> Outcome:
    reason = str(error)
    reason = reason if name in reason else f"{name}: {reason}"
    return Outcome(task_id, "failed", reason=reason)
