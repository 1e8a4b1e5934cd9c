"""The vocabulary: each word or phrase that a prompt may use, and the part it plays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from longtake.direction.operation import Kind

Role = Literal[
    "sense",  # an operation by itself: Sense
    "verb",  # a camera's move that needs a way: the name of its family
    "way",  # where to
    "fade",  # needs a color
    "color",  # of a fade
    "motion",  # "motion": more or less of it, or none
    "camera",  # the camera is spoken of
    "faster",  # a scale, or where nothing else is said a speed
    "speed",  # "speed": needs a number
    "more",  # 1: more, -1: less
    "scale",  # of an amount: a factor
    "very",  # squares the next scale
    "not",
    "when",  # (begin, end), shares
    "edge",  # "first", "last": of so many seconds
    "from",  # so many seconds are a beginning
    "for",  # so many seconds are a length
    "cut",  # filler before what may be a thing of its own: "on the boat"
    "fill",
    "unknown",
]


@dataclass(frozen=True, slots=True)
class Sense:
    """An operation of a kind in a direction: -1, 1, or 0 where it has none."""

    kind: Kind
    way: int = 0


_SENSES: dict[tuple[Kind, int], str] = {
    ("hold", 0): (
        "static, hold, holds, holding, lock, locked, locked off, locked down, fixed, "
        "stationary, tripod, stays still, stay still, remains still, keep still, "
        "keeps still, staying still, stays put, still camera, hold still, holds still"
    ),
    ("handheld", 1): (
        "handheld, hand held, shaky, shaky cam, shake, shakes, shaking, camera shake"
    ),
    ("speed", -1): (
        "slow motion, slow mo, slowmo, slomo, slo mo, slow down, slows down, "
        "slowing down, slowed down, slow it down, slow everything down, in slow motion"
    ),
    ("speed", 1): (
        "speed up, speeds up, sped up, speeding up, speed it up, speed everything up, "
        "fast forward, fast motion, time lapse, timelapse, accelerate, accelerates, "
        "accelerating, hyperlapse"
    ),
    ("reverse", 0): (
        "reverse, reversed, reverses, reversing, in reverse, rewind, rewinds, "
        "rewinding, play backwards, plays backwards, playing backwards, "
        "play it backwards, run backwards, runs backwards, running backwards, "
        "time reversed"
    ),
    ("freeze", 0): (
        "freeze, freezes, freezing, freeze frame, frozen, stand still, stands still, "
        "pause, pauses, paused, still frame, still image"
    ),
    ("loop", 0): (
        "loop, loops, looping, looped, loopable, ends where it began, "
        "end where it began, ends where it started, end where it started"
    ),
    ("boomerang", 0): (
        "boomerang, ping pong, pingpong, back and forth, forth and back, to and fro"
    ),
    ("brightness", 1): (
        "brighten, brightens, brightening, brighter, bright, lighter, more light, "
        "brighten up, brightens up"
    ),
    ("brightness", -1): (
        "darken, darkens, darkening, darker, dark, dim, dims, dimmer, dimming, less light"
    ),
    ("warmth", 1): "warmer, warm, warms, warming, warm up, warms up",
    ("warmth", -1): "cooler, cool, cools, cooling, colder, cold, cool down, cools down",
    ("saturation", 1): (
        "saturate, saturates, saturated, saturation, more color, more colors, "
        "colorful, more colorful, vivid, vibrant"
    ),
    ("saturation", -1): (
        "desaturate, desaturates, desaturated, desaturating, desaturation, less color, "
        "less colors, less colorful, fewer colors, muted"
    ),
    ("saturation", 0): (
        "black and white, in black and white, monochrome, grayscale, greyscale, colorless, without color, "
        "no color, without colors, no colors"
    ),
    ("motion", 1): "livelier, lively, more action, dynamic, energetic, more life",
    ("motion", -1): "calm, calmer, calms, calmly, calm down, calms down, quieter",
}

_VERBS = {  # by the ways they go
    "zoom": "zoom, zooms, zooming, zoomed",
    "push": "push, pushes, pushing, pushed, pull, pulls, pulling, pulled, punch",
    "dolly": "dolly, dollies, dollying",
    "pan": "pan, pans, panning, panned",
    "move": (
        "truck, trucks, trucking, track, tracks, tracking, slide, slides, sliding, move, "
        "moves, moving, moved, glide, glides, gliding, fly, flies, flying, drift, drifts, "
        "drifting, sweep, sweeps, sweeping, travel, travels, traveling, swing, swings, "
        "swinging"
    ),
    "tilt": (
        "tilt, tilts, tilting, tilted, pedestal, pedestals, crane, cranes, craning, "
        "jib, jibs, boom, booms"
    ),
    "roll": "roll, rolls, rolling, rolled, rotate, rotates, rotating",
    "orbit": "orbit, orbits, orbiting, arc, arcs, arcing",
}

_WAYS = {
    "left": "left, leftward, leftwards",
    "right": "right, rightward, rightwards",
    "up": "up, upward, upwards",
    "down": "down, downward, downwards",
    "in": "in, closer, nearer, forward, forwards, inward, inwards",
    "out": "out, back, away, outward, outwards",
    "backwards": "backward, backwards",
    "clockwise": "clockwise",
    "counterclockwise": "counterclockwise, counter clockwise, anticlockwise, anti clockwise",
}

_SCALES = {
    0.5: (
        "slightly, slight, subtly, subtle, a little, a bit, a little bit, gently, gentle, "
        "barely, somewhat, softly, soft, slowly, slow, gradually, gradual, a touch"
    ),
    1.0: "moderately, moderate, normally, normal, steadily, steady, smoothly, smooth",
    2.0: (
        "fast, quickly, quick, rapidly, rapid, swiftly, swift, a lot, lots, much, "
        "strongly, strong, heavily, heavy, dramatically, dramatic, hard, far, suddenly"
    ),
}

_OTHERS: dict[tuple[Role, object], str] = {
    (
        "fade",
        None,
    ): "fade, fades, fading, faded, dissolve, dissolves, dissolving, dip, dips",
    ("color", "fade_to_black"): "black, darkness",
    ("color", "fade_to_white"): "white",
    ("motion", None): "motion, movement, movements, motions",
    ("camera", None): "camera, cam, view, viewpoint, shot, lens, perspective",
    ("faster", 1): "faster",
    ("faster", -1): "slower",
    ("speed", None): "speed, pace, tempo",
    ("more", 1): "more, increase, increases, increasing",
    ("more", -1): "less, fewer, decrease, reduce, reduces, decreases",
    ("very", None): "very, really, extremely, super, so, too, ultra",
    ("not", None): (
        "no, not, don't, dont, doesn't, never, without, avoid, avoids, nor, isn't, won't, "
        "stop, stops, do not, does not, zero"
    ),
    ("when", (2 / 3, 1.0)): (
        "at the end, in the end, at the very end, toward the end, towards the end, "
        "finally, eventually, at last, to end, the ending"
    ),
    ("when", (0.0, 1 / 3)): (
        "at first, at the beginning, in the beginning, at the start, initially"
    ),
    ("when", (0.5, 1.0)): "halfway, half way, halfway through, in the middle, midway",
    ("edge", -1): "last, final",
    ("edge", 1): "first",
    ("from", None): "after",
    ("for", None): "over, for, within, during, lasting",
    ("cut", None): (
        "the, a, an, on, onto, to, toward, towards, across, along, into, through, past, "
        "around, from, of, at, until, behind, between, under, above, beyond, with, by, "
        "as, near, before, against, about, his, her, their, my, our"
    ),
    ("fill", None): (
        "and, or, but, also, it, its, is, are, be, gets, get, getting, become, becomes, "
        "becoming, turn, turns, turning, go, goes, going, let, make, makes, making, please, "
        "can, you, i, we, want, should, will, would, like, this, that, there, frame, "
        "picture, image, scene, video, clip, footage, everything, whole, all, any, effect, "
        "transition, tone, tones, look, looks, just, only, now, continue, continues, "
        "continuing, keep, keeps, keeping, start, starts, starting, begin, begins, stay, "
        "stays, do, does, cinematic, seamless, seamlessly, perfect, perfectly, infinite, "
        "endless, nice, nicely, colors, color, light, lights, lighting, play, plays, playing, "
        "time, having, has, have, add, apply, use, side, direction, single, simple"
    ),
}

_COUNTED = (
    *("one", "two", "three", "four", "five"),
    *("six", "seven", "eight", "nine", "ten"),
)
WORDS = {  # before a unit
    **{word: float(n) for n, word in enumerate(_COUNTED, start=1)},
    "a": 1,
    "half": 0.5,
}
TIMES = {"half": 0.5, "double": 2.0, "twice": 2.0, "triple": 3.0, "quarter": 0.25}
UNITS: dict[str, Literal["times", "percent", "degrees", "seconds"]] = {
    **dict.fromkeys(("x", "\u00d7", "times", "time"), "times"),
    **dict.fromkeys(("%", "percent"), "percent"),
    **dict.fromkeys(("°", "deg", "degree", "degrees"), "degrees"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "seconds"),
}
MARKS = frozenset("\"'()[]{}-\u2013\u2014\u2026&/*_`\u2018\u2019\u201c\u201d+~|<>=#")

# Words that only look like ours.
_OTHERWISE = (
    "dolly zoom, stop motion, roll over, rolls over, fade in, fades in, fading in"
)

Phrase = tuple[str, ...]
Part = tuple[Role, object]


def _table() -> dict[Phrase, Part]:
    found: dict[Phrase, Part] = {}

    def add(phrases: str, role: Role, value: object) -> None:
        for phrase in phrases.split(","):
            found[tuple(phrase.split())] = (role, value)

    for (other, value), phrases in _OTHERS.items():
        add(phrases, other, value)
    for factor, phrases in _SCALES.items():
        add(phrases, "scale", factor)
    for way, phrases in _WAYS.items():
        add(phrases, "way", way)
    for verb, phrases in _VERBS.items():
        add(phrases, "verb", verb)
    for (kind, sign), phrases in _SENSES.items():
        add(phrases, "sense", Sense(kind, sign))
    add(_OTHERWISE, "unknown", None)
    return found


TABLE = _table()
LONGEST = max(map(len, TABLE))

_ACROSS = {"left": Sense("pan", -1), "right": Sense("pan", 1)}
_ALONG = {"up": Sense("tilt", 1), "down": Sense("tilt", -1)}
_DEPTH = {
    "in": Sense("zoom", 1),
    "out": Sense("zoom", -1),
    "backwards": Sense("zoom", -1),
}
_TURNS = {
    "clockwise": Sense("roll", 1),
    "counterclockwise": Sense("roll", -1),
    "right": Sense("roll", 1),
    "left": Sense("roll", -1),
}
MOVES: dict[str, dict[str, Sense]] = {
    "zoom": _DEPTH,
    "push": _DEPTH,
    "dolly": _DEPTH | _ACROSS,
    "pan": _ACROSS | _ALONG,
    "move": _ACROSS | _ALONG | _DEPTH,
    "tilt": _ALONG,
    "roll": _TURNS,
    "orbit": _ACROSS
    | {"clockwise": Sense("pan", -1), "counterclockwise": Sense("pan", 1)},
}
UNSAID = {  # the way of a verb that has none
    "zoom": Sense("zoom", 1),
    "roll": Sense("roll", 1),
    "orbit": Sense("pan", 1),
}
NONE_OF: dict[str, tuple[Sense, ...]] = {  # what a verb that is negated rules out
    "zoom": (Sense("zoom"),),
    "push": (Sense("zoom"),),
    "dolly": (Sense("zoom"),),
    "pan": (Sense("pan"),),
    "move": (Sense("hold"),),
    "tilt": (Sense("tilt"),),
    "roll": (Sense("roll"),),
    "orbit": (Sense("pan"),),
}
