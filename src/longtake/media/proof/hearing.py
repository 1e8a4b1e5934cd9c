"""The first sound of a source in a result: its packets, its times, what follows them."""

from __future__ import annotations

import sys
from array import array
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from typing import Any

from longtake.media.join.tracks import packets_of
from longtake.media.proof import packets, samples, times
from longtake.media.proof.reel import Kept, Reel, Track
from longtake.media.proof.times import Shown

_COPIED_SHARE = 0.5  # of the packets; more than this is a copy, damaged or not
_EVEN = {"aac", "ac3", "eac3", "mp2", "mp3", "opus"}  # every packet is as long


@dataclass(slots=True)
class _Tape:
    """A sound's packets; their times are noted while their payloads go by."""

    reel: Reel
    track: Track
    until: Fraction | None = None  # seconds; packets that end later are left out
    pts: array[int] = field(default_factory=lambda: array("q"))
    last: int = 0  # length of the last packet, ticks
    _lengths: Counter[int] = field(default_factory=Counter)
    _usual: int = 0

    def payloads(self) -> Iterator[bytes]:
        """The payload of each packet that ends in time."""
        limit = None if self.until is None else floor(self.until / self.track.base)
        for packet in packets_of(self.reel.path, self.track.index):
            if packet.pts is None:
                continue
            length = self._length(packet.duration or 0)
            if limit is None or packet.pts + length <= limit:
                self.pts.append(packet.pts)
                self.last = length
                yield bytes(packet)

    def _length(self, duration: int) -> int:
        """Ticks that a packet really lasts: the first and the last may be said otherwise."""
        self._lengths[duration] += 1
        if self._lengths[duration] > self._lengths[self._usual]:
            self._usual = duration
        return self._usual if self.even else duration

    @property
    def even(self) -> bool:
        """Whether every packet decodes to as many samples, the last one too."""
        return self.track.codec in _EVEN

    @property
    def start(self) -> Fraction:
        """Seconds from the first shown frame to the first packet, negative before it."""
        return self.pts[0] * self.track.base - self.reel.shown.seconds(0)

    @property
    def end(self) -> Fraction:
        """When the last packet ends, seconds."""
        return (self.pts[-1] + self.last) * self.track.base

    def samples(self, ticks: int) -> int:
        """How many samples ``ticks`` are."""
        return round(ticks * self.track.base * self.track.sample_rate)


def hear(
    source: Reel, result: Reel, kept: Kept, *, whole: bool
) -> tuple[dict[str, Any], list[str]]:
    """Facts and failures of the sound."""
    if source.audio is None:
        added = ["The result has sound and its source has none."]
        return {"sound": "none"}, added if result.audio else []
    if result.audio is None:
        return {"sound": "none"}, ["The sound of the source is missing."]
    ours = _Tape(source, source.audio, _cut(source, result, kept))
    theirs = _Tape(result, result.audio)
    following = theirs.payloads()
    match = packets.compare(ours.payloads(), following)
    deque(following, maxlen=0)  # for the times of the packets behind
    if match.n_kept and match.share < _COPIED_SHARE:
        return {"sound": "re-encoded"}, _short(result, kept, theirs)
    facts = {
        "sound": "copied",
        "n_sound_packets": match.n_kept,
        "sound_source_sha256": match.source_sha256,
        "sound_result_sha256": match.result_sha256,
        "sound_gap": _gap(ours, theirs),
    }
    failures = _differences(ours, theirs, match) + _short(result, kept, theirs)
    if whole:
        limit = sys.maxsize
        if ours.until is not None:
            # The decoder's delay is unknown: short of it, every sample is of kept packets.
            limit = ours.samples(ours.pts[-1] - ours.pts[0] - ours.last)
        heard = samples.compare(_decoded(ours), _decoded(theirs), limit)
        n_wrong = heard.n_different + heard.n_missing
        facts |= {
            "n_samples_compared": heard.n_compared,
            "n_samples_different": n_wrong,
        }
        if n_wrong:
            at = heard.first_different
            failures.append(
                f"{n_wrong} samples of the sound are not the source's, the first of "
                f"them sample {heard.n_compared if at is None else at}."
            )
    return facts, failures


def _cut(source: Reel, result: Reel, kept: Kept) -> Fraction | None:
    """Seconds at which the source was cut; None where all of it was kept."""
    if kept.first + kept.n_frames == source.n_frames:
        return None
    rate = result.lineage.rate if result.lineage else None
    last = source.shown.seconds(kept.first + kept.n_frames - 1)
    return last + (1 / rate if rate else Fraction(0))


def _decoded(tape: _Tape) -> Iterator[samples.Samples]:
    return samples.decoded(tape.reel.path, tape.track.index)


def _gap(ours: _Tape, theirs: _Tape) -> int | None:
    """Samples between the source's last and what follows; None where nothing follows.

    0 also where it is less than the container's ticks can say.
    """
    n_kept = len(ours.pts)
    if not 0 < n_kept < len(theirs.pts):
        return None
    step = (theirs.pts[n_kept] - theirs.pts[n_kept - 1]) * theirs.track.base
    gap = (step - ours.last * ours.track.base) * theirs.track.sample_rate
    tick = max(theirs.track.base, ours.track.base) * theirs.track.sample_rate
    return 0 if abs(gap) <= tick and tick > 1 else round(gap)


def _differences(ours: _Tape, theirs: _Tape, match: packets.Match) -> list[str]:
    """Whether packets, times and headers of the kept sound are the source's."""
    if match.difference:
        return [f"The sound is not the source's: {match.difference}."]
    failures = []
    if ours.track.parameters != theirs.track.parameters:
        failures.append("The headers of the sound are not the source's.")
    if not ours.pts:
        return failures
    tick = max(ours.track.base, theirs.track.base)
    exact = ours.track.base == theirs.track.base
    moved, packet = times.shift(
        Shown(ours.pts, ours.track.base),
        Shown(theirs.pts, theirs.track.base),
        len(ours.pts),
    )
    if moved > (0 if exact else tick):
        failures.append(
            f"Packet {packet} of the sound is heard {float(moved):.6f} s away from its "
            "time in the source."
        )
    late = theirs.start - ours.start
    if abs(late) > max(tick, ours.reel.shown.base, theirs.reel.shown.base):
        failures.append(
            f"The sound is {float(late):+.6f} s out of step with the picture."
        )
    gap = _gap(ours, theirs)
    if gap:
        failures.append(
            f"Between the source's sound and what follows lies a gap of {gap} samples."
        )
    return failures


def _short(result: Reel, kept: Kept, theirs: _Tape) -> list[str]:
    """Whether the sound lasts as long as the picture, to a packet."""
    if not theirs.pts or kept.n_frames == result.n_frames:
        return []
    missing = result.shown.seconds(result.n_frames - 1) - theirs.end
    if missing <= 0:
        return []
    return [f"The sound ends {float(missing):.3f} s before the last frame."]
