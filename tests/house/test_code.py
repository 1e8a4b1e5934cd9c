"""House rules about code: short files, short functions, names that say what they are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from longtake.settings import Settings
from tests.house.rules import ROOT, text, tracked

_NAMELESS = re.compile(
    r"utils?|helpers?|common|misc|base|core|manager|handler|service|processor|factory"
    r"|wrapper"
)
_FILE_LINES = 400
_FUNCTION_LINES = 50
_NUMERICAL_LINES = 80  # in a chain of array operations
_NUMERICAL = ("analysis", "engines")
_MIGRATIONS = 400  # lists of tables, written once


def test_no_file_is_long() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in tracked("*.py")
        if (count := len(path.read_text("utf-8").splitlines())) > _FILE_LINES
    }
    assert not long


def test_no_function_is_long() -> None:
    """What a function does is counted; its signature and its docstring are not."""
    long = {
        f"{path.relative_to(ROOT)}:{function.lineno} {function.name}": count
        for path in tracked("*.py")
        for function in _functions(path)
        if (count := _lines(function)) > _limit(path)
    }
    assert not long


def test_no_module_has_a_name_that_says_nothing() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in tracked("*.py", ":!benchmarks")  # each is named by what it measures
        if any(_NAMELESS.fullmatch(name) for name in (path.stem, path.parent.name))
    ]
    assert not found


def test_every_setting_has_a_user() -> None:
    code = "\n".join(path.read_text("utf-8") for path in tracked("src/*.py"))
    unused = [
        name for name in Settings.model_fields if not re.search(rf"\.{name}\b", code)
    ]
    assert not unused


def test_nothing_names_a_machine() -> None:
    """Paths of somebody's machine would be wrong on every other."""
    machine = re.compile(r"(?<![\w.])/(work|root|home|Users)/")
    found = [
        f"{path.relative_to(ROOT)}:{n}"
        for path in tracked()
        for n, line in enumerate((text(path) or "").splitlines(), start=1)
        if machine.search(line)
    ]
    assert not found


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    described = ast.get_docstring(function, clean=False) is not None
    body = function.body[1:] if described else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def _limit(path: Path) -> int:
    if "migrations" in path.parts:
        return _MIGRATIONS
    numerical = any(part in _NUMERICAL for part in path.relative_to(ROOT).parts)
    return _NUMERICAL_LINES if numerical else _FUNCTION_LINES
