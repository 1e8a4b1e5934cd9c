"""How a clip's sound goes on behind its end: as texture, fading, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from longtake.media.clip import Facts
from longtake.media.sound.character import (
    SILENT_DB,
    Character,
    Sound,
    character,
    level_db,
    sounding,
)
from longtake.media.sound.grains import Grains
from longtake.media.sound.prediction import Array, Predictor

Going = Literal["continue", "fade", "silent"]

LEVEL_S = 0.25  # of sound on either side of a join, whose levels are compared
_FADE_S = 0.5
_FADED_DB = 60.0
_ENDED_S = 0.25
_ENDED_DB = 40.0  # below the level of the sound, it has come to its end already
_COLOR_ORDER, _TONES_ORDER = 48, 200
_HANDOVER_S = 0.2  # in which what was predicted of the old gives way
_MOST_GAIN_DB = 12.0
_MOST_FIT = 2.0
_FITTED_S = 1.0  # in which the fit of the level at the join gives way


class SoundMade(Facts):
    """The sound behind a join, and what was measured to decide on it."""

    mode: Going
    reason: str
    measured: (
        Character | None
    )  # of the clip's own sound; None where it was not looked at
    level_before_db: float | None = None  # of the last 250 ms as heard
    level_after_db: float | None = None  # of the first 250 ms behind them
    change_db: float | None = None  # from the one to the other

    def with_levels(self, before: Array, after: Array, rate: int) -> SoundMade:
        """This, with the levels of the end of ``before`` and the beginning of ``after``."""
        count = round(LEVEL_S * rate)
        old, new = level_db(before[:, -count:]), level_db(after[:, :count])
        levels = {
            "level_before_db": round(old, 2),
            "level_after_db": round(new, 2),
            "change_db": round(new - old, 2),
        }
        return self.model_copy(update=levels)


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a sound, as its decoder gives it, (channels, time), at ``rate``.

    The last ``n_behind`` samples of ``last`` lie behind the join already: those that fill
    up its last packet and were not heard until now (``hole``), or the true course of the
    sound behind a cut. ``material``: what of it is a clip's own, not made by an engine.
    ``lift_db``: by how much louder new texture has to begin, since its codec takes as much.
    """

    last: Array
    n_behind: int
    hole: bool
    material: Sound
    rate: int
    lift_db: float = 0.0

    @property
    def before(self) -> Array:
        """What is heard before the join."""
        return self.last[:, : self.last.shape[1] - self.n_behind]

    @property
    def heard(self) -> Array:
        """What is heard before the new sound, the hole left out."""
        return self.before if self.hole else self.last

    @property
    def behind(self) -> Array:
        """What is heard behind the join before the new sound."""
        return self.last[:, self.last.shape[1] - self.n_behind :]


def go_on(
    ending: Ending, count: int, *, asked: Going | None, seed: int
) -> tuple[Array, SoundMade]:
    """Up to ``count`` samples that follow ``ending``, silence behind them left out.

    ``asked`` None decides by measure: texture goes on, all else fades.
    """
    measured = character(ending.material, ending.rate)
    mode, reason = _decided(ending, measured, asked)
    random = np.random.default_rng([seed % (1 << 64), ending.material.shape[1], count])
    made = np.zeros((len(ending.last), 0))
    if mode == "continue":
        made = _continued(ending, count, random)
    elif mode == "fade":
        made = _faded(ending, count, random)
    made = np.clip(made, -1, 1)
    return made, SoundMade(mode=mode, reason=reason, measured=measured)


def _decided(
    ending: Ending, measured: Character, asked: Going | None
) -> tuple[Going, str]:
    if asked == "silent":
        return asked, "it was asked for"
    if measured.level_db < SILENT_DB:
        return "silent", "the clip's sound is silence"
    last = level_db(ending.heard[:, -round(_ENDED_S * ending.rate) :])
    ended = last < max(SILENT_DB, measured.level_db - _ENDED_DB)
    if ended and asked != "continue":
        return "silent", "the clip's sound has come to its end before"
    if measured.texture is None and asked == "continue":
        return "fade", "there is too little of it to go on with"
    if asked:
        return asked, "it was asked for"
    if measured.texture:
        return "continue", "it is texture"
    if measured.texture is None:
        return "fade", "there is too little of it to tell what it is"
    return "fade", "it is speech, music or single events"


def _continued(ending: Ending, count: int, random: np.random.Generator) -> Array:
    """Grains, in place of whose predictable part stands, at first, that of the end.

    What is predicted of the end, and what surprises in the grain, have together the power
    of the sound at every moment: so neither wave nor level breaks at the join.
    """
    rate = ending.rate
    material, heard = sounding(ending.material, rate), sounding(ending.heard, rate)
    grains = Grains(material, rate, random)
    known = heard if heard.shape[1] >= grains.n_fade else material
    before = known[:, -grains.n_fade :].astype(np.float64)
    stream, lead = grains.stream(before, count, most_gain_db=_MOST_GAIN_DB)
    predictor = Predictor.of(known, order=_COLOR_ORDER)
    handover = min(count, round(_HANDOVER_S * rate))
    giving = (1 + np.cos(np.linspace(0, np.pi, handover))) / 2
    old = np.zeros_like(stream)
    old[:, :handover] = predictor.predict(ending.last, handover) * giving
    stream[:, :handover] -= predictor.predict(lead, handover) * giving
    return old + _fit(ending, old, stream) * stream


def _fit(ending: Ending, old: Array, new: Array) -> Array:
    """The gain of ``new``, (time,), with which the level on both sides is the same."""
    n_level = round(LEVEL_S * ending.rate)
    before = ending.before[:, -n_level:]
    wanted = np.square(before).sum() * n_level / max(1, before.shape[1])
    wanted *= 10 ** (ending.lift_db / 10)
    wanted -= np.square(ending.behind).sum()
    count = max(1, n_level - ending.n_behind)
    first, second = old[:, :count], new[:, :count]
    a, b = np.square(second).sum(), (first * second).sum()
    c = np.square(first).sum() - wanted * first.shape[1] / count
    root = np.sqrt(max(b * b - a * c, 0.0))
    fit = np.clip((root - b) / (a + 1e-20), 1 / _MOST_FIT, _MOST_FIT)
    time_s = (np.arange(new.shape[1]) - count) / ending.rate / _FITTED_S
    giving = (1 + np.cos(np.pi * np.clip(time_s, 0, 1))) / 2
    return np.asarray(1 + (fit - 1) * giving)


def _faded(ending: Ending, count: int, random: np.random.Generator) -> Array:
    """The last moment's spectrum, ringing on and dying away within half a second."""
    rate = ending.rate
    length = min(count, round(_FADE_S * rate))
    predictor = Predictor.of(ending.heard, order=_TONES_ORDER)
    n_hole = ending.n_behind if ending.hole else 0
    surprise = predictor.surprises(length + n_hole, random)
    ringing = predictor.follow(ending.heard, surprise)
    time = np.linspace(0, 1, length + n_hole)
    ringing *= 10 ** (-_FADED_DB / 20 * time) * (1 - time)
    return ringing[:, n_hole:]
