"""Paths and names that an account gives to its uploads: names in the books, no more.

No path of a client ever reaches the disk (files lie under keys of ours). What is refused
here would mislead whoever reads such a path: a program that unpacks it, or a person.
"""

from __future__ import annotations

import unicodedata

from longtake.errors import FieldInvalid

_MAX_NAME, _MAX_PATH = 200, 400  # characters
_SEPARATORS = frozenset("/\\:")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # Unicode categories


def folder(text: str) -> str:
    """An ``uploadPath`` without slashes at its ends. Raises FieldInvalid."""
    names = [name for name in text.strip().split("/") if name]
    if not names:
        raise FieldInvalid("uploadPath must name a folder.", field="uploadPath")
    cleaned = "/".join(_checked(name, "uploadPath") for name in names)
    if len(cleaned) > _MAX_PATH - _MAX_NAME:
        raise FieldInvalid(
            f"uploadPath has more than {_MAX_PATH - _MAX_NAME} characters.",
            field="uploadPath",
        )
    return cleaned


def file_name(text: str) -> str:
    """A ``fileName``. Raises FieldInvalid."""
    return _checked(text.strip(), "fileName")


def own_name(text: str) -> str | None:
    """The last name of a path that a file came with; None where that is no plain name."""
    try:
        return file_name(text.replace("\\", "/").rpartition("/")[2])
    except FieldInvalid:
        return None


def _checked(name: str, field: str) -> str:
    name = unicodedata.normalize("NFC", name)
    # What looks like a dot or a slash may become one on somebody's disk.
    plain = unicodedata.normalize("NFKC", name)
    if not plain.strip(". ") or _SEPARATORS & set(plain):
        raise FieldInvalid(
            f"{field} may not hold '.', '..', ':' or a backslash as part of a path; use "
            "plain names.",
            field=field,
        )
    if any(unicodedata.category(character) in _UNSEEN for character in name):
        raise FieldInvalid(
            f"{field} holds characters that cannot be seen.", field=field
        )
    if len(name) > _MAX_NAME:
        raise FieldInvalid(
            f"{field} holds a name of more than {_MAX_NAME} characters.", field=field
        )
    return name
