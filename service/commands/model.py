"""`tellsign model`: look at a model folder, check it, compare two; none of this loads the model."""

import shutil
from pathlib import Path
from typing import Annotated

import orjson
import typer

from service.commands.exits import REFUSED, UsageProblem, refusals, say
from service.commands.outline import outline
from service.commands.ports import ports_of

app = typer.Typer(help="Look at a model folder, check it, or compare two.", add_completion=False)

Folder = Annotated[Path | None, typer.Argument(metavar="PATH", help="A model folder; the one that ships if not given.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on standard output.")]


@app.command()
def show(context: typer.Context, path: Folder = None, *, as_json: AsJson = False) -> None:
    """Show the manifest of a model: data, metrics, thresholds, hashes."""
    with refusals():
        artifacts = ports_of(context).load_artifacts()
        manifest = artifacts.inspect(_folder(path or artifacts.DEFAULT_MODEL))
    if as_json:
        typer.echo(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
        return
    for line in outline(manifest, width=shutil.get_terminal_size((120, 24)).columns):
        typer.echo(line)


@app.command()
def verify(context: typer.Context, path: Folder = None) -> None:
    """Check every file of a model against its manifest; exit code 3 says that something differs."""
    with refusals():
        artifacts = ports_of(context).load_artifacts()
        folder = _folder(path or artifacts.DEFAULT_MODEL)
        problems = artifacts.verify(folder)
    for problem in problems:
        say(problem)
    if problems:
        raise typer.Exit(REFUSED)
    typer.echo(f"{folder}: every file is as its manifest says")


@app.command()
def compare(
    context: typer.Context,
    first: Annotated[Path, typer.Argument(metavar="A", help="A model folder.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another one.")],
    *,
    tolerance: Annotated[
        float, typer.Option(min=0.0, help="Largest difference of two numbers that is allowed.")
    ] = 1e-6,
) -> None:
    """Compare two models: same indicators, numbers within the tolerance; exit code 3 says that they differ."""
    with refusals():
        found = ports_of(context).load_artifacts().compare(_folder(first), _folder(second))
    largest, differences = found["max_difference"], found["differences"]
    for difference in differences:
        say(difference)
    typer.echo(
        "identical: the same hash" if found["identical"] else f"not the same hash; largest difference {largest:g}"
    )
    # A comparison that is not true, as with NaN, must not pass.
    if differences or not largest <= tolerance:
        raise typer.Exit(REFUSED)


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise UsageProblem(f"no such model folder: {path}")
    return path
