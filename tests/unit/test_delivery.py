"""A file appears whole or not at all, and never in the place of a source."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from longtake.errors import OutputRefused
from longtake.media.delivery import Delivery, refusal


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"the source")
    return path


def test_it_appears_when_delivered_and_not_before(tmp_path: Path, source: Path) -> None:
    final = tmp_path / "out.mp4"
    with Delivery(final, force=False, sources=(source,)) as place:
        assert place.path.suffix == ".mp4"
        assert place.path.parent == tmp_path
        place.path.write_bytes(b"whole")
        assert not final.exists()
        place.deliver()
    assert final.read_bytes() == b"whole"
    assert {path.name for path in tmp_path.iterdir()} == {"clip.mp4", "out.mp4"}


def test_a_new_file_has_the_permissions_of_any_other(
    tmp_path: Path, source: Path
) -> None:
    with Delivery(tmp_path / "out.mp4", force=False, sources=(source,)) as place:
        place.deliver()
    (tmp_path / "any").touch()
    modes = {(tmp_path / name).stat().st_mode for name in ("out.mp4", "any")}
    assert len(modes) == 1


def test_nothing_is_left_when_it_is_not_delivered(tmp_path: Path, source: Path) -> None:
    def interrupted() -> None:
        with Delivery(tmp_path / "out.mp4", force=False, sources=(source,)) as place:
            place.path.write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("way", ["itself", "symlink", "hardlink", "dots"])
def test_the_source_is_never_written_over(
    tmp_path: Path, source: Path, way: str, *, force: bool
) -> None:
    final = {"itself": source, "dots": tmp_path / "." / "sub" / ".." / "clip.mp4"}.get(
        way, tmp_path / "other.mp4"
    )
    (tmp_path / "sub").mkdir()
    if way == "symlink":
        final.symlink_to(source)
    if way == "hardlink":
        final.hardlink_to(source)
    with (
        pytest.raises(OutputRefused, match="never written over"),
        Delivery(final, force=force, sources=(source,)),
    ):
        pass
    assert source.read_bytes() == b"the source"


def test_an_existing_file_needs_force(tmp_path: Path, source: Path) -> None:
    final = tmp_path / "out.mp4"
    final.write_bytes(b"old")
    with (
        pytest.raises(OutputRefused, match="--force"),
        Delivery(final, force=False, sources=(source,)),
    ):
        pass
    with Delivery(final, force=True, sources=(source,)) as place:
        place.path.write_bytes(b"new")
        assert final.read_bytes() == b"old"
        place.deliver()
    assert final.read_bytes() == b"new"


def test_a_broken_link_is_there_too(tmp_path: Path, source: Path) -> None:
    final = tmp_path / "out.mp4"
    final.symlink_to(tmp_path / "nowhere")
    with (
        pytest.raises(OutputRefused, match="exists"),
        Delivery(final, force=False, sources=(source,)),
    ):
        pass


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no/such/folder/out.mp4", "does not exist"),
        ("clip.mp4/out.mp4", "does not exist"),
        ("sub", "is a folder"),
        ("x" * 300 + ".mp4", "too long"),
    ],
)
def test_places_that_cannot_be(
    tmp_path: Path, source: Path, name: str, said: str
) -> None:
    (tmp_path / "sub").mkdir()
    with (
        pytest.raises(OutputRefused, match=said),
        Delivery(tmp_path / name, force=False, sources=(source,)),
    ):
        pass


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EDQUOT, "disk is full"),
        (errno.EACCES, "No permission"),
        (errno.EROFS, "read-only"),
        (errno.EIO, "cannot be written"),
    ],
)
def test_what_the_system_says_becomes_a_sentence(number: int, said: str) -> None:
    sentence = refusal(Path("there/out.mp4"), OSError(number, os.strerror(number)))
    assert said in sentence
    assert "there" in sentence
    assert sentence.endswith(".")
