"""`tellsign audit-sample`: what a labelled sample of unflagged documents says of what was missed."""

from pathlib import Path
from typing import Annotated

import orjson
import typer

from service.commands.exits import UsageProblem, refusals, say

app = typer.Typer(help="Count a labelled sample of unflagged documents.", add_completion=False)


@app.callback()
def audit_sample() -> None:
    """Count a labelled sample of unflagged documents."""


@app.command()
def estimate(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="The .csv or .jsonl file of `tellsign score --sample-audit`, labelled."),
    ],
    *,
    confidence: Annotated[
        float, typer.Option(min=0.5, max=0.999999, metavar="SHARE", help="How sure the bound has to be.")
    ] = 0.95,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Say how many unflagged documents should have been flagged, at most.

    Every row needs the label yes (it should have been flagged) or no.
    """
    from service.batch import audit_sample  # noqa: PLC0415 - `--help` must not pay for it

    if not file.is_file():
        raise UsageProblem(f"no such file: {file}")
    with refusals():
        labels, population = audit_sample.read_labels(file)
    try:
        found = audit_sample.estimate(labels, population, confidence=confidence)
    except ValueError as error:
        raise UsageProblem(f"{file}: {error}") from error
    if as_json:
        fields = ("sample", "missed", "population", "confidence", "rate", "upper", "missed_at_most")
        typer.echo(orjson.dumps({name: getattr(found, name) for name in fields}))
        return
    typer.echo(
        f"{found.missed:,} of {found.sample:,} documents read should have been flagged ({found.rate:.2%}).\n"
        f"With {found.confidence:.0%} confidence less than {found.upper:.2%} of the {found.population:,} unflagged "
        f"documents should have been: at most {found.missed_at_most:,}."
    )
    if not found.missed:
        say("none missed in the sample does not mean none missed: the bound says how many there may be")
