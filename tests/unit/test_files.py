"""The files: whole or not at all, under keys that lead nowhere else."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.errors import NotFound, OutputRefused
from longtake.settings import Settings
from longtake.store.files import Files
from tests.command import ENVIRONMENT
from tests.running import until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder."""
    return tmp_path / "data"


@pytest.fixture
def files(folder: Path) -> Files:
    """The files of it."""
    return Files(Settings(data=folder))


def lying(folder: Path) -> list[str]:
    """Every file there is, half written ones too."""
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()
    )


def test_what_is_put_is_read_back(files: Files, tmp_path: Path) -> None:
    data = os.urandom(300_000)
    source = tmp_path / "source"
    source.write_bytes(data)
    stored = files.put(source, "clips/a/b/0.mp4")
    assert (stored.size_bytes, stored.sha256) == (
        len(data),
        hashlib.sha256(data).hexdigest(),
    )
    assert files.read("clips/a/b/0.mp4") == data
    assert files.read("clips/a/b/0.mp4", 10, 20) == data[10:20]
    assert files.read("clips/a/b/0.mp4", 299_990, 10**9) == data[-10:]
    assert files.read("clips/a/b/0.mp4", 300_000) == b""
    assert files.size("clips/a/b/0.mp4") == len(data)
    with files.local("clips/a/b/0.mp4") as path:
        assert path.read_bytes() == data
    assert source.read_bytes() == data


def test_a_second_put_replaces_the_first(files: Files, folder: Path) -> None:
    files.put_bytes(b"first", "uploads/a/b")
    stored = files.put_bytes(b"second", "uploads/a/b")
    assert stored.size_bytes == 6
    assert files.read("uploads/a/b") == b"second"
    assert lying(folder) == ["files/uploads/a/b"]


def test_an_arrival_is_kept_by_its_key_or_goes(files: Files, folder: Path) -> None:
    with files.arrival() as path:
        path.write_bytes(b"kept")
        assert files.keep(path, "uploads/a/b").size_bytes == 4
    with suppress(KeyError), files.arrival() as path:
        path.write_bytes(b"not kept")
        raise KeyError
    assert lying(folder) == ["files/uploads/a/b"]


def test_what_is_not_there_is_said_to_be_missing(files: Files) -> None:
    for look in (files.read, files.size):
        with pytest.raises(NotFound, match="clips/a/none does not exist"):
            look("clips/a/none")
    with pytest.raises(NotFound), files.local("clips/a/none"):
        pass


def test_delete_takes_what_is_there_and_the_empty_folders(
    files: Files, folder: Path
) -> None:
    files.put_bytes(b"1", "clips/a/b/0.mp4")
    files.put_bytes(b"2", "clips/a/c/0.mp4")
    files.delete(["clips/a/b/0.mp4", "clips/a/b/0.mp4", "clips/x/y/0.mp4"])
    assert lying(folder) == ["files/clips/a/c/0.mp4"]
    assert not (folder / "files/clips/a/b").exists()


def test_keys_are_listed_by_whole_names_and_by_age(files: Files) -> None:
    for key in (
        "clips/a/1/0.mp4",
        "clips/a/1/0.jpg",
        "clips/ab/1/0.mp4",
        "uploads/a/1",
    ):
        files.put_bytes(key.encode(), key)
    assert sorted(files.keys("clips/a")) == [
        ("clips/a/1/0.jpg", 15),
        ("clips/a/1/0.mp4", 15),
    ]
    assert len(list(files.keys())) == 4
    assert not list(files.keys("nothing"))
    old = files.local_path("uploads/a/1")
    os.utime(old, (1_000_000, 1_000_000))
    assert list(files.keys(before_ms=1_000_000_001)) == [("uploads/a/1", 11)]
    assert not list(files.keys(before_ms=1_000_000_000))


@pytest.mark.parametrize(
    "key",
    [
        *("", "/", "..", "../x", "a/../x", "a/./x", "/abs", "a//b", "a/", "a\0b"),
        *("a\\b", "C:/x", ".x/x", "a/.x", "a/b\n", "ü", "a b", "x#1", "~/x", "a/..b"),
    ],
)
def test_no_key_leads_out_of_the_folder(files: Files, folder: Path, key: str) -> None:
    for act in (files.local_path, files.size, files.read, lambda k: files.delete([k])):
        with pytest.raises(ValueError, match="is no key"):
            act(key)
    with pytest.raises(ValueError, match="is no key"):
        files.put_bytes(b"x", key)
    assert lying(folder) == []


