"""A stream with one IDR picture and a moving column of intra blocks: no picture is whole alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from longtake.media.probe import probe
from tests.conftest import Made
from tests.joins import joined
from tests.media.watching import watch


@pytest.mark.parametrize("n_keep", [48, 30])
def test_it_is_taken_and_copied(n_keep: int, made: Made, tmp_path: Path) -> None:
    source = made("mp4", n_frames=48, options={"x264-params": "intra-refresh=1"})
    assert probe(source).damaged_share == 0
    result, facts = joined(source, tmp_path, n_new=12, n_keep=n_keep)
    assert facts.mode == "copy"
    before, after = watch(source), watch(result)
    assert [frame.number for frame in after] == list(range(n_keep + 12))
    assert [frame.digest for frame in after[: facts.n_source]] == [
        frame.digest for frame in before[: facts.n_source]
    ]
