"""Inside the join's child: source and new frames are put together into the result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import av
from av.container import InputContainer

from longtake.errors import MediaFailed
from longtake.media.clip import Clip
from longtake.media.color import Converter
from longtake.media.copy import Copy
from longtake.media.h264 import CopyRefused
from longtake.media.joined import Joined, Order
from longtake.media.kept import kept_frames
from longtake.media.output import Output
from longtake.media.result import Result
from longtake.media.schedule import Schedule
from longtake.media.source import open_source
from longtake.media.timeline import Timeline
from longtake.media.tracks import add_copy
from longtake.media.wire import Frame

Tell = Callable[[str], None]


def assemble(order: Order, new: Iterator[Frame], tell: Tell) -> Joined:
    """Make the file of ``order``; ``new`` are its new frames, ``tell`` hears of progress."""
    timeline = _timeline(order.clip.path, order.clip.video.index)
    with open_source(order.clip.path) as source:
        if order.mode == "copy":
            try:
                return _copied(order, source, timeline, new)
            except CopyRefused as refusal:
                order = order.model_copy(
                    update={"mode": "re-encode", "reason": str(refusal)}
                )
        raise MediaFailed(f"{order.mode}: {order.reason}")


def _timeline(path: Path, index: int) -> Timeline:
    with open_source(path) as container:
        stream = container.streams[index]
        assert isinstance(stream, av.VideoStream)
        return Timeline.read(stream)


def _copied(
    order: Order, source: InputContainer, timeline: Timeline, new: Iterator[Frame]
) -> Joined:
    clip, path = order.clip, order.clip.path
    video = source.streams[clip.video.index]
    assert isinstance(video, av.VideoStream)
    schedule = _schedule(order, timeline)
    cut = timeline.cut(order.n_keep)
    picture = Copy(path, video, timeline, schedule, cut)
    result = Result(order, source, schedule, lambda output: _same(output, video))
    recoded = kept_frames(
        path, video.index, timeline, first=cut.n_frames, stop=order.n_keep
    )
    frames = chain(recoded, _converted(new, clip, picture.recipe.pix_fmt))
    result.fill(lambda stream: picture.packets(stream, frames))
    return result.joined(n_source=cut.n_frames, n_recoded=order.n_keep - cut.n_frames)


def _same(output: Output, video: av.VideoStream) -> av.VideoStream:
    stream = add_copy(output, video)
    assert isinstance(stream, av.VideoStream)
    return stream


def _schedule(order: Order, timeline: Timeline) -> Schedule:
    return Schedule(
        kept=timeline.shown[: order.n_keep],
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
