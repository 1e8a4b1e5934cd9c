"""The fonts that text is drawn with: DejaVu Sans, shipped; Noto Sans CJK where installed."""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path

_SHIPPED = Path(__file__).parent / "DejaVuSans.ttf"

# Where distributions and people put it: Debian, Fedora, Arch, macOS, Windows.
_INSTALLED = (
    Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"),
    Path("/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc"),
    Path("/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc"),
    Path("/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc"),
    Path("/Library/Fonts/NotoSansCJK-Regular.ttc"),
    Path("C:/Windows/Fonts/NotoSansCJK-Regular.ttc"),
)

_BY_SEGMENT, _BY_GROUP = 4, 12  # cmap formats: 16-bit and 32-bit code points

Runs = tuple[tuple[int, int], ...]  # inclusive ranges of code points


@cache
def available() -> tuple[Path, ...]:
    """The fonts on this machine, ours first."""
    return (_SHIPPED, *(path for path in _INSTALLED if path.is_file()))


def best(text: str) -> tuple[Path, tuple[str, ...]]:
    """The font that misses the fewest characters of ``text``, and which those are.

    One font draws the whole text, so that scripts of both directions are shaped together.
    """
    missing = {
        path: tuple(
            dict.fromkeys(letter for letter in text if not _covers(path, letter))
        )
        for path in available()
    }
    path = min(missing, key=lambda path: len(missing[path]))
    return path, missing[path]


def _covers(path: Path, letter: str) -> bool:
    code = ord(letter)
    return any(first <= code <= last for first, last in coverage(path))


@cache
def coverage(path: Path) -> Runs:
    """Code points that a TrueType or OpenType font (of a collection, the first) maps.

    Reads the ``cmap`` table, formats 4 and 12 (ISO/IEC 14496-22, section 5.2.1).
    """
    data = path.read_bytes()
    start = struct.unpack_from(">I", data, 12)[0] if data[:4] == b"ttcf" else 0
    for at in range(start + 12, len(data), 16):
        name, _, table, _ = struct.unpack_from(">4sIII", data, at)
        if name == b"cmap":
            break
    count = struct.unpack_from(">H", data, table + 2)[0]
    found: set[tuple[int, int]] = set()
    for at in range(table + 4, table + 4 + 8 * count, 8):
        platform, encoding, offset = struct.unpack_from(">HHI", data, at)
        if platform == 0 or (platform, encoding) in {(3, 1), (3, 10)}:
            found.update(_runs(data, table + offset))
    return tuple(sorted(found))


def _runs(data: bytes, at: int) -> Runs:
    form = struct.unpack_from(">H", data, at)[0]
    if form == _BY_GROUP:
        count = struct.unpack_from(">I", data, at + 12)[0]
        groups = struct.iter_unpack(">III", data[at + 16 : at + 16 + 12 * count])
        return tuple((first, last) for first, last, _ in groups)
    if form == _BY_SEGMENT:
        count = struct.unpack_from(">H", data, at + 6)[0] // 2
        lasts = struct.unpack_from(f">{count}H", data, at + 14)
        firsts = struct.unpack_from(f">{count}H", data, at + 16 + 2 * count)
        return tuple(zip(firsts, lasts, strict=True))
    return ()
