"""The command: ``longtake``. One file per group of commands; each imports what it needs."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import Annotated, NoReturn

import typer

from longtake import __version__
from longtake.cli import (
    adopt,
    callbacks,
    clips,
    credits,
    extending,
    keys,
    machine,
    serving,
    switches,
)
from longtake.cli.console import fail
from longtake.errors import Canceled, LongtakeError

EXIT_CODES = (
    "Exit codes: 0 done; 1 a bug in longtake; 2 the request makes no sense; 3 the clip "
    "cannot be read or is not taken; 4 the engine cannot, or failed; 5 the result cannot "
    "be written there; 6 the proof failed; 7 a limited child failed; 8 something is not "
    "installed or set up; 9 the database cannot be reached; 10 there is no such record, "
    "or it is not ready; 11 the credits do not suffice; 12 the key is refused; 13 too "
    "many requests; 14 switched off; 15 an address is refused or cannot be fetched; 16 "
    "the books are broken; 130 interrupted."
)

app = typer.Typer(
    name="longtake",
    help="Makes short video clips longer: the source untouched, the join unseen, every "
    "result proved.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(extending.extend)
app.command()(clips.probe)
app.command()(clips.measure)
app.command()(clips.verify)
app.command()(machine.engines)
app.command()(machine.sample)
app.command()(machine.check)
app.add_typer(keys.account_commands, name="accounts")
app.add_typer(keys.key_commands, name="keys")
app.add_typer(keys.secret_commands, name="secrets")
app.add_typer(credits.credit_commands, name="credits")
app.command()(switches.switch)
app.add_typer(callbacks.commands, name="callbacks")
app.command()(adopt.adopt)
app.command()(serving.serve)
app.command()(serving.worker)


def _version(*, asked: bool) -> None:
    if asked:
        sys.stdout.write(f"longtake {__version__}\n")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=lambda asked: _version(asked=asked),
            is_eager=True,
            help="Print the version and leave.",
        ),
    ] = False,
) -> None:
    """The options before any command."""


def main() -> NoReturn:
    """Run the command line; every ending has an exit code and at most one sentence."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if number := getattr(signal, name, None):
            signal.signal(number, _stop)
    sys.exit(_run(sys.argv[1:]))


def _run(arguments: list[str]) -> int:
    as_json = "--json" in arguments
    try:
        status = app(arguments, prog_name="longtake", standalone_mode=False)
    except LongtakeError as error:
        fail(error.code, str(error), as_json=as_json)
        return error.exit_code
    except typer.TyperException as error:
        if message := error.format_message().rstrip("."):  # none where help was shown
            fail("usage", f"{message}. See longtake --help.", as_json=as_json)
        return error.exit_code
    except BrokenPipeError:  # whoever read our output has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nothing more to flush at exit
        return 1
    except Exception as error:  # noqa: BLE001 - the last line: no trace in a user's face
        fail("bug", _bug(error), as_json=as_json)
        return 1
    return status if isinstance(status, int) else 0


def _bug(error: Exception) -> str:
    """One sentence, with the one place that a developer needs."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = (
        f" at {trace.tb_frame.f_globals['__name__']}:{trace.tb_lineno}" if trace else ""
    )
    return (
        f"This is a bug in longtake {__version__}, please report it: "
        f"{type(error).__name__}{where}: {error}"
    )


def _stop(number: int, _: FrameType | None) -> NoReturn:
    """The first signal ends the work in order; a second cannot interrupt the cleaning up."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if other := getattr(signal, name, None):
            signal.signal(other, signal.SIG_IGN)
    raise Canceled(
        f"Stopped by {signal.Signals(number).name}; nothing was left behind."
    )
