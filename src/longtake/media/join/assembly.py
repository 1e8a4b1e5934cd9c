"""Inside the join's child: source and new frames are put together into the result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import chain

import av
from av.container import InputContainer

from longtake import clock
from longtake.errors import ClipUnreadable
from longtake.media.clip import Clip
from longtake.media.color import Converter
from longtake.media.decode import deinterlaced, shown
from longtake.media.h264 import CopyRefused
from longtake.media.join.append import Append
from longtake.media.join.copy import Copy
from longtake.media.join.encode import Picture, add_encoder
from longtake.media.join.joined import Joined, Order
from longtake.media.join.output import Output
from longtake.media.join.recode import Fitting, psnr, recoded
from longtake.media.join.result import Result
from longtake.media.join.schedule import Schedule
from longtake.media.join.tracks import add_copy, describe
from longtake.media.source import open_source, translated
from longtake.media.timeline import Timeline
from longtake.media.wire import Frame

_TELL_EVERY_S = 1.0

Tell = Callable[[str], None]


def assemble(order: Order, new: Iterator[Frame], tell: Tell) -> Joined:
    """Make the file of ``order``; ``new`` are its new frames.

    ``tell`` is called with "progress" now and then, where no new frames are asked for.
    """
    timeline = _timeline(order.clip)
    with open_source(order.clip.path) as source:
        try:
            match order.mode:
                case "copy":
                    return _copied(order, source, timeline, new)
                case "append":
                    return _appended(order, source, timeline, new)
                case "new-only":
                    return _new_only(order, source, timeline, new)
                case "re-encode":
                    return _recoded(order, source, timeline, new, tell)
        except CopyRefused as refusal:
            # Before anything is written, and before the first new frame.
            again = {"mode": "re-encode", "reason": str(refusal)}
            order = order.model_copy(update=again)
            return _recoded(order, source, timeline, new, tell)


def _timeline(clip: Clip) -> Timeline:
    """The timeline of the source, which must still be what was probed."""
    changed = f"{clip.path.name} has changed while it was extended; do it again."
    with open_source(clip.path) as container, translated(clip.path):
        if clip.video.index >= len(container.streams):
            raise ClipUnreadable(changed)
        stream = container.streams[clip.video.index]
        if not isinstance(stream, av.VideoStream):
            raise ClipUnreadable(changed)
        timeline = Timeline.read(stream)
    if len(timeline.packets) != clip.video.n_packets:
        raise ClipUnreadable(changed)
    return timeline


def _copied(
    order: Order, source: InputContainer, timeline: Timeline, new: Iterator[Frame]
) -> Joined:
    clip, path = order.clip, order.clip.path
    video = _picture_of(source, clip)
    schedule = _schedule(order, timeline)
    cut = timeline.cut(order.n_keep)
    picture = Copy(path, video, timeline, schedule, cut)
    result = Result(order, source, schedule, lambda output: _same(output, video))
    behind = _shown(clip, timeline, cut.n_frames, order.n_keep)
    frames = chain(behind, _converted(new, clip, picture.pixel_format))
    result.fill(lambda stream: picture.packets(stream, frames))
    return result.joined(n_source=cut.n_frames, n_recoded=order.n_keep - cut.n_frames)


def _appended(
    order: Order, source: InputContainer, timeline: Timeline, new: Iterator[Frame]
) -> Joined:
    clip = order.clip
    video = _picture_of(source, clip)
    schedule = _schedule(order, timeline)
    look = Picture(
        width=clip.video.width,
        height=clip.video.height,
        pixel_format=clip.video.pixel_format,
        pixel_aspect=clip.video.pixel_aspect,
        color=clip.video.color,
        rate=clip.video.rate,
    )
    picture = Append(
        clip.path,
        video,
        timeline,
        schedule,
        cut=timeline.cut(order.n_keep),
        picture=look,
        bit_depth=clip.video.bit_depth,
    )
    result = Result(order, source, schedule, lambda output: _same(output, video))
    frames = _converted(new, clip, look.pixel_format)
    result.fill(lambda stream: picture.packets(stream, frames))
    return result.joined(n_source=order.n_keep, n_recoded=0)


def _recoded(
    order: Order,
    source: InputContainer,
    timeline: Timeline,
    new: Iterator[Frame],
    tell: Tell,
) -> Joined:
    clip = order.clip
    zero = _zero(source, clip)
    schedule = _schedule(order, timeline, zero=zero)
    fitting = Fitting(clip)

    def kept() -> Iterator[av.VideoFrame]:
        frames = _shown(clip, timeline, 0, order.n_keep)
        return _telling(fitting.decoded(frames), tell)

    result = Result(
        _sized(order, fitting.picture),
        source,
        schedule,
        lambda output: _encoder(output, source, clip, fitting.picture, schedule),
        zero=zero,
    )
    frames = chain(kept(), fitting.new(new))
    result.fill(lambda stream: recoded(stream, frames, schedule))
    with open_source(order.output) as made:
        ratio = psnr(kept(), made.decode(video=0))
    return result.joined(n_source=0, n_recoded=order.n_keep, psnr_db=ratio)


def _new_only(
    order: Order, source: InputContainer, timeline: Timeline, new: Iterator[Frame]
) -> Joined:
    clip = order.clip
    first = order.n_keep - order.handles
    kept = timeline.shown[first : order.n_keep]
    join = timeline.shown[order.n_keep - 1] * timeline.tick + 1 / clip.video.rate
    zero = kept[0] * timeline.tick if kept else join
    schedule = Schedule(
        kept=[time - kept[0] for time in kept],
        n_new=order.n_new,
        rate=clip.video.rate,
        tick=timeline.tick,
    )
    fitting = Fitting(clip)
    handles = _shown(clip, timeline, first, order.n_keep)
    result = Result(
        _sized(order, fitting.picture),
        source,
        schedule,
        lambda output: _encoder(output, source, clip, fitting.picture, schedule),
        zero=zero,
    )
    frames = chain(fitting.decoded(handles), fitting.new(new))
    result.fill(lambda stream: recoded(stream, frames, schedule))
    return result.joined(n_source=0, n_recoded=order.handles)


def _sized(order: Order, picture: Picture) -> Order:
    """``order`` with a lineage that speaks of the size the result has."""
    size = {"width": picture.width, "height": picture.height}
    return order.model_copy(update={"lineage": order.lineage.model_copy(update=size)})


def _encoder(
    output: Output,
    source: InputContainer,
    clip: Clip,
    picture: Picture,
    schedule: Schedule,
) -> av.VideoStream:
    """A stream for a full re-encode, turned and described as the source's."""
    stream = add_encoder(output, picture, schedule.tick)
    describe(stream, source.streams[clip.video.index])
    if clip.video.rotation:
        stream.set_display_rotation(-clip.video.rotation)
    return stream


