"""The command `tellsign benchmark`, found by its entry point."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer
from rich.console import Console

from training.cli import limit_threads, run_command

if TYPE_CHECKING:
    from datasets import Dataset

    from training.benchmarks.card import BenchmarkCard
    from training.benchmarks.outcome import Outcome

_WIDTH = 150


class Run(Protocol):
    """Scores a benchmark from its card and its tables."""

    def __call__(
        self, card: "BenchmarkCard", tables: Mapping[str, "Dataset"], *, resamples: int, say: Callable[[str], None]
    ) -> "Outcome":
        """Give the outcome; the groups are resampled `resamples` times, and `say` is told of each step."""


def benchmark(arguments: Sequence[str]) -> int:
    """Run `tellsign benchmark` with these arguments and give the exit code."""
    return run_command(_benchmark, "tellsign benchmark", arguments)


def _benchmark(
    name: Annotated[str, typer.Argument(help="emscad, aims or rafola.")],
    data: Annotated[
        Path | None,
        typer.Option(exists=True, help="Folder with the files, or the file; by default TELLSIGN_DATA, then the hub."),
    ] = None,
    resamples: Annotated[int, typer.Option(min=1, help="Bootstrap resamples over groups.")] = 1000,
    as_json: Annotated[bool, typer.Option("--json", help="Figures as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
) -> None:
    """Score the estimator on a public benchmark by its paper's rules, beside a baseline and published figures."""
    limit_threads()
    from training.benchmarks.card import load_benchmark_card  # noqa: PLC0415  a missing file is said before libraries load
    from training.benchmarks.tables import load_tables  # noqa: PLC0415

    card = load_benchmark_card(name)
    tables = load_tables(card, data)
    from training.benchmarks.report import print_outcome, summarise  # noqa: PLC0415

    outcome = _find_run(name)(card, tables, resamples=resamples, say=Console(stderr=True, quiet=quiet).print)
    console = Console()
    if as_json:
        print(json.dumps(summarise(outcome)))  # noqa: T201  data to stdout
    else:
        print_outcome(outcome, console if console.is_terminal else Console(width=_WIDTH))


def _find_run(name: str) -> Run:
    from training.benchmarks.aims import run_aims  # noqa: PLC0415
    from training.benchmarks.emscad import run_emscad  # noqa: PLC0415
    from training.benchmarks.rafola import run_rafola  # noqa: PLC0415

    runs: dict[str, Run] = {"emscad": run_emscad, "aims": run_aims, "rafola": run_rafola}
    return runs[name]
