"""Longtake where it was never developed: from its wheel alone, and on other systems."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import missing

_ROOT = Path(__file__).parents[2]
_POSIX_ONLY = ("fcntl", "resource", "pwd")


@pytest.mark.slow
def test_the_wheel_alone_draws_a_clip_and_makes_it_longer(tmp_path: Path) -> None:
    """Built, installed with the run-time lock into a bare environment, run elsewhere."""
    pip = [sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check"]
    wheel = ["wheel", "--no-build-isolation", "--no-deps", "-w", str(tmp_path)]
    subprocess.run([*pip, *wheel, str(_ROOT)], check=True)
    home = tmp_path / "there"
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    into = [*pip, "--python", str(python), "install"]
    lock = ["--require-hashes", "-r", str(_ROOT / "requirements.lock")]
    if subprocess.run([*into, *lock], check=False).returncode:
        missing(
            "the run-time lock cannot be installed: is the package index reachable?"
        )
    (built,) = tmp_path.glob("longtake-*.whl")
    subprocess.run([*into, "--no-deps", str(built)], check=True)

    command = str(home / "bin" / "longtake")
    folder = tmp_path / "elsewhere"
    folder.mkdir()

    def longtake(*arguments: str) -> str:
        return subprocess.run(
            [command, *arguments],
            cwd=folder,
            env={"PATH": os.defpath},
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    longtake("sample", "sample.mp4")
    made = json.loads(
        longtake("extend", "sample.mp4", "--seconds", "1", "--watermark", "é", "--json")
    )
    assert made["report"]["steps"][0]["joined"]["n_new"] == 24
    assert made["report"]["missing_glyphs"] == []
    assert "holds" in longtake("verify", "sample-longer.mp4", "sample.mp4")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command where the modules of POSIX do not exist, in its children too.

    Python imports ``sitecustomize`` as it starts, and our children are given our path.
    """
    block = f"import sys\nsys.modules.update(dict.fromkeys({_POSIX_ONLY!r}))\n"
    (tmp_path / "sitecustomize.py").write_text(block)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "longtake", *arguments],
            cwd=tmp_path,
            env={"PATH": os.defpath, "PYTHONPATH": str(tmp_path)},
            check=True,
            capture_output=True,
            text=True,
        )

    return run


def test_a_child_is_confined_less_where_the_system_cannot_and_check_says_so(
    elsewhere: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    layers = json.loads(elsewhere("check", "--json").stdout)["confinement"]
    assert not layers["memory"]
    assert not layers["cpu"]
    assert "NO" in elsewhere("check").stdout


@pytest.mark.slow
def test_a_clip_is_extended_where_posix_modules_do_not_exist(
    elsewhere: Callable[..., subprocess.CompletedProcess[str]],
    made: Callable[..., Path],
    tmp_path: Path,
) -> None:
    clip, longer = made(n_frames=36), tmp_path / "longer.mp4"
    answer = elsewhere(
        "extend", str(clip), "-o", str(longer), "--seconds", "0.5", "--json"
    )
    (step,) = json.loads(answer.stdout)["report"]["steps"]
    assert step["joined"]["n_new"] == 12
    assert longer.stat().st_size > clip.stat().st_size
