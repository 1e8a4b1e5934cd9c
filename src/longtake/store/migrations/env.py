"""What Alembic runs: the migrations, on the connection it was given."""

from __future__ import annotations

from alembic import context

from longtake.store.migrate import VERSION_TABLE
from longtake.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    include_name=lambda name, kind, _: kind != "table" or str(name).startswith("lt_"),
    compare_type=True,
)
context.run_migrations()
