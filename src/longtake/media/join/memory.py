"""What is remembered of a source's sound, so that it can go on: never more than seconds."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from longtake.media.join.sound_codec import Array
from longtake.media.sound.ending import Ending, Going, SoundMade, go_on

OWN_S = 12  # of a clip's own sound, from which it goes on
_LAST_S = 2  # of what is heard last
_MOST_EARLY_S = 0.5  # what ends earlier than its picture is meant to be over


class Strip:
    """The last ``seconds`` of sound that was put on it."""

    def __init__(self, seconds: int, rate: int) -> None:
        self._most = seconds * rate
        self._pieces: deque[Array] = deque()
        self._length = 0

    def put(self, sound: Array) -> None:
        """Add ``sound``, (channels, time)."""
        self._pieces.append(sound)
        self._length += sound.shape[1]
        while self._length - self._pieces[0].shape[1] >= self._most:
            self._length -= self._pieces.popleft().shape[1]

    @property
    def sound(self) -> Array:
        """All of it, (channels, time); (1, 0) where nothing was put on it."""
        if not self._pieces:
            return np.zeros((1, 0))
        return np.concatenate(self._pieces, axis=1)[:, -self._most :]


class Memory:
    """A clip's own sound, up to where engines made it, and the last that is heard."""

    def __init__(self, rate: int, going: GoingOn) -> None:
        self._going = going
        self._own, self._last = Strip(OWN_S, rate), Strip(_LAST_S, rate)

    @property
    def own(self) -> Array:
        """What of the sound is a clip's own: (channels, time)."""
        return self._own.sound

    @property
    def last(self) -> Array:
        """The end of the sound: (channels, time)."""
        return self._last.sound

    def wants(self, start: Fraction) -> bool:
        """Whether sound that begins at ``start``, seconds, is worth decoding."""
        return self._is_own(start) or start >= self._going.ends - _LAST_S

    def put(self, start: Fraction, sound: Array, *, n_hole: int = 0) -> None:
        """Remember ``sound``, whose last ``n_hole`` samples its source does not show."""
        self._last.put(sound)
        if self._is_own(start):
            self._own.put(sound[:, : sound.shape[1] - n_hole])

    def _is_own(self, start: Fraction) -> bool:
        going = self._going
        first = max(going.own_from, going.own_until - OWN_S)
        return first <= start < going.own_until


@dataclass(frozen=True, slots=True)
class GoingOn:
    """How a sound is to go on: as ``asked``, None by measure, the same for one ``seed``.

    A clip's own sound lies from ``own_from`` (before it an encoder may warm up) to
    ``own_until`` (where engines made it), and all of it ``ends`` about there; the picture
    is joined at ``join``: seconds.
    """

    asked: Going | None
    seed: int
    own_from: Fraction
    own_until: Fraction
    ends: Fraction
    join: Fraction

    def behind(
        self,
        memory: Memory,
        ahead: Array,
        count: int,
        rate: int,
        *,
        n_hole: int = 0,
        lift_db: float = 0.0,
    ) -> tuple[Array, SoundMade]:
        """Up to ``count`` samples that follow what is remembered; then silence.

        ``ahead``: the true course of the sound behind a cut, with which they begin. The
        last ``n_hole`` samples remembered are not shown by the source. ``lift_db`` as of
        Ending.
        """
        if self.asked == "silent":
            reason = "it was asked for"
            return ahead[:, :0], SoundMade(mode="silent", reason=reason, measured=None)
        if self.asked is None and self.join - self.ends > _MOST_EARLY_S:
            reason = "the clip's sound ends before its picture"
            return ahead[:, :0], SoundMade(mode="silent", reason=reason, measured=None)
        last = memory.last
        ending = Ending(
            last=np.concatenate([last, ahead], axis=1) if ahead.size else last,
            n_behind=ahead.shape[1] or n_hole,
            hole=not ahead.size,
            material=memory.own,
            rate=rate,
            lift_db=lift_db,
        )
        made, told = go_on(ending, count, asked=self.asked, seed=self.seed)
        if not made.shape[1]:
            return made, told
        made = np.concatenate([ahead, made], axis=1)[:, :count]
        return made, told.with_levels(
            last[:, : last.shape[1] - n_hole],
            np.concatenate([last[:, last.shape[1] - n_hole :], made], axis=1),
            rate,
        )
