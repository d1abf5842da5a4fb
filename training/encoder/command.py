"""The command `tellsign train-encoder`, found by its entry point."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from classifier.encoder import DEFAULT_ENCODER, MANIFEST, NETWORK, inspect
from training.cli import QuietOption, limit_threads, run_command
from training.encoder.base import check_libraries
from training.encoder.recipe import load_encoder_recipe

_DEVIATES = 1


def train_encoder(arguments: Sequence[str]) -> int:
    """Run `tellsign train-encoder` with these arguments and give the exit code."""
    return run_command(_train_encoder, "tellsign train-encoder", arguments)


def _train_encoder(
    recipe: Annotated[str, typer.Option(help="Encoder recipe: a name, or the path of a .toml file.")] = "minilm",
    output: Annotated[Path | None, typer.Option(help="Folder of the encoder; by default the packaged one.")] = None,
    base: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="Folder of the base weights; by default the package's."),
    ] = None,
    *,
    tolerance: Annotated[
        float | None,
        typer.Option(min=0.0, max=1.0, help="Fail if a figure is further than this from the packaged encoder's."),
    ] = None,
    quiet: QuietOption = False,
) -> int:
    """Fine-tune the sentence encoder from a recipe and write its folder, with figures of unseen documents."""
    limit_threads()
    chosen = load_encoder_recipe(recipe)
    check_libraries()
    # Read first: with the default output, the new encoder takes its place.
    shipped = inspect(DEFAULT_ENCODER) if tolerance is not None else {}
    from training.encoder.build import build_encoder  # noqa: PLC0415  torch is there only with the extra
    from training.encoder.measure import find_deviations  # noqa: PLC0415

    say = Console(stderr=True, quiet=quiet).print
    folder = output or DEFAULT_ENCODER
    manifest = build_encoder(Path(recipe).stem, chosen, folder, base=base, say=say)
    say(f"wrote {folder}; {NETWORK} sha256 {manifest['files'][NETWORK]}; figures in {MANIFEST}")
    deviations = find_deviations(manifest, shipped, tolerance, say) if tolerance is not None else []
    for deviation in deviations:
        say(f"differs from the packaged encoder: {deviation}")
    return _DEVIATES if deviations else 0
