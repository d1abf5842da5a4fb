"""`tellsign audit`: check the audit log."""

import re
from typing import Annotated

import typer

from service.commands.exits import REFUSED, UsageProblem, refusals, say
from service.commands.store import opened

app = typer.Typer(help="Check the audit log.", add_completion=False)


@app.callback()
def audit() -> None:
    """Check the audit log."""


@app.command()
def verify(
    *,
    expect: Annotated[
        str | None, typer.Option(metavar="N:HASH", help="An entry as an earlier run printed it, kept elsewhere.")
    ] = None,
) -> None:
    """Compute every hash of the log again; exit code 3 says that something was changed or is missing."""
    expected = None if expect is None else _read_entry(expect)
    with refusals(), opened() as (store, _):
        from service.review.audit import verify_audit  # noqa: PLC0415

        with store.read() as tx:
            report = verify_audit(tx, expected=expected)
    for problem in report.problems:
        say(problem)
    if report.problems:
        raise typer.Exit(REFUSED)
    unsealed = f", the first {report.unsealed} of them without a seal" if report.unsealed else ""
    typer.echo(f"{report.entries}:{report.head}")
    say(f"{report.entries} entries are as they were written{unsealed}; keep the line above elsewhere for --expect")


def _read_entry(value: str) -> tuple[int, str]:
    found = re.fullmatch(r"(\d{1,15}):([0-9a-f]{64})", value)
    if found is None:
        raise UsageProblem("--expect is not such an entry; allowed: a number, ':' and 64 hex digits")
    return int(found[1]), found[2]
