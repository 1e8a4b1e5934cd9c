"""The gate says in plain words what it refuses, and refuses nothing else."""

from __future__ import annotations

import pytest

from longtake.analysis.gate import BANDS, SLACK, judge
from longtake.analysis.measures import Measures

FINE = Measures(
    seam=1,
    seam_residual=1,
    velocity_jump=1,
    worst_residual=1,
    life=1,
    flicker=1,
    motion=1,
    freeze=0,
    sharpness=1,
    sharpness_tail=1,
    grain=1,
    color_jump=0,
    color_drift=0,
    repeat=1,
    rewind=0,
    rhythm=0,
)


def test_what_is_like_the_clip_passes() -> None:
    assert judge(FINE).model_dump() == {
        "passed": True,
        "failures": (),
        "beside": (),
        "unmeasured": (),
        "bands": {name: (band.low, band.high) for name, band in BANDS.items()},
    }


@pytest.mark.parametrize("name", BANDS)
def test_each_end_of_each_band(name: str) -> None:
    """An end counts as 1 and the slack is added to it, in logarithms for a ratio."""
    band = BANDS[name]
    for end in (band.low, band.high):
        if end is None:
            continue
        most = end ** (1 + SLACK) if band.low is not None else end * (1 + SLACK)
        for beside, passes in ((0.99, True), (1.01, False)):
            value = most * (beside if most >= 1 or band.low is None else 1 / beside)
            verdict = judge(FINE.model_copy(update={name: value}))
            assert verdict.passed is passes
            (sentence,) = verdict.beside if passes else verdict.failures
            assert f"{value:.2f}" in sentence
            assert f"{end:g}" in sentence
            assert not (verdict.failures if passes else verdict.beside)


def test_a_little_beside_many_bands_is_too_much() -> None:
    little = {"seam": 2.5, "flicker": 3.9, "sharpness": 1.42}
    for name, value in little.items():
        assert judge(FINE.model_copy(update={name: value})).passed
    verdict = judge(FINE.model_copy(update=little))
    assert not verdict.passed
    assert len(verdict.failures) == 3


def test_a_sentence() -> None:
    verdict = judge(FINE.model_copy(update={"seam": 0.12}))
    (sentence,) = verdict.failures
    assert sentence == (
        "The picture hardly changes across the join: it freezes there "
        "(seam 0.12, accepted 0.4 to 2)."
    )


def test_what_was_asked_for_is_not_held_against_it() -> None:
    reverse = FINE.model_copy(update={"rewind": 0.8, "rhythm": 0.9})
    assert len(judge(reverse).failures) == 2
    assert len(judge(reverse, asked_for=frozenset({"rewind"})).failures) == 1
    with pytest.raises(AssertionError, match="no such measure"):
        judge(FINE, asked_for=frozenset({"speed"}))


def test_what_cannot_be_measured_is_named_and_does_not_fail() -> None:
    verdict = judge(FINE.model_copy(update={"seam": None, "motion": None}))
    assert verdict.passed
    assert verdict.unmeasured == ("seam", "motion")
