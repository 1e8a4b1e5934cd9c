"""What a file is by its first bytes; a name or a declared type is never believed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from longtake.errors import ClipRefused, ClipUnreadable

_HEAD_BYTES = 1024
_PACKET = 188  # of an MPEG transport stream
_SYNC = 0x47
_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"})


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file we take."""

    suffix: str
    mime_type: str
    is_clip: bool


_JPEG = Kind("jpg", "image/jpeg", is_clip=False)
_PNG = Kind("png", "image/png", is_clip=False)
_WEBP = Kind("webp", "image/webp", is_clip=False)
_MP4 = Kind("mp4", "video/mp4", is_clip=True)
_MOV = Kind("mov", "video/quicktime", is_clip=True)
_MATROSKA = Kind("mkv", "video/x-matroska", is_clip=True)
_WEBM = Kind("webm", "video/webm", is_clip=True)
_AVI = Kind("avi", "video/x-msvideo", is_clip=True)
_MPEG_TS = Kind("ts", "video/mp2t", is_clip=True)
KINDS = (_JPEG, _PNG, _WEBP, _MP4, _MOV, _MATROSKA, _WEBM, _AVI, _MPEG_TS)


def kind_of(path: Path, name: str) -> Kind:
    """The kind of the file at ``path``; sentences call it ``name``.

    Raises ClipUnreadable for an empty file, ClipRefused for what is no clip or image of
    the kinds we take.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        raise ClipUnreadable(f"{name} is empty; send it again.")
    found = _image(head) or _clip(head)
    if found is None:
        raise ClipRefused(
            f"{name} is not an mp4, mov, mkv, webm, avi or ts clip, nor a JPEG, PNG or "
            "WebP image, whatever it is called."
        )
    return found


def _image(head: bytes) -> Kind | None:
    if head.startswith(b"\xff\xd8\xff"):
        return _JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return _PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _WEBP
    return None


def _clip(head: bytes) -> Kind | None:
    if head[4:8] in _BOXES:
        return _MP4 if head[4:8] == b"ftyp" and head[8:10] != b"qt" else _MOV
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return _WEBM if b"webm" in head[:64] else _MATROSKA
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return _AVI
    if len(head) > 2 * _PACKET and {head[0], head[_PACKET], head[2 * _PACKET]} == {
        _SYNC
    }:
        return _MPEG_TS
    return None
