"""The command `tellsign compare A B [CORPUS]`, found by its entry point."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from classifier.document import Tier
from training.cli import limit_threads, run_command

ModelArgument = Annotated[Path, typer.Argument(exists=True, file_okay=False, help="A model folder.")]


def compare(arguments: Sequence[str]) -> int:
    """Run `tellsign compare` with these arguments and give the exit code."""
    return run_command(_compare, "tellsign compare", arguments)


def _compare(
    a: ModelArgument,
    b: ModelArgument,
    corpus: Annotated[
        Path | None,
        typer.Argument(
            exists=True,
            dir_okay=False,
            help="Labelled JSONL that is new to both; by default the frozen test part of the corpus of both.",
        ),
    ] = None,
    *,
    tier: Annotated[Tier | None, typer.Option(help="Tier of both; by default what each would use.")] = None,
    show_texts: Annotated[
        bool, typer.Option("--show-texts", help="Show the texts whose flags changed; on a terminal only.")
    ] = False,
    resamples: Annotated[int, typer.Option(min=100, help="Bootstrap resamples over groups.")] = 1000,
    as_json: Annotated[bool, typer.Option("--json", help="Figures as JSON; ids, never texts.")] = False,
    language: Annotated[str, typer.Option(help="Compare on the records of this language.")] = "en",
) -> None:
    """Compare model B with model A on the same labelled documents, and say in a sentence whether it is better."""
    limit_threads()
    if show_texts and (as_json or not sys.stdout.isatty()):
        raise typer.BadParameter("--show-texts needs a terminal: texts about people do not belong in files or pipes")
    from training.compare import compare_analyses  # noqa: PLC0415  numpy and scikit-learn
    from training.compare_report import Setting, build_comparison, print_comparison  # noqa: PLC0415
    from training.compare_run import load_pair, load_shared, run_both, warn_of_training  # noqa: PLC0415
    from training.evaluate_command import open_console  # noqa: PLC0415

    first, second = load_pair(a, b, tier)
    data, records = load_shared(first, second, corpus, language=language)
    runs = run_both(first, second, records)
    found = compare_analyses(records, runs.a, runs.b, resamples=resamples)
    setting = Setting(first.info, second.info, data, warn_of_training(first, second))
    if as_json:
        print(json.dumps(build_comparison(setting, found, runs)))  # noqa: T201  data to stdout
        return
    texts = {record.id: record.text for record in records} if show_texts else None
    print_comparison(setting, found, runs, open_console(), texts=texts)
