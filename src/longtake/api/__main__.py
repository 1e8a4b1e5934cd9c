"""The API process: ``python -P -m longtake.api``, started and watched by the supervisor.

Its first line on stdout is one JSON object, ``{"port": 8420}``: where it listens.
"""

from __future__ import annotations

import json
import socket
import sys

import uvicorn

from longtake import logs, settings
from longtake.api.app import application
from longtake.api.protocol import HEAD_BYTES, Protocol
from longtake.errors import LongtakeError, SetupIncomplete
from longtake.settings import Settings
from longtake.store import Store
from longtake.tasks import Tasks

_BACKLOG = 512


def main() -> int:
    """Serve until SIGTERM; then finish the requests that have begun."""
    logs.set_up("api")
    try:
        _serve(settings.load())
    except LongtakeError as error:
        logs.get(__name__).error("cannot serve", reason=str(error), code=error.code)
        return error.exit_code
    return 0


def _serve(asked: Settings) -> None:
    listener = _listen(asked.host, asked.port)
    port: int = listener.getsockname()[1]
    store = Store(asked.model_copy(update={"port": port}))
    try:
        app = application(store, Tasks(store))
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=Protocol,
                h11_max_incomplete_event_size=HEAD_BYTES,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=10,
            )
        )
        app.state.stopping = lambda: server.should_exit
        sys.stdout.write(json.dumps({"port": port}) + "\n")
        sys.stdout.flush()
        server.run(sockets=[listener])
    finally:
        store.close()
        listener.close()


def _listen(host: str, port: int) -> socket.socket:
    """A socket that accepts from now on, so that the port is known and nobody waits."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise SetupIncomplete(
            f"The server cannot listen on {host}:{port}: {error.strerror}. "
            "LONGTAKE_HOST and LONGTAKE_PORT name another place."
        ) from error
    listener.setblocking(False)
    return listener


if __name__ == "__main__":
    raise SystemExit(main())