@given(key=st.text(alphabet="ab./\\:~\0 \n-_", max_size=12))
def test_a_key_that_is_taken_lies_in_the_folder(key: str) -> None:
    files = Files.__new__(Files)  # the rule alone, without a folder for every example
    files._root = Path("/data/files")
    try:
        path = files.local_path(key)
    except ValueError:
        return
    assert os.path.normpath(path) == str(path)
    assert path.is_relative_to("/data/files")
    assert path != Path("/data/files")


def test_folders_come_and_go_under_it(files: Files) -> None:
    """A put does not lose its folder to a delete that leaves it empty."""
    stop, failures = threading.Event(), []

    def churn(name: str) -> None:
        key = f"clips/a/b/{name}"
        while not stop.is_set():
            try:
                files.put_bytes(b"x", key)
                files.delete([key])
            except OutputRefused as error:
                failures.append(error)

    threads = [threading.Thread(target=churn, args=(name,)) for name in "12"]
    for thread in threads:
        thread.start()
    stop.wait(0.5)
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures


_PUTTING = """
import sys
from pathlib import Path
from longtake.settings import Settings
from longtake.store.files import Files
files = Files(Settings(data=Path(sys.argv[1])))
print("ready", flush=True)
for n in range(10**9):
    files.put(Path(sys.argv[2]), "clips/a/b/0.mp4")
"""


@pytest.fixture
def putting(folder: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that puts 2 MB under one key, again and again."""
    (tmp_path / "source").write_bytes(bytes(range(256)) * 8192)
    command = [sys.executable, "-c", _PUTTING, str(folder), str(tmp_path / "source")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_a_killed_put_leaves_the_whole_file_or_none(
    putting: subprocess.Popen[str], files: Files, folder: Path
) -> None:
    whole = hashlib.sha256(bytes(range(256)) * 8192).hexdigest()
    final = files.local_path("clips/a/b/0.mp4")
    until(final.exists, what="the first put")
    for _ in range(20):
        assert hashlib.sha256(final.read_bytes()).hexdigest() == whole
    until(
        lambda: list((folder / "arrivals").iterdir()), what="a put half done", every_s=0
    )
    putting.send_signal(signal.SIGKILL)
    putting.wait()
    assert hashlib.sha256(final.read_bytes()).hexdigest() == whole
    half = len(list((folder / "arrivals").iterdir()))
    with files.arrival():
        assert files.delete_arrivals() == half, "and not what is being written"
    assert lying(folder) == ["files/clips/a/b/0.mp4"]


_FILLING = """
import resource, sys
from pathlib import Path
from longtake.errors import OutputRefused
from longtake.settings import Settings
from longtake.store.files import Files
files = Files(Settings(data=Path(sys.argv[1])))
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
def written():
    with files.arrival() as arrival, arrival.open("wb") as file:
        file.write(bytes(200_000))
for act in (
    lambda: files.put(Path(sys.argv[2]), "a/b"),
    lambda: files.put_bytes(bytes(200_000), "a/b"),
    lambda: written(),
):
    try:
        act()
    except OutputRefused as error:
        print(error)
"""


def test_a_full_disk_is_said_and_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(bytes(200_000))
    ran = subprocess.run(
        [sys.executable, "-c", _FILLING, folder, tmp_path / "source"],
        capture_output=True,
        text=True,
        check=True,
        env=ENVIRONMENT,
        timeout=60,
    )
    assert ran.stdout.count("The disk that holds the files is full") == 3
    assert lying(folder) == []


def test_a_folder_that_cannot_be_written_is_said(files: Files, folder: Path) -> None:
    (folder / "files/clips").write_bytes(b"a file where a folder belongs")
    with pytest.raises(OutputRefused, match="data folder cannot be written"):
        files.put_bytes(b"x", "clips/a/b/0.mp4")
    assert lying(folder) == ["files/clips"]
