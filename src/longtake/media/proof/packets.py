"""Coded packets of a source, looked for in a result, byte by byte."""

from __future__ import annotations

import hashlib
import zlib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice


@dataclass(frozen=True, slots=True)
class Match:
    """The source's first ``n_kept`` packets beside the result's first ``n_kept``.

    The hashes are SHA-256 over the payloads one after another, as
    ``ffmpeg -c copy -f hash`` gives them for a whole stream.
    """

    n_kept: int
    n_same: int  # leading packets that are equal
    share: float  # of the n_kept packets, found anywhere in the result
    source_sha256: str
    result_sha256: str
    difference: str | None  # a clause: what differs first, None where nothing does

    @property
    def identical(self) -> bool:
        """Whether every kept packet is there, in its place, byte for byte."""
        return self.n_same == self.n_kept and self.source_sha256 == self.result_sha256


def compare(
    source: Iterable[bytes], result: Iterable[bytes], n_kept: int | None = None
) -> Match:
    """Look for the first ``n_kept`` payloads of ``source`` at the start of ``result``.

    Both are read once; of packets after a difference only a checksum is held.
    """
    ours, theirs = islice(source, n_kept), iter(result)
    hashes = hashlib.sha256(), hashlib.sha256()
    n_same = 0
    for payload in ours:
        other = next(theirs, None)
        hashes[0].update(payload)
        if other is not None:
            hashes[1].update(other)
        if payload != other:
            rest = array("Q", [_sum(payload)])
            found = array("Q") if other is None else array("Q", [_sum(other)])
            _read_on(ours, rest, hashes[0])
            _read_on(islice(theirs, len(rest) - 1), found, hashes[1])
            found.extend(_sum(payload) for payload in theirs)
            missing = Counter(rest) - Counter(found)
            difference = _difference(rest, found, n_same)
            n_total = n_same + len(rest)
            share = 1 - missing.total() / n_total
            break
        n_same += 1
    else:
        n_total, share, difference = n_same, float(n_same > 0), None
    return Match(
        n_kept=n_total,
        n_same=n_same,
        share=share,
        source_sha256=hashes[0].hexdigest(),
        result_sha256=hashes[1].hexdigest(),
        difference=difference,
    )


def _read_on(packets: Iterator[bytes], sums: array[int], digest: hashlib._Hash) -> None:
    for payload in packets:
        digest.update(payload)
        sums.append(_sum(payload))


def _sum(payload: bytes) -> int:
    """What tells packets apart where nothing but the wording depends on it."""
    return zlib.crc32(payload) << 24 ^ len(payload)


def _difference(rest: array[int], found: array[int], at: int) -> str:
    """What happened at the first of ``rest`` (source) and ``found`` (result), in words."""
    if not found:
        return f"packet {at} and all after it are missing"
    n_after = min(4, len(rest) - 1)
    if n_after and rest[1 : 1 + n_after] == found[:n_after]:
        return f"packet {at} is missing"
    if rest[: 1 + n_after] == found[1 : 2 + n_after]:
        return f"a packet that the source does not have stands before packet {at}"
    if rest[0] in found[1:4] and len(rest) > 1 and rest[1] == found[0]:
        return f"packets {at} and {at + 1} have changed places"
    n_changed = sum(a != b for a, b in zip(rest, found, strict=False))
    if n_changed > 1:
        return f"packet {at} differs, and {n_changed - 1} after it"
    return f"packet {at} differs"
