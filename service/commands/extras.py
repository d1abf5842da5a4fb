"""`tellsign train` and `tellsign evaluate`: found by entry point, so that serving never imports training."""

from typing import Annotated

import typer

from service.commands.exits import refusals
from service.commands.ports import ports_of

Rest = Annotated[list[str] | None, typer.Argument(metavar="[ARGS]...")]
# The command behind the entry point reads its own options, --help among them.
PASS_THROUGH = {"ignore_unknown_options": True, "help_option_names": []}


def train(context: typer.Context, arguments: Rest = None) -> None:
    """Train a model from a corpus; see tellsign train --help."""
    with refusals():
        raise typer.Exit(ports_of(context).run_extra("train", arguments or []))


def evaluate(context: typer.Context, arguments: Rest = None) -> None:
    """Measure a model on a labelled corpus; see tellsign evaluate --help."""
    with refusals():
        raise typer.Exit(ports_of(context).run_extra("evaluate", arguments or []))
