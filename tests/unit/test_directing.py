"""Words become operations with magnitudes and times, and every clause is answered for."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longtake.direction import Direction, parse
from longtake.direction.operation import SCALES
from longtake.direction.vocabulary import TABLE


def told(text: str, **more: float) -> list[tuple[str, float, float, float]]:
    """Kind, amount, begin and end of every operation."""
    return [
        (one.kind, round(one.amount, 3), round(one.begin, 2), round(one.end, 2))
        for one in parse(text, **more).operations
    ]


@pytest.mark.parametrize(
    ("text", "kind", "amount"),
    [
        ("push in", "zoom", 1.25),
        ("The camera slowly pushes in.", "zoom", 1.118),
        ("fast zoom out", "zoom", 0.64),
        ("zoom in 1.5x", "zoom", 1.5),
        ("dolly out by 10 %", "zoom", 0.909),
        ("zoom in a lot", "zoom", 1.562),
        ("move closer", "zoom", 1.25),
        ("pan left", "pan", -0.1),
        ("pan slowly to the right", "pan", 0.05),
        ("truck left 20 percent", "pan", -0.2),
        ("pan right 6 degrees", "pan", 0.1),
        ("orbit", "pan", 0.1),
        ("tilt up", "tilt", 0.1),
        ("pedestal down please", "tilt", -0.1),
        ("crane up quickly", "tilt", 0.2),
        ("roll 15 degrees counter-clockwise", "roll", -15),
        ("roll", "roll", 5),
        ("static shot", "hold", 1),
        ("the camera is locked off", "hold", 1),
        ("hold", "hold", 1),
        ("hand-held", "handheld", 0.006),
        ("slow motion", "speed", 0.5),
        ("very slow motion", "speed", 0.25),
        ("slow motion 100x", "speed", 0.25),
        ("half speed", "speed", 0.5),
        ("play at 150 % speed", "speed", 1.5),
        ("speed up 3 times", "speed", 3),
        ("faster", "speed", 2),
        ("play backwards", "reverse", 1),
        ("in reverse", "reverse", 1),
        ("freeze", "freeze", 1),
        ("no motion", "freeze", 1),
        ("seamless loop", "loop", 1),
        ("boomerang", "boomerang", 1),
        ("brighten", "brightness", 1.3),
        ("brighten by 20%", "brightness", 1.2),
        ("darken 25 %", "brightness", 0.75),
        ("much darker", "brightness", 0.592),
        ("warmer", "warmth", 0.15),
        ("slightly cooler", "warmth", -0.075),
        ("less warm", "warmth", -0.15),
        ("black and white", "saturation", 0),
        ("fade to black-and-white", "saturation", 0),
        ("desaturate", "saturation", 0.5),
        ("more saturated", "saturation", 1.5),
        ("calmer", "motion", 0.5),
        ("slightly calmer", "motion", 0.707),
        ("more motion", "motion", 2),
        ("no camera movement", "hold", 1),
        ("don't move the camera", "hold", 1),
        ("don\u2019t zoom", "zoom", 1),
        ("stop panning", "pan", 0),
    ],
)
def test_a_wish_becomes_one_operation(text: str, kind: str, amount: float) -> None:
    assert told(text) == [(kind, amount, 0, 1)]
    assert not parse(text).ignored


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "slowly push in, then fade to black",
            [("zoom", 1.118, 0, 1), ("fade_to_black", 1, 0.67, 1)],
        ),
        ("fade to white", [("fade_to_white", 1, 0.67, 1)]),
        ("fade to black over 2 seconds", [("fade_to_black", 1, 0.5, 1)]),
        ("pan left for one second", [("pan", -0.1, 0, 0.25)]),
        ("pan left, then tilt up", [("pan", -0.1, 0, 0.5), ("tilt", 0.1, 0.5, 1)]),
        ("pan left, tilt up", [("pan", -0.1, 0, 1), ("tilt", 0.1, 0, 1)]),
        ("pan left and up", [("pan", -0.1, 0, 1), ("tilt", 0.1, 0, 1)]),
        ("zoom in, zoom out", [("zoom", 1.25, 0, 0.5), ("zoom", 0.8, 0.5, 1)]),
        ("pan left, then hold", [("pan", -0.1, 0, 0.5), ("hold", 1, 0.5, 1)]),
        ("freeze at the end", [("freeze", 1, 0.67, 1)]),
        ("freeze for the last second", [("freeze", 1, 0.75, 1)]),
        ("after 3 seconds, slow motion", [("speed", 0.5, 0, 1)]),
        ("slow motion after 3 seconds", [("speed", 0.5, 0.75, 1)]),
        ("no zoom or pan", [("zoom", 1, 0, 1), ("pan", 0, 0, 1)]),
        ("slow and steady push in", [("zoom", 1.118, 0, 1)]),
    ],
)
def test_clauses_have_times(text: str, expected: list[object]) -> None:
    assert told(text) == expected


def test_seconds_are_of_the_new_part() -> None:
    assert told("pan left for 2 seconds", seconds=8) == [("pan", -0.1, 0, 0.25)]
    assert told("pan left for 9 seconds", seconds=8) == [("pan", -0.1, 0, 1)]


@pytest.mark.parametrize(
    ("text", "understood", "ignored"),
    [
        ("a dragon appears", [], ["a dragon appears"]),
        ("zoom in on the boat", ["zoom in"], ["on the boat"]),
        (
            "a man with a hat walks in slow motion, then pan left",
            ["in slow motion", "pan left"],
            ["a man with a hat walks"],
        ),
        (
            "she dances as the camera dollies out",
            ["as the camera dollies out"],
            ["she dances"],
        ),
        ("without fading", ["without fading"], []),
        ("the cat rolls over", [], ["the cat rolls over"]),
        ("the man turns left", [], ["the man turns left"]),
        ("she holds a cup", [], ["she holds a cup"]),
        ("pan", [], ["pan"]),  # where to?
        ("slowly", [], ["slowly"]),
        ("\N{DRAGON FACE}", [], ["\N{DRAGON FACE}"]),
        ("...", [], []),
    ],
)
def test_what_is_not_understood_is_named(
    text: str, understood: list[str], ignored: list[str]
) -> None:
    found = parse(text)
    assert [one.clause for one in found.understood] == understood
    assert list(found.ignored) == ignored


def test_what_is_ruled_out_is_understood_and_changes_nothing() -> None:
    found = parse("without fading")
    assert found.operations == ()
    assert str(found.understood[0]) == "without fading: no fade to black is added"


phrases = st.sampled_from(
    [
        *sorted(" ".join(words) for words in TABLE),
        *("1.5x", "10 %", "2 seconds", "half", "15 degrees", "a second", "3"),
        *(
            ",",
            ".",
            "then",
            "and then",
            "while",
            "-",
            "boat",
            "dragon",
            "\u0661\u0662 %",
        ),
    ]
)
prompts = st.lists(phrases, max_size=14).map(" ".join)
_JOINTS = re.compile(
    r"(?i)\b(?:and|but|also|then|while|afterwards?|after\s+that)\b|[\W_]"
)


def check(text: str, seconds: float) -> Direction:
    found = parse(text, seconds=seconds)
    clauses = [one.clause for one in found.understood]
    answered = [*clauses, *found.ignored]
    assert all(clause in text for clause in answered)
    lost = _JOINTS.sub("", text)
    for clause in sorted(answered, key=len, reverse=True):
        lost = lost.replace(_JOINTS.sub("", clause), "", 1)
    assert not lost, "every word is answered for"
    for one in found.operations:
        assert 0 <= one.begin < one.end <= 1
        assert SCALES[one.kind].low <= one.amount <= SCALES[one.kind].high
        assert one.clause in clauses
        assert one.says
    return found


@given(prompts, st.floats(0.5, 20))
@settings(max_examples=400)
def test_every_clause_is_understood_or_ignored(text: str, seconds: float) -> None:
    found = check(text, seconds)
    for one in found.understood:  # and by itself means the same
        again = parse(one.clause)
        assert [other.clause for other in again.understood] == [one.clause]
        assert not again.ignored
    for clause in found.ignored:
        assert parse(clause) == Direction(ignored=(clause,))


@given(st.text(max_size=80), st.floats(0.5, 20))
@settings(max_examples=200)
def test_any_text_is_read(text: str, seconds: float) -> None:
    parse(text, seconds=seconds)


@given(st.text(max_size=12), prompts, st.text(max_size=12))
def test_any_text_around_words_is_read(one: str, text: str, two: str) -> None:
    parse(one + text + two)
    parse(text + one + text)
