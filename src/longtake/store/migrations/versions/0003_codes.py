"""Codes, and keys that end"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.add_column("lt_keys", sa.Column("expires_ms", sa.BigInteger()))
    op.create_table(
        "lt_codes",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("admin", sa.Boolean(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["lt_accounts.id"],
            name=op.f("fk_lt_codes_account_id_lt_accounts"),
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_lt_codes")),
    )
