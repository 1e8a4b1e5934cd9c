"""A prompt is read into flags and words, and into clauses that lose nothing."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.direction import Flags, clauses, read


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        (None, ()),
        ("", ()),
        ("  ,;. ", ()),
        ("push in", ("push in",)),
        ("push in slowly, a dragon appears.", ("push in slowly", "a dragon appears")),
        ("pan left then hold; warmer", ("pan left", "hold", "warmer")),
        ("zoom 1.5x, and then tilt up", ("zoom 1.5x", "tilt up")),
        ("calmer\nand warmer", ("calmer", "warmer")),
        ("strengthen the light", ("strengthen the light",)),
        ("the leaves fall while she turns", ("the leaves fall", "she turns")),
    ],
)
def test_clauses(prompt: str | None, expected: tuple[str, ...]) -> None:
    assert clauses(prompt) == expected


@pytest.mark.parametrize(
    ("prompt", "text", "flags"),
    [
        (None, "", Flags()),
        ("a cat", "a cat", Flags()),
        ("a cat --motion low", "a cat", Flags(motion="low")),
        ("a cat --MOTION High --loop", "a cat", Flags(motion="high", loop=True)),
        ("a cat \u2014bs 4", "a cat", Flags(bs=4)),  # as telephones write it
        ("--loop a cat --raw leaps", "a cat leaps", Flags(loop=True, raw=True)),
        (
            "a cat --end https://example.com/last.png",
            "a cat",
            Flags(end="https://example.com/last.png"),
        ),
        ("a well-known cat -- leaps - high", None, Flags()),
        ("first line\n second  line", None, Flags()),
    ],
)
def test_flags(prompt: str | None, text: str | None, flags: Flags) -> None:
    reading = read(prompt)
    assert reading.text == (prompt if text is None else text)
    assert reading.flags == flags
    assert len(reading.understood) == bool(flags.bs)


@pytest.mark.parametrize(
    "ignored",
    [
        "--motion",
        "--motion fast",
        "--bs 3",
        "--end nowhere",
        "--end file:///etc/passwd",
        "--ar 16:9",
        "--style very raw indeed",
    ],
)
def test_what_a_flag_does_not_take_is_ignored(ignored: str) -> None:
    reading = read(f"a cat {ignored} --bs 2")
    assert (reading.text, reading.flags) == ("a cat", Flags(bs=2))
    assert reading.understood == ("--bs 2",)
    assert reading.ignored == (ignored,)


def test_of_a_flag_given_twice_the_last_counts() -> None:
    reading = read("a cat --bs 2 --bs 4")
    assert reading.flags.bs == 4
    assert (reading.understood, reading.ignored) == (("--bs 4",), ("--bs 2",))


def test_what_an_engine_obeys_is_understood() -> None:
    reading = read("a cat --loop --motion low", obeyed={"motion"})
    assert (reading.understood, reading.ignored) == (("--motion low",), ("--loop",))


words = st.sampled_from(
    [
        "a",
        "cat",
        "--motion",
        "low",
        "HIGH",
        "--loop",
        "--bs",
        "1",
        "3",
        "--end",
        "https://example.com/a.png",
        "--ar",
        "16:9",
        "--raw",
        "—loop",
        "--",
        "-x",
    ]
)


@given(st.lists(words, max_size=12))
def test_every_word_is_answered_for(said: list[str]) -> None:
    """It is text, understood or ignored, once."""
    reading = read(" ".join(said), obeyed={"bs", "loop"})
    answered = " ".join([reading.text, *reading.understood, *reading.ignored])
    assert Counter(answered.split()) == Counter(said)


@given(st.lists(words, max_size=12))
def test_the_text_holds_no_flag(said: list[str]) -> None:
    reading = read(" ".join(said))
    again = read(reading.text)
    assert (again.text, again.flags, again.ignored) == (reading.text, Flags(), ())


@given(st.text())
def test_a_prompt_without_flags_is_left_as_it_is(prompt: str) -> None:
    if not any(mark in prompt for mark in ("--", "\u2014")):
        assert read(prompt).text == prompt.strip()
