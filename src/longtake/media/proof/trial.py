"""A result held against its source, question by question; what fails is told in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from statistics import median_low
from typing import Any

from longtake.media.lineage import Lineage, Part
from longtake.media.proof import packets, times
from longtake.media.proof.hearing import hear
from longtake.media.proof.packets import Match
from longtake.media.proof.reel import Kept, Reel, Track
from longtake.media.proof.sight import see
from longtake.media.timeline import Cut

_COPIED_SHARE = 0.5  # of the packets; more than this is a copy, damaged or not
_COPIED_WHOLE = {"h264": "copy"}  # of other codecs the new packets are appended


def run(
    result_path: Path,
    source_path: Path,
    *,
    whole: bool,
    tell: Callable[[], None],
) -> dict[str, Any]:
    """The fields of media.verify.Proof; ``tell`` is called now and then.

    Raises ClipUnreadable where one of the files is no video.
    """
    source, result = Reel.open(source_path), Reel.open(result_path)
    kept, match = _picture(source, result)
    seen, unlike = see(source, result, kept, whole=whole, tell=tell)
    heard, unsound = hear(source, result, kept, whole=whole)
    copied = kept.n_packets > 0
    failures = _tag(result)
    failures += _packets(source, result, kept, match) if copied else []
    failures += [*_times(source, result, kept), *unlike, *unsound]
    untouched = copied and match.identical and not seen["n_different"]
    sound_is_own = heard.get("sound_source_sha256") == heard.get("sound_result_sha256")
    return {
        "mode": _mode(result, kept),
        "reason": None if copied else _reason(source, result, kept),
        "identical": untouched and sound_is_own and heard["sound"] != "re-encoded",
        "failures": failures,
        "whole": whole,
        "n_source": source.n_frames,
        "n_kept": kept.n_copied,
        "n_recoded": kept.n_frames - kept.n_copied,
        "n_new": result.n_frames - kept.n_frames,
        "join": _join(result, kept),
        "new_step": _step(result, kept),
        "largest_shift": _shift(source, result, kept)[0],
        "n_packets": match.n_kept,
        "source_sha256": match.source_sha256,
        "result_sha256": match.result_sha256,
        "parameters_source_sha256": source.video.parameters_sha256,
        "parameters_result_sha256": result.video.parameters_sha256,
        "tracks": _tracks(source, result, kept),
        **seen,
        **heard,
    }


def promised(source: Lineage | None, result: Lineage | None) -> int | None:
    """How many frames of the source the result says it kept; None where it says nothing.

    The source may be the result's direct parent or any ancestor: what both tags tell the
    same way was kept.
    """
    if result is None:
        return None
    if result.first:
        return result.n_frames - result.parts[-1].n_frames
    if source is None:
        return result.n_original
    count = 0
    for mine, theirs in zip(result.parts, source.parts, strict=False):
        if _maker(mine) != _maker(theirs):
            break
        count += min(mine.n_frames, theirs.n_frames)
        if mine.n_frames != theirs.n_frames:
            break
    return count


def _maker(part: Part) -> tuple[object, ...]:
    return part.synthetic, part.engine, part.engine_version, part.seed, part.prompt


def _picture(source: Reel, result: Reel) -> tuple[Kept, Match]:
    """What of the picture was kept, and how its packets compare."""
    own = source.lineage
    if own is not None and own.n_frames != source.n_frames:
        own = None  # the file was cut or encoded again by others since
    told = promised(own, result.lineage)
    n_frames = source.n_frames if told is None else told
    cut = source.timeline.cut(min(n_frames, source.n_frames))
    match = _match(source, result, cut.n_packets)
    if told is None and match.n_same and match.share * match.n_kept <= match.n_same:
        # Nothing says how much was kept, and behind the equal packets there is none of
        # the source's: it was cut there.
        cut = _cut_at(source, match.n_same)
        n_frames, match = cut.n_frames, _match(source, result, cut.n_packets)
    if match.share >= _COPIED_SHARE:
        kept = Kept(0, n_frames, cut.n_frames, cut.n_packets)
    else:
        n_frames = min(n_frames, source.n_frames, result.n_frames)
        first = result.lineage.first if result.lineage else 0
        kept = Kept(min(first, source.n_frames - n_frames), n_frames, 0, 0)
    return kept, match


def _match(source: Reel, result: Reel, n_packets: int) -> Match:
    return packets.compare(
        source.payloads(source.video), result.payloads(result.video), n_packets
    )


def _cut_at(source: Reel, n_packets: int) -> Cut:
    cuts = (cut for cut in source.timeline.cuts() if cut.n_packets <= n_packets)
    return max(cuts, default=Cut(0, 0))


def _mode(result: Reel, kept: Kept) -> str:
    if kept.n_packets:
        return _COPIED_WHOLE.get(result.video.codec, "append")
    return "new-only" if kept.first or not kept.n_frames else "re-encode"


def _reason(source: Reel, result: Reel, kept: Kept) -> str:
    """Why nothing is identical, as far as the files tell."""
    if _mode(result, kept) == "new-only":
        return "the result was asked to hold the new part alone"
    one, other = source.video, result.video
    if one.interlaced and not other.interlaced:
        return "the source is interlaced and was coded again"
    if one.codec != other.codec:
        return f"the source is {one.codec} and was coded again as {other.codec}"
    return "none of the source's packets is in the result: its frames were coded again"


def _tag(result: Reel) -> list[str]:
    """Whether the result's own tag fits it."""
    lineage = result.lineage
    if lineage is None or lineage.n_frames == result.n_frames:
        return []
    told = f"Its tag speaks of {lineage.n_frames} frames and the result shows "
    return [told + f"{result.n_frames}."]


