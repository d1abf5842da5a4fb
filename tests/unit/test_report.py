"""An evaluation in words and as JSON: every figure with its interval, the weakest first."""

import io
import json

import pytest
from rich.console import Console

from training.evaluate import Evaluation, IndicatorRow
from training.metrics import Interval
from training.report import build_summary, format_interval, print_evaluation

NONE = Interval(float("nan"), float("nan"), float("nan"))
FIGURE = Interval(0.71234, 0.69, 0.7341)
EVALUATION = Evaluation(
    documents=40,
    groups=12,
    abstained=3,
    overall={"review AP": FIGURE, "indicator ECE": Interval(0.02, 0.01, 0.03)},
    indicators=[
        IndicatorRow("isolation", 5, Interval(0.4, 0.1, 0.7), FIGURE, FIGURE),
        IndicatorRow("deception", 0, *[NONE] * 3),
    ],
)


@pytest.mark.parametrize(
    ("interval", "text"),
    [(FIGURE, "0.712 [0.690, 0.734]"), (Interval(1.0, 1.0, 1.0), "1.000 [1.000, 1.000]"), (NONE, "-")],
    ids=["figure", "one", "none"],
)
def test_figure_stands_with_its_interval(interval: Interval, text: str) -> None:
    assert format_interval(interval) == text


def show(width: int) -> list[str]:
    output = io.StringIO()
    print_evaluation(EVALUATION, "notes.jsonl", Console(file=output, width=width))
    return output.getvalue().splitlines()


def test_report_says_what_was_measured() -> None:
    assert show(200)[0].startswith("notes.jsonl: 40 documents in 12 groups, 3 abstained; intervals are 95 percent")


def test_report_keeps_the_order_of_the_rows() -> None:
    lines = show(120)
    weakest = next(n for n, line in enumerate(lines) if "isolation" in line)
    assert "0.400 [0.100, 0.700]" in lines[weakest]
    assert "deception" in lines[weakest + 1]
    assert any("review AP" in line and "0.712 [0.690, 0.734]" in line for line in lines)


def test_summary_is_plain_json_without_nan() -> None:
    summary = json.loads(json.dumps(build_summary(EVALUATION), allow_nan=False))
    assert (summary["documents"], summary["groups"], summary["abstained"]) == (40, 12, 3)
    assert summary["overall"]["review AP"] == [0.7123, 0.69, 0.7341]
    assert summary["indicators"]["deception"] == {
        "positives": 0,
        "average_precision": [None] * 3,
        "f1": [None] * 3,
        "character_f1": [None] * 3,
    }
    assert list(summary["indicators"]) == ["isolation", "deception"]
