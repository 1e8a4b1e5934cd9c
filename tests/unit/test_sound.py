"""What a sound is and how it goes on, on sounds whose nature is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from longtake.media.sound.character import character, level_db, sounding
from longtake.media.sound.ending import Ending, go_on
from longtake.media.sound.grains import Grains
from longtake.media.sound.prediction import Predictor

Array = NDArray[np.float64]

RATE = 24_000
SECONDS = 5
COUNT = RATE * SECONDS
TIME = np.arange(COUNT) / RATE


def noise(low_hz: float, high_hz: float, seed: int = 0) -> Array:
    hertz = np.fft.rfftfreq(COUNT, 1 / RATE)
    band = 1 / (1 + (low_hz / np.maximum(hertz, 1)) ** 4)
    band /= 1 + (hertz / high_hz) ** 4
    drawn = np.random.default_rng(seed).standard_normal(COUNT)
    made = np.fft.irfft(np.fft.rfft(drawn) * band, COUNT)
    return np.asarray(made / made.std())


def wind() -> Array:
    return 0.05 * noise(60, 500) * (1 + 0.5 * np.sin(2 * np.pi * 0.4 * TIME))


def room() -> Array:
    return 0.001 * noise(50, 3000)


def room_with_hum() -> Array:
    hum = [np.sin(2 * np.pi * 50 * k * TIME) / k for k in (1, 2, 3)]
    return np.asarray(room() + 0.002 * np.sum(hum, axis=0))


def rumble() -> Array:
    return 0.1 * noise(30, 120)


def water() -> Array:
    """A hiss and several hundred drops, each a short rising tone."""
    draw = np.random.default_rng(2)
    sound = 0.03 * noise(400, 6000)
    short = np.arange(RATE // 20) / RATE
    for at in draw.integers(0, COUNT - len(short), 100 * SECONDS):
        pitch = draw.uniform(500, 3000) * (short + 3 * short**2)
        drop = np.sin(2 * np.pi * pitch) * np.exp(-120 * short)
        sound[at : at + len(short)] += draw.uniform(0.01, 0.06) * drop
    return sound


def voice(seed: int) -> Array:
    """Syllables of a gliding voice: harmonics that come and go four times a second."""
    draw = np.random.default_rng(seed)
    pitch = draw.uniform(90, 230) * (
        1 + 0.1 * np.sin(2 * np.pi * draw.uniform(0.5, 2) * TIME)
    )
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    syllables = np.sin(2 * np.pi * draw.uniform(3, 5) * TIME + draw.uniform(0, 6))
    harmonics = [np.sin(k * phase) / k for k in range(1, 15)]
    return np.asarray(0.1 * np.clip(syllables + 0.3, 0, 1) * np.sum(harmonics, axis=0))


def crowd() -> Array:
    return np.asarray(np.sum([voice(seed) for seed in range(25)], axis=0) / 5)


def speech() -> Array:
    return voice(0) + room()


def speech_in_wind() -> Array:
    return voice(0) + 0.2 * wind()


def chord() -> Array:
    tones = [np.sin(2 * np.pi * hertz * TIME) for hertz in (220, 277, 330, 440)]
    return np.asarray(0.05 * np.sum(tones, axis=0))


def beats() -> Array:
    return 0.3 * noise(100, 5000) * np.exp(-25 * (TIME % 0.5)) + room()


def steps() -> Array:
    return 0.2 * noise(100, 2000) * np.exp(-40 * (TIME % 0.6)) + 10 * room()


def silence() -> Array:
    return np.zeros(COUNT)


TEXTURES = [wind, room, room_with_hum, rumble, water, crowd]
EVENTS = [speech, speech_in_wind, chord, beats, steps]


@pytest.mark.parametrize("make", TEXTURES)
def test_texture_is_told(make: Callable[[], Array]) -> None:
    assert character(make()[None], RATE).texture is True


@pytest.mark.parametrize("make", EVENTS)
def test_speech_music_and_events_are_told(make: Callable[[], Array]) -> None:
    assert character(make()[None], RATE).texture is False


@pytest.mark.parametrize("sound", [silence(), room()[: RATE // 3]])
def test_what_cannot_be_told(sound: Array) -> None:
    assert character(sound[None], RATE).texture is None


def test_channels_that_cancel_are_heard() -> None:
    pair = np.stack([wind(), -wind()])
    assert character(pair, RATE).texture is True
    assert level_db(pair) == pytest.approx(level_db(wind()[None]) + 3.01, abs=0.01)


def test_silence_at_the_ends_is_left_out() -> None:
    sound = np.pad(wind()[None], ((0, 0), (RATE, 2 * RATE)))
    assert sounding(sound, RATE).shape[1] == pytest.approx(COUNT, abs=RATE // 50)
    assert not sounding(silence()[None], RATE).size


def ending(sound: Array, n_hole: int = 0) -> Ending:
    last = np.pad(sound[None, -RATE:], ((0, 0), (0, n_hole)))
    return Ending(last, n_hole, hole=True, material=sound[None], rate=RATE)


@pytest.mark.parametrize("n_hole", [0, 500])
@pytest.mark.parametrize("make", TEXTURES)
def test_texture_goes_on_at_its_level(make: Callable[[], Array], n_hole: int) -> None:
    sound = make()
    made, told = go_on(ending(sound, n_hole), 3 * RATE, asked=None, seed=1)
    assert told.mode == "continue"
    assert made.shape == (1, 3 * RATE)
    quarter = RATE // 4
    hole = np.zeros((1, n_hole))
    after = np.concatenate([hole, made], axis=1)[:, :quarter]
    assert level_db(after) == pytest.approx(level_db(sound[None, -quarter:]), abs=0.1)
    last = hole if n_hole else sound[None, -10:]
    joined = np.concatenate([last, made], axis=1)
    assert np.abs(np.diff(joined)).max() <= 1.3 * np.abs(np.diff(sound)).max()


@pytest.mark.parametrize("make", EVENTS)
def test_all_else_fades_from_where_it_is(make: Callable[[], Array]) -> None:
    sound = make()
    made, told = go_on(ending(sound), 3 * RATE, asked=None, seed=1)
    assert told.mode == "fade"
    assert made.shape[1] == RATE // 2
    assert np.abs(made[:, -RATE // 50 :]).max() < 1e-3
    joined = np.concatenate([sound[None, -10:], made], axis=1)
    assert np.abs(np.diff(joined)).max() <= 1.1 * np.abs(np.diff(sound)).max()


def test_what_has_ended_stays_silent() -> None:
    sound = np.concatenate([wind(), np.zeros(RATE)])
    made, told = go_on(ending(sound), RATE, asked=None, seed=1)
    assert (told.mode, made.size) == ("silent", 0)
    again, told = go_on(ending(sound), 4 * RATE, asked="continue", seed=1)
    assert told.mode == "continue"
    late = level_db(again[:, -RATE:])
    assert late == pytest.approx(level_db(wind()[None]), abs=6), "it comes back"


def test_a_tone_is_predicted() -> None:
    tone = chord()[None]
    predictor = Predictor.of(tone[:, : 2 * RATE], order=200)
    wanted = tone[:, 2 * RATE : 2 * RATE + 500]
    error = predictor.predict(tone[:, : 2 * RATE], 500) - wanted
    assert np.abs(error).max() < 0.06 * np.abs(wanted).max()


def test_surprise_makes_the_sound_again() -> None:
    """With its own surprises in order, a sound is what its model makes of them."""
    sound = np.stack([wind(), room()])[:, :4096]
    predictor = Predictor.of(sound, order=48)
    made = predictor.follow(sound[:, :48], predictor.surprise)
    assert np.allclose(made, sound[:, 48:], atol=1e-9)


def test_channels_stay_as_alike_as_they_were() -> None:
    both = np.stack([wind() + 0.3 * water(), wind() - 0.3 * water()])
    material = Ending(both[:, -RATE:], 0, hole=True, material=both, rate=RATE)
    made, _ = go_on(material, 2 * RATE, asked="continue", seed=1)
    assert alike(made) == pytest.approx(alike(both), abs=0.15)
    twins = np.stack([wind(), 0.5 * wind()])
    material = Ending(twins[:, -RATE:], 0, hole=True, material=twins, rate=RATE)
    made, _ = go_on(material, 2 * RATE, asked="fade", seed=1)
    assert alike(made) == pytest.approx(1)


def alike(pair: Array) -> float:
    return float(
        np.mean(pair[0] * pair[1]) / np.sqrt(np.prod(np.mean(pair**2, axis=1)))
    )


@pytest.mark.parametrize("make", [water, crowd])
def test_neither_wave_nor_level_repeats(make: Callable[[], Array]) -> None:
    """Twenty seconds from five, against the same five over and over."""
    sound = make()
    grains = Grains(sound[None], RATE, np.random.default_rng(3))
    heard = sound[None, -grains.n_fade :]
    made, _ = grains.stream(heard, 20 * RATE, most_gain_db=12)
    loop = np.tile(sound, 4)
    assert repeats(made[0], RATE // 4) < 0.35
    assert repeats(loop, RATE // 4) > 0.9
    level, own = levels(made[0]), levels(sound)
    assert repeats(level, 25) < max(0.3, repeats(own, 25))
    assert repeats(levels(loop), 25) > 0.9


def repeats(sound: Array, first: int) -> float:
    """The largest autocorrelation from the lag ``first`` to half the length."""
    spectrum = np.abs(np.fft.rfft(sound - sound.mean(), 2 * len(sound))) ** 2
    likeness = np.fft.irfft(spectrum)[: len(sound) // 2]
    likeness /= likeness[0] * (1 - np.arange(len(likeness)) / len(sound))
    return float(likeness[first:].max())


def levels(sound: Array) -> Array:
    """The level every 10 ms, dB."""
    power = np.square(sound).reshape(-1, RATE // 100).mean(axis=1)
    return np.asarray(10 * np.log10(power))
