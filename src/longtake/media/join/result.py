"""The result file as a whole: the picture's lane, and all that goes with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import av
from av.container import InputContainer

from longtake.media.clip import Clip
from longtake.media.join.ear import Ear
from longtake.media.join.joined import Joined, Order, SoundJoined
from longtake.media.join.memory import OWN_S, GoingOn
from longtake.media.join.output import Output, Packet
from longtake.media.join.schedule import Schedule
from longtake.media.join.silence import NoSilence, Silence, silence_for
from longtake.media.join.sound import CopiedSound
from longtake.media.join.sound_codec import codec_of
from longtake.media.join.sound_recode import RecodedSound, Window
from longtake.media.join.tracks import Tracks, add_copy, carry_tags, packets_of
from longtake.media.lineage import Lineage

Lane = Iterator[Packet]
_COMPRESSED = {"aac", "ac3", "alac", "eac3", "flac", "mp3", "opus"}


class Result:
    """A result with the streams of its source, in the source's order.

    ``add_picture`` adds the first picture's stream; ``zero`` is the time of the source,
    seconds, that is zero in the result and its schedule. Nothing is written before
    :meth:`fill`.
    """

    def __init__(
        self,
        order: Order,
        source: InputContainer,
        schedule: Schedule,
        add_picture: Callable[[Output], av.VideoStream],
        *,
        zero: Fraction = Fraction(0),
    ) -> None:
        self._order, self._schedule, self._zero = order, schedule, zero
        clip = order.clip
        cut = order.n_keep < clip.video.n_frames
        self._cut = schedule.join if cut else None
        ticks = [schedule.tick, *_edit_ticks(source, clip)]
        self._output = Output(order.output, order.family, ticks=ticks)
        tracks = Tracks(source, clip.path, self._output, until=self._cut, zero=zero)
        self._sound: CopiedSound | RecodedSound | None = None
        self._lanes: list[Lane] = []
        for stream in source.streams:
            if stream.index == clip.video.index:
                self._picture = add_picture(self._output)
            elif clip.audio is not None and stream.index == clip.audio.index:
                assert isinstance(stream, av.AudioStream)
                self._add_sound(stream)
            elif order.mode != "new-only":
                tracks.add(stream)
        self._lanes += tracks.lanes
        self._tracks = tuple(tracks.joined)
        carry_tags(
            source,
            self._output,
            lineage=order.lineage.model_dump_json(exclude_none=True),
            comment=order.comment,
        )

    def fill(self, packets: Callable[[av.VideoStream], Lane]) -> None:
        """Write the file: the picture's ``packets``, and the rest beside them in time."""
        self._output.pour([packets(self._picture), *self._lanes])
        self._output.close()

    def joined(
        self, *, n_source: int, n_recoded: int, psnr_db: float | None = None
    ) -> Joined:
        """What was made, once it is filled."""
        order = self._order
        sound = self._sound.joined() if self._sound else SoundJoined(mode="none")
        return Joined(
            mode=order.mode,
            reason=order.reason,
            container=order.family,
            n_source=n_source,
            n_recoded=n_recoded,
            n_new=order.n_new,
            psnr_db=psnr_db,
            rate=order.clip.video.rate,
            retimed_shift=self._schedule.shift(self._output.tick),
            sound=sound,
            tracks=self._tracks,
        )

    def _add_sound(self, stream: av.AudioStream) -> None:
        path, index = self._order.clip.path, stream.index
        lane = packets_of(path, index, self._zero, lead_s=OWN_S)
        until = self._schedule.end
        window = Window(start=None, stop=self._cut, until=until)
        if self._order.mode == "new-only":
            window = Window(start=Fraction(0), stop=self._schedule.join, until=until)
        going = self._going()
        try:
            silence = self._silence(stream)
        except NoSilence as reason:
            recoded = RecodedSound(
                stream, self._output, window, going, reason=str(reason)
            )
            self._sound = recoded
            self._lanes.append(recoded.packets(lane))
            return
        ear = Ear(stream, silence, going)
        copied = CopiedSound(stream, silence, ear, keep_until=self._cut, until=until)
        copy = add_copy(self._output, stream)
        assert isinstance(copy, av.AudioStream)
        self._sound = copied
        self._lanes.append(copied.packets(lane, copy))

    def _going(self) -> GoingOn:
        """How the sound goes on, in the result's times."""
        order, audio = self._order, self._order.clip.audio
        assert audio is not None
        ends = [audio.end - self._zero, *([] if self._cut is None else [self._cut])]
        if order.mode == "new-only":
            ends.append(self._schedule.join)
        lineage, _ = Lineage.of(order.clip)
        parts = lineage.parts if lineage else ()
        made = [p.start - self._zero for p in parts if p.synthetic and p.first]
        return GoingOn(
            asked=order.sound,
            seed=order.seed,
            own_from=max(audio.start, Fraction(0)) - self._zero,
            own_until=min(ends + made),
            ends=min(ends),
            join=self._schedule.join,
        )

    def _silence(self, stream: av.AudioStream) -> Silence:
        """The silence to go on with where packets can be copied. Raises NoSilence."""
        if self._order.mode == "new-only":
            raise NoSilence("only the new part was asked for")
        family, codec = self._order.family, codec_of(stream)
        same = self._order.clip.container == family
        if not same and codec not in _COMPRESSED:
            raise NoSilence(f"{codec} sound is seldom played from {family} files")
        return silence_for(stream)


def _edit_ticks(source: InputContainer, clip: Clip) -> list[Fraction]:
    """The time bases of what is timed by the movie: chapters, and sound that begins late."""
    ticks = [chapter["time_base"] for chapter in source.chapters()]
    if clip.audio is not None and clip.audio.start > 0:
        ticks.append(source.streams[clip.audio.index].time_base)
    return [tick for tick in ticks if tick is not None]
