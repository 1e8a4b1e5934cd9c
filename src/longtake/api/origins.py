"""Which hosts and origins a request may name.

A page of another site can make its visitor's browser ask ``http://127.0.0.1:8420``, and
by DNS rebinding even under a name that the page owns. So a server that listens on a
loopback address answers only to names of this machine and of its public URL, and to
other origins only where the operator has listed them. A server that listens on other
addresses is reached under names it does not know; keys protect it, since no browser
sends one by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from longtake.settings import Settings, is_loopback

_METHODS = "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS"
_TAKEN = "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, Range"
_SHOWN = "Accept-Ranges, Content-Length, Content-Range, ETag, Retry-After, X-Request-ID"
_PREFLIGHT_S = 600


class Origins:
    """The rules of one server."""

    def __init__(self, settings: Settings) -> None:
        self._guarded = is_loopback(settings.host)
        self._public = settings.base_url.lower()
        self._public_host = urlsplit(self._public).hostname
        self._listed = frozenset(
            one.lower().rstrip("/") for one in settings.cors_origins
        )

    def refusal(self, headers: Mapping[str, str]) -> str | None:
        """Why a request with ``headers`` is not answered; None where it is."""
        if not self._guarded:
            return None
        host = headers.get("host", "").lower()
        if host and not self._known(host):
            return (
                f"The host {host!r} is not served here; if it should be, put it into "
                "LONGTAKE_PUBLIC_URL."
            )
        origin = headers.get("origin", "").lower()
        if origin and not self._let(origin, host):
            return (
                f"Pages of {origin!r} may not call this server; if they should, list it "
                "in LONGTAKE_CORS_ORIGINS."
            )
        return None

    def shared(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The headers that let a page of a listed origin read the answer."""
        origin = headers.get("origin", "")
        if not origin or not self._is_listed(origin.lower()):
            return {}
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": _SHOWN,
            "Vary": "Origin",
        }

    def preflight(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The answer's headers to a browser that asks whether a page may call."""
        shared = self.shared(headers)
        if not shared:
            return {}
        return shared | {
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Allow-Headers": _TAKEN,
            "Access-Control-Max-Age": str(_PREFLIGHT_S),
        }

    def _known(self, host: str) -> bool:
        name = _hostname(host)
        return name is not None and (name == self._public_host or is_loopback(name))

    def _let(self, origin: str, host: str) -> bool:
        same = origin in {f"http://{host}", f"https://{host}"}
        ours = self._public == origin or self._public.startswith(f"{origin}/")
        return same or ours or self._is_listed(origin)

    def _is_listed(self, origin: str) -> bool:
        return "*" in self._listed or origin in self._listed


def _hostname(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None
