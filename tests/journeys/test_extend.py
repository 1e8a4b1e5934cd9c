"""A person makes clips longer, looks at what came out, and asks for what cannot be."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from benchmarks import chain
from longtake import errors, extend
from longtake.analysis.pictures import gray, sharpness
from longtake.media.lineage import TAG, Lineage
from tests import clips
from tests.command import Ran, listed, longtake
from tests.conftest import Made

RATE = 24


@pytest.fixture
def folder(made: Made, tmp_path: Path) -> Path:
    """A folder with a clip of three seconds, with sound."""
    shutil.copy(made(sound="aac"), tmp_path / "clip.mp4")
    return tmp_path


def done(ran: Ran) -> dict[str, Any]:
    """The report of a run that went well."""
    assert ran.status == 0, ran.err + ran.out
    report: dict[str, Any] = ran.document["report"]
    return report


def frame_sums(ffmpeg: str, path: Path) -> list[str]:
    """A checksum of every shown frame, by a decoder that is not ours and stays silent."""
    command = [ffmpeg, "-v", "warning", "-i", str(path), "-map", "0:v:0"]
    command += ["-fps_mode", "passthrough", "-f", "framemd5", "-"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not ran.stderr, ran.stderr
    lines = [line for line in ran.stdout.splitlines() if not line.startswith("#")]
    return [line.split(",")[-1].strip() for line in lines]


def frames_of(path: Path) -> Iterator[NDArray[np.uint8]]:
    """Every frame as PyAV decodes it: (height, width, 3) uint8, RGB."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def counters(path: Path) -> list[int | None]:
    """The number that each frame carries; None for one made of several."""

    def read(frame: NDArray[np.uint8]) -> int | None:
        try:
            return clips.read_counter(frame)
        except ValueError:
            return None

    return [read(frame) for frame in frames_of(path)]


def lineage_of(path: Path) -> Lineage:
    with av.open(str(path)) as container:
        tags = {name.lower(): text for name, text in container.metadata.items()}
    return Lineage.model_validate_json(tags[TAG])


# -- the main job -------------------------------------------------------------------


def test_a_clip_is_made_longer(folder: Path, ffmpeg: str) -> None:
    """The whole way, and every file it leaves is what it is said to be."""
    clip = folder / "clip.mp4"
    before = clip.read_bytes()
    ran = longtake(
        *("extend", "clip.mp4", "--seconds", "1", "--json"),
        *("--report", "report.json", "--filmstrip", "film.png"),
        folder=folder,
    )
    report = done(ran)
    names = {path.name for path in folder.iterdir()}
    assert names == {"clip.mp4", "clip-longer.mp4", "report.json", "film.png"}
    assert clip.read_bytes() == before
    result = folder / "clip-longer.mp4"

    own, all_frames = frame_sums(ffmpeg, clip), frame_sums(ffmpeg, result)
    assert len(own) == 72
    assert len(all_frames) == 72 + RATE
    assert all_frames[:72] == own
    assert counters(result)[:72] == list(range(72))

    assert report["proof"]["identical"] is True
    assert report["proof"]["mode"] == "copy"
    assert [step["n_new"] for step in report["steps"]] == [RATE]
    assert longtake("verify", result, clip).status == 0
    with Image.open(folder / "film.png") as film:
        assert film.width > 400
    lineage = lineage_of(result)
    assert [part.synthetic for part in lineage.parts] == [False, True]
    assert lineage.n_frames == 96
    joins = longtake("measure", result, "--json").document["joins"]
    assert [join["first"] for join in joins] == [72]


@pytest.mark.slow
def test_words_for_people(folder: Path) -> None:
    ran = longtake(
        *("extend", "clip.mp4", "--seconds", "0.5", "--engine", "persistence"),
        *("--prompt", "push in, a dragon appears"),
        folder=folder,
    )
    assert ran.status == 0
    assert ran.err == "", "progress is for terminals"
    for words in (
        "clip-longer.mp4",
        "untouched",
        "72 frames",
        "push in; a dragon appears",
    ):
        assert words in ran.out
    assert "3.500 s now" in ran.out
    assert "freezes" in ran.out or "stands still" in ran.out


