"""What each tier is worth and what it costs: the same labelled documents through fast, cascade and deep in one run."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from rich.console import Console
from rich.table import Table

from classifier import load
from classifier.document import Tier
from training.corpus import Record
from training.evaluate import Evaluation, analyze_records, measure
from training.report import format_interval

# Drawn and told; the other measures stand in the full evaluation of a tier.
MEASURES = (
    "indicator macro AP",
    "indicator macro F1",
    "review AP",
    "span character F1",
    "negated reported as such",
    "hypothetical reported as such",
)
_BAR = 24


@dataclass(frozen=True, slots=True)
class TierResult:
    """One tier on labelled documents.

    Attributes:
        tier: Which.
        evaluation: Its figures.
        seconds: CPU time a document, seconds; comparable within one run only.
        read: Share of the documents that the encoder read, at least in part.
    """

    tier: Tier
    evaluation: Evaluation
    seconds: float
    read: float


def measure_tiers(folder: Path, records: Sequence[Record], *, resamples: int) -> list[TierResult]:
    """Measure every tier of a model.

    Raises:
        ArtifactError: the model was fitted without an encoder, or a folder is refused.
    """
    results = []
    for tier in get_args(Tier):
        analyzer = load(folder, tier=tier)
        started = time.process_time()
        analyses = analyze_records(analyzer, records)
        seconds = (time.process_time() - started) / len(records)
        read = sum(analysis.tier == "deep" for analysis in analyses) / len(records)
        results.append(TierResult(tier, measure(records, analyses, resamples=resamples), seconds, read))
    return results


def print_tiers(results: Sequence[TierResult], title: str, console: Console) -> None:
    """Print the tiers side by side, and quality against cost as bars."""
    table = Table(title=f"Tiers on {title}", title_justify="left")
    table.add_column("measure", no_wrap=True)
    for result in results:
        table.add_column(result.tier, justify="right", no_wrap=True)
    for name in MEASURES:
        table.add_row(name, *(format_interval(result.evaluation.overall[name]) for result in results))
    first = results[0].seconds
    table.add_row("documents that the encoder read", *(f"{result.read:.3f}" for result in results))
    table.add_row("CPU time a document, ms", *(f"{1000 * result.seconds:.1f}" for result in results))
    table.add_row("CPU time, fast = 1", *(f"{result.seconds / first:.1f}" for result in results))
    console.print(table)
    console.print("\nQuality (#, indicator macro AP, 0 to 1) against cost (=, share of deep's CPU time)")
    dearest = max(result.seconds for result in results)
    for result in results:
        quality = round(_BAR * result.evaluation.overall[MEASURES[0]].value)
        cost = max(round(_BAR * result.seconds / dearest), 1)
        console.print(f"  {result.tier:<8}{'#' * quality:<{_BAR}}  {'=' * cost}", highlight=False)


def build_tiers_summary(results: Sequence[TierResult]) -> dict[str, object]:
    """Turn the figures into plain JSON values."""
    return {
        result.tier: {
            **{name: [round(x, 4) for x in _values(result, name)] for name in MEASURES},
            "read": round(result.read, 4),
            "cpu_milliseconds": round(1000 * result.seconds, 2),
        }
        for result in results
    }


def _values(result: TierResult, name: str) -> tuple[float, float, float]:
    interval = result.evaluation.overall[name]
    return interval.value, interval.low, interval.high
