"""What tests ask of the machine, and the clips they share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import clips

# SVT-AV1 talks on stderr unless it is told not to before it starts.
os.environ.setdefault("SVT_LOG", "1")  # noqa: TID251

pytest_plugins = ["tests.books"]

REPOSITORY = Path(__file__).resolve().parent.parent


def missing(what: str) -> None:
    """Skip for want of ``what``; under ``.ci/run`` (CI=true) that is a failure."""
    if os.environ.get("CI") == "true":  # noqa: TID251  (tests have no settings)
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def clips_dir() -> Path:
    """The real clips, beside the repository."""
    folder = REPOSITORY.parent / "shared" / "clips"
    if not folder.is_dir():
        missing("the real clips are not at ../shared/clips beside the repository")
    return folder


@pytest.fixture(scope="session")
def ffmpeg() -> str:
    """The path of an ffmpeg that is not ours: the independent judge."""
    found = shutil.which("ffmpeg")
    if found is None:
        missing("ffmpeg is not installed: apt-get install ffmpeg")
    assert found is not None
    return found


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        missing("chromium is not installed: apt-get install chromium")
    assert found is not None
    return found


Tell = Callable[[str], None]


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """``tell("...")``: a line for the end of the run, whether the test passes or not."""
    return lambda line: record_property("told", line)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what tests had to tell."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, line in report.user_properties:
                if name == "told" and report.when == "call":
                    terminalreporter.write_line(f"{report.nodeid}: {line}")


Made = Callable[..., Path]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """``made("mp4", n_frames=48, ...)``: a clip made once per session; do not change it."""
    folder = tmp_path_factory.mktemp("clips")
    known: dict[tuple[str, clips.Recipe], Path] = {}

    def find(suffix: str = "mp4", **fields: Any) -> Path:
        if isinstance(fields.get("options"), dict):
            fields["options"] = tuple(sorted(fields["options"].items()))
        recipe = clips.Recipe(**fields)
        key = (suffix, recipe)
        if key not in known:
            known[key] = clips.cook(folder / f"{len(known):03d}.{suffix}", recipe)
        return known[key]

    return find
