"""Moving in: the records of an old service under their ids, whatever happens meanwhile."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from longtake import cli, clips, keys, ledger, records
from longtake.door import Door
from longtake.errors import FetchFailed, KeyRefused
from longtake.records import Record
from longtake.settings import Settings
from longtake.store import Store, prepare, tables
from longtake.tasks.adoption import Outcome, adopt
from longtake.tasks.vendor import Vendor
from tests import vendors
from tests.command import Ran, longtake, start
from tests.conftest import Made
from tests.receivers import Reply
from tests.running import EXTEND, Caller, Server
from tests.vendors import KEY, OldService, info_path

FOUR = "2fac8a0e-93d1-4b1c-a1f6-8a3d6c0ad1b1"  # as in the vendor's own example
ONE = "0123456789abcdef0123456789abcdef"
FAILED = 15


@pytest.fixture
def service() -> Iterator[OldService]:
    with vendors.serving() as found:
        yield found


@pytest.fixture
def videos(made: Made) -> list[bytes]:
    """Four videos that nobody takes for one another."""
    return [made(n_frames=n).read_bytes() for n in (12, 13, 14, 15)]


@pytest.fixture
def old(service: OldService, videos: list[bytes]) -> OldService:
    """A service with one record of four videos, and one of one."""
    service.add(FOUR, *videos)
    service.add(ONE, videos[3], taskType="mj_video_hd")
    return service


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A new data folder with the account that a server makes first."""
    settings = Settings(data=tmp_path / "data")
    prepare(settings)
    found = Store(settings)
    with found.database.transaction() as connection:
        owner = keys.open_account(connection, "default")
        ledger.grant(connection, owner.id, 1000)
    yield found
    found.close()


def _start(
    service: OldService,
    store: Store,
    *arguments: str,
    key: str = KEY,
    stdin: int = subprocess.DEVNULL,
) -> subprocess.Popen[str]:
    """Start ``longtake adopt ARGUMENTS``, with ``key`` in its environment."""
    data = str(store.settings.data)
    return start(
        *("adopt", "--from", service.url, "--data", data, "--per-second", "50"),
        *arguments,
        stdin=stdin,
        LONGTAKE_ADOPT_KEY=key,
        LONGTAKE_ALLOWED_HOSTS=json.dumps([service.receiver.host]),
    )


def _adopt(service: OldService, store: Store, *arguments: str) -> Ran:
    """Run it to its end."""
    with _start(service, store, *arguments) as process:
        out, err = process.communicate(timeout=300)
    assert KEY not in out + err
    return Ran(process.returncode, out, err)


def _each(
    service: OldService, store: Store, *ids: str, key: str = KEY
) -> Iterator[Outcome]:
    """The same without a process of its own."""
    with store.database.reading() as connection:
        owner = keys.account(connection, "default")
    door = Door(Settings(allowed_hosts=(service.receiver.host,)))
    with Vendor(service.url, key, per_second=100, waits_s=(0.01,)) as vendor:
        yield from adopt(store, owner.id, ids, vendor=vendor, door=door)


def _record(store: Store, task_id: str, account: str = "default") -> Record:
    with store.database.reading() as connection:
        owner = keys.account(connection, account)
        return records.find(connection, owner.id, task_id)


def _digests(store: Store, task_id: str) -> list[str]:
    """The SHA-256 of the files of a record, by index, read from the files."""
    with store.database.reading() as connection:
        held = clips.of(connection, _record(store, task_id).id)
    assert [one.index for one in held] == list(range(len(held)))
    found = [
        hashlib.sha256(store.files.read(one.object_key)).hexdigest() for one in held
    ]
    assert found == [one.sha256 for one in held]
    return found


def _unnamed(store: Store) -> list[str]:
    """Files that no row names."""
    with store.database.reading() as connection:
        return clips.unnamed(connection, [key for key, _ in store.files.keys("clips")])


def _sha256(files: list[bytes]) -> list[str]:
    return [hashlib.sha256(file).hexdigest() for file in files]


