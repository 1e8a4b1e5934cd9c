"""Files on their way in: sent, fetched or our own; kept beside the files until known."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urlsplit

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from longtake import clips, clock
from longtake.clips import paths
from longtake.clips.look import Looker, Seen
from longtake.clips.sniff import Kind, kind_of
from longtake.door import MEDIA_TYPES, Door
from longtake.errors import ClipRefused, RecordNotReady
from longtake.store import Store

_FETCHES = 8  # at a time; each holds a thread
_FETCH_S = 300


class Arrivals:
    """One application's way in for files. Nothing of a failure is left on the disk."""

    def __init__(self, store: Store, door: Door) -> None:
        self._store = store
        self._door = door
        self._looker = Looker(store.settings)
        self._fetches = CapacityLimiter(_FETCHES)

    @property
    def max_bytes(self) -> int:
        """The largest file that is taken."""
        return self._store.settings.max_clip_bytes

    @asynccontextmanager
    async def place(self) -> AsyncIterator[Path]:
        """An empty file to fill; removed at the end unless the store has kept it."""
        with self._store.files.arrival() as path:
            yield path

    async def fetch(self, account_id: str, url: str, to: Path) -> str | None:
        """Write what lies at ``url`` to ``to``; the name of it, if that is a plain one.

        Our own URLs are looked up for the account and never fetched. Raises NotFound and
        RecordNotReady for those, AddressRefused and FetchFailed for the others.
        """
        if not await run_in_threadpool(self._copy_own, account_id, url, to):
            await to_thread.run_sync(self._fetch, url, to, limiter=self._fetches)
        return paths.own_name(unquote(urlsplit(url).path))

    async def kind(self, path: Path, name: str | None) -> Kind:
        """What a file is by its first bytes. Raises ClipUnreadable, ClipRefused."""
        return await run_in_threadpool(kind_of, path, name or _NAMELESS)

    async def seen(self, path: Path, name: str | None) -> Seen:
        """The facts of a clip. Raises ClipUnreadable and ClipRefused."""
        name = name or _NAMELESS
        if not (await self.kind(path, name)).is_clip:
            raise ClipRefused(
                f"{name} is an image; a lineage starts from an image with generate."
            )
        return await self._looker.look(path, name)

    def _fetch(self, url: str, to: Path) -> None:
        self._door.fetch(
            url,
            to,
            max_bytes=self.max_bytes,
            timeout_s=_FETCH_S,
            types=MEDIA_TYPES,
        )

    def _copy_own(self, account_id: str, url: str, to: Path) -> bool:
        """Copy the file behind one of our own URLs; False for a URL of elsewhere."""
        store = self._store
        with store.database.reading() as connection:
            media = clips.own(connection, account_id, url, store.settings.base_url)
        if media is None:
            return False
        if media.expired(clock.now_ms()):
            raise RecordNotReady(f"The media of {url} have expired and are gone.")
        with store.files.local(media.object_key) as path:
            shutil.copyfile(path, to)
        return True


_NAMELESS = "The file"


async def _arrivals(request: Request) -> Arrivals:
    found: Arrivals = request.app.state.arrivals
    return found


Incoming = Annotated[Arrivals, Depends(_arrivals)]
