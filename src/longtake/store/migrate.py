"""Bring the tables up to date; safe to run twice, and by two processes at once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from longtake.errors import SetupIncomplete
from longtake.store.database import Database

_MIGRATIONS = Path(__file__).parent / "migrations"
VERSION_TABLE = "lt_version"


def migrate(database: Database) -> None:
    """Run every migration that has not run, in one transaction.

    Raises SetupIncomplete where the tables are of a newer version.
    """
    with database.transaction() as connection:
        database.alone(connection)
        try:
            command.upgrade(config(connection), "head")
        except CommandError as error:
            raise SetupIncomplete(
                "The tables were made by a newer version of longtake; install that one."
            ) from error


def require_current(connection: Connection) -> None:
    """Raise SetupIncomplete where the tables are not those of this version."""
    context = MigrationContext.configure(
        connection, opts={"version_table": VERSION_TABLE}
    )
    found = context.get_current_revision()
    if found != _head():
        raise SetupIncomplete(
            f"The tables are at {found or 'nothing'} and this version needs {_head()}; "
            "stop every server of this database and start `longtake serve` again."
        )


@cache
def _head() -> str | None:
    return ScriptDirectory(str(_MIGRATIONS)).get_current_head()


def config(connection: Connection) -> Config:
    """Alembic's configuration for ``connection``; there is no ini file."""
    found = Config()
    found.set_main_option("script_location", str(_MIGRATIONS))
    found.attributes["connection"] = connection
    return found
