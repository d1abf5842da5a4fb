"""What `tellsign evaluate` does once its arguments are read: load, analyse once, measure, print."""

import json
from pathlib import Path

from rich.console import Console

from classifier import load
from classifier.artifact import inspect
from classifier.document import Tier
from training.evaluate import analyze_records, measure
from training.labelled import load_labelled
from training.reliability import draw_reliability, measure_reliability
from training.report import (
    build_reliability_summary,
    build_summary,
    print_evaluation,
    print_reliability,
    print_suite,
)
from training.suite import build_suite_details, run_suite
from training.suite_cases import DEFAULT_SUITE, load_suite
from training.tiers import build_tiers_summary, measure_tiers, print_tiers


def evaluate_labelled(
    folder: Path,
    path: Path | None,
    *,
    tier: Tier | None,
    language: str,
    resamples: int,
    drawing: Path | None,
    as_json: bool,
) -> None:
    """Print the figures of a model on labelled documents.

    Args:
        folder: Of the model.
        path: Labelled file, or None for the frozen test part.
        tier: Of the model, or None for its own choice.
        language: Of the records.
        resamples: Bootstrap resamples over groups.
        drawing: SVG to write with the reliability of the probabilities; its table is printed too.
        as_json: One JSON object instead of tables.

    Raises:
        TellsignError: the model or the records are refused.
    """
    analyzer = load(folder, tier=tier)
    title, records = load_labelled(analyzer.card, path, language=language)
    analyses = analyze_records(analyzer, records)
    evaluation = measure(records, analyses, resamples=resamples)
    tables = measure_reliability(records, analyses) if drawing else []
    if drawing:
        drawing.write_text(draw_reliability(tables, f"Reliability on {title}"), encoding="utf-8")
    if as_json:
        more = {"reliability": build_reliability_summary(tables)} if tables else {}
        print(json.dumps({"data": title, **build_summary(evaluation), **more}))  # noqa: T201  data to stdout
        return
    console = open_console()
    print_evaluation(evaluation, title, console)
    print_reliability(tables, console)


def evaluate_tiers(folder: Path, path: Path | None, *, language: str, resamples: int, as_json: bool) -> None:
    """Print quality against cost of every tier on labelled documents, by default the frozen test part.

    Raises:
        TellsignError: the model has no tier but fast, or the records are refused.
    """
    title, records = load_labelled(inspect(folder), path, language=language)
    results = measure_tiers(folder, records, resamples=resamples)
    if as_json:
        print(json.dumps({"data": title, "tiers": build_tiers_summary(results)}))  # noqa: T201  data to stdout
    else:
        print_tiers(results, title, open_console())


def evaluate_suite(folder: Path, path: Path | None, *, tier: Tier | None, as_json: bool) -> None:
    """Print how a model does on a functional suite, by default the one of the checkout.

    Raises:
        TellsignError: the model or the suite is refused.
    """
    suite = load_suite(path or DEFAULT_SUITE)
    result = run_suite(load(folder, tier=tier), suite)
    if as_json:
        print(json.dumps(build_suite_details(result)))  # noqa: T201  data to stdout
    else:
        print_suite(result, "functional suite", open_console())


def open_console() -> Console:
    """Open a console on standard output; a file gets lines of 120 columns."""
    console = Console()
    return console if console.is_terminal else Console(width=120)
