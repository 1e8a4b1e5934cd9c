"""uvicorn's HTTP/1.1, with two things it leaves out: a deadline for the head of a
request, and an envelope for what is no HTTP at all.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from longtake.api import envelope

HEAD_BYTES = 32 << 10
_HEAD_S = 20.0  # for a whole head; meanwhile also the rest of an unread body may pass


class Protocol(H11Protocol):
    """One connection. While no request is being answered, a clock ticks."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Stop waiting once a head is whole."""
        super().handle_events()
        if self._answering:
            self._stop_waiting()

    def on_response_complete(self) -> None:
        """Wait for the next head."""
        super().on_response_complete()
        if not self._answering:
            self._wait()

    def send_400_response(self, msg: str) -> None:
        """Say in an envelope that this is no HTTP, or too long a head, and hang up."""
        body = envelope.to_json(
            {"code": envelope.BAD_REQUEST, "msg": msg, "data": None}
        )
        headers = [
            ("content-type", envelope.Envelope.media_type),
            ("content-length", str(len(body))),
            ("connection", "close"),
        ]
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            answer = h11.Response(
                status_code=400, headers=headers, reason=b"Bad Request"
            )
            for event in (answer, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    @property
    def _answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _wait(self) -> None:
        self._stop_waiting()
        self._deadline = self.loop.call_later(_HEAD_S, self._give_up)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.abort()
