"""The names that clients give to uploads, and what files are by their first bytes."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.clips import paths
from longtake.clips.sniff import KINDS, kind_of
from longtake.errors import ClipRefused, ClipUnreadable, FieldInvalid


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("images", "images"),
        ("/images/user 1/", "images/user 1"),
        ("images//user", "images/user"),
        ("  images  ", "images"),
        ("bilder/über/日本語", "bilder/über/日本語"),
        ("a.b/..c/d..", "a.b/..c/d.."),
        ("cafe\u0301", "café"),
    ],
)
def test_plain_folders_are_taken(given: str, kept: str) -> None:
    assert paths.folder(given) == kept


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "/",
            "..",
            "a/../b",
            "../a",
            "a/..",
            ".",
            "a/./b",
            "a\\b",
            "..\\b",
            "C:/a",
        ),
        *(
            "c:a",
            "a\0b",
            "a\nb",
            "a\x7fb",
            "\u202egpj.a",
            "a\u200bb",
            "\u2024\u2024/a",
            "\uff0e\uff0e/a",
        ),
        *(
            "a\uff0fb",
            "a\uff3cb",
            "a\uff1ab",
            "\ud800",
            "\ufdd0",
            "a/" + "b" * 201,
            "a/" * 150,
        ),
    ],
)
def test_folders_that_mislead_are_refused(text: str) -> None:
    with pytest.raises(FieldInvalid) as caught:
        paths.folder(text)
    assert caught.value.field == "uploadPath"
    assert str(caught.value).startswith("uploadPath ")


def test_a_file_name_is_one_name() -> None:
    assert paths.file_name(' my "clip".mp4 ') == 'my "clip".mp4'
    for text in ("a/b", "/a", "a/", "..", "", " ", "a\\b", "a\r\nb", "x" * 201):
        with pytest.raises(FieldInvalid, match=r"^fileName "):
            paths.file_name(text)


def test_a_file_brings_its_last_name_along() -> None:
    assert paths.own_name("C:\\fakepath\\clip.mp4") == "clip.mp4"
    assert paths.own_name("../../etc/passwd") == "passwd"
    assert paths.own_name("a/..") is None
    assert paths.own_name("") is None


@given(
    text=st.text(max_size=40)
    | st.text(alphabet="ab./\\:\uff0e\u2024\uff0f \0", max_size=12)
)
def test_no_path_that_is_taken_leads_elsewhere(text: str) -> None:
    try:
        folder = paths.folder(text)
    except FieldInvalid:
        return
    for form in (folder, unicodedata.normalize("NFKC", folder)):
        assert os.path.normpath(f"/own/{form}") == f"/own/{form}"
    assert paths.folder(folder) == folder


SAMPLES = {
    "jpg": b"\xff\xd8\xff\xe0\0\x10JFIF",
    "png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "webp": b"RIFF\x10\0\0\0WEBPVP8 ",
    "mp4": b"\0\0\0\x18ftypisom\0\0\2\0isomiso2",
    "mov": b"\0\0\0\x14ftypqt  \0\0\2\0qt  ",
    "mkv": b"\x1a\x45\xdf\xa3\x93\x42\x82\x88matroska",
    "webm": b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm",
    "avi": b"RIFF\x10\0\0\0AVI LIST",
    "ts": (b"\x47" + bytes(187)) * 3,
}


def test_a_kind_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    path = tmp_path / "named.exe"
    for kind in KINDS:
        path.write_bytes(SAMPLES[kind.suffix])
        assert kind_of(path, "x") == kind


@pytest.mark.parametrize(
    "data",
    [
        b"PK\3\4\x14\0\0\0ftypmp42",
        b"GIF89a",
        b"<!DOCTYPE html><video>",
        b"#EXTM3U\n#EXT-X-VERSION:3",
        b"RIFF\x10\0\0\0WAVEfmt ",
        b"\x7fELF",
        b"\xff\xd8",
        b"\x47" * 100,
        bytes(4000),
    ],
)
def test_what_is_no_clip_is_refused_whatever_it_is_called(
    tmp_path: Path, data: bytes
) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(data)
    with pytest.raises(ClipRefused, match=r"clip\.mp4 is not an mp4, mov"):
        kind_of(path, "clip.mp4")


def test_an_empty_file_is_said_to_be_empty(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()
    with pytest.raises(ClipUnreadable, match=r"mine\.mp4 is empty"):
        kind_of(path, "mine.mp4")
