"""Bring the tables up to date; safe to run twice, and by two processes at once."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from longtake.store.database import Database

_LOCK = 0x6C6F6E67  # any number that is ours: Postgres's advisory locks are numbers


def migrate(database: Database) -> None:
    """Run every migration that has not run, in one transaction."""
    with database.transaction() as connection:
        if not database.on_sqlite:  # SQLite's write lock is held already
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        command.upgrade(config(connection), "head")


def config(connection: Connection) -> Config:
    """Alembic's configuration for ``connection``; there is no ini file."""
    found = Config()
    found.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    found.attributes["connection"] = connection
    return found
