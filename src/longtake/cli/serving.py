"""``longtake serve`` and ``longtake worker``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from longtake.cli.books import Data, studio_link
from longtake.cli.console import say

if TYPE_CHECKING:
    from longtake.serve.supervisor import First
    from longtake.settings import Settings


def serve(
    *,
    data: Data = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on.", show_default=False)
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Its port; 0 takes a free one.")
    ] = None,
    worker: Annotated[
        bool, typer.Option(help="Run tasks, too, or leave them to longtake worker.")
    ] = True,
) -> None:
    """Serve the API, and run the tasks that come in."""
    settings = _settings(data=data, host=host, port=port)
    _supervise(settings, with_api=True, n_slots=settings.slots if worker else 0)


def worker(
    *,
    data: Data = None,
    engine: Annotated[
        list[str] | None,
        typer.Option(help="Run tasks for this engine only; may be repeated."),
    ] = None,
    slots: Annotated[
        int | None, typer.Option(min=1, help="Tasks to run at a time.")
    ] = None,
) -> None:
    """Run tasks, for a server on the same data folder or the same database."""
    settings = _settings(data=data, slots=slots)
    n_slots = max(settings.slots, 1)
    _supervise(settings, with_api=False, n_slots=n_slots, engines=engine or [])


def _settings(**given: Any) -> Settings:
    from longtake.settings import Settings

    return Settings(
        **{name: value for name, value in given.items() if value is not None}
    )


def _supervise(settings: Settings, **shape: Any) -> None:
    from longtake import logs
    from longtake.serve.supervisor import Supervisor

    logs.set_up("supervisor")
    Supervisor(settings, **shape).run(_welcome)


# Nothing but a POSIX shell, curl and grep; the last line says where the result plays, or
# what the server said instead.
_PASTE = r"""
  KEY={key} BASE={address}
  call() {{ curl -sS -H "Authorization: Bearer $KEY" "$@"; }}
  task_id() {{ grep -o '[0-9a-f]\{{32\}}' | head -n 1; }}
  CLIP=$(call -F file=@clip.mp4 $BASE/api/v1/clips | task_id)
  NEW=$(call $BASE/api/v1/mj/generateVideoExtend \
    -d '{{"taskId":"'$CLIP'","taskType":"mj_video_extend_auto","index":0}}' | task_id)
  until SEEN=$(call "$BASE/api/v1/mj/record-info?taskId=$NEW" |
    grep -v '"successFlag":0'); do sleep 1; done
  echo "$SEEN" | grep -o '"resultUrl":"[^"]*"' || echo "$SEEN"
"""


def _welcome(address: str, first: First) -> None:
    """What a newcomer needs to know, with lines that can be pasted."""
    say(f"Longtake serves {address} (documents: {address}/docs). Stop it with Ctrl-C.")
    if first.code is not None:
        say(
            f"The studio, by a link that works once, within ten minutes:\n{studio_link(address, first.code)}"
        )
    if first.key is None:
        say("A new key: longtake keys create")
        return
    say("Your first key, an operator's, is shown this once. Paste this into a shell to")
    say("take in a clip (longtake sample clip.mp4 makes one), make it longer, and see")
    say("where the result plays:")
    say(_PASTE.format(key=first.key, address=address))
