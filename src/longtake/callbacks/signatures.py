"""What proves to a receiver that a callback is ours: two kinds of signature."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime

from standardwebhooks import Webhook


def sign(
    *, webhook_id: str, task_id: str, body: str, secrets: Sequence[str], now: datetime
) -> dict[str, str]:
    """The headers of one attempt; ``secrets`` (``whsec_...``) newest first.

    Standard Webhooks 1.0 signs the body, once with every secret. The legacy signature
    covers task and time only, with the newest secret, whose whole text is the key.
    Without a secret nothing is signed; the id is sent always, since receivers tell
    repetitions by it. ``now`` is aware, in UTC.
    """
    timestamp = str(int(now.timestamp()))
    headers = {"webhook-id": webhook_id, "webhook-timestamp": timestamp}
    if not secrets:
        return headers
    signatures = (Webhook(secret).sign(webhook_id, now, body) for secret in secrets)
    message = f"{task_id}.{timestamp}".encode()
    legacy = hmac.new(secrets[0].encode(), message, hashlib.sha256).digest()
    return headers | {
        "webhook-signature": " ".join(signatures),
        "X-Webhook-Timestamp": timestamp,
        "X-Webhook-Signature": base64.b64encode(legacy).decode(),
    }
