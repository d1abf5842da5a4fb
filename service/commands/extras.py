"""The commands that training brings, found by entry point, so that serving never imports training."""

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
    """Measure a model on a labelled corpus, or on the functional suite; see tellsign evaluate --help."""
    with refusals():
        raise typer.Exit(ports_of(context).run_extra("evaluate", arguments or []))


def budget(context: typer.Context, arguments: Rest = None) -> None:
    """Find the threshold for what people can open a day; see tellsign budget --help."""
    with refusals():
        raise typer.Exit(ports_of(context).run_extra("budget", arguments or []))


def recalibrate(context: typer.Context, arguments: Rest = None) -> None:
    """Fit probabilities and thresholds to your own labelled texts; see tellsign recalibrate --help."""
    with refusals():
        raise typer.Exit(ports_of(context).run_extra("recalibrate", arguments or []))


def benchmark(context: typer.Context, arguments: Rest = None) -> None:
    """Measure the estimator on public data sets by their papers' rules; see tellsign benchmark --help."""
    with refusals():
        raise typer.Exit(ports_of(context).run_extra("benchmark", arguments or []))


def train_encoder(context: typer.Context, arguments: Rest = None) -> None:
    """Fine-tune the sentence encoder; needs the extra train-encoder; see tellsign train-encoder --help."""
    with refusals():
        raise typer.Exit(ports_of(context).run_extra("train-encoder", arguments or []))


def corpus(context: typer.Context, arguments: Rest = None) -> None:
    """List, count or check labelled corpora; see tellsign corpus --help."""
    with refusals():
        raise typer.Exit(ports_of(context).run_extra("corpus", arguments or []))


def compare(context: typer.Context, arguments: Rest = None) -> None:
    """Compare two models on the same labelled texts; see tellsign compare --help."""
    with refusals():
        raise typer.Exit(ports_of(context).run_extra("compare", arguments or []))


def promote(context: typer.Context, arguments: Rest = None) -> None:
    """Put a model in place of another unless it is worse where it must not be; see tellsign promote --help."""
    with refusals():
        raise typer.Exit(ports_of(context).run_extra("promote", arguments or []))


def card(context: typer.Context, arguments: Rest = None) -> None:
    """Write the model card and the data sheet of a model; see tellsign card --help."""
    with refusals():
        raise typer.Exit(ports_of(context).run_extra("card", arguments or []))
