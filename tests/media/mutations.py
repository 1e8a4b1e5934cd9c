"""Ways to damage a file, by kind; seeded, so that a finding can be made again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Random = np.random.Generator
_HEADER = (
    700  # bytes in which containers say what they hold; an index in front is longer
)
_LIES = (0, 1, 7, 8, 0x7F, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)


def flip_header_bits(data: bytearray, random: Random) -> None:
    """One to four bits where the container describes itself."""
    _flip(data, random, 4, min(_HEADER, len(data)), int(random.integers(1, 5)))


def flip_payload_bits(data: bytearray, random: Random) -> None:
    """Up to forty bits anywhere behind the header."""
    _flip(
        data,
        random,
        min(_HEADER, len(data) // 2),
        len(data),
        int(random.integers(1, 41)),
    )


def truncate(data: bytearray, random: Random) -> None:
    """The file ends early, anywhere."""
    del data[int(random.integers(1, len(data))) :]


def duplicate(data: bytearray, random: Random) -> None:
    """A stretch stands twice."""
    start, end = _stretch(data, random)
    data[end:end] = data[start:end]


def remove(data: bytearray, random: Random) -> None:
    """A stretch is missing, or has changed places with the one behind it."""
    start, end = _stretch(data, random)
    piece = data[start:end]
    del data[start:end]
    if random.integers(2):
        place = min(len(data), start + len(piece))
        data[place:place] = piece


def lie_about_lengths(data: bytearray, random: Random) -> None:
    """Up to three four-byte numbers of the header, or of boxes anywhere, are others."""
    names = [at - 4 for name in _BOXES for at in _places(data, name)]
    for _ in range(int(random.integers(1, 4))):
        anywhere = int(random.integers(4, max(5, min(_HEADER, len(data) - 4))))
        at = int(random.choice(names)) if names and random.integers(2) else anywhere
        lie = int(random.choice(_LIES))
        data[at : at + 4] = lie.to_bytes(4, "big" if random.integers(2) else "little")


KINDS: dict[str, Callable[[bytearray, Random], None]] = {
    "header bits": flip_header_bits,
    "payload bits": flip_payload_bits,
    "truncated": truncate,
    "duplicated": duplicate,
    "removed or swapped": remove,
    "lengths that lie": lie_about_lengths,
}
_BOXES = tuple(
    name.encode()
    for name in (
        *(
            "moov",
            "trak",
            "stsd",
            "avc1",
            "avcC",
            "stsz",
            "stco",
            "stts",
            "elst",
            "ctts",
        ),
        *("trun", "tfhd", "moof", "mdat", "LIST", "strf", "idx1", "movi"),
    )
)


def mutated(data: bytes, kind: str, seed: int) -> bytes:
    """``data`` after one mutation of ``kind``."""
    changed = bytearray(data)
    KINDS[kind](changed, np.random.default_rng(seed))
    return bytes(changed)


def _flip(data: bytearray, random: Random, start: int, end: int, count: int) -> None:
    for at in random.integers(start, end, count):
        data[at] ^= 1 << int(random.integers(8))


def _stretch(data: bytearray, random: Random) -> tuple[int, int]:
    start = int(random.integers(0, len(data) - 1))
    return start, min(len(data), start + int(random.integers(1, 1 + len(data) // 4)))


def _places(data: bytearray, name: bytes) -> list[int]:
    found, at = [], data.find(name)
    while at >= 4:
        found.append(at)
        at = data.find(name, at + 1)
    return found
