"""Every real clip is made longer by the whole of Longtake, and the result proved."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from longtake import extend
from tests.real import APPENDED, COPIED, RECODED

GOOD_DB = 38


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted([*COPIED, *APPENDED, *RECODED]))
def test_a_real_clip_is_made_longer(name: str, clips_dir: Path, tmp_path: Path) -> None:
    """By the null engine: it is the way through all the rooms that is asked here."""
    clip = Path(shutil.copy(clips_dir / name, tmp_path))
    report = extend(clip, seconds=1, engine="persistence").report
    (step,), proof = report.steps, report.proof
    assert report.result.n_frames == report.source.n_frames + step.n_new
    assert step.n_new == round(report.source.rate)
    assert proof.failures == ()
    if name in RECODED:
        assert step.joined.mode == "re-encode"
        assert RECODED[name] in (step.joined.reason or "")
        assert step.joined.psnr_db is not None
        assert step.joined.psnr_db > GOOD_DB
    else:
        assert step.joined.mode == ("append" if name in APPENDED else "copy")
        assert proof.n_different == 0
        assert proof.source_sha256 == proof.result_sha256
