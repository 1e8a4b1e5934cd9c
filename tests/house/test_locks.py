"""The locks: every package by version and hash, from wherever pip is told to look."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.house.rules import ROOT

_LOCKS = ("requirements.lock", "requirements-test.lock", "requirements-build.lock")


def _pins(lock: str) -> dict[str, Version]:
    found = re.findall(r"^([\w.-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE)
    return {canonicalize_name(name): Version(version) for name, version in found}


@pytest.mark.parametrize("lock", _LOCKS)
def test_a_lock_holds_names_versions_and_hashes_and_nothing_else(lock: str) -> None:
    line = re.compile(
        r"[\w.-]+==[\w.]+( ; [^\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?"
    )
    strange = [
        text
        for text in (ROOT / lock).read_text().splitlines()
        if not line.fullmatch(text)
    ]
    assert not strange
    assert len(_pins(lock)) > 3


def test_the_locks_are_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = {
        "requirements.lock": project["dependencies"],
        "requirements-test.lock": project["optional-dependencies"]["test"],
    }
    for lock, requirements in asked.items():
        pins = _pins(lock)
        for text in requirements:
            requirement = Requirement(text)
            version = pins[canonicalize_name(requirement.name)]
            assert version in requirement.specifier, f"{lock}: run make lock"


def test_tests_run_on_what_is_delivered() -> None:
    """The test lock adds to the run-time lock and changes nothing of it."""
    run, test = _pins("requirements.lock"), _pins("requirements-test.lock")
    assert {name: test.get(name) for name in run} == run