def test_a_prompt_is_followed_and_what_it_asks_for_is_not_held_against_it(
    folder: Path,
) -> None:
    made = extend(
        folder / "clip.mp4",
        folder / "faded.mp4",
        seconds=Fraction(1, 2),
        prompt="a dragon appears, then fade to black --raw",
    )
    (step,) = made.report.steps
    fade = "fade to black: fades to black, from 67% to 100% of the new part"
    assert step.understood == (fade, "--raw")
    assert made.report.ignored == ("a dragon appears",)
    assert "color_drift" in step.relaxed
    assert not [one for one in step.verdict.failures if "color" in one]
    assert not [one for one in step.drift.failures if "color" in one]
    assert step.written is not None
    assert "it fades to black" in step.written


def test_the_library_says_the_same(folder: Path) -> None:
    heard: list[str] = []
    made = extend(
        folder / "clip.mp4",
        folder / "out.mp4",
        seconds=Fraction(1, 2),
        engine="persistence",
        progress=lambda now: heard.append(now.stage),
    )
    assert made.path == folder / "out.mp4"
    assert made.report.n_new == 12
    assert made.report.proof.identical
    assert list(dict.fromkeys(heard)) == [
        "context",
        "engine",
        "frames",
        "measure",
        "proof",
    ]


@pytest.mark.slow
def test_several_steps_go_on_from_original_pixels(folder: Path, ffmpeg: str) -> None:
    ask = ("extend", "clip.mp4", "-o", "out.mp4", "--seconds", "1", "--json")
    report = done(longtake(*ask, "--times", "3", folder=folder))
    assert [step["n_new"] for step in report["steps"]] == [RATE] * 3
    assert [step["chained"] for step in report["steps"]] == [False, True, True]
    assert [step["n_played"] for step in report["steps"]] == [0, RATE, 2 * RATE]
    assert report["proof"]["identical"] is True
    assert report["proof"]["n_kept"] == 72
    own, frames = (frame_sums(ffmpeg, folder / n) for n in ("clip.mp4", "out.mp4"))
    assert frames[:72] == own
    assert len(frames) == 72 + 3 * RATE
    assert {path.name for path in folder.iterdir()} == {"clip.mp4", "out.mp4"}


@pytest.mark.slow
def test_until_shortens_the_last_step(folder: Path) -> None:
    ask = ("extend", "clip.mp4", "--engine", "persistence", "--json")
    report = done(longtake(*ask, "--seconds", "1", "--until", "5.25", folder=folder))
    assert [step["n_new"] for step in report["steps"]] == [24, 24, 6]
    assert Fraction(report["result"]["duration"]) == Fraction("5.25")


@pytest.mark.parametrize("vfr", [False, True])
@pytest.mark.slow
def test_from_an_earlier_point(made: Made, tmp_path: Path, *, vfr: bool) -> None:
    """The frames before the point are there, whatever the steps between them are."""
    clip = made(vfr=vfr)
    moment = Fraction("1.5")
    recipe = clips.Recipe(vfr=vfr)
    n_keep = sum(time < moment for time in clips.times(recipe))
    out = tmp_path / "out.mp4"
    ask = ("extend", clip, "-o", out, "--seconds", "0.5", "--engine", "persistence")
    report = done(longtake(*ask, "--from", "3/2", "--json"))
    numbers = counters(out)
    assert numbers[:n_keep] == list(range(n_keep))
    assert len(numbers) == n_keep + 12
    proof = report["proof"]
    assert proof["n_kept"] + proof["n_recoded"] == n_keep
    assert proof["n_recoded"] < 12


