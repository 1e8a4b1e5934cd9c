"""The machine's clock is set while tasks are made: what was promised still holds."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.faults.server import whole
from tests.receivers import failing, receiving
from tests.running import Server

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("step", ["-7200", "+7200"])
def test_a_stepped_clock(
    database_url: str, tiny: Path, tmp_path: Path, step: str
) -> None:
    """Two hours back, or ahead: tasks go on, callbacks are retried, keys keep working."""
    stepping = tmp_path / "clock"
    stepping.write_text("+0")
    with (
        receiving(failing(1)) as receiver,
        Server(
            tmp_path, database_url=database_url, allowed_hosts=[receiver.host]
        ) as server,
    ):
        process = server.serve(**faked(stepping))
        caller = server.caller("ann")
        source = caller.import_clip(tiny)
        accepted = {
            caller.extend(source, callBackUrl=receiver.url()): caller for _ in range(3)
        }
        receiver.wait_for(1, timeout_s=60)
        stepping.write_text(step)
        after = caller.extend(source, callBackUrl=receiver.url())
        assert all(caller.settled(task)["successFlag"] == 1 for task in accepted)
        assert caller.settled(after)["successFlag"] == 1
        receiver.wait_for(5, timeout_s=60)  # four, and one of them twice
        whole.assert_charged_once(server, [caller])
        assert server.stop(process) == 0
        whole.assert_gone(server)
        whole.assert_in_order(server)


def faked(stepping: Path) -> dict[str, str]:
    """An environment in which the wall clock is as far off as ``stepping`` says."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found or shutil.which("faketime") is None:
        missing("libfaketime is not installed: apt-get install faketime")
    return {
        "LD_PRELOAD": str(found[0]),
        "FAKETIME_TIMESTAMP_FILE": str(stepping),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