def test_records_keep_their_id_their_order_and_their_prompt(
    old: OldService, store: Store, videos: list[bytes]
) -> None:
    ran = _adopt(old, store, FOUR, ONE)
    assert ran.status == 0, ran.err
    assert ran.out.splitlines() == [
        f"[1/2] {FOUR}: adopted, 4 videos",
        f"[2/2] {ONE}: adopted, 1 video",
        "Of 2: 2 adopted, 0 there already, 0 expired, 0 without videos, 0 failed.",
    ]
    assert _digests(store, FOUR) == _sha256(videos)
    assert _digests(store, ONE) == _sha256(videos[3:])
    record = _record(store, FOUR)
    assert (record.origin, record.state) == ("adopted", "success")
    assert record.prompt == f"a scene of {FOUR}"
    assert record.created_ms == 1_760_000_000_000
    assert record.params["ow"] == 3
    assert record.credits == 0
    assert _record(store, ONE).task_type == "mj_video_hd"

    again = _adopt(old, store, ONE, FOUR, ONE)
    assert again.status == 0
    assert "Of 2: 0 adopted, 2 there already" in again.out
    assert (old.asked(FOUR), old.asked(ONE)) == (1, 1)


def test_each_id_is_told_what_became_of_it(
    old: OldService, store: Store, videos: list[bytes], tmp_path: Path
) -> None:
    """The rest is brought over, and the exit code says whether another run is worth it."""
    old.add("named-none")
    old.add("gone", videos[0], videos[1])
    old.add("partly", videos[0], videos[1])
    for path in old.media_of("gone") + old.media_of("partly")[1:]:
        del old.media[path]
    old.add("failed-there", flag=3, errorMessage="Policy.")
    old.add("running", flag=0)
    old.add("page", b"<html>not here any more</html>")
    old.add("picture", b"\xff\xd8\xff\xe0" + bytes(2000))
    inward = {"resultUrls": [{"resultUrl": "http://169.254.169.254/a.mp4"}]}
    old.add("inward", resultInfoJson=inward)
    listed = tmp_path / "ids"
    listed.write_text(
        "# what our app remembers\n"
        "named-none\ngone\n\npartly  # two\nfailed-there\nrunning\npage\npicture\n"
        f"inward\nunknown\n{'x' * 129}\n{ONE}\n{ONE}\n"
    )
    ran = _adopt(old, store, "--file", str(listed), "--json")
    assert ran.status == FAILED
    found = {one["task_id"]: one for one in ran.document["adopted"]}
    assert {id: one["kind"] for id, one in found.items()} == {
        "named-none": "expired",
        "gone": "expired",
        "partly": "failed",
        "failed-there": "nothing",
        "running": "failed",
        "page": "failed",
        "picture": "failed",
        "inward": "failed",
        "unknown": "failed",
        "x" * 129: "failed",
        ONE: "adopted",
    }
    for id, words in {
        "partly": "1 of its 2 videos are gone",
        "failed-there": "Policy.",
        "running": "not finished",
        "page": "Video 0 of 1",
        "picture": "is an image",
        "inward": "metadata",
        "unknown": "Record does not exist",
    }.items():
        assert words in found[id]["reason"], found[id]
    with store.database.reading() as connection:
        held = connection.execute(select(tables.records.c.task_id)).scalars().all()
    assert list(held) == [ONE]
    assert not _unnamed(store)


def test_what_failed_is_all_that_the_next_run_asks_for(
    old: OldService, store: Store, videos: list[bytes]
) -> None:
    old.add(FOUR, videos[0])
    old.first[info_path(ONE)] = [Reply(500)]  # asked again at once
    old.first[old.media_of(ONE)[0] + "?s=1"] = [Reply(500)]  # left for the next run
    first = list(_each(old, store, FOUR, ONE))
    assert [one.kind for one in first] == ["adopted", "failed"]
    assert "Video 0 of 1" in (first[1].reason or "")
    assert [one.kind for one in _each(old, store, FOUR, ONE)] == ["known", "adopted"]
    assert _digests(store, ONE) == _sha256(videos[3:])
    assert (old.asked(FOUR), old.asked(ONE)) == (1, 3)


def test_a_key_that_is_refused_ends_the_run(old: OldService, store: Store) -> None:
    with pytest.raises(KeyRefused, match="does not accept the key") as refused:
        list(_each(old, store, FOUR, ONE, key="wrong-key"))
    assert "wrong-key" not in str(refused.value)
    assert len(old.receiver.received) == 1


def test_a_service_that_goes_away_ends_the_run(old: OldService, store: Store) -> None:
    """It would fail for every other id as well; what came over stays."""
    old.first[info_path(FOUR)] = [Reply(body=b"<html>moved</html>")]
    run = _each(old, store, ONE, FOUR)
    assert next(run).kind == "adopted"
    with pytest.raises(FetchFailed, match="--from"):
        next(run)
    assert _record(store, ONE).origin == "adopted"


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ([ONE, "--key", " "], 2),
        (["--key", KEY], 2),
        (["--key", KEY, "--file", "/nowhere/ids"], 2),
        (["--key", KEY, "--account", "nobody", ONE], 10),
        (["--key", KEY, "--data", "/nowhere", ONE], 8),
    ],
)
def test_what_makes_no_sense_is_told_in_a_sentence(
    old: OldService,
    store: Store,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    status: int,
) -> None:
    data = ["--data", str(store.settings.data)]
    assert cli._run(["adopt", "--from", old.url, *data, *arguments]) == status
    said = capsys.readouterr().err
    assert said.startswith("longtake: ")
    assert said.endswith(".\n")
    assert said.count("\n") == 1
    assert not old.receiver.received


