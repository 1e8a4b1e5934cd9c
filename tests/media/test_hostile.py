"""Damaged files by the hundred: no crash, no hang, no request; always a sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from longtake.errors import LongtakeError
from longtake.media import confine, decode
from longtake.media.probe import probe
from tests.media import mutations

Made = Callable[..., Path]
SMALL: dict[str, Any] = {"size": (96, 64), "n_frames": 24, "gop": 8}
CONTAINERS: dict[str, dict[str, Any]] = {
    "mp4": {"sound": "aac"},
    "mov": {"movflags": "frag_keyframe+empty_moov", "open_gop": True},
    "mkv": {"codec": "libx265", "b_frames": None, "sound": "opus"},
    "webm": {"codec": "libvpx-vp9", "b_frames": None},
    "avi": {"codec": "mpeg4", "time_base": Fraction(1, 24), "sound": "mp3"},
    "ts": {"sound": "aac"},
}
PER_KIND = 9
REACH = 0.4  # share of the files that must get as far as a decoder
N_FORKERS = 2


def hostile(made: Made, folder: Path) -> dict[str, Path]:
    """Every mutated file, by "container / kind / seed"."""
    files: dict[str, Path] = {}
    for container, recipe in CONTAINERS.items():
        whole = made(container, **SMALL, **recipe).read_bytes()
        for kind in mutations.KINDS:
            for seed in range(PER_KIND):
                name = f"{container} / {kind} / {seed}"
                path = folder / f"{len(files):03d}.{container}"
                path.write_bytes(mutations.mutated(whole, kind, seed))
                files[name] = path
    return files


def asked(paths: list[Path]) -> list[dict[str, Any]]:
    """What forking.py answers for each path."""
    run = subprocess.run(
        [sys.executable, "-P", "-m", "tests.media.forking"],
        input="".join(f"{path}\n" for path in paths),
        env=confine.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
        timeout=500,
    )
    return [json.loads(line) for line in run.stdout.splitlines()]


def reached_decoder(answer: dict[str, Any]) -> bool:
    """Whether pictures of the file were given to a decoder by us, not only opened."""
    return answer["stage"] in {"decode", "done"} or "decode" in answer["message"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_hundreds_of_damaged_files_are_an_answer_each(
    made: Made, tmp_path: Path
) -> None:
    files = hostile(made, tmp_path)
    assert len(files) >= 300
    names = list(files)
    parts = [names[n::N_FORKERS] for n in range(N_FORKERS)]
    with ThreadPoolExecutor(N_FORKERS) as pool:
        found = list(
            pool.map(asked, [[files[name] for name in part] for part in parts])
        )
    answers = {
        name: answer
        for part, said in zip(parts, found, strict=True)
        for name, answer in zip(part, said, strict=True)
    }
    broken = {n: a for n, a in answers.items() if a["stage"] == "broken"}
    assert not broken
    for answer in answers.values():
        if "message" in answer:
            assert answer["message"].endswith(".")
            assert answer["code"] in {"clip_unreadable", "clip_refused"}
    share = sum(map(reached_decoder, answers.values())) / len(answers)
    stages = dict(Counter(answer["stage"] for answer in answers.values()))
    print(f"\n{len(files)} files, {share:.0%} reached a decoder; {stages}")  # noqa: T201
    assert share >= REACH


@pytest.mark.slow
def test_the_real_children_answer_the_same_way(made: Made, tmp_path: Path) -> None:
    """A few of the same files through the parent's own functions."""
    files = hostile(made, tmp_path)
    for container, kind in zip(CONTAINERS, mutations.KINDS, strict=True):
        path = files[f"{container} / {kind} / 3"]
        try:
            clip = probe(path)
        except LongtakeError:
            continue
        count = min(4, clip.video.n_frames)
        frames = decode.frames(clip, first=clip.video.n_frames - count, count=count)
        with suppress(LongtakeError):
            assert len(list(frames)) == count
