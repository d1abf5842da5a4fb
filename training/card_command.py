"""What `tellsign card` does, found by its entry point."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from classifier.artifact import DEFAULT_MODEL
from training.cli import QuietOption, limit_threads, run_command


def card(arguments: Sequence[str]) -> int:
    """Run `tellsign card` with these arguments and give the exit code."""
    return run_command(_card, "tellsign card", arguments)


def _card(
    model: Annotated[
        Path | None, typer.Argument(exists=True, file_okay=False, help="A model folder; by default the packaged one.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(file_okay=False, help="Folder of the card; by default beside the model's files.")
    ] = None,
    *,
    labelled: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Labelled JSONL; by default the frozen test part."),
    ] = None,
    suite: Annotated[
        Path | None, typer.Option(file_okay=False, help="Folder of the functional suite; by default the checkout's.")
    ] = None,
    quiet: QuietOption = False,
) -> None:
    """Measure a model and write its card: card.json, card.md and card.html."""
    limit_threads()
    from training.card import write_card  # noqa: PLC0415  numpy and scikit-learn
    from training.suite_cases import DEFAULT_SUITE, load_suite  # noqa: PLC0415

    folder = model or DEFAULT_MODEL
    # The suite comes with a checkout alone: without one, a card says nothing of it.
    known = load_suite(suite or DEFAULT_SUITE) if suite or DEFAULT_SUITE.is_dir() else None
    write_card(folder, output or folder, suite=known, labelled=labelled)
    Console(stderr=True, quiet=quiet).print(f"wrote the card to {output or folder}", highlight=False, markup=False)
