"""What is not kept for ever: media, uploads, records, keys of requests, finished work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from sqlalchemy import Connection

from longtake import callbacks, clips, clock, records
from longtake.tasks import repeats
from longtake.worker.bench import Bench

_DAY_MS = 24 * 3_600_000
_HOUR_MS = 3_600_000
_BATCH = 50


def expire(bench: Bench) -> None:
    """Delete what has had its time, in batches, each of which is a short transaction.

    Files go before the commit: what fails in between is found and done again.
    """
    now_ms = clock.now_ms()
    store = bench.store

    def old_records(connection: Connection) -> list[str]:
        before_ms = now_ms - store.settings.record_days * _DAY_MS
        ids = records.outdated(connection, before_ms, _BATCH)
        keys = clips.remove(connection, ids)
        callbacks.forget(connection, ids)
        records.forget(connection, ids)
        store.files.delete(keys)
        return list(ids)

    def media(connection: Connection) -> list[str]:
        keys = clips.expire(connection, now_ms, _BATCH)
        store.files.delete(keys)
        return keys

    def uploads(connection: Connection) -> list[str]:
        keys = clips.expire_uploads(connection, now_ms, _BATCH)
        store.files.delete(keys)
        return keys

    for batch in (media, uploads, old_records):
        _until_none(bench, batch)
    with store.database.transaction() as connection:
        repeats.forget(connection)
    while bench.tasks.queue.forget(now_ms - _DAY_MS):
        pass
    _unnamed(bench, now_ms - _HOUR_MS)


def _until_none(bench: Bench, batch: Callable[[Connection], list[str]]) -> None:
    while True:
        with bench.store.database.transaction() as connection:
            if not batch(connection):
                return


def _unnamed(bench: Bench, before_ms: int) -> None:
    """Delete files that a process put, and died before it said so."""
    files = bench.store.files
    lying = (key for key, _ in files.keys(before_ms=before_ms))
    for keys in _batches(lying):
        with bench.store.database.reading() as connection:
            unnamed = clips.unnamed(connection, keys)
        files.delete(unnamed)


def _batches(keys: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(islice(keys, _BATCH)):
        yield batch
