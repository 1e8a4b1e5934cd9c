"""Where the books are kept: tables, migrations and transactions; files; the secret."""

from __future__ import annotations

from longtake.errors import SetupIncomplete
from longtake.settings import Settings
from longtake.store import secret
from longtake.store.database import Database
from longtake.store.files import Files
from longtake.store.migrate import migrate


class Store:
    """One process's way to everything kept: ``database``, ``files`` and ``secret``."""

    def __init__(self, settings: Settings, *, pool_size: int = 10) -> None:
        """Open what :func:`prepare` has made. Raises SetupIncomplete."""
        self.settings = settings
        self.secret = secret.read(settings.data)
        self.database = Database(settings, pool_size=pool_size)
        self.files = Files(settings)

    def close(self) -> None:
        """Close every connection."""
        self.database.close()


def prepare(settings: Settings) -> None:
    """Make the data folder and its secret and bring the tables up to date.

    Safe to run twice and by several processes at once. With Postgres the folder still
    holds the secret: servers of one database share the folder, or copies of that file.
    Raises SetupIncomplete and DatabaseUnreachable.
    """
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        secret.ensure(settings.data)
    except OSError as error:
        raise SetupIncomplete(
            f"The data folder '{settings.data}' cannot be made: {error.strerror}. "
            "LONGTAKE_DATA names another."
        ) from error
    database = Database(settings, pool_size=1)
    try:
        migrate(database)
    finally:
        database.close()
