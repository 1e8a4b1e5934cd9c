"""The store keeps its promises: migrations make the tables, on both databases."""

from __future__ import annotations

from longtake.store import Store


def test_x(store: Store) -> None:
    assert store.secret
