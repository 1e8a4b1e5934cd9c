"""MP4 boxes, opened and changed in place: how tests make files that no muxer would write.

Source: ISO/IEC 14496-12. Only for files whose ``moov`` lies after ``mdat`` may a box change
its size, since chunk offsets are not rewritten.
"""

from __future__ import annotations

import struct
from pathlib import Path

_HEAD = struct.Struct(">I4s")


def find(data: bytes, path: str, index: int = 0) -> list[tuple[int, int]]:
    """(start, end) of each box along ``path`` ("moov/trak/mdia"); outermost first.

    ``index`` picks among the ``trak`` boxes. A sample description's entry is named by its
    own type: "moov/trak/mdia/minf/stbl/stsd/avc1/avcC". KeyError where a box is missing.
    """
    found: list[tuple[int, int]] = []
    start, end = 0, len(data)
    for name in path.split("/"):
        start, end = _child(data, start, end, name, index if name == "trak" else 0)
        found.append((start, end))
        start += 8 + {"stsd": 8, "avc1": 78, "hvc1": 78, "mp4a": 28}.get(name, 0)
    return found


def _child(data: bytes, at: int, end: int, name: str, index: int) -> tuple[int, int]:
    while at + 8 <= end:
        size, kind = _HEAD.unpack_from(data, at)
        if size == 1:
            size = struct.unpack_from(">Q", data, at + 8)[0]
        if kind == name.encode():
            if index == 0:
                return at, at + size
            index -= 1
        at += size
    raise KeyError(f"there is no box {name}")


def payload(file: Path, path: str, index: int = 0) -> bytes:
    """What lies in the box, without its eight bytes of head."""
    data = file.read_bytes()
    start, end = find(data, path, index)[-1]
    return data[start + 8 : end]


def replace(file: Path, path: str, content: bytes, index: int = 0) -> None:
    """Put ``content`` into the box and set the sizes of all that hold it."""
    data = bytearray(file.read_bytes())
    way = find(bytes(data), path, index)
    start, end = way[-1]
    growth = len(content) - (end - start - 8)
    if growth:
        assert data.find(b"mdat") < way[0][0], "moov must lie last to change its size"
    for box, _ in way:
        size = struct.unpack_from(">I", data, box)[0]
        struct.pack_into(">I", data, box, size + growth)
    data[start + 8 : end] = content
    file.write_bytes(data)


def set_edit_list(file: Path, edits: list[tuple[int, int]], index: int = 0) -> None:
    """Replace a track's edit list with (duration in movie ticks, media time in track ticks).

    The file must have one already. A media time of -1 is an empty edit.
    """
    entries = b"".join(struct.pack(">IiI", length, at, 1 << 16) for length, at in edits)
    content = struct.pack(">II", 0, len(edits)) + entries
    replace(file, "moov/trak/edts/elst", content, index)
