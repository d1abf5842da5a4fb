"""The commands of training: `tellsign train` and `tellsign evaluate`, found by their entry points."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from classifier.artifact import DEFAULT_MODEL
from classifier.document import Tier
from classifier.errors import TellsignError

_REFUSED = 3
RecipeOption = Annotated[str, typer.Option(help="Recipe name, or path of a .toml file.")]
QuietOption = Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")]


def train(arguments: Sequence[str]) -> int:
    """Run `tellsign train` with these arguments and give the exit code."""
    return run_command(_train, "tellsign train", arguments)


def evaluate(arguments: Sequence[str]) -> int:
    """Run `tellsign evaluate` with these arguments and give the exit code."""
    return run_command(_evaluate, "tellsign evaluate", arguments)


def run_command(command: object, name: str, arguments: Sequence[str]) -> int:
    """Run a function with typer annotations as the command `name`, and give the exit code."""
    app = typer.Typer(add_completion=False)
    app.command()(command)  # type: ignore[type-var]  # a plain function; typer wants its own protocol
    try:
        result = typer.main.get_command(app).main(list(arguments), prog_name=name, standalone_mode=False)
    except TellsignError as error:
        print(f"tellsign: {error}", file=sys.stderr)  # noqa: T201  the command's own voice
        return _REFUSED
    except typer.TyperException as error:
        print(f"tellsign: {error.format_message()}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    return int(result or 0)


def _train(
    recipe: RecipeOption = "default",
    output: Annotated[Path | None, typer.Option(help="Folder of the model; by default the packaged one.")] = None,
    cache: Annotated[Path | None, typer.Option(help="Folder that keeps parsed texts between runs.")] = None,
    *,
    card: Annotated[bool, typer.Option(help="Write the model card beside the model.")] = True,
    quiet: QuietOption = False,
) -> None:
    """Train a model from a recipe and write its folder and card, with figures from the held-out test part."""
    limit_threads()
    from training.build import build_model  # noqa: PLC0415  scikit-learn loads when there is something to train
    from training.card_command import card_folder  # noqa: PLC0415
    from training.cost import Meter  # noqa: PLC0415

    say, folder, meter = Console(stderr=True, quiet=quiet), output or DEFAULT_MODEL, Meter()
    digest = build_model(recipe, folder, cache=cache, say=say.print)
    if card:
        say.print("writing the model card")
        card_folder(folder, folder, training=meter.read())
    say.print(f"wrote {folder} sha256 {digest}")


def _evaluate(
    labelled: Annotated[
        Path | None,
        typer.Argument(
            metavar="[CORPUS]",
            help="Labelled JSONL; by default the frozen test part. With --suite: the folder of the suite.",
        ),
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Model folder; by default the packaged one.")] = None,
    *,
    suite: Annotated[
        bool,
        typer.Option("--suite", help="Run the functional suite: pass rates by ability, and identity swaps."),
    ] = False,
    tiers: Annotated[
        bool, typer.Option("--tiers", help="Quality against cost of every tier: fast, cascade, deep.")
    ] = False,
    tier: Annotated[Tier | None, typer.Option(help="Tier to measure; by default what the service would use.")] = None,
    reliability: Annotated[
        Path | None, typer.Option(metavar="OUT.svg", dir_okay=False, help="Draw predicted against observed shares.")
    ] = None,
    resamples: Annotated[int, typer.Option(min=1, help="Bootstrap resamples over groups.")] = 1000,
    as_json: Annotated[bool, typer.Option("--json", help="Figures as JSON.")] = False,
    language: Annotated[str, typer.Option(help="Evaluate the records of this language.")] = "en",
) -> None:
    """Measure a model on labelled documents that it has not seen, or on the functional suite."""
    limit_threads()
    if reliability is not None and (suite or tiers):
        raise typer.BadParameter("--reliability needs labelled documents; it does not go with --suite or --tiers")
    if tiers and (suite or tier is not None):
        raise typer.BadParameter("--tiers measures all tiers on labelled documents; give neither --suite nor --tier")
    if labelled is not None and not suite and not labelled.is_file():
        raise typer.BadParameter(f"no such labelled file: {labelled}")
    from training.evaluate_command import evaluate_labelled, evaluate_suite, evaluate_tiers  # noqa: PLC0415

    folder = model or DEFAULT_MODEL
    if suite:
        evaluate_suite(folder, labelled, tier=tier, as_json=as_json)
    elif tiers:
        evaluate_tiers(folder, labelled, language=language, resamples=resamples, as_json=as_json)
    else:
        evaluate_labelled(
            folder,
            labelled,
            tier=tier,
            language=language,
            resamples=resamples,
            drawing=reliability,
            as_json=as_json,
        )


def limit_threads() -> None:
    """Fix thread counts before numpy loads: sums in another order would change the last digits."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
