"""Places in the queue"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_LINE = ("state", "account_id", "enqueued_ms", "priority", "created_ms", "id")


def upgrade() -> None:
    """Forward. Every task there is has been enqueued when it was submitted."""
    op.drop_index("ix_lt_records_state_account_id_lane", "lt_records")
    op.drop_column("lt_records", "lane")
    op.add_column(
        "lt_records",
        sa.Column("priority", sa.Integer(), server_default="100", nullable=False),
    )
    op.add_column("lt_records", sa.Column("enqueued_ms", sa.BigInteger()))
    op.execute("UPDATE lt_records SET enqueued_ms = created_ms WHERE origin = 'made'")
    op.create_index("ix_lt_records_line", "lt_records", list(_LINE), unique=False)
