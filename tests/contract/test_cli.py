"""The command keeps its promises: words, exit codes, one JSON document, nothing left."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from longtake import errors, extend
from longtake.extension import measured
from tests.command import Ran, listed, longtake
from tests.conftest import Made


@pytest.fixture
def clip(made: Made, tmp_path: Path) -> Path:
    """A short clip in a folder of its own."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(made(n_frames=24, sound="aac").read_bytes())
    return path


def one_sentence(ran: Ran) -> str:
    """The only line on stderr, which says what is wrong; stdout is empty."""
    assert ran.out == ""
    lines = ran.err.strip().splitlines()
    assert len(lines) == 1, ran.err
    assert lines[0].startswith("longtake: ")
    assert lines[0].endswith(".")
    return lines[0]


# -- help ---------------------------------------------------------------------------

OPTIONS = {
    "extend": "--output --seconds --times --until --from --only-new --prompt --engine "
    "--seed --watermark --report --filmstrip --force --json",
    "probe": "--json",
    "measure": "--join --json",
    "verify": "--json",
    "engines": "--json",
    "sample": "--force --json",
    "check": "--json",
}


@pytest.mark.parametrize("command", OPTIONS)
def test_every_command_explains_its_options(command: str) -> None:
    ran = longtake(command, "--help", COLUMNS="200")
    assert ran.status == 0
    for option in OPTIONS[command].split():
        assert option in ran.out


def test_help_documents_every_exit_code() -> None:
    ran = longtake("--help", COLUMNS="1000")
    assert ran.status == 0
    for kind in errors.LongtakeError.__subclasses__():
        assert f" {kind.exit_code} " in ran.out


def test_version() -> None:
    ran = longtake("--version")
    assert ran.status == 0
    assert ran.out.startswith("longtake ")


def test_it_starts_without_loading_a_codec() -> None:
    """What is typed every day answers at once: help loads neither codec nor arrays."""
    program = (
        "import sys, longtake.cli\n"
        "heavy = {'av', 'numpy', 'cv2', 'PIL', 'pydantic'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


# -- asks that make no sense ------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--seconds", "four"], "positive number"),
        (["--until", "0.5"], "already lasts 1.000 s"),
        (["--times", "many"], "--times"),
        (["--faster"], "--faster"),
        (["--watermark", "x" * 101], "at most 100"),
    ],
)
def test_asks_that_make_no_sense(clip: Path, arguments: list[str], said: str) -> None:
    before = listed(clip.parent)
    ran = longtake("extend", clip, *arguments)
    assert ran.status == errors.AskInvalid.exit_code
    assert said in one_sentence(ran)
    assert listed(clip.parent) == before


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        ({"seconds": -1}, "positive number"),
        ({"seconds": "1/0"}, "positive number"),
        ({"seconds": float("nan")}, "positive number"),
        ({"seconds": "inf"}, "positive number"),
        ({"seconds": "1e-9"}, "less than half a frame"),
        ({"times": 0}, "at least one"),
        ({"until": 5, "times": 2}, "not both"),
        ({"from_": 7}, "ends after 1.000 s"),
        ({"from_": 0}, "positive number"),
        ({"only_new": True, "times": 2}, "one step only"),
        ({"report": "same", "filmstrip": "same"}, "names of their own"),
    ],
)
def test_the_library_refuses_them_too(
    clip: Path, ask: dict[str, Any], said: str
) -> None:
    before = listed(clip.parent)
    with pytest.raises(errors.AskInvalid, match=said):
        extend(clip, **ask)
    assert listed(clip.parent) == before


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--engine", "dragon"], "engine_unknown", "installed: motion, persistence"),
        (["--seconds", "30"], "engine_incapable", "at most 20 s"),
    ],
)
def test_engines_that_cannot(
    clip: Path, arguments: list[str], code: str, said: str
) -> None:
    before = listed(clip.parent)
    ran = longtake("extend", clip, "--json", *arguments)
    assert ran.status == 4
    error = ran.document["error"]
    assert error["code"] == code
    assert said in error["message"]
    assert listed(clip.parent) == before


def test_errors_are_json_for_programs(tmp_path: Path) -> None:
    for arguments in (["extend", "no.mp4"], ["probe", "no.mp4"], ["extend", "--what"]):
        ran = longtake(*arguments, "--json", folder=tmp_path)
        assert ran.status in {2, 3}
        assert ran.err == ""
        assert set(ran.document["error"]) == {"code", "message"}


# -- outputs ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("clip.mp4", "never written over"),
        ("there.mp4", "--force"),
        ("no/folder/out.mp4", "does not exist"),
        ("out.avi", ".mp4 file"),
        ("out", ".mp4 file"),
        ("/proc/out.mp4", "/proc"),
    ],
)
def test_outputs_that_cannot_be(clip: Path, output: str, said: str) -> None:
    (clip.parent / "there.mp4").write_bytes(b"somebody's work")
    before = listed(clip.parent)
    ran = longtake("extend", clip, "-o", output, folder=clip.parent)
    assert ran.status == errors.OutputRefused.exit_code
    assert said in one_sentence(ran)
    assert listed(clip.parent) == before


def test_reports_are_not_written_over_either(clip: Path) -> None:
    (clip.parent / "report.json").write_text("{}")
    before = listed(clip.parent)
    for name in ("report.json", "clip.mp4"):
        ran = longtake("extend", clip, "--report", name, folder=clip.parent)
        assert ran.status == errors.OutputRefused.exit_code
    assert listed(clip.parent) == before


# -- looking ------------------------------------------------------------------------


def test_probe(clip: Path) -> None:
    facts = longtake("probe", clip, "--json").document
    assert facts["video"]["n_frames"] == 24
    assert facts["video"]["rate"] in {"24", "24/1"}
    words = longtake("probe", clip)
    assert words.status == 0
    assert "24 frames" in words.out
    assert "320x180" in words.out


def test_engines_and_check(tmp_path: Path) -> None:
    known = longtake("engines", "--json").document["engines"]
    assert {"motion", "persistence"} <= set(known)
    assert known["motion"]["limits"]["takes_prompt"] is True
    checked = longtake("check", "--json", LONGTAKE_DATA=str(tmp_path))
    assert checked.status == 0
    assert set(checked.document) == {
        "version",
        "ffmpeg",
        "encoders",
        "confinement",
        "engines",
        "books",
    }
    assert checked.document["books"] is None
    assert "motion" in longtake("engines").out
    assert "longtake" in longtake("check").out


@pytest.mark.slow
def test_measure_needs_to_know_where(clip: Path) -> None:
    ran = longtake("measure", clip)
    assert ran.status == errors.AskInvalid.exit_code
    assert "--join" in one_sentence(ran)
    with pytest.raises(errors.AskInvalid, match="Nothing follows"):
        measured.measured(clip, join=1)
    found = longtake("measure", clip, "--join", "0.5", "--json").document["joins"]
    assert [one["first"] for one in found] == [12]
    assert "verdict" in longtake("measure", clip, "--join", "1/2").out
