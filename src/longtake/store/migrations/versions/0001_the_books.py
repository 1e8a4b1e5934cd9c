"""The books"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "lt_accounts",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("tier", sa.String(length=32), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lt_accounts")),
        sa.UniqueConstraint("name", name=op.f("uq_lt_accounts_name")),
    )
    op.create_table(
        "lt_switches",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("off", sa.Boolean(), nullable=False),
        sa.Column("message", sa.String(length=200), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lt_switches")),
    )
    op.create_table(
        "lt_workers",
        sa.Column("executor", sa.String(length=64), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("engines", sa.JSON(), nullable=False),
        sa.Column("started_ms", sa.BigInteger(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("executor", name=op.f("pk_lt_workers")),
    )
    op.create_table(
        "lt_idempotency",
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("task_id", sa.String(length=128), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["lt_accounts.id"],
            name=op.f("fk_lt_idempotency_account_id"),
        ),
        sa.PrimaryKeyConstraint("account_id", "key", name=op.f("pk_lt_idempotency")),
    )
    op.create_table(
        "lt_keys",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("admin", sa.Boolean(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["lt_accounts.id"], name=op.f("fk_lt_keys_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lt_keys")),
    )
    op.create_index(
        op.f("ix_lt_keys_account_id"), "lt_keys", ["account_id"], unique=False
    )
    op.create_index(op.f("ix_lt_keys_prefix"), "lt_keys", ["prefix"], unique=False)
    op.create_table(
        "lt_ledger",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("record_id", sa.String(length=32), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('grant', 'hold', 'capture', 'release', 'checkpoint')",
            name=op.f("ck_lt_ledger_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["lt_accounts.id"], name=op.f("fk_lt_ledger_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lt_ledger")),
        sa.UniqueConstraint(
            "record_id", "kind", name=op.f("uq_lt_ledger_record_id_kind")
        ),
    )
    op.create_index(
        "ix_lt_ledger_account_id_id", "lt_ledger", ["account_id", "id"], unique=False
    )
    op.create_table(
        "lt_records",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("task_id", sa.String(length=128), nullable=False),
        sa.Column("task_type", sa.String(length=40), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("success_flag", sa.Integer(), nullable=False),
        sa.Column("error_code", sa.String(length=64), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("prompt", sa.Text(), nullable=True),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("work", sa.JSON(), nullable=False),
        sa.Column("parent_id", sa.String(length=32), nullable=True),
        sa.Column("parent_index", sa.Integer(), nullable=True),
        sa.Column("callback_url", sa.Text(), nullable=True),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("started_ms", sa.BigInteger(), nullable=True),
        sa.Column("completed_ms", sa.BigInteger(), nullable=True),
        sa.Column("expires_ms", sa.BigInteger(), nullable=True),
        sa.Column("deleted_ms", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'success', 'fail')",
            name=op.f("ck_lt_records_state"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["lt_accounts.id"], name=op.f("fk_lt_records_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lt_records")),
        sa.UniqueConstraint(
            "account_id", "task_id", name=op.f("uq_lt_records_account_id_task_id")
        ),
    )
    op.create_index(
        "ix_lt_records_account_id_created_ms_id",
        "lt_records",
        ["account_id", "created_ms", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_lt_records_parent_id"), "lt_records", ["parent_id"], unique=False
    )
    op.create_index(
        "ix_lt_records_state_account_id_lane",
        "lt_records",
        ["state", "account_id", "lane"],
        unique=False,
    )
    op.create_table(
        "lt_secrets",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("secret", sa.String(length=100), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["lt_accounts.id"], name=op.f("fk_lt_secrets_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lt_secrets")),
    )
    op.create_index(
        op.f("ix_lt_secrets_account_id"), "lt_secrets", ["account_id"], unique=False
    )
    op.create_table(
        "lt_uploads",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("path", sa.String(length=500), nullable=False),
        sa.Column("media_name", sa.String(length=120), nullable=False),
        sa.Column("object_key", sa.String(length=300), nullable=False),
        sa.Column("mime_type", sa.String(length=100), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["lt_accounts.id"], name=op.f("fk_lt_uploads_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lt_uploads")),
        sa.UniqueConstraint(
            "account_id", "path", name=op.f("uq_lt_uploads_account_id_path")
        ),
        sa.UniqueConstraint("media_name", name=op.f("uq_lt_uploads_media_name")),
    )
    op.create_index(
        op.f("ix_lt_uploads_account_id"), "lt_uploads", ["account_id"], unique=False
    )
    op.create_table(
        "lt_clips",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("record_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("media_name", sa.String(length=120), nullable=False),
        sa.Column("object_key", sa.String(length=300), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=True),
        sa.Column("poster_key", sa.String(length=300), nullable=True),
        sa.Column("filmstrip_key", sa.String(length=300), nullable=True),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("expired_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["lt_accounts.id"], name=op.f("fk_lt_clips_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["record_id"], ["lt_records.id"], name=op.f("fk_lt_clips_record_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lt_clips")),
        sa.UniqueConstraint("media_name", name=op.f("uq_lt_clips_media_name")),
        sa.UniqueConstraint(
            "record_id", "index", name=op.f("uq_lt_clips_record_id_index")
        ),
    )
    op.create_index(
        op.f("ix_lt_clips_account_id"), "lt_clips", ["account_id"], unique=False
    )
    op.create_table(
        "lt_deliveries",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("record_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("n_attempts", sa.Integer(), nullable=False),
        sa.Column("next_ms", sa.BigInteger(), nullable=True),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("closed_ms", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "state IN ('owed', 'delivered', 'dead')",
            name=op.f("ck_lt_deliveries_state"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["lt_accounts.id"], name=op.f("fk_lt_deliveries_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["record_id"], ["lt_records.id"], name=op.f("fk_lt_deliveries_record_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lt_deliveries")),
    )
    op.create_index(
        op.f("ix_lt_deliveries_account_id"),
        "lt_deliveries",
        ["account_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_lt_deliveries_record_id"), "lt_deliveries", ["record_id"], unique=False
    )
    op.create_index(
        "ix_lt_deliveries_state_next_ms",
        "lt_deliveries",
        ["state", "next_ms"],
        unique=False,
    )
    op.create_table(
        "lt_progress",
        sa.Column("record_id", sa.String(length=32), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("candidate", sa.Integer(), nullable=False),
        sa.Column("picture", sa.LargeBinary(), nullable=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"], ["lt_records.id"], name=op.f("fk_lt_progress_record_id")
        ),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_lt_progress")),
    )
    op.create_table(
        "lt_attempts",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("delivery_id", sa.String(length=32), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("began_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["lt_deliveries.id"],
            name=op.f("fk_lt_attempts_delivery_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lt_attempts")),
    )
    op.create_index(
        op.f("ix_lt_attempts_delivery_id"), "lt_attempts", ["delivery_id"], unique=False
    )
