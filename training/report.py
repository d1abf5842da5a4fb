"""Evaluations as text for people: weakest cells first, every figure with its interval."""

import math

from rich.console import Console
from rich.table import Table

from training.evaluate import Evaluation
from training.metrics import Interval


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
