"""How the command line ends: exit codes, and errors as one clear line on standard error."""

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from service.visible import visible_line

DONE = 0
DEAD_LETTERS = 1
USAGE = 2
REFUSED = 3
INTERRUPTED = 130


class UsageProblem(typer.TyperException):
    """The command was called in a way that cannot work; exit code 2."""

    exit_code = USAGE


class Refused(typer.TyperException):
    """An artefact, a file or a configuration is refused; exit code 3."""

    exit_code = REFUSED


def say(message: str) -> None:
    """Write one line for people to standard error; controls inside are written out."""
    typer.echo(f"tellsign: {visible_line(message)}", err=True)


@contextmanager
def refusals() -> Iterator[None]:
    """Turn the errors that the classifier raises on purpose into `Refused`.

    The import waits until a command runs: `classifier` brings spaCy, and `--help` must not pay for it.
    """
    from classifier.errors import TellsignError  # noqa: PLC0415

    try:
        yield
    except TellsignError as error:
        raise Refused(str(error)) from error


@contextmanager
def ending_cleanly() -> Iterator[None]:
    """Let SIGTERM end the block like an exit, so that temporary files are removed; main thread only."""
    before = signal.signal(signal.SIGTERM, _exit_on)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _exit_on(number: int, _: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


class OneLineErrors(TyperGroup):
    """A command group that ends with one line and an exit code where typer would draw a box or a traceback."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command line; the parameters are those of `TyperGroup.main`."""
        try:
            result = super().main(
                args, prog_name, complete_var, standalone_mode=False, windows_expand_args=windows_expand_args, **extra
            )
        except typer.TyperException as error:
            _leave(f"{error.format_message()}{_hint(error)}", error.exit_code)
        except typer.Abort:
            _leave("stopped: the input ended early", INTERRUPTED)
        except OSError as error:
            _leave(f"{error.filename or 'input or output'}: {error.strerror or type(error).__name__}", REFUSED)
        if not standalone_mode:
            return result
        sys.exit(result if isinstance(result, int) else DONE)


def _leave(message: str, code: int) -> NoReturn:
    say(" ".join(message.split()))
    sys.exit(code)


def _hint(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return f" (see '{context.command_path} --help')" if context is not None else ""
