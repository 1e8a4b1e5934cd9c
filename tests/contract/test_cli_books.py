"""The operator's commands: accounts, keys, secrets, credits, switches, and the check."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from longtake import keys, ledger, limits, records
from longtake.settings import Settings
from longtake.store import Store, prepare
from tests.command import Ran, longtake


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A prepared data folder with an account named ann."""
    folder = tmp_path / "data"
    settings = Settings(data=folder, database_url="")
    prepare(settings)
    store = Store(settings)
    with store.database.transaction() as connection:
        keys.open_account(connection, "ann")
    store.close()
    return folder


@pytest.fixture
def run(data: Path) -> Callable[..., Ran]:
    def command(*arguments: str) -> Ran:
        return longtake(*arguments, "--data", data)

    return command


Run = Callable[..., Ran]


@pytest.mark.slow
def test_a_key_is_alone_on_the_last_line_and_works_until_revoked(
    run: Run, data: Path
) -> None:
    made = run("keys", "create", "--account", "ann", "--name", "mine")
    assert made.status == 0, made.err
    text = made.out.splitlines()[-1]
    store = Store(Settings(data=data, database_url=""))
    with store.database.reading() as connection:
        key = keys.find(connection, text, secret=store.secret)
    store.close()
    assert (key.account.name, key.name, key.admin) == ("ann", "mine", False)

    (listed,) = run("keys", "list", "--json").document["keys"]
    assert listed["prefix"] == key.prefix
    assert text not in run("keys", "list").out
    rotated = run("keys", "rotate", key.prefix, "--json").document["key"]
    assert rotated["text"].startswith(rotated["prefix"])
    assert run("keys", "revoke", rotated["prefix"]).status == 0
    after = run("keys", "list", "--json").document["keys"]
    assert all(one["revoked_ms"] for one in after)


@pytest.mark.slow
def test_a_link_opens_the_studio_of_an_account_once(run: Run, data: Path) -> None:
    said = run("keys", "link", "--account", "ann")
    assert said.status == 0, said.err
    address, code = said.out.splitlines()[-1].split("/#code=")
    store = Store(Settings(data=data, database_url=""))
    assert address == store.settings.base_url
    with store.database.transaction() as connection:
        _, key = keys.exchange(connection, code, secret=store.secret)
    store.close()
    assert (key.account.name, key.name, key.admin) == ("ann", "studio", False)
    (listed,) = run("keys", "list", "--json").document["keys"]
    assert listed["expires_ms"] == key.expires_ms


@pytest.mark.slow
def test_accounts_and_credits(run: Run) -> None:
    opened = run("accounts", "create", "bob", "--tier", "priority", "--unlimited")
    assert opened.status == 0, opened.err
    found = {
        one["name"]: one
        for one in run("accounts", "list", "--json").document["accounts"]
    }
    assert found["bob"]["balance"] == ledger.UNLIMITED
    assert (found["bob"]["tier"], found["ann"]["balance"]) == ("priority", 0)
    granted = run("credits", "grant", "50", "--account", "ann", "--note", "a gift")
    assert "50 credits" in granted.out
    shown = run("credits", "show", "--account", "ann", "--json").document
    assert shown == {"account": "ann", "balance": 50}
    (entry,) = run("credits", "history", "--account", "ann", "--json").document[
        "entries"
    ]
    assert (entry["kind"], entry["credits"], entry["note"]) == ("grant", 50, "a gift")
    assert "+50" in run("credits", "history", "--account", "ann").out


def test_a_tier_is_changed_to_one_that_there_is(run: Run) -> None:
    assert run("accounts", "tier", "ann", "priority").status == 0
    refused = run("accounts", "tier", "ann", "gold", "--json")
    assert refused.status == 2
    assert "standard, priority" in refused.document["error"]["message"]
    assert "priority" in run("accounts", "list").out


@pytest.mark.slow
def test_secrets_are_shown_once_and_then_by_their_beginning(run: Run) -> None:
    first = run("secrets", "create", "--account", "ann").out.splitlines()[-1]
    second = run("secrets", "rotate", "--account", "ann", "--json").document["secret"]
    listed = run("secrets", "list", "--account", "ann")
    assert first[:12] in listed.out
    assert second[:12] in listed.out
    assert first not in listed.out
    last = run("secrets", "rotate", "--account", "ann", "--overlap", "0", "--json")
    found = run("secrets", "list", "--account", "ann", "--json").document["secrets"]
    assert [one["text"] for one in found] == [last.document["secret"][:12] + "..."]


def test_switches_are_listed_and_switched(run: Run) -> None:
    assert run("switch", "extend", "off", "--message", "Back at noon.").status == 0
    found = {one["name"]: one for one in run("switch", "--json").document["switches"]}
    assert [*found] == [*limits.SWITCHES]
    assert found["extend"]["off"] is True
    assert "Back at noon." in run("switch").out
    assert run("switch", "extend").status == 2
    assert run("switch", "nothing", "on").status == 2


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("credits", "show", "--account", "bob"), 10),
        (("credits", "grant", "0", "--account", "ann"), 2),
        (("credits", "grant", "--account", "ann", "--", "-5"), 11),
        (("keys", "revoke", "lt_nothing"), 10),
        (("accounts", "create", "ann"), 2),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    data: Path, arguments: tuple[str, ...], status: int
) -> None:
    ran = longtake(*arguments[:2], "--data", data, *arguments[2:])
    assert (ran.status, ran.out) == (status, "")
    assert len(ran.err.strip().splitlines()) == 1


def test_a_folder_that_is_none_is_not_made(tmp_path: Path) -> None:
    ran = longtake("keys", "list", "--data", tmp_path / "typo")
    assert ran.status == 8
    assert "not a data folder" in ran.err
    assert not (tmp_path / "typo").exists()


@pytest.mark.slow
def test_check_names_what_is_broken(run: Run, data: Path) -> None:
    whole = run("check", "--json")
    assert whole.status == 0
    assert whole.document["books"]["broken"] == []
    store = Store(Settings(data=data, database_url=""))
    with store.database.transaction() as connection:
        owner = keys.account(connection, "ann")
        work = records.Work(kind="extend", engine="motion", source_clip_id="c" * 32)
        record = records.add(
            connection, account_id=owner.id, task_type="t", params={}, work=work
        )
    store.close()
    lost = run("check", "--json", "--deep")  # the durable queue was never made
    assert lost.status != 0
    with sqlite3.connect(data / "longtake.db") as file:
        file.execute("DELETE FROM lt_records WHERE id = ?", [record.id])
        file.execute(
            "INSERT INTO lt_ledger (account_id, kind, credits, note, at_ms) "
            "VALUES (?, 'grant', -7, '', 0)",
            [owner.id],
        )
    file.close()
    broken = run("check", "--json")
    assert broken.status == 16
    (place,) = broken.document["books"]["broken"]
    assert place["name"] == "balances_are_not_negative"
    assert broken.document["error"]["code"] == "books_broken"
    words = run("check")
    assert words.status == 16
    assert "NO  balances_are_not_negative" in words.out
    assert place["detail"] in words.out
