"""A person says what becomes of the sound, and is told what did."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.command import longtake
from tests.conftest import Made


@pytest.fixture
def folder(made: Made, tmp_path: Path) -> Path:
    """A folder with a clip of three seconds, whose sound is a tone."""
    shutil.copy(made(sound="aac"), tmp_path / "clip.mp4")
    return tmp_path


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ((), "then it fades: it is speech, music or single events"),
        (("--sound", "continue"), "then it goes on: it was asked for"),
        (("--sound", "silent"), "then silent: it was asked for"),
    ],
)
def test_the_sound_is_as_it_was_asked_for(
    asked: tuple[str, ...], words: str, folder: Path
) -> None:
    quick = ("--seconds", "1/4", "--engine", "persistence")
    ran = longtake("extend", "clip.mp4", *quick, *asked, folder=folder)
    assert ran.status == 0, ran.err
    assert words in " ".join(ran.out.split())


def test_a_sound_there_is_not(folder: Path) -> None:
    ran = longtake("extend", "clip.mp4", "--sound", "loud", folder=folder)
    assert ran.status == 2
    assert "loud" in ran.err
