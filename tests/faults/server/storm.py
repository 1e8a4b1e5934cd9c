"""A storm: tasks are asked for without a pause, and whoever works on them is killed."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

import httpx2
import numpy as np

from tests.faults.server import moments
from tests.running import EXTEND, PLAIN, Caller, Server, ask, until

IN_FLIGHT = 6
ANY_TIME = "any time"
KILL_WITHIN_S = 120.0
_LOOK_EVERY_S = 0.02
_ANSWER_S = 0.5  # an API that takes longer is not there yet
_GONE_S = 30.0
_BUSY = frozenset({455, 500})  # codes after which the same request may go through

Due = tuple[str, str]  # whom to kill, and at which moment

# Who is killed when: everybody at every step and at no particular moment, most of them
# while a task is half done. The API is one process and slow to return: it gets fewer.
PLAN = [
    (kind, moment)
    for kind, n_inside, n_any in (("slot", 2, 3), ("engine", 3, 4), ("api", 1, 2))
    for moment in (*moments.OUTSIDE, *moments.INSIDE * n_inside, *(ANY_TIME,) * n_any)
] + [("supervisor", "claimed"), ("supervisor", "settled")]


@dataclass(frozen=True, slots=True)
class Kill:
    """One SIGKILL; ``inside``: its victim, or those it serves, had a task half done."""

    kind: str
    moment: str
    inside: bool


@dataclass(slots=True)
class Storm:
    """Keeps tasks coming from every caller, and kills."""

    server: Server
    callers: dict[Caller, str]  # and what each of them extends
    callback_url: str
    seed: int
    supervisors: dict[tuple[str, ...], subprocess.Popen[bytes]]  # by their commands
    kills: list[Kill] = field(default_factory=list)
    accepted: dict[str, Caller] = field(default_factory=dict)  # by task id
    asked: int = 0
    random: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        """The same seed makes the same plan, if not the same weather."""
        self.random = np.random.default_rng(self.seed)

    def rage(self, count: int) -> None:
        """Kill ``count`` times while tasks keep coming; then let those in flight end."""
        calm = threading.Event()
        planned = self._plan(count)
        with ThreadPoolExecutor() as threads:
            asking = threads.submit(self._ask, calm)
            try:
                while planned and not asking.done():
                    planned.remove(self._kill(planned))
            finally:
                calm.set()
            asking.result()
        self.calm_down()

    def calm_down(self, timeout_s: float = 180) -> None:
        """Wait until every task is settled and every callback delivered."""

        def open_ones() -> list[object]:
            return self.server.rows(
                "SELECT id FROM lt_records WHERE success_flag = 0 UNION "
                "SELECT id FROM lt_deliveries WHERE state = 'owed'"
            )

        until(lambda: not open_ones(), what="peace", timeout_s=timeout_s, every_s=0.2)

    @property
    def share_inside(self) -> float:
        """How many of the kills hit a task between claim and settle, from 0 to 1."""
        return sum(kill.inside for kill in self.kills) / len(self.kills)

    def told(self) -> str:
        """What happened, in a line."""
        kinds = Counter(kill.kind for kill in self.kills)
        flags = Counter(
            flag for (flag,) in self.server.rows("SELECT success_flag FROM lt_records")
        )
        told = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        return (
            f"{len(self.kills)} kills ({told}), {self.share_inside:.0%} between claim "
            f"and settle; {len(self.accepted)} tasks: {flags[1] - len(self.callers)} "
            f"succeeded, {flags[2] + flags[3]} failed"
        )

    def _plan(self, count: int) -> list[Due]:
        """``count`` of the plan, which begins anew where it ends; in no order."""
        rounds = [
            self.random.permutation(len(PLAN)) for _ in range(-(-count // len(PLAN)))
        ]
        return [PLAN[place] for place in np.concatenate(rounds)[:count]]

    def _kill(self, planned: list[Due]) -> Due:
        """The first of ``planned`` whose moment comes while its victim is there."""
        before = moments.seen(self.server)
        at_any = [due for due in planned if due[1] == ANY_TIME]
        if self.random.random() < len(at_any) / len(planned):
            time.sleep(self.random.uniform(0, 0.6))
            if struck := self._first_struck(at_any, None):
                return struck

        def look() -> Due | None:
            nonlocal before
            now = moments.seen(self.server)
            new, before = now - before, now
            for one in new:
                due = [due for due in planned if due[1] == one.moment]
                if struck := self._first_struck(due, one.record):
                    return struck
            return self._first_struck(at_any, None) if at_any == planned else None

        return until(
            look,
            what=lambda: f"one of {planned}: {self.server.said()}",
            timeout_s=KILL_WITHIN_S,
            every_s=_LOOK_EVERY_S,
        )

    def _first_struck(self, due: list[Due], record: str | None) -> Due | None:
        """Strike one of ``due``, if any of their victims lives; which one it was."""
        slot = moments.holder(self.server, record) if due and record else None
        for place in self.random.permutation(len(due)):
            kind, moment = due[place]
            if self._strike(kind, moment, slot):
                return kind, moment
        return None

    def _strike(self, kind: str, moment: str, slot: int | None) -> bool:
        """Kill one of a kind, if there is one that has not ended by itself."""
        victim = self._victim(kind, slot)
        if victim is None:
            return False
        hit = set(moments.claims(self.server).values())
        if kind in {"slot", "engine"}:
            hit &= {victim, moments.parent(victim)}
        with_it = moments.below(self.server, victim)
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            return False
        self.kills.append(Kill(kind, moment, bool(hit)))
        if kind == "supervisor":
            self._restart(victim, with_it)
        return True

    def _victim(self, kind: str, slot: int | None) -> int | None:
        found: Sequence[int] = [
            pid for pid in self.server.of_kind(kind) if self._works(pid, kind)
        ]
        if kind == "slot" and slot in found:
            return slot
        if kind == "engine" and slot:
            its = moments.below(self.server, slot)
            found = [pid for pid in found if pid in its] or found
        return int(self.random.choice(found)) if found else None

    def _works(self, pid: int, kind: str) -> bool:
        """Whether it has come to work: who dies before is given longer pauses."""
        if kind == "api":
            with suppress(httpx2.TransportError):
                url = f"{self.server.address}/healthz"
                return httpx2.get(
                    url, verify=PLAIN, trust_env=False, timeout=_ANSWER_S
                ).is_success
            return False
        known = "SELECT 1 FROM lt_workers WHERE pid = :pid"
        return kind != "slot" or bool(self.server.rows(known, pid=pid))

    def _restart(self, supervisor: int, orphans: set[int]) -> None:
        """What a service manager does; the dead one's children go with it."""
        until(
            lambda: not orphans & set(self.server.processes()),
            what=lambda: f"the end of {orphans & set(self.server.processes())}",
            timeout_s=_GONE_S,
        )
        for command, process in self.supervisors.items():
            if process.pid == supervisor:
                process.wait()
                self.supervisors[command] = self.server.start(*command)

    def _ask(self, calm: threading.Event) -> None:
        """Callers by turns, each with a few tasks open, each asking until it is heard."""
        callers = itertools.cycle(self.callers.items())
        while not calm.wait(0.05):
            rows = self.server.rows("SELECT id FROM lt_records WHERE success_flag = 0")
            if len(rows) < IN_FLIGHT:
                caller, source = next(callers)
                self.asked += 1
                self._submit(caller, source, f"{caller.account_id}-{self.asked}")

    def _submit(self, caller: Caller, source: str, key: str) -> None:
        body = ask(source, callBackUrl=self.callback_url)
        headers = {"Idempotency-Key": key}
        while True:
            try:
                answer = caller.call("POST", EXTEND, json=body, headers=headers).json()
            except (httpx2.TransportError, ValueError):  # nobody, or half an answer
                time.sleep(0.05)
                continue
            if answer["code"] == 200:
                self.accepted[answer["data"]["taskId"]] = caller
                return
            assert answer["code"] in _BUSY, answer
            time.sleep(0.1)
