"""`tellsign serve`: the HTTP service and the analyst page."""

from pathlib import Path
from typing import Annotated

import typer

from service.commands.exits import refusals
from service.commands.ports import Tier, ports_of


def serve(
    context: typer.Context,
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on; TELLSIGN_HOST, else 127.0.0.1.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="TCP port, 0 for a free one; TELLSIGN_PORT, else 8000.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Artefact folder instead of the model that ships.")
    ] = None,
    tier: Annotated[
        Tier | None, typer.Option(help="As in tellsign score; TELLSIGN_TIER, else what suits the model.")
    ] = None,
) -> None:
    """Serve the analyst page and the HTTP API; other settings come from TELLSIGN_* variables."""
    with refusals():
        ports_of(context).serve(host=host, port=port, model=model, tier=tier)
