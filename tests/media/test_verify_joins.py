"""What the proof says of our own joins is what the join says of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from longtake.media.verify import prove
from tests.conftest import Made
from tests.joins import joined

N = 60

JOINS: dict[str, tuple[str, dict[str, Any], int | None]] = {
    "a cut between B-frames": ("mp4", {"b_frames": 3, "sound": "aac"}, 50),
    "hidden frames at the head": ("mp4", {"hide_head": 6}, None),
    "hidden frames at the tail": ("mp4", {"hide_tail": 5}, None),
    "milliseconds": ("mkv", {"sound": "mp3"}, 41),
    "a varying rate": ("mp4", {"vfr": True}, None),
    "VP9 with Opus": (
        "webm",
        {"codec": "libvpx-vp9", "b_frames": None, "sound": "opus"},
        30,
    ),
    "HEVC": ("mp4", {"codec": "libx265", "sound": "aac"}, None),
    "interlaced": ("mp4", {"interlaced": True}, 50),
}


@pytest.mark.parametrize("case", JOINS)
def test_the_proof_agrees_with_the_join(made: Made, tmp_path: Path, case: str) -> None:
    suffix, fields, n_keep = JOINS[case]
    source = made(suffix, n_frames=N, **fields)
    result, join = joined(source, tmp_path, n_new=24, n_keep=n_keep)
    proof = prove(result, source, whole=True)
    assert proof.failures == ()
    assert (proof.mode, proof.n_new) == (join.mode, 24)
    assert (proof.n_kept, proof.n_recoded) == (join.n_source, join.n_recoded)
    assert proof.identical == (join.mode != "re-encode")
    assert proof.sound == join.sound.mode


def test_a_chain_is_proved_against_parent_and_original(
    made: Made, tmp_path: Path
) -> None:
    original = made(n_frames=N, sound="aac")
    first, _ = joined(original, tmp_path, n_new=24)
    (tmp_path / "next").mkdir()
    second, _ = joined(first, tmp_path / "next", n_new=24)
    against_parent, against_original = prove(second, first), prove(second, original)
    assert against_parent.failures == against_original.failures == ()
    assert (against_parent.n_kept, against_parent.n_new) == (N + 24, 24)
    assert (against_original.n_kept, against_original.n_new) == (N, 48)
    assert against_parent.identical
    assert against_original.identical


def test_a_new_part_alone(made: Made, tmp_path: Path) -> None:
    source = made(n_frames=N, sound="aac")
    result, _ = joined(source, tmp_path, n_new=24, n_keep=50, only_new=True, handles=12)
    proof = prove(result, source)
    assert proof.failures == ()
    assert proof.mode == "new-only"
    assert (proof.n_kept, proof.n_recoded, proof.n_new) == (0, 12, 24)
    assert not proof.identical
