"""The few facts of an mp4 or mov that FFmpeg keeps to itself. Source: ISO/IEC 14496-12."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

_MAX_BOXES = 100_000  # of one level; more is an attack
_MAX_EDITS_BYTES = 1 << 16
_WHOLE_SIZE, _TO_THE_END = 1, 0  # what a 32-bit size may say instead
_EMPTY_EDIT = -1
_HEAD = struct.Struct(">I4s")


class Box(NamedTuple):
    """A box: its four letters, and where its content lies in the file."""

    kind: bytes
    start: int
    end: int


class Layout(NamedTuple):
    """What the boxes say of a file and one of its tracks."""

    fragmented: bool
    n_edits: (
        int  # entries of the track's edit list that show something; 1 without a list
    )


def layout(path: Path, track_id: int) -> Layout:
    """The :class:`Layout` of an mp4 or mov; damage ends the search, and is no error."""
    fragmented, n_edits = False, 1
    with path.open("rb") as file:
        for top in _inside(file, 0, path.stat().st_size):
            fragmented |= top.kind == b"moof"
            if top.kind != b"moov":
                continue
            for box in _inside(file, top.start, top.end):
                fragmented |= box.kind == b"mvex"
                if box.kind == b"trak" and _track_id(file, box) == track_id:
                    n_edits = _edits(file, box)
            break
    return Layout(fragmented, n_edits)


def _inside(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """The boxes between two positions."""
    for _ in range(_MAX_BOXES):
        file.seek(start)
        head = file.read(_HEAD.size)
        if start + _HEAD.size > end or len(head) < _HEAD.size:
            return
        size, kind = _HEAD.unpack(head)
        content = start + _HEAD.size
        if size == _WHOLE_SIZE:
            size = int.from_bytes(file.read(8), "big")
            content += 8
        stop = end if size == _TO_THE_END else start + size
        if stop < content or stop > end:
            return
        yield Box(kind, content, stop)
        start = stop


def _first(file: BinaryIO, parent: Box, kind: bytes) -> Box | None:
    return next(
        (b for b in _inside(file, parent.start, parent.end) if b.kind == kind), None
    )


def _track_id(file: BinaryIO, track: Box) -> int | None:
    header = _first(file, track, b"tkhd")
    if header is None:
        return None
    file.seek(header.start)
    data = file.read(24)
    at = 20 if data[:1] == b"\1" else 12  # times have 64 or 32 bits
    return int.from_bytes(data[at : at + 4], "big")


def _edits(file: BinaryIO, track: Box) -> int:
    edits = _first(file, track, b"edts")
    entries = edits and _first(file, edits, b"elst")
    if not entries:
        return 1
    file.seek(entries.start)
    data = file.read(min(entries.end - entries.start, _MAX_EDITS_BYTES))
    entry = struct.Struct(">QqI" if data[:1] == b"\1" else ">IiI")
    whole = data[8 : 8 + (len(data) - 8) // entry.size * entry.size]
    return sum(begin != _EMPTY_EDIT for _, begin, _ in entry.iter_unpack(whole))
