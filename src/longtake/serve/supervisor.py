"""What ``longtake serve`` and ``longtake worker`` run: prepare, start, watch, stop."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType

from longtake import clock, keys, ledger, store, tasks
from longtake.errors import NotFound, SetupIncomplete
from longtake.serve.child import Child
from longtake.settings import Settings, is_loopback
from longtake.store import Store

_START_S = 60.0
_LOOK_EVERY_S = 0.2
_API_GRACE_S = 15.0  # a little more than each of them gives itself
_SLOT_UNWIND_S = 15.0
_FIRST_ACCOUNT = "default"

Welcome = Callable[[str, "First"], None]


@dataclass(frozen=True, slots=True)
class First:
    """What opens the server for the first time.

    ``key``: of a first account, where there was none. ``code``: for the studio, an
    operator's, where only this machine can reach the server and has its first account.
    """

    key: str | None = None
    code: str | None = None


class Supervisor:
    """The API, if there is to be one, and a number of slots with ``engines``."""

    def __init__(
        self,
        settings: Settings,
        *,
        with_api: bool,
        n_slots: int,
        engines: Sequence[str] = (),
    ) -> None:
        named = [word for name in engines for word in ("--engine", name)]
        if with_api:
            port = _free_port(settings.host, settings.port)
            settings = settings.model_copy(update={"port": port})
        shared = settings.model_dump(include={"data", "host", "port"})
        self._settings = settings
        self._apis = [Child("longtake.api", changes=shared)] * with_api
        self._slots = [
            Child("longtake.worker", *named, changes=shared) for _ in range(n_slots)
        ]
        self._n_signals = 0

    def run(self, welcome: Welcome) -> None:
        """Run until SIGTERM or SIGINT; a second one kills what has not finished.

        ``welcome`` is told the address of the API once it listens, and what opens it.
        Raises SetupIncomplete and DatabaseUnreachable.
        """
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._note)
        first = _prepare(self._settings, with_api=bool(self._apis))
        try:
            for child in (*self._apis, *self._slots):
                child.start()
            for api in self._apis:
                if not api.works(_START_S):
                    raise SetupIncomplete("The API does not start; it says why above.")
                welcome(self._settings.base_url, first)
            while not self._n_signals:
                time.sleep(_LOOK_EVERY_S)
                for child in (*self._apis, *self._slots):
                    child.look()
            self._stop(self._apis, _API_GRACE_S)
            self._stop(self._slots, self._settings.stop_grace_s + _SLOT_UNWIND_S)
        finally:
            for child in (*self._apis, *self._slots):
                child.kill()

    def _stop(self, children: Sequence[Child], grace_s: float) -> None:
        for child in children:
            child.ask_to_stop()
        until_s = clock.monotonic_s() + grace_s
        while not all(child.gone() for child in children):
            if self._n_signals > 1 or clock.monotonic_s() > until_s:
                return
            time.sleep(_LOOK_EVERY_S)

    def _note(self, _: int, __: FrameType | None) -> None:
        self._n_signals += 1


def _prepare(settings: Settings, *, with_api: bool) -> First:
    """Make the data folder and all tables; ``with_api``: and what opens it.

    Only who shows that may make it.
    """
    store.prepare(settings)
    here = Store(settings)
    try:
        tasks.prepare(here)
        return First(_first_key(here), _code(here)) if with_api else First()
    finally:
        here.close()


def _code(here: Store) -> str | None:
    """A code for whoever reads what this process prints, which is the operator."""
    if not is_loopback(here.settings.host):
        return None
    with here.database.transaction() as connection:
        try:
            owner = keys.account(connection, _FIRST_ACCOUNT)
        except NotFound:
            return None
        return keys.add_code(connection, owner.id, secret=here.secret, admin=True)


def _first_key(here: Store) -> str | None:
    """A key of a first account; None where there is an account already."""
    with here.database.transaction() as connection:
        here.database.alone(connection)
        if keys.accounts(connection):
            return None
        account = keys.open_account(connection, _FIRST_ACCOUNT)
        ledger.grant(connection, account.id, ledger.UNLIMITED, note="unlimited")
        text, _ = keys.create(
            connection, account.id, secret=here.secret, name="first", admin=True
        )
        return text


def _free_port(host: str, port: int) -> int:
    """``port``, or any free one for 0. Raises SetupIncomplete where it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.create_server((host, port), family=family) as found:
            return int(found.getsockname()[1])
    except OSError as error:
        raise SetupIncomplete(
            f"The server cannot listen on {host}:{port}: {error.strerror}. Give another "
            "--port, or --port 0 for a free one."
        ) from error
