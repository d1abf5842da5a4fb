"""The commands of training: `tellsign train` and `tellsign evaluate`, found by their entry points."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from classifier.artifact import DEFAULT_MODEL
from classifier.errors import TellsignError

_REFUSED = 3
RecipeOption = Annotated[str, typer.Option(help="Recipe name, or path of a .toml file.")]
QuietOption = Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")]


def train(arguments: Sequence[str]) -> int:
    """Run `tellsign train` with these arguments and give the exit code."""
    return _run(_train, "tellsign train", arguments)


def evaluate(arguments: Sequence[str]) -> int:
    """Run `tellsign evaluate` with these arguments and give the exit code."""
    return _run(_evaluate, "tellsign evaluate", arguments)


def _run(command: object, name: str, arguments: Sequence[str]) -> int:
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
    quiet: QuietOption = False,
) -> None:
    """Train a model from a recipe and write its folder, with figures from the held-out test part."""
    _limit_threads()
    from training.build import build_model  # noqa: PLC0415  scikit-learn loads when there is something to train

    say = Console(stderr=True, quiet=quiet)
    digest = build_model(recipe, output or DEFAULT_MODEL, cache=cache, say=say.print)
    say.print(f"wrote {output or DEFAULT_MODEL} sha256 {digest}")


def _evaluate(
    corpus: Annotated[
        Path | None,
        typer.Argument(exists=True, dir_okay=False, help="Labelled JSONL; by default the frozen test part."),
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Model folder; by default the packaged one.")] = None,
    resamples: Annotated[int, typer.Option(min=1, help="Bootstrap resamples over groups.")] = 1000,
    as_json: Annotated[bool, typer.Option("--json", help="Figures as JSON.")] = False,
    language: Annotated[str, typer.Option(help="Evaluate the records of this language.")] = "en",
) -> None:
    """Measure a model on labelled documents that it has not seen."""
    _limit_threads()
    from training.build import evaluate_model  # noqa: PLC0415
    from training.report import build_summary, print_evaluation  # noqa: PLC0415

    title, result = evaluate_model(model or DEFAULT_MODEL, corpus, language=language, resamples=resamples)
    console = Console()
    if as_json:
        print(json.dumps({"data": title, **build_summary(result)}))  # noqa: T201  data to stdout
    else:
        print_evaluation(result, title, console if console.is_terminal else Console(width=120))


def _limit_threads() -> None:
    """Fix thread counts before numpy loads: sums in another order would change the last digits."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
