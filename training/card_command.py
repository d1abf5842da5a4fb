"""What `tellsign card` does, found by its entry point."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from classifier.artifact import DEFAULT_MODEL
from training.cli import QuietOption, limit_threads, run_command

if TYPE_CHECKING:
    from training.cost import Cost


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
    folder = model or DEFAULT_MODEL
    card_folder(folder, output or folder, suite=suite, labelled=labelled)
    Console(stderr=True, quiet=quiet).print(f"wrote the card to {output or folder}", highlight=False, markup=False)


def card_folder(
    folder: Path,
    output: Path,
    *,
    suite: Path | None = None,
    labelled: Path | None = None,
    training: "Cost | None" = None,
) -> None:
    """Write the card of a model folder, with the suite where there is one in its language; see `write_card`."""
    from classifier.artifact import inspect  # noqa: PLC0415
    from training.card import write_card  # noqa: PLC0415  numpy and scikit-learn
    from training.suite_cases import DEFAULT_SUITE, load_suite  # noqa: PLC0415

    # The checkout's suite comes with a checkout alone, and is English: without one, a card says nothing of it.
    ours = DEFAULT_SUITE.is_dir() and inspect(folder)["language"] == "en"
    known = load_suite(suite or DEFAULT_SUITE) if suite or ours else None
    write_card(folder, output, suite=known, labelled=labelled, training=training)
