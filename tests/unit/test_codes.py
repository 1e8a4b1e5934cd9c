"""Codes: each becomes one key, once and in time, and is kept as keys are."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from longtake import clock, keys
from longtake.errors import FieldInvalid, KeyRefused
from longtake.store import Store, tables
from tests.books import opened

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS


def coded(store: Store, *, admin: bool = False) -> str:
    account_id = opened(store.database)
    with store.database.transaction() as connection:
        return keys.add_code(connection, account_id, secret=store.secret, admin=admin)


def exchanged(store: Store, code: str) -> tuple[str, keys.Key]:
    with store.database.transaction() as connection:
        return keys.exchange(connection, code, secret=store.secret)


@pytest.mark.parametrize("admin", [False, True])
def test_a_code_becomes_a_key_that_ends(store: Store, admin: bool) -> None:
    text, key = exchanged(store, coded(store, admin=admin))
    assert (key.account.name, key.name, key.admin) == ("ann", "studio", admin)
    assert key.expires_ms
    assert 0 < key.expires_ms - clock.now_ms() <= 7 * DAY_MS
    with store.database.reading() as connection:
        assert keys.find(connection, text, secret=store.secret) == key


def test_a_code_works_once_whoever_comes_at_the_same_time(store: Store) -> None:
    code = coded(store)

    def come(_: int) -> bool:
        try:
            exchanged(store, code)
        except FieldInvalid:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(come, range(4))) == [False, False, False, True]
    with store.database.reading() as connection:
        assert len(keys.listed(connection)) == 1
        assert not keys.is_code(connection, code, secret=store.secret)


def test_a_code_lives_ten_minutes(store: Store) -> None:
    code = coded(store)
    now_ms = clock.now_ms()
    with store.database.transaction() as connection:
        (ends_ms,) = connection.execute(select(tables.codes.c.expires_ms)).one()
        assert 9 * MINUTE_MS < ends_ms - now_ms <= 10 * MINUTE_MS
        connection.execute(update(tables.codes).values(expires_ms=now_ms - 1))
    with pytest.raises(FieldInvalid, match="older than ten minutes"):
        exchanged(store, code)


def test_the_text_of_a_code_is_kept_nowhere(store: Store) -> None:
    code = coded(store)
    assert len(code) >= 48  # hex: 192 random bits
    with store.database.reading() as connection:
        row = connection.execute(select(tables.codes)).one()
    assert all(code not in str(value) for value in row)


def test_a_key_that_has_ended_opens_nothing_and_is_forgotten(store: Store) -> None:
    text, key = exchanged(store, coded(store))
    with store.database.transaction() as connection:
        ended = update(tables.keys).values(expires_ms=clock.now_ms() - 1)
        connection.execute(ended)
        assert keys.listed(connection, revoked=False) == ()
        with pytest.raises(KeyRefused):
            keys.find(connection, text, secret=store.secret)
        code = keys.add_code(connection, key.account.id, secret=store.secret)
    exchanged(store, code)
    with store.database.reading() as connection:
        (left,) = keys.listed(connection)
    assert left.id != key.id
