"""What a file is, and whether we take it: asked of a limited child."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import av.error
from av.codec import CodecContext
from av.container import InputContainer
from av.stream import Discard, Disposition, Stream

from longtake import settings as settings_
from longtake.errors import ClipRefused, ClipUnreadable
from longtake.media import boxes, child, timing
from longtake.media.clip import AudioFacts, Clip, Color, TrackFacts, VideoFacts
from longtake.media.lineage import TAG
from longtake.media.source import MAX_PIXELS, open_source, translated
from longtake.media.timeline import Packet, Timeline

CODECS = frozenset(
    {"h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "mpeg2video", "mpeg1video"}
    | {"h263", "mjpeg", "prores", "dnxhd"}
)
_MIN_SIDE, _MAX_SIDE = 16, 4096
_MAX_ASPECT = 4
_MIN_RATE, _MAX_RATE = 1, 240
_MAX_DAMAGE = 0.02
_SAMPLES = 8  # key frames that are decoded
_MAX_CPU_S = 600
_FULL_RANGE = 2  # FFmpeg's number
_MOV_BRAND = "qt  "


def probe(path: Path, *, settings: settings_.Settings | None = None) -> Clip:
    """The facts of a media file. Raises ClipUnreadable or ClipRefused, with a sentence.

    Every packet is read and timed; of the pictures only up to eight key frames are
    decoded, spread over the clip and wherever the container announces other parameters:
    a change of size that lasts from one of these to the next is found here, a shorter
    one when its frames are decoded.
    """
    limits = settings or settings_.load()
    path = Path(path).absolute()
    request = {
        "path": str(path),
        "max_clip_s": limits.max_clip_s,
        "max_clip_bytes": limits.max_clip_bytes,
    }
    with child.Child(
        "longtake.media.probe",
        request,
        reads=(path,),
        cpu_s=min(_MAX_CPU_S, 30 + limits.max_clip_s // 10),
    ) as prober:
        return Clip.model_validate(prober.result()["clip"])


def frames_before(clip: Clip, moment: Fraction) -> int:
    """How many shown frames begin before ``moment``, seconds after the first."""
    request = {
        "path": str(clip.path),
        "index": clip.video.index,
        "moment": str(moment),
    }
    with child.Child(
        "longtake.media.probe", request, reads=(clip.path,), cpu_s=_MAX_CPU_S
    ) as prober:
        return int(prober.result()["n_frames"])


def work(request: dict[str, Any], _: child.Channel) -> dict[str, Any]:
    """In the child: look at the file of ``request``."""
    path = Path(request["path"])
    with open_source(path) as container, translated(path):
        if "moment" in request:
            stream = container.streams[request["index"]]
            assert isinstance(stream, av.VideoStream), "as probed"
            timeline = Timeline.read(stream)
            moment = Fraction(request["moment"])
            count = timing.frames_before(timeline.shown, timeline.tick, moment)
            return {"n_frames": count}
        size_bytes = path.stat().st_size
        if size_bytes > request["max_clip_bytes"]:
            raise ClipRefused(
                f"{path.name} has {size_bytes:,} bytes, more than the "
                f"{request['max_clip_bytes']:,} that are taken; shorten it or raise "
                "LONGTAKE_MAX_CLIP_BYTES."
            )
        clip = _Look(path, container, request["max_clip_s"]).clip(size_bytes)
    return {"clip": clip.model_dump(mode="json")}


@dataclass(slots=True)
class _Sound:
    """What the packets of the first sound stream add up to, in its ticks."""

    n_packets: int = 0
    start: int | None = None
    end: int = 0

    def take(self, packet: av.Packet[Any]) -> None:
        if packet.pts is None:
            return
        self.n_packets += 1
        self.start = packet.pts if self.start is None else min(self.start, packet.pts)
        self.end = max(self.end, packet.pts + (packet.duration or 0))


@dataclass(slots=True)
class _Pictures:
    """What a few decoded key frames show."""

    first: av.VideoFrame
    sizes: set[tuple[int, int]] = field(default_factory=set)
    n_looked: int = 0
    n_damaged: int = 0
    interlaced: bool = False


class _Look:
    """One look at one open file."""

    def __init__(self, path: Path, container: InputContainer, max_clip_s: int) -> None:
        self._path, self._container = path, container
        # matroska writes the names of tags in capitals
        tags = {name.lower(): text for name, text in container.metadata.items()}
        self._lineage = tags.get(TAG)
        self._own = TAG in tags
        self._max_s = max_clip_s
        self._video = self._first_video()
        self._audio = next(iter(container.streams.audio), None)
        self._sound = _Sound()
        self._changes: list[int] = []  # packets that come with other parameters

    def clip(self, size_bytes: int) -> Clip:
        """All facts. Raises ClipRefused for what is beyond a limit."""
        self._check_stream()
        timeline = Timeline.of(self._video, self._packets())
        self._check_length(timeline)
        self._check_end(size_bytes)
        pictures = self._pictures(timeline)
        damaged = max(timeline.corrupt_share, pictures.n_damaged / pictures.n_looked)
        single = 1 / len(timeline.packets)  # a file's last packet is easily cut
        self._check_pictures(pictures, damaged, max(_MAX_DAMAGE, single))
        container = self._container_name()
        layout = boxes.Layout(fragmented=False, n_edits=1)
        if container in {"mp4", "mov"}:
            layout = boxes.layout(self._path, self._video.id)
        return Clip(
            path=self._path,
            container=container,
            fragmented=layout.fragmented,
            size_bytes=size_bytes,
            video=self._facts(timeline, pictures, layout.n_edits),
            audio=self._audio_facts(),
            tracks=self._tracks(),
            tags=dict(self._container.metadata),
            lineage=self._lineage,
            damaged_share=damaged,
        )

    def _first_video(self) -> av.VideoStream:
        for stream in self._container.streams.video:
            if not stream.disposition & Disposition.attached_pic:
                return stream
        held = "sound" if self._container.streams.audio else "nothing that moves"
        raise ClipUnreadable(
            f"{self._path.name} holds {held}, but no video; name a video file."
        )

    def _check_stream(self) -> None:
        """What can be refused before a packet is read."""
        name, codec = self._path.name, self._video.codec_context
        coding = _coding(self._video)
        if coding not in CODECS:
            raise ClipRefused(
                f"{name} is coded as {coding}, which is not taken; convert it to H.264."
            )
        width, height = codec.width, codec.height
        if not codec.pix_fmt or not width or not height:
            raise ClipUnreadable(
                f"{name} does not say how its pictures are made; it is cut off or damaged."
            )
        self._check_size(width, height)
        aspect = self._aspect()
        if not Fraction(1, _MAX_ASPECT) <= aspect <= _MAX_ASPECT:
            raise ClipRefused(
                f"{name} has pixels of the shape {aspect}, which is beyond "
                f"{_MAX_ASPECT}:1; convert it to square pixels."
            )

    def _check_size(self, width: int, height: int) -> None:
        small, large = sorted((width, height))
        if _MIN_SIDE <= small <= large <= _MAX_SIDE and width * height <= MAX_PIXELS:
            return
        raise ClipRefused(
            f"{self._path.name} is {width}x{height}; sides of {_MIN_SIDE} to {_MAX_SIDE} "
            f"pixels and {MAX_PIXELS:,} pixels in all are taken, so scale it first."
        )

    def _packets(self) -> Iterator[Packet]:
        """The packets of the picture; those of the sound are counted on the way."""
        wanted: list[Stream] = [self._video, *([self._audio] if self._audio else [])]
        for stream in self._container.streams:
            stream.discard = Discard.default if stream in wanted else Discard.all
        n_packets = 0
        limit = self._max_s * _MAX_RATE
        for packet in self._container.demux(*wanted):
            if not packet.size:
                continue
            if packet.stream is not self._video:
                self._sound.take(packet)
                continue
            if packet.has_sidedata("new_extradata"):
                self._changes.append(n_packets)
            n_packets += 1
            if n_packets > limit and not self._own:
                raise self._too_long()
            yield cast(Packet, packet)

    def _too_long(self) -> ClipRefused:
        return ClipRefused(
            f"{self._path.name} is longer than the {self._max_s} s that are taken; "
            "shorten it or raise LONGTAKE_MAX_CLIP_S."
        )

    def _check_length(self, timeline: Timeline) -> None:
        span = (timeline.shown[-1] - timeline.shown[0]) * timeline.tick
        if span > self._max_s and not self._own:
            raise self._too_long()

    def _check_end(self, size_bytes: int) -> None:
        """Whether the file ends before the pictures its index names."""
        entries = self._video.index_entries
        lost = sum(entry.pos + entry.size > size_bytes for entry in entries)
        if lost > 1:
            raise ClipUnreadable(
                f"{self._path.name} is cut off: {lost} of its {len(entries)} frames are "
                "missing; take it again from its origin."
            )

    def _pictures(self, timeline: Timeline) -> _Pictures:
        """Decode a few key frames: see :func:`probe`."""
        keys = [
            n
            for n, packet in enumerate(timeline.packets)
            if packet.key and packet.shown
        ]
        keys = keys or [timeline.order[0]]
        spread = {keys[n * (len(keys) - 1) // (_SAMPLES - 1)] for n in range(_SAMPLES)}
        spread |= {
            next((k for k in keys if k >= n), keys[-1])
            for n in self._changes[:_SAMPLES]
        }
        found: _Pictures | None = None
        damaged = 0
        for n in sorted(spread):
            try:
                frame = self._picture(timeline, n)
            except av.error.FFmpegError:
                frame, damaged = None, damaged + 1
            if frame is None:
                continue
            damaged += frame.is_corrupt
            found = found or _Pictures(first=frame)
            found.sizes.add((frame.width, frame.height))
            found.interlaced |= frame.interlaced_frame
        if found is None:
            raise ClipUnreadable(
                f"{self._path.name} has no picture that can be decoded; it is damaged or "
                "cut off, take it again from its origin."
            )
        found.n_looked, found.n_damaged = len(spread), damaged
        return found

    def _picture(self, timeline: Timeline, n: int) -> av.VideoFrame | None:
        """The key frame of packet ``n``, None where it shows nothing by itself.

        Intra refresh marks where decoding can start; the picture is whole only later.
        """
        wanted, codec = timeline.packets[n], self._video.codec_context
        at = wanted.pts if wanted.dts is None else wanted.dts
        self._container.seek(at, stream=self._video, backward=True)
        for packet in self._container.demux(self._video):
            if not packet.size or (
                packet.dts is not None
                and wanted.dts is not None
                and packet.dts > wanted.dts
            ):
                break
            if packet.is_keyframe and packet.size == wanted.size:
                frames = [*codec.decode(packet), *codec.decode(None)]
                return frames[0] if frames else None
        return None

    def _check_pictures(
        self, pictures: _Pictures, damaged: float, allowed: float
    ) -> None:
        name = self._path.name
        if len(pictures.sizes) > 1:
            sizes = " and ".join(f"{w}x{h}" for w, h in sorted(pictures.sizes))
            raise ClipRefused(
                f"{name} changes its picture size on the way ({sizes}); convert it to one "
                "size first."
            )
        self._check_size(*next(iter(pictures.sizes)))
        if damaged > allowed:
            raise ClipUnreadable(
                f"{name} is damaged: {damaged:.0%} of what was looked at does not decode; "
                "take it again from its origin, or convert it with another program."
            )

    def _container_name(self) -> str:
        names = self._container.format.name
        if "mp4" in names:
            brand = self._container.metadata.get("major_brand", _MOV_BRAND)
            return "mov" if brand == _MOV_BRAND else "mp4"
        if "matroska" in names:
            with self._path.open("rb") as file:
                return "webm" if b"webm" in file.read(64) else "matroska"
        return names

    def _aspect(self) -> Fraction:
        return self._video.sample_aspect_ratio or Fraction(1)

    def _facts(
        self, timeline: Timeline, pictures: _Pictures, n_edits: int
    ) -> VideoFacts:
        codec, first = self._video.codec_context, pictures.first
        pace = self._pace(timeline)
        pixels = first.format
        return VideoFacts(
            index=self._video.index,
            codec=codec.codec.canonical_name,
            profile=codec.profile,
            width=first.width,
            height=first.height,
            pixel_aspect=self._aspect(),
            rotation=round(-first.rotation / 90) * 90 % 360,
            pixel_format=pixels.name,
            bit_depth=pixels.components[0].bits,
            color=_color(first),
            interlaced=pictures.interlaced,
            alpha=any(part.is_alpha for part in pixels.components)
            or self._video.metadata.get("alpha_mode") == "1",
            time_base=timeline.tick,
            n_packets=len(timeline.packets),
            n_frames=len(timeline.shown),
            n_hidden_head=timeline.n_hidden_head,
            n_hidden_tail=timeline.n_hidden_tail,
            n_edits=n_edits,
            start=timeline.shown[0] * timeline.tick,
            end=timeline.shown[-1] * timeline.tick + pace.step,
            step=pace.step,
            rate=pace.rate,
            variable=pace.variable,
        )

    def _pace(self, timeline: Timeline) -> timing.Pace:
        declared = self._video.average_rate
        if len(timeline.shown) > 1:
            pace = timing.pace(timeline.shown, timeline.tick, declared=declared)
        else:
            ticks = timeline.packets[timeline.order[0]].duration
            step = ticks * timeline.tick or 1 / (declared or Fraction(25))
            pace = timing.Pace(step, variable=False)
        if not _MIN_RATE <= pace.rate <= _MAX_RATE:
            raise ClipRefused(
                f"{self._path.name} has {float(pace.rate):.3g} frames per second; "
                f"{_MIN_RATE} to {_MAX_RATE} are taken, so convert it first."
            )
        return pace

    def _audio_facts(self) -> AudioFacts | None:
        stream, sound = self._audio, self._sound
        if stream is None or not sound.n_packets or stream.codec_context is None:
            return None
        codec, tick = stream.codec_context, stream.time_base
        assert tick is not None, "a stream of a container has one"
        return AudioFacts(
            index=stream.index,
            codec=codec.codec.canonical_name,
            profile=codec.profile,
            sample_rate=codec.sample_rate or 0,
            channels=codec.channels,
            layout=codec.layout.name,
            n_packets=sound.n_packets,
            start=(sound.start or 0) * tick,
            end=sound.end * tick,
        )

    def _tracks(self) -> tuple[TrackFacts, ...]:
        """Every stream that is neither the picture nor the sound."""
        taken = {self._video.index, *([self._audio.index] if self._audio else [])}
        return tuple(
            TrackFacts(
                index=stream.index,
                kind=stream.type,
                codec=_coding(stream),
                language=stream.metadata.get("language"),
            )
            for stream in self._container.streams
            if stream.index not in taken
        )


def _coding(stream: Stream) -> str:
    """The name of a stream's codec, "unknown" where FFmpeg has no decoder for it."""
    codec: CodecContext | None = stream.codec_context
    return "unknown" if codec is None else codec.codec.canonical_name


def _color(frame: av.VideoFrame) -> Color:
    return Color(
        matrix=int(frame.colorspace),
        full_range=int(frame.color_range) == _FULL_RANGE
        or frame.format.name.startswith("yuvj"),
        primaries=int(frame.color_primaries),
        transfer=int(frame.color_trc),
    )


if __name__ == "__main__":
    child.main(work)
