"""`tellsign retention`: erase texts that have been kept long enough."""

from typing import Annotated

import typer

from service.commands.exits import UsageProblem, refusals, say
from service.commands.store import opened

app = typer.Typer(help="Erase texts that have been kept long enough.", add_completion=False)


@app.command()
def run(
    *,
    days: Annotated[
        int | None, typer.Option(min=1, max=36_500, help="Age in days; TELLSIGN_RETENTION_DAYS if not given.")
    ] = None,
) -> None:
    """Erase texts older than so many days; decisions and keyed hashes stay."""
    with refusals(), opened() as (store, settings):
        from service.review.retention import run_retention  # noqa: PLC0415

        wanted = settings.retention_days if days is None else days
        if wanted is None:
            raise UsageProblem("no age is set; give --days, or set TELLSIGN_RETENTION_DAYS")
        report = run_retention(store, days=wanted, actor="command-line")
    typer.echo(f"{report.erased} texts erased")
    say(f"texts from before {report.before:%Y-%m-%d %H:%M} UTC are gone; decisions and hashes stay")
