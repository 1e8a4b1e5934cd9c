"""Keys and secrets: shown once, kept hashed, stopped at once, rotated."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from longtake import clock, keys
from longtake.errors import FieldInvalid, KeyRefused, NotFound
from longtake.store import Store, tables
from tests.books import opened

HOUR_MS = 3_600_000


def created(store: Store, account_id: str) -> tuple[str, keys.Key]:
    with store.database.transaction() as connection:
        return keys.create(connection, account_id, secret=store.secret, name="mine")


def found(store: Store, text: str) -> keys.Key:
    with store.database.reading() as connection:
        return keys.find(connection, text, secret=store.secret)


# -- accounts ------------------------------------------------------------------------


def test_an_account_is_found_by_its_name_and_by_its_id(store: Store) -> None:
    with store.database.transaction() as connection:
        ann = keys.open_account(connection, " ann ", tier="priority")
        assert (ann.name, ann.tier) == ("ann", "priority")
        assert (
            keys.account(connection, "ann") == keys.account(connection, ann.id) == ann
        )
        assert keys.accounts(connection) == (ann,)


def test_a_name_that_is_anothers_id_does_not_take_its_place(store: Store) -> None:
    with store.database.transaction() as connection:
        ann = keys.open_account(connection, "ann")
        keys.open_account(connection, ann.id)
        assert keys.account(connection, ann.id) == ann


@pytest.mark.parametrize("name", ["", "  ", "a" * 101, "two\nlines"])
def test_a_name_that_makes_no_sense_is_refused(store: Store, name: str) -> None:
    with store.database.transaction() as connection, pytest.raises(FieldInvalid):
        keys.open_account(connection, name)


def test_a_name_that_is_taken_is_refused(store: Store) -> None:
    opened(store.database, "ann")
    with pytest.raises(FieldInvalid, match="'ann' already"):
        opened(store.database, "ann")


def test_an_account_changes_its_tier(store: Store) -> None:
    account_id = opened(store.database)
    with store.database.transaction() as connection:
        keys.set_tier(connection, account_id, "priority")
        assert keys.account(connection, account_id).tier == "priority"


# -- keys ----------------------------------------------------------------------------


def test_a_key_is_known_by_its_text(store: Store) -> None:
    text, key = created(store, opened(store.database))
    assert found(store, text) == key
    assert (key.account.name, key.name, key.admin) == ("ann", "mine", False)
    assert text.startswith(key.prefix)
    assert key.prefix.startswith("lt_")


def test_a_key_carries_enough_randomness_beyond_what_is_shown(store: Store) -> None:
    text, key = created(store, opened(store.database))
    assert len(base64.urlsafe_b64decode(text.removeprefix("lt_") + "=")) == 32
    assert len(text) - len(key.prefix) >= 32  # of 64 letters


def test_the_text_of_a_key_is_kept_nowhere(store: Store) -> None:
    text, _ = created(store, opened(store.database))
    with store.database.reading() as connection:
        row = connection.execute(select(tables.keys)).one()
    hidden = text[len(row.prefix) :]
    assert all(hidden not in str(value) for value in row)
    expected = hmac.new(store.secret, text.encode(), hashlib.sha256).hexdigest()
    assert row.digest == expected


def test_another_store_does_not_know_the_key(store: Store) -> None:
    text, _ = created(store, opened(store.database))
    with store.database.reading() as connection, pytest.raises(KeyRefused):
        keys.find(connection, text, secret=bytes(32))


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=st.text(max_size=60))
def test_no_other_text_is_a_key(store: Store, text: str) -> None:
    """Whatever comes in a header, it is refused and never breaks anything."""
    with store.database.reading() as connection, pytest.raises(KeyRefused):
        keys.find(connection, text, secret=store.secret)


def test_a_right_prefix_is_not_enough(store: Store) -> None:
    text, key = created(store, opened(store.database))
    for wrong in (key.prefix, text[:-1], text + "a", text.swapcase(), f" {text}"):
        with pytest.raises(KeyRefused):
            found(store, wrong)


def test_two_keys_may_share_a_prefix(store: Store) -> None:
    account_id = opened(store.database)
    text, key = created(store, account_id)
    twin = key.prefix + "x" * 35
    digest = hmac.new(store.secret, twin.encode(), hashlib.sha256).hexdigest()
    with store.database.transaction() as connection:
        connection.execute(
            insert(tables.keys).values(
                id="t" * 32,
                account_id=account_id,
                name="twin",
                prefix=key.prefix,
                digest=digest,
                admin=False,
                created_ms=0,
            )
        )
    assert found(store, text) == key
    assert found(store, twin).name == "twin"
    with store.database.transaction() as connection:
        with pytest.raises(FieldInvalid, match="2 keys"):
            keys.revoke(connection, key.prefix)
        assert keys.revoke(connection, key.id) == key


def test_a_revoked_key_stops_at_once(store: Store) -> None:
    text, key = created(store, opened(store.database))
    with store.database.transaction() as connection:
        keys.revoke(connection, key.prefix)
    with pytest.raises(KeyRefused) as revoked:
        found(store, text)
    with pytest.raises(KeyRefused) as unknown:
        found(store, "lt_nothing")
    assert str(revoked.value) == str(unknown.value)  # nobody learns which


def test_a_key_that_was_revoked_keeps_its_time(store: Store) -> None:
    _, key = created(store, opened(store.database))
    with store.database.transaction() as connection:
        keys.revoke(connection, key.id)
        (first,) = keys.listed(connection)
        keys.revoke(connection, key.id)
        assert keys.listed(connection) == (first,)
        assert keys.listed(connection, revoked=False) == ()


def test_a_rotated_key_is_replaced_by_one_like_it(store: Store) -> None:
    account_id = opened(store.database)
    with store.database.transaction() as connection:
        old_text, old = keys.create(
            connection, account_id, secret=store.secret, name="ops", admin=True
        )
        new_text, new = keys.rotate(connection, old.prefix, secret=store.secret)
    with pytest.raises(KeyRefused):
        found(store, old_text)
    assert found(store, new_text) == new
    assert (new.account, new.name, new.admin) == (old.account, "ops", True)
    with (
        store.database.transaction() as connection,
        pytest.raises(FieldInvalid, match="revoked before"),
    ):
        keys.rotate(connection, old.id, secret=store.secret)


def test_keys_are_listed_by_account(store: Store) -> None:
    ann, bob = opened(store.database), opened(store.database, "bob")
    _, hers = created(store, ann)
    _, his = created(store, bob)
    with store.database.reading() as connection:
        assert keys.listed(connection, ann) == (hers,)
        assert set(keys.listed(connection)) == {hers, his}


def test_what_is_not_there_is_not_found(store: Store) -> None:
    with store.database.transaction() as connection:
        with pytest.raises(NotFound, match="'bob'"):
            keys.account(connection, "bob")
        with pytest.raises(NotFound, match="'lt_no'"):
            keys.revoke(connection, "lt_no")
        with pytest.raises(NotFound):
            keys.create(connection, "nobody", secret=store.secret)


def test_a_key_belongs_to_an_account(store: Store) -> None:
    """The database itself insists, on both."""
    with pytest.raises(IntegrityError), store.database.transaction() as connection:
        keys.add_secret(connection, "nobody")


# -- what callbacks are signed with --------------------------------------------------


def test_a_secret_is_a_standard_webhooks_secret(store: Store) -> None:
    account_id = opened(store.database)
    with store.database.transaction() as connection:
        assert keys.secrets(connection, account_id) == ()
        text = keys.add_secret(connection, account_id)
        assert keys.secrets(connection, account_id) == (text,)
    assert text.startswith("whsec_")
    assert len(base64.b64decode(text.removeprefix("whsec_"), validate=True)) == 32


def test_in_a_rotation_both_sign_the_newest_first(store: Store) -> None:
    account_id = opened(store.database)
    with store.database.transaction() as connection:
        first = keys.add_secret(connection, account_id)
        second = keys.rotate_secret(connection, account_id, overlap_ms=HOUR_MS)
        third = keys.rotate_secret(connection, account_id, overlap_ms=HOUR_MS)
        texts = keys.secrets(connection, account_id)
        assert texts[0] == third
        assert set(texts) == {first, second, third}
        ends = [one.expires_ms for one in keys.secrets_listed(connection, account_id)]
    assert ends[0] is None
    assert all(0 < (end or 0) - clock.now_ms() <= HOUR_MS for end in ends[1:])


def test_a_rotation_without_overlap_ends_the_old_ones(store: Store) -> None:
    account_id, other_id = opened(store.database), opened(store.database, "bob")
    with store.database.transaction() as connection:
        keys.add_secret(connection, account_id)
        theirs = keys.add_secret(connection, other_id)
        new = keys.rotate_secret(connection, account_id, overlap_ms=0)
        assert keys.secrets(connection, account_id) == (new,)
        assert keys.secrets(connection, other_id) == (theirs,)
        newer = keys.rotate_secret(connection, account_id, overlap_ms=0)
        assert keys.secrets(connection, account_id) == (newer,)
        kept = connection.execute(select(tables.secrets)).all()
        assert len(kept) == 3  # what has ended before a rotation is gone


def test_a_rotation_without_overlap_ends_what_was_to_end_later(store: Store) -> None:
    account_id = opened(store.database)
    with store.database.transaction() as connection:
        keys.add_secret(connection, account_id)
        keys.rotate_secret(connection, account_id, overlap_ms=HOUR_MS)
        new = keys.rotate_secret(connection, account_id, overlap_ms=0)
        assert keys.secrets(connection, account_id) == (new,)
