"""The tables. Times are epoch milliseconds; each table has one writer, named beside it.

Our names start with ``lt_``, since on SQLite the durable workflow library keeps its own
tables in the same file.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

MESSAGE_LENGTH = 200

# SQLite numbers rows by itself only where the key is its own INTEGER.
_Serial = BigInteger().with_variant(Integer, "sqlite")

accounts = Table(  # written by keys
    "lt_accounts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(100), nullable=False, unique=True),
    Column("tier", String(32), nullable=False),  # settings.tiers: tasks at a time
    Column("created_ms", BigInteger, nullable=False),
)

keys = Table(  # written by keys
    "lt_keys",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("account_id", ForeignKey(accounts.c.id), nullable=False, index=True),
    Column("name", String(100), nullable=False),
    Column("prefix", String(16), nullable=False, index=True),  # what may be shown
    Column("digest", String(64), nullable=False),  # HMAC-SHA-256 under the secret, hex
    Column("admin", Boolean, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("revoked_ms", BigInteger),
    Column("expires_ms", BigInteger),  # of those that a code was exchanged for
)

codes = Table(  # written by keys: each is good for one key, for a while
    "lt_codes",
    metadata,
    Column("digest", String(64), primary_key=True),  # as of keys
    Column("account_id", ForeignKey(accounts.c.id), nullable=False),
    Column("admin", Boolean, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
)

secrets = Table(  # written by keys: what callbacks are signed with
    "lt_secrets",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("account_id", ForeignKey(accounts.c.id), nullable=False, index=True),
    Column("secret", String(100), nullable=False),  # whsec_...; signing needs it whole
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger),  # set by a rotation: both sign until then
)

ledger = Table(  # written by ledger; append-only
    "lt_ledger",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("account_id", ForeignKey(accounts.c.id), nullable=False),
    # grant +n, hold -n, release +n, capture 0 (the hold has become a charge);
    # checkpoint: the balance so far, from which sums begin
    Column("kind", String(16), nullable=False),
    Column("credits", BigInteger, nullable=False),
    Column("record_id", String(32)),
    Column("note", String(200), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    CheckConstraint(
        "kind IN ('grant', 'hold', 'capture', 'release', 'checkpoint')", name="kind"
    ),
    # Each at most once for a record, whatever runs twice.
    UniqueConstraint("record_id", "kind"),
    Index("ix_lt_ledger_account_id_id", "account_id", "id"),
)

records = Table(  # written by records
    "lt_records",
    metadata,
    Column("id", String(32), primary_key=True),  # ours; the workflow's id too
    Column("account_id", ForeignKey(accounts.c.id), nullable=False),
    Column("task_id", String(128), nullable=False),  # on the wire; id, if made here
    Column("task_type", String(40), nullable=False),
    Column("origin", String(16), nullable=False),  # made | imported | adopted
    Column("state", String(16), nullable=False),  # waiting | running | success | fail
    Column("success_flag", Integer, nullable=False),  # 0 | 1 | 2 | 3, as on the wire
    Column("error_code", String(64)),
    Column("error_message", Text),
    Column("prompt", Text),
    Column("params", JSON, nullable=False),  # the request, for paramJson
    Column("work", JSON, nullable=False),  # records.Work; {} for imported clips
    Column("parent_id", String(32), index=True),  # the record that was extended
    Column("parent_index", Integer),
    Column("callback_url", Text),
    Column("credits", BigInteger, nullable=False),  # held, then captured or released
    # Of an account's tasks the lowest goes first.
    Column("priority", Integer, nullable=False, server_default="100"),
    Column("created_ms", BigInteger, nullable=False),
    Column("enqueued_ms", BigInteger),  # None while its account has no place for it
    Column("started_ms", BigInteger),
    Column("completed_ms", BigInteger),
    Column("expires_ms", BigInteger),  # when its media go
    Column("deleted_ms", BigInteger),  # hidden from its account from then on
    CheckConstraint("state IN ('waiting', 'running', 'success', 'fail')", name="state"),
    UniqueConstraint("account_id", "task_id"),
    Index("ix_lt_records_account_id_created_ms_id", "account_id", "created_ms", "id"),
    Index(
        "ix_lt_records_line",
        *("state", "account_id", "enqueued_ms", "priority", "created_ms", "id"),
    ),
)

progress = Table(  # written by records; one row while a task runs
    "lt_progress",
    metadata,
    Column("record_id", ForeignKey(records.c.id), primary_key=True),
    Column("stage", String(16), nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("candidate", Integer, nullable=False),  # from 0
    Column("picture", LargeBinary),  # the latest frame, a small JPEG
    Column("at_ms", BigInteger, nullable=False),
)

clips = Table(  # written by clips: the videos of a record
    "lt_clips",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("record_id", ForeignKey(records.c.id), nullable=False),
    Column("account_id", ForeignKey(accounts.c.id), nullable=False, index=True),
    Column("index", Integer, nullable=False),  # as on the wire, from 0
    Column("media_name", String(120), nullable=False, unique=True),  # in /m/<name>
    Column("object_key", String(300), nullable=False),  # in the files
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("facts", JSON, nullable=False),  # clips.Facts
    Column("report", JSON),  # report.Report; None for what was not made here
    Column("poster_key", String(300)),
    Column("filmstrip_key", String(300)),
    Column("created_ms", BigInteger, nullable=False),
    Column("expired_ms", BigInteger),  # when its files went
    UniqueConstraint("record_id", "index"),
)

uploads = Table(  # written by clips: files sent ahead of a request
    "lt_uploads",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("account_id", ForeignKey(accounts.c.id), nullable=False, index=True),
    Column("path", String(500), nullable=False),  # as the account named it
    Column("media_name", String(120), nullable=False, unique=True),  # in /m/<name>
    Column("object_key", String(300), nullable=False),
    Column("mime_type", String(100), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    UniqueConstraint("account_id", "path"),
)

deliveries = Table(  # written by callbacks: one event owed to one URL
    "lt_deliveries",
    metadata,
    Column("id", String(32), primary_key=True),  # webhook-id is "msg_" + id
    Column("record_id", ForeignKey(records.c.id), nullable=False, index=True),
    Column("account_id", ForeignKey(accounts.c.id), nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("body", Text, nullable=False),  # the very bytes that are signed and sent
    Column("state", String(16), nullable=False),  # owed | delivered | dead
    Column("round", Integer, nullable=False),  # 0; one more with each redelivery
    Column("n_attempts", Integer, nullable=False),  # begun in this round
    Column("next_ms", BigInteger),  # when the next attempt is due, while owed
    Column("created_ms", BigInteger, nullable=False),
    Column("closed_ms", BigInteger),
    CheckConstraint("state IN ('owed', 'delivered', 'dead')", name="state"),
    Index("ix_lt_deliveries_state_next_ms", "state", "next_ms"),
)

attempts = Table(  # written by callbacks: before the call, completed after it
    "lt_attempts",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("delivery_id", ForeignKey(deliveries.c.id), nullable=False, index=True),
    Column("round", Integer, nullable=False),
    Column("number", Integer, nullable=False),  # from 1
    Column("began_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),  # None: the process died meanwhile
    Column("status", Integer),  # HTTP
    Column("error", String(500)),
)

switches = Table(  # written by limits
    "lt_switches",
    metadata,
    Column("name", String(40), primary_key=True),  # limits.SWITCHES
    Column("off", Boolean, nullable=False),
    Column("message", String(MESSAGE_LENGTH), nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
)

idempotency = Table(  # written by tasks
    "lt_idempotency",
    metadata,
    Column("account_id", ForeignKey(accounts.c.id), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),  # SHA-256 of path and body
    Column("task_id", String(128), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)

workers = Table(  # written by fleet: who runs tasks, and with which engines
    "lt_workers",
    metadata,
    Column("executor", String(64), primary_key=True),
    Column("host", String(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("engines", JSON, nullable=False),  # name -> fleet.Declared
    Column("started_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
)