def test_the_new_part_alone(folder: Path) -> None:
    ask = ("extend", "clip.mp4", "-o", "new.mp4", "--seconds", "1", "--json")
    report = done(
        longtake(*ask, "--only-new", "--engine", "persistence", folder=folder)
    )
    handle = RATE // 2
    numbers = counters(folder / "new.mp4")
    assert len(numbers) == handle + RATE
    assert numbers[:handle] == list(range(72 - handle, 72))
    assert report["proof"]["mode"] == "new-only"


@pytest.mark.slow
def test_a_watermark_stands_on_new_frames_only(folder: Path, ffmpeg: str) -> None:
    ask = (
        "extend",
        "clip.mp4",
        "--seconds",
        "0.5",
        "--engine",
        "persistence",
        "--json",
    )
    done(longtake(*ask, "-o", "plain.mp4", folder=folder))
    mark = ("--watermark", "made by code \U0001f409")
    report = done(longtake(*ask, "-o", "marked.mp4", *mark, folder=folder))
    plain, marked = (
        frame_sums(ffmpeg, folder / f"{n}.mp4") for n in ("plain", "marked")
    )
    assert plain[:72] == marked[:72]
    assert plain[72] != marked[72]
    assert report["missing_glyphs"] == ["\U0001f409"]
    assert report["steps"][0]["measures"]["sharpness"] == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    "rotation",
    [90, *(pytest.param(turn, marks=pytest.mark.slow) for turn in (180, 270))],
)
def test_a_turned_clip_goes_on_upright(
    made: Made, tmp_path: Path, rotation: int
) -> None:
    out = tmp_path / "out.mp4"
    ask = ("extend", made(n_frames=24, rotation=rotation), "-o", out, "--json")
    done(longtake(*ask, "--engine", "persistence", "--seconds", "0.5"))
    numbers = counters(out)
    assert numbers == [*range(24), *[23] * 12], "coded frames keep their orientation"


# -- going on with a result -----------------------------------------------------------


@pytest.mark.slow
def test_a_result_can_be_gone_on_with(folder: Path) -> None:
    """A second run on the result is the second step of a chain, drawn from the original."""
    ask = ("--seconds", "1", "--json")
    one = done(longtake("extend", "clip.mp4", "-o", "1.mp4", *ask, folder=folder))
    two = done(longtake("extend", "1.mp4", "-o", "2.mp4", *ask, folder=folder))
    assert one["steps"][0]["chained"] is False
    assert two["steps"][0]["chained"] is True
    assert two["steps"][0]["n_context"] == one["steps"][0]["n_context"]
    lineage = lineage_of(folder / "2.mp4")
    assert [part.n_frames for part in lineage.parts] == [72, 24, 24]
    assert lineage.statistics == lineage_of(folder / "1.mp4").statistics
    both = longtake("verify", "2.mp4", "clip.mp4", "--json", folder=folder).document
    assert both["identical"] is True


@pytest.mark.slow
def test_another_engine_goes_on_from_what_is_there(folder: Path) -> None:
    ask = ("--seconds", "0.5", "--json")
    done(longtake("extend", "clip.mp4", "-o", "1.mp4", *ask, folder=folder))
    other = (*ask, "--engine", "persistence")
    two = done(longtake("extend", "1.mp4", "-o", "2.mp4", *other, folder=folder))
    assert two["steps"][0]["chained"] is False
    assert "motion" in two["steps"][0]["chain_note"]
    three = done(longtake("extend", "2.mp4", "-o", "3.mp4", *other, folder=folder))
    assert three["steps"][0]["chained"] is False


@pytest.mark.slow
def test_a_result_that_was_cut_since_is_a_clip_like_any_other(
    folder: Path, ffmpeg: str
) -> None:
    ask = ("--seconds", "0.5", "--json", "--engine", "persistence")
    done(longtake("extend", "clip.mp4", "-o", "1.mp4", *ask, folder=folder))
    cut = [ffmpeg, "-v", "error", "-i", "1.mp4", "-frames:v", "48", "-movflags"]
    cut += ["use_metadata_tags", "-c", "copy", "cut.mp4"]
    subprocess.run(cut, cwd=folder, check=True)
    two = done(longtake("extend", "cut.mp4", "-o", "2.mp4", *ask, folder=folder))
    assert two["steps"][0]["chained"] is False


