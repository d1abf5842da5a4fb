"""What `tellsign budget` and `tellsign recalibrate` do once their arguments are read."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from classifier import Analyzer, load
from classifier.artifact import load as load_artifact
from training.band import measure_band
from training.budget import Demand, choose_budget
from training.corpus import read_records
from training.evaluate import analyze_records
from training.evaluate_command import open_console
from training.labelled import load_labelled
from training.recalibrate import describe_sample, recalibrate, save_recalibrated
from training.sample import build_sample
from training.site_report import (
    build_band,
    build_budget,
    build_recalibration,
    print_band,
    print_budget,
    print_recalibration,
)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of which model on which documents.

    Attributes:
        folder: Of the model.
        path: Labelled file, or None for the frozen test part.
        language: Of the records.
        name: `review` or the id of an indicator.
        resamples: Bootstrap resamples over groups.
    """

    folder: Path
    path: Path | None
    language: str
    name: str
    resamples: int


def answer_budget(
    question: Question,
    *,
    demand: tuple[float, float] | None,
    prevalence: float | None,
    band: tuple[float, float] | None,
    as_json: bool,
) -> bool:
    """Print thresholds and bands for a site.

    Args:
        question: What is asked of which model.
        demand: Alerts and documents a day, when a threshold is asked for.
        prevalence: Share of positives; needed with a demand.
        band: Least NPV and PPV, when a band is asked for.
        as_json: One JSON object instead of tables.

    Returns:
        Whether the data support every answer.

    Raises:
        TellsignError: the model, the records or the question are refused.
    """
    analyzer = load(question.folder)
    title, records = load_labelled(analyzer.card, question.path, language=question.language)
    sample = build_sample(records, analyze_records(analyzer, records), question.name)
    said: dict[str, Any] = {"data": title, "question": question.name}
    console, supported = open_console(), True
    if not as_json:
        console.print(f"{escape(title)}: {len(records)} documents")
    if demand is not None and prevalence is not None:
        budget = choose_budget(sample, Demand(*demand, prevalence), resamples=question.resamples)
        said["budget"], supported = build_budget(budget), budget.figures is not None
        if not as_json:
            print_budget(budget, question.name, console)
    if band:
        answer = measure_band(sample, band, prevalence=prevalence, resamples=question.resamples)
        said["band"], supported = build_band(answer), supported and answer.figures is not None
        if not as_json:
            print_band(answer, question.name, console)
    if as_json:
        print(json.dumps(said))  # noqa: T201  data to stdout
    return supported


def write_recalibrated(folder: Path, path: Path, output: Path, *, language: str, as_json: bool, quiet: bool) -> None:
    """Recalibrate a model on a labelled file, write the new folder, and print what changed.

    Args:
        folder: Of the model.
        path: Labelled file.
        output: Folder of the new model.
        language: Of the records.
        as_json: One JSON object instead of tables.
        quiet: Leave out the closing line on standard error.

    Raises:
        TellsignError: the model or the records are refused, or they are too few.
    """
    artifact = load_artifact(folder)
    records = [record for record in read_records(path) if record.lang == language]
    found = recalibrate(artifact, records, analyze_records(Analyzer(artifact), records))
    sample = describe_sample(path, records)
    digest = save_recalibrated(output, artifact, found, sample)
    if as_json:
        content = {"sample": sample, "sha256": digest, "questions": build_recalibration(found)}
        print(json.dumps(content))  # noqa: T201  data to stdout
    else:
        print_recalibration(found, open_console())
    Console(stderr=True, quiet=quiet).print(f"wrote {escape(str(output))} sha256 {digest}")