def _shown(
    clip: Clip, timeline: Timeline, first: int, stop: int
) -> Iterator[av.VideoFrame]:
    """Frames of the source by rank, as decoded, interlaced ones de-interlaced."""
    if first == stop:
        return iter(())
    frames = shown(clip.path, clip.video.index, timeline, first, stop)
    return deinterlaced(frames) if clip.video.interlaced else frames


def _telling(frames: Iterator[av.VideoFrame], tell: Tell) -> Iterator[av.VideoFrame]:
    """``frames``, with a sign of life to the parent every second."""
    told = clock.monotonic_s()
    for frame in frames:
        if clock.monotonic_s() - told > _TELL_EVERY_S:
            told = clock.monotonic_s()
            tell("progress")
        yield frame


def _zero(source: InputContainer, clip: Clip) -> Fraction:
    """The time of the source that becomes zero: a transport stream begins anywhere."""
    if clip.container != "mpegts":
        return Fraction(0)
    starts = [
        stream.start_time * stream.time_base
        for stream in source.streams
        if stream.start_time is not None and stream.time_base is not None
    ]
    return min(starts, default=Fraction(0))


def _picture_of(source: InputContainer, clip: Clip) -> av.VideoStream:
    stream = source.streams[clip.video.index]
    assert isinstance(stream, av.VideoStream)
    return stream


def _same(output: Output, video: av.VideoStream) -> av.VideoStream:
    stream = add_copy(output, video)
    assert isinstance(stream, av.VideoStream)
    return stream


def _schedule(
    order: Order, timeline: Timeline, *, zero: Fraction = Fraction(0)
) -> Schedule:
    shift = round(zero / timeline.tick)
    return Schedule(
        kept=[time - shift for time in timeline.shown[: order.n_keep]],
        n_new=order.n_new,
        rate=order.clip.video.rate,
        tick=timeline.tick,
    )


def _converted(
    frames: Iterator[Frame], clip: Clip, pixel_format: str
) -> Iterator[av.VideoFrame]:
    video = clip.video
    converter = Converter(video.color, video.width, video.height, pixel_format)
    return map(converter.to_video, frames)
