"""The command `tellsign promote`, found by its entry point."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from classifier.artifact import DEFAULT_MODEL
from training.cli import QuietOption, limit_threads, run_command

if TYPE_CHECKING:
    from training.promote import Decision

_REFUSED = 3


def promote(arguments: Sequence[str]) -> int:
    """Run `tellsign promote` with these arguments and give the exit code."""
    return run_command(_promote, "tellsign promote", arguments)


def _promote(
    candidate: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of the new model.")],
    over: Annotated[
        Path | None,
        typer.Option(metavar="CURRENT", file_okay=False, help="Model in service; by default the packaged one."),
    ] = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Promote although a gate is failed.")] = False,
    reason: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Why; goes into the manifest. Needed with --force.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Tell the gates and change nothing.")] = False,
    suite: Annotated[
        Path | None, typer.Option(file_okay=False, help="Folder of the functional suite; by default the checkout's.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Gates as JSON.")] = False,
    quiet: QuietOption = False,
) -> None:
    """Put a model in the place of the current one, unless it is worse on the functional suite or for some people.

    It is refused when an ability of the suite got worse, when more answers change with who is spoken of, or when more
    texts of advocacy, sex work or migrants' ordinary life are flagged. The exit code is then 3.
    """
    limit_threads()
    if force != (reason is not None):
        raise typer.BadParameter("--force and --reason go together: the reason goes into the manifest")
    place = over or DEFAULT_MODEL
    if candidate.resolve() == place.resolve():
        raise typer.BadParameter("the candidate is the current model; give another folder")
    from training.promote import check_reason, decide, promote  # noqa: PLC0415  numpy and scikit-learn
    from training.suite_cases import DEFAULT_SUITE, load_suite  # noqa: PLC0415

    given = None if reason is None else check_reason(reason)
    decision = decide(candidate, place, load_suite(suite or DEFAULT_SUITE))
    _tell(decision, as_json=as_json)
    if check or (decision.refusals and given is None):
        for refusal in decision.refusals:
            print(f"tellsign: not promoted: {refusal}", file=sys.stderr)  # noqa: T201  the command's own voice
        raise typer.Exit(_REFUSED if decision.refusals else 0)
    digest = promote(candidate, place, decision, reason=given)
    Console(stderr=True, quiet=quiet).print(f"promoted to {place} sha256 {digest}", highlight=False, markup=False)


def _tell(decision: "Decision", *, as_json: bool) -> None:
    from training.evaluate_command import open_console  # noqa: PLC0415
    from training.promote import build_gates  # noqa: PLC0415

    if as_json:
        content = {"gates": build_gates(decision.gates), "refusals": decision.refusals}
        print(json.dumps(content))  # noqa: T201  data to stdout
        return
    table = Table("gate", title="Gates: failures of the candidate and of the current model", title_justify="left")
    for heading in ("cases", "candidate", "current", ""):
        table.add_column(heading, justify="right")
    for gate in decision.gates:
        before = "-" if gate.current is None else f"{gate.current:,}"
        table.add_row(
            gate.name, f"{gate.cases:,}", f"{gate.candidate:,}", before, "refused" if gate.refusal else "passed"
        )
    open_console().print(table)
