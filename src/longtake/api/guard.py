"""What every request passes before an endpoint sees it, and every answer after it."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from longtake.settings import Settings


class Guard:
    """The outermost middleware."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through."""
        await self._app(scope, receive, send)