def test_the_key_stays_where_it_was_given(old: OldService, store: Store) -> None:
    """On no command line, in no other process's environment, in no file."""
    seen: list[str] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.01):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    line = (process / "cmdline").read_bytes()
                    if b"longtake" in line:
                        seen.append(
                            (line + (process / "environ").read_bytes()).decode()
                        )
                except OSError:  # it has ended
                    continue

    watch = threading.Thread(target=look)
    watch.start()
    with _start(
        old, store, "--key", "-", ONE, key="", stdin=subprocess.PIPE
    ) as process:
        out, err = process.communicate(f"{KEY}\n", timeout=100)
    over.set()
    watch.join()
    assert process.returncode == 0, err
    assert KEY not in out + err
    assert any("longtake.media.probe" in one for one in seen)
    assert not any(KEY in one for one in seen)
    for path in store.settings.data.rglob("*"):
        assert path.is_dir() or KEY.encode() not in path.read_bytes()


def _second_video(path: str) -> bool:
    return path.startswith(f"/media/{FOUR}_1")


def _next_record(path: str) -> bool:
    return path == info_path(ONE)


@pytest.mark.slow
@pytest.mark.parametrize("moment", [_second_video, _next_record])
def test_a_run_that_is_killed_is_taken_up_by_the_next(
    old: OldService, store: Store, videos: list[bytes], moment: Callable[[str], bool]
) -> None:
    """kill -9: what was whole stays, what was not is as if it had never begun."""
    old.add(FOUR, *videos[:2])
    reached, over = threading.Event(), threading.Event()

    def hold(path: str) -> None:
        if moment(path) and not over.is_set():
            reached.set()
            over.wait(60)

    old.on_request = hold
    with _start(old, store, FOUR, ONE) as process:
        assert reached.wait(60)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    with store.database.reading() as connection:
        held = connection.execute(select(tables.records.c.task_id)).scalars().all()
    assert list(held) == ([FOUR] if moment is _next_record else [])
    assert all(_digests(store, task_id) == _sha256(videos[:2]) for task_id in held)
    over.set()
    ran = _adopt(old, store, FOUR, ONE)
    assert ran.status == 0, ran.out
    assert f"Of 2: {2 - len(held)} adopted, {len(held)} there already" in ran.out
    assert _digests(store, FOUR) == _sha256(videos[:2])
    assert _digests(store, ONE) == _sha256(videos[3:])
    assert not _unnamed(store)
    assert len(old.fetched(FOUR)) == (2 if held else 2 + 2)


@pytest.mark.slow
def test_an_app_that_moved_goes_on_with_its_old_ids(
    old: OldService, videos: list[bytes], tmp_path: Path
) -> None:
    """The specification's own example: a UUID taskId and index 0 answer 200."""
    with Server(tmp_path, allowed_hosts=(old.receiver.host,)) as server:
        process = server.serve("--no-worker")
        assert [one.kind for one in _each(old, server.store, FOUR)] == ["adopted"]
        eve = server.caller("eve")
        assert eve.call("GET", info_path(FOUR)).json()["code"] == 422

        shown = longtake("keys", "create", "--data", server.settings.data).out
        mine = Caller(server.address, shown.split()[-1], "")
        record = mine.record(FOUR)
        urls = [one["resultUrl"] for one in record["resultInfoJson"]["resultUrls"]]
        for url, video in zip(urls, videos, strict=True):
            assert mine.call("GET", url.removeprefix(server.address)).content == video
        body = {
            "taskId": FOUR,
            "taskType": "mj_video_extend_manual",
            "prompt": "The camera moves on",
            "index": 0,
            "waterMark": "",
            "callBackUrl": f"{old.url}/callback",
        }
        answer = mine.call("POST", EXTEND, json=body).json()
        assert answer["code"] == 200, answer
        task_id = answer["data"]["taskId"]
        assert mine.record(task_id)["parent"] == {"taskId": FOUR, "index": 0}
        assert server.stop(process) == 0
