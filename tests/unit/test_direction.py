"""A prompt is split into clauses that can be followed or ignored one by one."""

from __future__ import annotations

import pytest

from longtake.direction import clauses


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
    ],
)
def test_clauses(prompt: str | None, expected: tuple[str, ...]) -> None:
    assert clauses(prompt) == expected
