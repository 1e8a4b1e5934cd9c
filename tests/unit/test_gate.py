"""The gate says in plain words what it refuses, and refuses nothing else."""

from __future__ import annotations

import pytest

from longtake.analysis.gate import BANDS, judge
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
    color_drift=0,
    repeat=1,
    rewind=0,
    rhythm=0,
)


def test_what_is_like_the_clip_passes() -> None:
    assert judge(FINE).model_dump() == {
        "passed": True,
        "failures": (),
        "unmeasured": (),
        "bands": {name: (band.low, band.high) for name, band in BANDS.items()},
    }


@pytest.mark.parametrize("name", BANDS)
def test_each_end_of_each_band(name: str) -> None:
    band = BANDS[name]
    for end, beyond in ((band.low, -0.01), (band.high, 0.01)):
        if end is not None:
            assert judge(FINE.model_copy(update={name: end})).passed
            verdict = judge(FINE.model_copy(update={name: end + beyond}))
            (sentence,) = verdict.failures
            assert not verdict.passed
            assert f"{end + beyond:.2f}" in sentence
            assert f"{end:g}" in sentence


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
