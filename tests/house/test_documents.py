"""What the documents say exists does exist, and what exists is in them."""

from __future__ import annotations

import re
import shlex

import pytest
import typer

from longtake import errors
from longtake.cli import app
from longtake.settings import Settings
from tests.house.rules import ROOT, tracked

_COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
_README = (ROOT / "README.md").read_text("utf-8")


def _examples(document: str) -> list[list[str]]:
    """The words of each ``longtake ...`` line in a code block."""
    lines = re.findall(r"^    longtake (.*)$", document, re.MULTILINE)
    return [shlex.split(line, comments=True) for line in lines]


def test_the_readme_shows_every_command() -> None:
    assert {words[0] for words in _examples(_README)} == set(_COMMANDS)


@pytest.mark.parametrize("words", _examples(_README), ids=" ".join)
def test_an_example_of_the_readme_can_be_parsed(words: list[str]) -> None:
    """The command's own parser takes it."""
    _COMMANDS[words[0]].make_context(words[0], words[1:])


def test_commands_named_in_text_exist() -> None:
    for path in tracked("*.md"):
        named = re.findall(r"`longtake ([a-z]+)", path.read_text("utf-8"))
        unknown = set(named) - set(_COMMANDS)
        assert not unknown, path


def test_make_targets_named_in_text_exist() -> None:
    targets = set(
        re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    )
    for path in tracked("*.md"):
        named = set(
            re.findall(
                r"(?:`|^    )make ([a-z]+)", path.read_text("utf-8"), re.MULTILINE
            )
        )
        assert named <= targets, path


def test_the_readme_explains_every_exit_code() -> None:
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", _README, re.MULTILINE)}
    kinds = errors.LongtakeError.__subclasses__()
    assert told == {0, errors.LongtakeError.exit_code, *(k.exit_code for k in kinds)}


# In the environment, but no setting: where settings lie, and a key that only passes by.
_BESIDE = {"LONGTAKE_SETTINGS", "LONGTAKE_ADOPT_KEY"}


def test_settings_named_in_text_exist() -> None:
    known = _BESIDE | {f"LONGTAKE_{name.upper()}" for name in Settings.model_fields}
    for path in tracked("*.md"):
        assert set(re.findall(r"LONGTAKE_[A-Z_]+", path.read_text("utf-8"))) <= known, (
            path
        )


def test_the_architecture_names_every_room() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    rooms = {
        path.relative_to(ROOT / "src" / "longtake").parts[0].removesuffix(".py")
        for path in tracked("src/longtake/*.py")
    }
    assert {room for room in rooms if room not in text} <= {"__init__", "__main__"}


def test_files_named_in_text_exist() -> None:
    """Every path in backquotes, from the top, the package or one of its rooms."""
    package = ROOT / "src" / "longtake"
    tops = (ROOT, package, package / "media")
    for path in tracked("*.md"):
        named = re.findall(r"`((?:[\w-]+/)+[\w.-]*)`", path.read_text("utf-8"))
        lost = [
            name
            for name in named
            if not name.startswith(("demo/", "results/"))
            and not any((top / name).exists() for top in tops)
        ]
        assert not lost, path


def test_pictures_of_documents_are_there_and_small() -> None:
    shown = {
        path.parent / name
        for path in tracked("*.md")
        for name in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", path.read_text("utf-8"))
    }
    assert not [path for path in shown if not path.is_file()]
    kept = set(tracked("docs/studio/*"))
    assert kept <= shown, "a picture that no document shows"
    assert all(path.stat().st_size < 60_000 for path in kept)


def test_the_readme_explains_every_setting() -> None:
    told = set(re.findall(r"LONGTAKE_[A-Z_]+", _README)) - _BESIDE
    assert told == {f"LONGTAKE_{name.upper()}" for name in Settings.model_fields}
