"""What a file is, and whether we take it: asked of a limited child."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import av
import av.error
from av.container import InputContainer
from av.stream import Discard, Disposition, Stream

from longtake.errors import ClipUnreadable
from longtake.media import boxes, child, intake, poster, timing
from longtake.media.clip import AudioFacts, Clip, Color, TrackFacts, VideoFacts
from longtake.media.lineage import TAG
from longtake.media.source import open_source, translated
from longtake.media.timeline import Packet, Timeline

if TYPE_CHECKING:
    from longtake.settings import Settings

_SAMPLES = 8  # key frames that are decoded
_MAX_CPU_S = 600
_FULL_RANGE = 2  # FFmpeg's number
_MOV_BRAND = "qt  "


def probe(path: Path, *, settings: Settings | None = None) -> Clip:
    """The facts of a media file. Raises ClipUnreadable or ClipRefused, with a sentence.

    Every packet is read and timed; of the pictures only up to eight key frames are
    decoded, spread over the clip and wherever the container announces other parameters:
    a change of size that lasts from one of these to the next is found here, a shorter
    one when its frames are decoded.
    """
    from longtake.settings import load  # noqa: PLC0415 - slow to import; a child never asks

    limits = settings or load()
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


def work(request: dict[str, Any], channel: child.Channel) -> dict[str, Any]:
    """In the child: look at the file of ``request``, and send its poster if asked."""
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
        intake.check_bytes(path.name, size_bytes, request["max_clip_bytes"])
        look = _Look(path, container, request["max_clip_s"])
        clip, first = look.clip(size_bytes)
        if request.get("poster"):
            channel.send("poster", payload=poster.jpeg(clip, first))
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
        self._path, self._name, self._container = path, path.name, container
        # matroska writes the names of tags in capitals
        tags = {name.lower(): text for name, text in container.metadata.items()}
        self._lineage = tags.get(TAG)
        self._own = TAG in tags
        self._max_s = max_clip_s
        self._video = self._first_video()
        self._audio = next(iter(container.streams.audio), None)
        self._sound = _Sound()
        self._changes: list[int] = []  # packets that come with other parameters

    def clip(self, size_bytes: int) -> tuple[Clip, av.VideoFrame]:
        """All facts, and a picture. Raises ClipRefused for what is beyond a limit."""
        intake.check_stream(self._name, self._video)
        timeline = Timeline.of(self._video, self._packets())
        if not self._own:
            intake.check_length(self._name, timeline, self._max_s)
        intake.check_end(self._name, self._video, size_bytes)
        pictures = self._pictures(timeline)
        damaged = max(timeline.corrupt_share, pictures.n_damaged / pictures.n_looked)
        intake.check_one_size(self._name, pictures.sizes)
        intake.check_damage(self._name, damaged, len(timeline.packets))
        container = self._container_name()
        layout = boxes.Layout(fragmented=False, n_edits=1)
        if container in {"mp4", "mov"}:
            layout = boxes.layout(self._path, self._video.id)
        clip = Clip(
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
        return clip, pictures.first

    def _first_video(self) -> av.VideoStream:
        for stream in self._container.streams.video:
            if not stream.disposition & Disposition.attached_pic:
                return stream
        held = "sound" if self._container.streams.audio else "nothing that moves"
        raise ClipUnreadable(
            f"{self._name} holds {held}, but no video; name a video file."
        )

    def _packets(self) -> Iterator[Packet]:
        """The packets of the picture; those of the sound are counted on the way."""
        wanted: list[Stream] = [self._video, *([self._audio] if self._audio else [])]
        for stream in self._container.streams:
            stream.discard = Discard.default if stream in wanted else Discard.all
        n_packets = 0
        limit = self._max_s * intake.MAX_RATE
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
                raise intake.too_long(self._name, self._max_s)
            yield cast(Packet, packet)

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
                f"{self._name} has no picture that can be decoded; it is damaged or "
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

    def _container_name(self) -> str:
        names = self._container.format.name
        if "mp4" in names:
            brand = self._container.metadata.get("major_brand", _MOV_BRAND)
            return "mov" if brand == _MOV_BRAND else "mp4"
        if "matroska" in names:
            with self._path.open("rb") as file:
                return "webm" if b"webm" in file.read(64) else "matroska"
        return names

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
            pixel_aspect=intake.aspect(self._video),
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
        intake.check_rate(self._name, pace.rate)
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
                codec=intake.coding(stream),
                language=stream.metadata.get("language"),
            )
            for stream in self._container.streams
            if stream.index not in taken
        )


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