@pytest.mark.slow
def test_eight_runs_in_a_row_stay_what_the_clip_is(made: Made, tmp_path: Path) -> None:
    """Each from the file before; sixty are a benchmark, measured in the same way."""
    clip = made(sound="aac", texture=True, size=(160, 96))
    rows = []
    for last in chain.chained(clip, tmp_path, 8, 2):
        rows.append(chain.row(last))
        assert last.report.proof.identical
    assert all(one["from_original"] for one in rows)
    assert not any(one["drift_failures"] for one in rows)
    assert max(one["color_drift"] for one in rows) < 3
    assert rows[-1]["sharpness"] > 0.9
    assert max(abs(one["sound_change_db"]) for one in rows) < 1
    told = chain.whole(clip, last)
    assert told["jumps"] > 4
    assert told["same_jump_twice_running"] == 0
    assert told["picture_on_a_beat"] < 0.5
    assert told["sound_like_itself_later"] < 0.4 < told["a_hard_loop_like_itself_later"]
    shown = list(frames_of(last.path))
    assert len(shown) == 72 + 8 * 2 * RATE
    sharp = [sharpness(gray(frame)) for frame in shown]
    assert np.mean(sharp[-RATE:]) / np.mean(sharp[:72]) > 0.85


# -- what cannot be -----------------------------------------------------------------


def _truncated(clip: Path) -> bytes:
    data = clip.read_bytes()
    return data[: len(data) // 3]


BAD: dict[str, Callable[[Path], bytes]] = {
    "nothing.mp4": lambda _: b"",
    "words.mp4": lambda _: b"this is not a video, it only says so\n" * 50,
    "cut-off.mp4": _truncated,
    "noise.mp4": lambda _: np.random.default_rng(1).bytes(50_000),
    "playlist.mp4": lambda _: b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n",
    "local.m3u8": lambda _: b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n",
    "list.mp4": lambda clip: f"ffconcat version 1.0\nfile {clip}\n".encode(),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_video_is_refused(made: Made, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(BAD[name](made(n_frames=24)))
    before = listed(tmp_path)
    with pytest.raises(errors.ClipUnreadable, match=name) as refused:
        extend(tmp_path / name)
    assert str(refused.value).endswith(".")
    assert listed(tmp_path) == before


def test_a_refusal_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "words.mp4").write_bytes(BAD["words.mp4"](tmp_path))
    (tmp_path / "folder.mp4").mkdir()
    for name in ("words.mp4", "folder.mp4", "missing.mp4"):
        ran = longtake("extend", name, folder=tmp_path)
        assert ran.status == errors.ClipUnreadable.exit_code
        assert_sentence(ran, name)


def test_limits_are_said(folder: Path) -> None:
    before = listed(folder)
    for limit in ("LONGTAKE_MAX_CLIP_S", "LONGTAKE_MAX_CLIP_BYTES"):
        ran = longtake("extend", "clip.mp4", folder=folder, **{limit: "1"})
        assert ran.status == errors.ClipRefused.exit_code
        assert_sentence(ran, "clip.mp4")
    assert listed(folder) == before


def test_sound_alone_is_refused(folder: Path, ffmpeg: str) -> None:
    sound = [ffmpeg, "-v", "error", "-i", "clip.mp4", "-vn", "-c", "copy", "sound.mp4"]
    subprocess.run(sound, cwd=folder, check=True)
    ran = longtake("extend", "sound.mp4", folder=folder)
    assert ran.status == errors.ClipUnreadable.exit_code
    assert_sentence(ran, "sound.mp4")


def assert_sentence(ran: Ran, name: str) -> None:
    assert ran.out == ""
    lines = ran.err.strip().splitlines()
    assert len(lines) == 1, ran.err
    assert name in lines[0]
    assert lines[0].endswith(".")
