"""Evaluations as text for people: weakest cells first, every figure with its interval."""

import math
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from training.evaluate import Evaluation
from training.metrics import Interval
from training.reliability import Reliability
from training.suite import STRICTER, SuiteResult
from training.suite_cases import CELLS


def format_interval(interval: Interval) -> str:
    """Write a figure as `0.712 [0.690, 0.734]`, or a dash where there is none."""
    if math.isnan(interval.value):
        return "-"
    return f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def print_evaluation(evaluation: Evaluation, title: str, console: Console) -> None:
    """Print an evaluation: the indicators from the weakest, then the measures over all."""
    console.print(
        f"{title}: {evaluation.documents} documents in {evaluation.groups} groups, {evaluation.abstained} abstained; "
        "intervals are 95 percent, bootstrap over groups"
    )
    table = Table(title="Indicators, weakest first", title_justify="left")
    for heading in ("indicator", "positives", "AP", "F1", "span character F1"):
        table.add_column(heading, justify="left" if heading == "indicator" else "right", no_wrap=True)
    for row in evaluation.indicators:
        figures = (row.average_precision, row.f1, row.character_f1)
        table.add_row(row.id, str(row.positives), *map(format_interval, figures))
    console.print(table)
    overall = Table(title="Over all", title_justify="left")
    overall.add_column("measure", no_wrap=True)
    overall.add_column("value", justify="right", no_wrap=True)
    for name, interval in evaluation.overall.items():
        overall.add_row(name, format_interval(interval))
    console.print(overall)


def build_summary(evaluation: Evaluation) -> dict[str, object]:
    """Turn an evaluation into plain JSON values; what is not a number becomes null."""

    def plain(interval: Interval) -> list[float | None]:
        values = (interval.value, interval.low, interval.high)
        return [None if math.isnan(value) else round(value, 4) for value in values]

    return {
        "documents": evaluation.documents,
        "groups": evaluation.groups,
        "abstained": evaluation.abstained,
        "interval": "value, low, high: 95 percent, bootstrap over groups",
        "overall": {name: plain(interval) for name, interval in evaluation.overall.items()},
        "indicators": {
            row.id: {
                "positives": row.positives,
                "average_precision": plain(row.average_precision),
                "f1": plain(row.f1),
                "character_f1": plain(row.character_f1),
            }
            for row in evaluation.indicators
        },
    }


def print_suite(result: SuiteResult, title: str, console: Console) -> None:
    """Print pass rates and identity swaps: weak cells first, then indicators by cell that failed at all."""
    console.print(f"{title}: {len(result.results)} cases, {result.abstained} abstained; 95 percent Wilson intervals")
    overall = _table("Cells, weakest first", "cell", "cases", "passed", "stricter", "")
    for rate in result.cells:
        figures = (format_interval(rate.passed), format_interval(rate.strictly), STRICTER[CELLS[rate.cell]])
        overall.add_row(rate.cell, str(rate.cases), *figures)
    console.print(overall)
    console.print(
        "stricter: asserted cases with evidence on the right words are shown, denied and supposed ones are named as "
        "such, look-alikes are met with silence",
        style="dim",
    )
    weak = _table("Indicators by cell, those that failed any, weakest first", "indicator", "cell", "cases", "passed")
    for rate in result.indicators:
        if rate.passed.value < 1.0:
            weak.add_row(rate.indicator, rate.cell, str(rate.cases), f"{rate.passed.value:.2f}")
    console.print(weak)
    if result.axes:
        console.print(_swap_table(result))


def _swap_table(result: SuiteResult) -> Table:
    headings = ("axis", "pairs", "flips", "largest move", "mean move", "as expected")
    table = _table("Identity swaps: nothing may change", *headings)
    for axis in result.axes:
        moves = (f"{axis.largest:.3f}", f"{axis.mean:.4f}")
        row = (str(axis.pairs), format_interval(axis.flips), *moves, format_interval(axis.expected))
        table.add_row(axis.axis, *row)
    return table


def _table(title: str, first: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(first, no_wrap=True)
    for heading in headings:
        table.add_column(heading, justify="left" if heading in {"cell", ""} else "right", no_wrap=True)
    return table


def print_reliability(tables: Sequence[Reliability], console: Console) -> None:
    """Print reliability tables: what share of the answers of each bin is true."""
    for one in tables:
        title = f"Reliability of {one.title}, calibration error {one.error:.3f}"
        table = _table(title, "probability", "answers", "mean", "observed share")
        for row in (row for row in one.bins if row.count):
            edges = f"{row.low:.1f} to {row.high:.1f}"
            table.add_row(edges, f"{row.count:,}", f"{row.predicted:.3f}", format_interval(row.observed))
        console.print(table)


def build_reliability_summary(tables: Sequence[Reliability]) -> dict[str, object]:
    """Turn reliability tables into plain JSON values, by title; empty bins are left out."""
    return {
        one.title: {
            "error": None if math.isnan(one.error) else round(one.error, 4),
            "bins": [
                {
                    "low": row.low,
                    "high": row.high,
                    "answers": row.count,
                    "predicted": round(row.predicted, 4),
                    "observed": [round(v, 4) for v in (row.observed.value, row.observed.low, row.observed.high)],
                }
                for row in one.bins
                if row.count
            ],
        }
        for one in tables
    }
