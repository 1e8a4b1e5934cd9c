"""What a result says of itself, cut and gone on with."""

from __future__ import annotations

from fractions import Fraction

from longtake.media.lineage import Lineage, Part

RATE = Fraction(24)


def lineage() -> Lineage:
    """Two original seconds that begin at 0.5 s, then two continuations of one each."""
    start = Fraction(1, 2)
    parts = [
        Part(first=0, n_frames=48, start=start, synthetic=False),
        Part(first=48, n_frames=24, start=start + 2, synthetic=True, engine="motion"),
        Part(first=72, n_frames=24, start=start + 3, synthetic=True, engine="motion"),
    ]
    return Lineage(made_by="test", width=64, height=48, rate=RATE, parts=tuple(parts))


def test_counts() -> None:
    assert lineage().n_frames == 96
    assert lineage().n_original == 48


def test_the_first_frames_keep_their_parts_and_times() -> None:
    assert lineage().between(0, 96) == lineage().parts
    cut = lineage().between(0, 60)
    assert [(part.first, part.n_frames) for part in cut] == [(0, 48), (48, 12)]
    assert [part.start for part in cut] == [Fraction(1, 2), Fraction(5, 2)]
    assert len(lineage().between(0, 48)) == 1


def test_a_stretch_of_its_own_counts_from_its_first_frame() -> None:
    cut = lineage().between(36, 60)
    assert [(part.first, part.n_frames) for part in cut] == [(0, 12), (12, 12)]
    assert [part.start for part in cut] == [0, Fraction(1, 2)]
    assert [part.synthetic for part in cut] == [False, True]


def test_it_survives_the_way_through_a_file() -> None:
    text = lineage().model_dump_json(exclude_none=True)
    assert Lineage.model_validate_json(text) == lineage()
