"""The tables' history: Alembic, run inside a transaction that its caller holds."""
