"""What lies behind a media name: a video, a picture of it, or an upload."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import Connection, select

from longtake.clips.facts import SUFFIXES
from longtake.clips.sniff import KINDS
from longtake.clips.uploads import upload_of
from longtake.clips.videos import Clip, clip_of
from longtake.errors import NotFound
from longtake.store.tables import clips, records, uploads

_TYPES = {kind.suffix: kind.mime_type for kind in KINDS}
_PICTURES = {"jpg": "poster_key", "png": "filmstrip_key"}


@dataclass(frozen=True, slots=True)
class Media:
    """One file that has a media URL. ``clip`` or ``upload_id`` says what it is of."""

    account_id: str
    name: str
    object_key: str
    mime_type: str
    etag: str  # without quotes; changes with the bytes
    expires_ms: int | None
    clip: Clip | None = None
    upload_id: str | None = None

    def expired(self, now_ms: int) -> bool:
        """Whether the file is gone or about to be."""
        gone = self.clip is not None and self.clip.expired_ms is not None
        return gone or (self.expires_ms is not None and self.expires_ms <= now_ms)


def media(connection: Connection, name: str) -> Media:
    """What ``name`` is. Raises NotFound; what has expired is found and says so."""
    stem, _, suffix = name.rpartition(".")
    if suffix not in _TYPES:
        raise _none()
    found = _video(connection, name) or _upload(connection, name)
    if found is None and suffix in _PICTURES:
        found = _picture(connection, stem, suffix)
    if found is None:
        raise _none()
    return found


def own(
    connection: Connection, account_id: str, url: str, base_url: str
) -> Media | None:
    """The account's file behind one of our own URLs; None for a URL of elsewhere.

    Raises NotFound where the URL is ours but names no file of this account.
    """
    try:
        asked, base = urlsplit(url), urlsplit(base_url)
    except ValueError:  # no URL at all
        return None
    prefix = f"{base.path.rstrip('/')}/m/"
    here = (asked.scheme.lower(), asked.netloc.lower()) == (
        base.scheme.lower(),
        base.netloc.lower(),
    )
    if not here or not asked.path.startswith(prefix):
        return None
    found = media(connection, asked.path.removeprefix(prefix))
    if found.account_id != account_id:
        raise _none()
    return found


def _video(connection: Connection, name: str) -> Media | None:
    return _of_clip(connection, [name], name, None)


def _picture(connection: Connection, stem: str, suffix: str) -> Media | None:
    videos = [f"{stem}.{video}" for video in SUFFIXES.values()]
    return _of_clip(connection, videos, f"{stem}.{suffix}", suffix)


def _of_clip(
    connection: Connection, videos: list[str], name: str, picture: str | None
) -> Media | None:
    row = connection.execute(
        select(clips, records.c.expires_ms)
        .join(records, records.c.id == clips.c.record_id)
        .where(clips.c.media_name.in_(videos), records.c.deleted_ms.is_(None))
    ).first()
    if row is None:
        return None
    clip = clip_of(row)
    key = getattr(clip, _PICTURES[picture]) if picture else clip.object_key
    if key is None:
        return None
    return Media(
        account_id=clip.account_id,
        name=name,
        object_key=key,
        mime_type=_TYPES[name.rpartition(".")[2]],
        etag=f"{clip.sha256}-{picture}" if picture else clip.sha256,
        expires_ms=row.expires_ms,
        clip=clip,
    )


def _upload(connection: Connection, name: str) -> Media | None:
    row = connection.execute(
        select(uploads).where(uploads.c.media_name == name)
    ).one_or_none()
    if row is None:
        return None
    upload = upload_of(row)
    return Media(
        account_id=upload.account_id,
        name=name,
        object_key=upload.object_key,
        mime_type=upload.mime_type,
        etag=upload.sha256,
        expires_ms=upload.expires_ms,
        upload_id=upload.id,
    )


def _none() -> NotFound:
    return NotFound("There is no such file.")
