"""The samples of the documents, run as they stand: a program each, against a real server."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from longtake import keys
from longtake.media.probe import probe
from tests.conftest import REPOSITORY, Made, missing
from tests.receivers import receiving, serving
from tests.running import Caller, Server, free_port, running, until

pytestmark = pytest.mark.slow

_FENCED = re.compile(
    r"^```(sh|python|js)\n((?:# |// )([\w.]+): [^\n]*\n.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_FENCES = re.compile(r"^```(?:sh|python|js)$", re.MULTILINE)
_DOCUMENTS = ("docs/api.md", "docs/files.md")
_TEXT = "\n".join((REPOSITORY / name).read_text("utf-8") for name in _DOCUMENTS)
SAMPLES = {name: (language, code) for language, code, name in _FENCED.findall(_TEXT)}

# Those that say what becomes of a task, and those that wait for callbacks.
MAKING = ("longer.sh", "longer.py", "longer.mjs")
FOLLOWING = ("follow.sh", "follow.py")
BRINGING = ("clip.sh", "adopt.sh")
RECEIVING = ("receiver.py", "receiver.mjs")


def interpreter(language: str) -> str:
    """The path of what runs samples in ``language``."""
    if language == "python":
        return sys.executable
    tools = {"sh": ("curl", "bash"), "js": ("node",)}[language]
    for tool in tools:
        if shutil.which(tool) is None:
            missing(f"{tool} is not installed: apt-get install {tool}")
    return str(shutil.which(tools[-1]))


class Samples:
    """Samples as files of a folder, and a server that they talk to."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.folder = folder
        self.server = server
        self.caller: Caller = server.caller("samples")

    def start(self, name: str, **environment: str) -> subprocess.Popen[str]:
        """Start a sample; what it prints comes through its pipe."""
        language, code = SAMPLES[name]
        (self.folder / name).write_text(code, "utf-8")
        with (self.folder / f"{name}.log").open("w") as log:
            return subprocess.Popen(
                [interpreter(language), name],
                cwd=self.folder,
                env={
                    "PATH": os.defpath,
                    "BASE": self.server.address,
                    "KEY": self.caller.key,
                    **environment,
                },
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def log(self, name: str) -> str:
        """What a sample complained of."""
        return (self.folder / f"{name}.log").read_text()

    def run(self, name: str, **environment: str) -> str:
        """Run a sample to its end; what it printed. Fails where it does."""
        process = self.start(name, **environment)
        said, _ = process.communicate(timeout=120)
        assert process.returncode == 0, said + self.log(name) + self.server.said()
        return said


@pytest.fixture(scope="module")
def samples(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Samples]:
    folder = tmp_path_factory.mktemp("samples")
    shutil.copy(made(n_frames=24), folder / "clip.mp4")
    settings: dict[str, Any] = {
        "allow_private_addresses": True,
        "engine": "persistence",
    }
    with running(folder / "server", **settings) as server:
        yield Samples(folder, server)


def test_every_sample_has_its_test() -> None:
    """None is added without a name, and none is left out here."""
    assert set(SAMPLES) == {*MAKING, *FOLLOWING, *BRINGING, *RECEIVING}
    assert len(SAMPLES) == len(_FENCES.findall(_TEXT))


@pytest.mark.parametrize("name", MAKING)
def test_a_clip_becomes_longer(samples: Samples, name: str) -> None:
    longer = samples.folder / "longer.mp4"
    longer.unlink(missing_ok=True)
    samples.run(name)
    assert probe(longer).video.n_frames >= 24 + 2 * 24


@pytest.mark.parametrize("name", MAKING)
def test_a_refusal_ends_it(samples: Samples, name: str) -> None:
    """Nobody waits for what was never asked for."""
    process = samples.start(name, KEY="lt_wrong")
    said, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "401" in said + samples.log(name)


@pytest.mark.parametrize("name", FOLLOWING)
def test_a_task_is_followed_to_its_end(samples: Samples, name: str) -> None:
    source = samples.caller.import_clip(samples.folder / "clip.mp4")
    said = samples.run(name, TASK=samples.caller.extend(source))
    assert re.search(r"\bsuccess\b", said), "its last event is its end"


def test_a_clip_is_brought_in(samples: Samples) -> None:
    told = json.loads(samples.run("clip.sh"))
    assert told["data"]["origin"] == "imported", told


def test_another_services_record_keeps_its_id(samples: Samples) -> None:
    clip = (samples.folder / "clip.mp4").read_bytes()
    with receiving(serving({"/old.mp4": ("video/mp4", clip)})) as old:
        told = json.loads(
            samples.run("adopt.sh", TASK="old-7", URL=old.url("/old.mp4"))
        )
    assert (told["data"]["taskId"], told["data"]["origin"]) == ("old-7", "adopted")


@contextmanager
def listening(
    samples: Samples, name: str, port: int, **more: str
) -> Iterator[Callable[[], str]]:
    """A sample that receives, for the length of a block; a call tells its next line."""
    process = samples.start(name, PORT=str(port), **more)
    url = f"http://127.0.0.1:{port}/"

    def answers() -> bool:
        assert process.poll() is None, samples.log(name)
        try:
            return httpx2.get(url, trust_env=False).status_code > 0
        except httpx2.TransportError:
            return False

    try:
        until(answers, what="a receiver")
        assert process.stdout is not None
        yield process.stdout.readline
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("name", "legacy"),
    [("receiver.py", False), ("receiver.mjs", False), ("receiver.mjs", True)],
)
def test_a_receiver_believes_what_is_signed_and_once(
    samples: Samples, name: str, *, legacy: bool
) -> None:
    caller, port = samples.caller, free_port()
    url = f"http://127.0.0.1:{port}/hook"
    with samples.server.store.database.transaction() as connection:
        secret = keys.rotate_secret(connection, caller.account_id)
    source = caller.import_clip(samples.folder / "clip.mp4")
    more = {"LEGACY": "1"} if legacy else {}
    with listening(samples, name, port, SECRET=secret, **more) as heard:
        first = caller.extend(source, callBackUrl=url)
        assert first in heard()
        (delivery,) = caller.data(
            "GET", "/api/v1/deliveries", params={"taskId": first}
        )["items"]
        one = f"/api/v1/deliveries/{delivery['deliveryId']}"
        whole = caller.data("GET", one)
        forged = httpx2.post(
            url,
            content=whole["body"],
            headers={
                "webhook-id": "msg_forged",
                "webhook-timestamp": str(whole["createTime"] // 1000),
                "webhook-signature": f"v1,{'A' * 43}=",
                "X-Webhook-Timestamp": str(whole["createTime"] // 1000),
                "X-Webhook-Signature": f"{'A' * 43}=",
            },
            trust_env=False,
        )
        assert forged.status_code == 401
        caller.data("POST", f"{one}/redeliver")

        def twice() -> bool:
            tried = caller.data("GET", one)["attempts"]
            return [one["status"] for one in tried] == [204, 204]

        until(twice, what="a second delivery")
        # The repetition was not told again, nor the forged one: the next line is another's.
        second = caller.extend(source, callBackUrl=url)
        assert second in heard()
