"""What a source carries beside its first picture and first sound, taken along.

Subtitles, second pictures and sounds, data, attachments, chapters and tags are kept
where the result's container takes them; where it does not, the loss is reported.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
from av.container import InputContainer
from av.stream import AttachmentStream, Discard, Disposition, Stream

from longtake.media.join.joined import Family, TrackJoined
from longtake.media.join.output import Output, Packet
from longtake.media.lineage import TAG
from longtake.media.source import open_source, translated

# What a demuxer says of the container itself; the muxer says its own.
_CONTAINER_TAGS = {"major_brand", "minor_version", "compatible_brands", "encoder"}
_LEAD_S = 1  # from where reading begins to the stretch that is wanted


def packets_of(
    path: Path, index: int, zero: Fraction = Fraction(0), *, lead_s: int = _LEAD_S
) -> Iterator[Packet]:
    """The packets of one stream of the file, in decoding order, read by their own reader.

    A reader of its own lets streams be merged by time however the file interleaves them,
    without holding any. ``zero``: seconds of the source that become zero; where it is not
    zero, reading begins at or a little before it, by ``lead_s``.
    """
    with open_source(path) as container, translated(path):
        for stream in container.streams:
            if stream.index != index:
                stream.discard = Discard.all
        stream = container.streams[index]
        assert stream.time_base is not None
        shift = round(zero / stream.time_base)
        if zero:
            container.seek(
                max(0, shift - round(lead_s / stream.time_base)), stream=stream
            )
        for packet in container.demux(stream):
            if not packet.size:
                continue
            if packet.dts is not None:
                packet.dts -= shift
            if packet.pts is not None:
                packet.pts -= shift
            yield packet


def add_copy(output: Output, template: Stream) -> Stream:
    """A stream of ``output`` that takes the packets of ``template`` as they are."""
    stream: Stream = output.container.add_stream_from_template(template, opaque=True)
    describe(stream, template)
    if isinstance(stream, av.VideoStream) and template.average_rate:
        # matroska says it in its track header
        stream.codec_context.framerate = template.average_rate
    return stream


def describe(stream: Stream, template: Stream) -> None:
    """Give ``stream`` the language, name, tags and disposition of ``template``."""
    for key, value in template.metadata.items():
        if key != "DURATION":  # matroska writes it itself
            stream.metadata[key] = value
    stream.disposition = template.disposition


class Tracks:
    """The further tracks of a source, as they are added to an output.

    ``until``: the time, seconds, at which the source is cut; None where all of it is
    kept.
    """

    def __init__(
        self,
        source: InputContainer,
        path: Path,
        output: Output,
        *,
        until: Fraction | None,
        zero: Fraction,
    ) -> None:
        self._chapters = bool(source.chapters())
        self._path, self._output, self._until = path, output, until
        self._zero = zero
        self.joined: list[TrackJoined] = []
        self.lanes: list[Iterator[Packet]] = []

    def add(self, stream: Stream) -> None:
        """Add ``stream`` where the container takes it; either way say what became of it."""
        if self._chapters and stream.type == "data" and stream.discard == Discard.all:
            return  # the text track in which mp4 keeps its chapters: they are kept as such
        cut = self._until is not None
        note = _kept_otherwise(stream, self._output.family)
        lost = None
        if note is None:
            lost = _obstacle(stream, self._path, self._output.family, cut=cut)
            if lost is None:
                note = self._take(stream)
        joined = TrackJoined(
            index=stream.index,
            kind=_kind(stream),
            codec=_codec(stream),
            kept=lost is None,
            reason=lost or note,
        )
        self.joined.append(joined)

    def _take(self, stream: Stream) -> str | None:
        """Add ``stream``; what changes for it, or None."""
        if _is_cover(stream):
            picture = next(packets_of(self._path, stream.index))
            name = stream.metadata.get("filename", "cover")
            kind = stream.metadata.get("mimetype", f"image/{_codec(stream)}")
            self._output.container.add_attachment(name, kind, bytes(picture))
            return None
        copy = add_copy(self._output, stream)
        if isinstance(stream, AttachmentStream):
            return None
        packets = packets_of(self._path, stream.index, self._zero)
        self.lanes.append(_copied(packets, copy, self._until))
        return "it ends where the source ends"


def _copied(
    packets: Iterator[Packet], stream: Stream, until: Fraction | None
) -> Iterator[Packet]:
    for packet in packets:
        if until is not None and packet.pts is not None:
            left = until / packet.time_base - packet.pts
            if left <= 0:
                continue
            if packet.duration:
                packet.duration = min(packet.duration, int(left))
        packet.stream = stream
        yield packet


def _obstacle(stream: Stream, path: Path, family: Family, *, cut: bool) -> str | None:
    """Why ``stream`` cannot be kept, or None."""
    if _is_cover(stream) and family != "matroska":
        return "a cover picture cannot stand beside the tag that carries the lineage"
    if cut and stream.type == "video" and not _is_cover(stream):
        return "a second picture is not cut at an earlier point"
    try:
        with av.open(io.BytesIO(), "w", format=family) as trial:
            trial.add_stream_from_template(stream, opaque=True)
            trial.start_encoding()
    except (av.error.FFmpegError, ValueError):
        return f"{family} does not take it"
    if stream.type != "attachment" and not _is_cover(stream):
        return _untimed(packets_of(path, stream.index))
    return None


def _untimed(packets: Iterator[Packet]) -> str | None:
    """Why packets cannot be copied by their times, or None."""
    last = None
    for packet in packets:
        if packet.dts is None or packet.pts is None:
            return "its packets carry no times"
        if last is not None and packet.dts < last:
            return "its packets are out of order"
        last = packet.dts
    return None


def _kept_otherwise(stream: Stream, family: Family) -> str | None:
    """How a track that is not copied as one is kept all the same, or None."""
    timecode = stream.type == "data" and "timecode" in stream.metadata
    if timecode and family in {"mp4", "mov"}:
        return "written again from the picture's time code"
    return None


def _is_cover(stream: Stream) -> bool:
    return bool(stream.disposition & Disposition.attached_pic)


def _kind(stream: Stream) -> str:
    names = {"video": "picture", "audio": "sound", "subtitle": "subtitles"}
    return names.get(stream.type, stream.type)


def _codec(stream: Stream) -> str:
    context: Any = stream.codec_context
    if context is None:
        return str(getattr(stream, "name", None) or "unknown")
    return str(context.codec.canonical_name)


def carry_tags(
    source: InputContainer, output: Output, *, lineage: str, comment: str
) -> None:
    """The source's tags and chapters, the lineage as our own tag, and a sentence for people.

    A comment that the source has stays; ours stands below it, once.
    """
    tags = output.container.metadata
    own = {TAG, "comment"}
    for key, value in source.metadata.items():
        if key.lower() not in _CONTAINER_TAGS | own:
            tags[key] = value
    theirs = next((v for k, v in source.metadata.items() if k.lower() == "comment"), "")
    kept = [line for line in theirs.splitlines() if not line.startswith(_OURS)]
    tags["comment"] = "\n".join([*kept, f"{_OURS} {comment}"])
    tags[TAG] = lineage
    output.container.set_chapters(source.chapters())


_OURS = "[longtake]"