def _packets(source: Reel, result: Reel, kept: Kept, match: Match) -> list[str]:
    """Whether the copied picture is the source's, and can be entered behind the join."""
    failures = []
    if match.difference:
        failures.append(f"The picture is not the source's: {match.difference}.")
    if source.video.parameters != result.video.parameters:
        failures.append("The parameter sets of the picture are not the source's.")
    behind = result.timeline.packets[kept.n_packets : kept.n_packets + 1]
    if match.identical and behind and not behind[0].key:
        failures.append(
            "The first new packet is no key frame, so nobody can seek there."
        )
    return failures


def _times(source: Reel, result: Reel, kept: Kept) -> list[str]:
    """Whether every frame is shown when it should be, and packets come in order."""
    failures = []
    moved, rank = _shift(source, result, kept)
    shown = result.shown
    if moved > times.allowed_shift(source.shown, shown, kept.n_frames, kept.first):
        failures.append(
            f"Frame {rank} is shown {float(moved):.6f} s away from its time in the source."
        )
    step = _step(result, kept)
    uneven = times.uneven_step(shown, kept.n_frames, step) if step else None
    if step and uneven:
        failures.append(
            f"Frame {uneven[0]} comes {float(uneven[1]):.6f} s after the one before, where "
            f"new frames come every {float(step):.6f} s."
        )
    # What the source has out of order (pictures of VP8 that are not shown) may stay so.
    inherited = set(_disorder(source)) if kept.n_packets else set()
    late = next((n for n in _disorder(result) if n not in inherited), None)
    if late is not None:
        failures.append(
            f"Packet {late} of the picture is out of order in decoding time."
        )
    return failures


def _disorder(reel: Reel) -> Iterator[int]:
    return times.disorder((p.pts, p.dts) for p in reel.timeline.packets)


def _shift(source: Reel, result: Reel, kept: Kept) -> tuple[Fraction, int]:
    n_frames = min(kept.n_frames, result.n_frames)
    return times.shift(source.shown, result.shown, n_frames, first=kept.first)


def _step(result: Reel, kept: Kept) -> Fraction | None:
    """Seconds between new frames: as the tag says, else the median."""
    if result.lineage is not None:
        return 1 / result.lineage.rate
    pts = result.shown.pts[max(0, kept.n_frames - 1) :]
    steps = [later - one for one, later in pairwise(pts)]
    return median_low(steps) * result.shown.base if steps else None


def _join(result: Reel, kept: Kept) -> Fraction:
    """Seconds from the first frame to the first new one, or to the last."""
    shown = result.shown
    rank = min(kept.n_frames, result.n_frames - 1)
    return shown.seconds(rank) - shown.seconds(0)


def _tracks(source: Reel, result: Reel, kept: Kept) -> list[dict[str, Any]]:
    """The further tracks of the source, each looked for in the result."""
    left = list(result.others)
    cut = kept.n_frames < source.n_frames
    found = []
    for track in source.others:
        alike = [t for t in left if (t.kind, t.codec) == (track.kind, track.codec)]
        here = alike[0] if alike else None
        if here is not None:
            left.remove(here)
        found.append(
            {
                "kind": track.kind,
                "codec": track.codec,
                "kept": here is not None
                and _same_track(source, track, result, here, cut=cut),
            }
        )
    return found


def _same_track(
    source: Reel, track: Track, result: Reel, here: Track, *, cut: bool
) -> bool:
    if track.kind == "attachment":
        return track.parameters == here.parameters
    match = packets.compare(source.payloads(track), result.payloads(here))
    return match.n_same > 0 if cut else match.difference is None
