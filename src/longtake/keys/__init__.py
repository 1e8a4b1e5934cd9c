"""Accounts, their keys, the codes that become keys, and what callbacks are signed with."""

from longtake.keys.code import UNKNOWN_CODE, add_code, exchange, is_code
from longtake.keys.key import (
    Account,
    Key,
    account,
    accounts,
    create,
    find,
    listed,
    open_account,
    revoke,
    rotate,
    set_tier,
)
from longtake.keys.secret import (
    Secret,
    add_secret,
    rotate_secret,
    secrets,
    secrets_listed,
)

__all__ = [
    "UNKNOWN_CODE",
    "Account",
    "Key",
    "Secret",
    "account",
    "accounts",
    "add_code",
    "add_secret",
    "create",
    "exchange",
    "find",
    "is_code",
    "listed",
    "open_account",
    "revoke",
    "rotate",
    "rotate_secret",
    "secrets",
    "secrets_listed",
    "set_tier",
]
