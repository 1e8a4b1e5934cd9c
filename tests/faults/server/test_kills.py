"""Whoever is killed, whenever: nothing is lost, charged twice, untold or left behind."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from longtake import keys
from tests.conftest import Made, Tell
from tests.faults.server import whole
from tests.faults.server.storm import PLAN, Storm
from tests.receivers import receiving
from tests.running import Caller, Server

SLOTS = 2
ACCOUNTS = 3
TOGETHER = (("serve",),)
APART = (("serve", "--no-worker"), ("worker", "--engine", "persistence"))
INSIDE = 0.6  # of the kills must hit a task between claim and settle


def test_ten_kills(database_url: str, made: Made, tmp_path: Path, tell: Tell) -> None:
    weather(database_url, made, tmp_path, tell, n_kills=10)


@pytest.mark.slow
def test_a_hundred_kills(
    database_url: str, made: Made, tmp_path: Path, tell: Tell
) -> None:
    storm = weather(database_url, made, tmp_path, tell, n_kills=2 * len(PLAN))
    assert {(kill.kind, kill.moment) for kill in storm.kills} == set(PLAN)
    assert storm.share_inside >= INSIDE


def weather(
    database_url: str, made: Made, folder: Path, tell: Tell, *, n_kills: int
) -> Storm:
    """A storm of ``n_kills``, and what must be true after it."""
    seed = secrets.randbelow(2**32)
    tell(f"seed {seed}")
    clip = made(size=(64, 48), n_frames=12)
    with (
        receiving() as receiver,
        Server(
            folder,
            database_url=database_url,
            engine="persistence",
            slots=SLOTS,
            allowed_hosts=[receiver.host],
        ) as server,
    ):
        # Together as at home, apart as where there is a database server.
        commands: tuple[tuple[str, ...], ...] = APART if database_url else TOGETHER
        supervisors = {command: server.start(*command) for command in commands}
        server.wait_ready(supervisors[commands[0]])
        server.wait_for_worker()
        callers = [server.caller(f"account {n}") for n in range(ACCOUNTS)]
        signing = {caller: _secret(server, caller) for caller in callers}
        sources = {caller: caller.import_clip(clip) for caller in callers}
        storm = Storm(server, sources, receiver.url(), seed, supervisors)
        storm.rage(n_kills)
        server.wait_ready(
            storm.supervisors[commands[0]]
        )  # the last may have hit the API
        tell(storm.told())
        whole.assert_nothing_lost(server, storm.accepted)
        whole.assert_charged_once(server, callers)
        whole.assert_called_back(receiver.received, storm.accepted, signing)
        for supervisor in storm.supervisors.values():
            assert server.stop(supervisor) == 0
        whole.assert_gone(server)
        whole.assert_no_orphans(server)
        whole.assert_in_order(server)
    return storm


def _secret(server: Server, caller: Caller) -> str:
    with server.store.database.transaction() as connection:
        return str(keys.add_secret(connection, caller.account_id))
