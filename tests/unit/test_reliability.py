"""Reliability: shares counted by hand, and a drawing that stands alone."""

import io
import xml.etree.ElementTree as ET  # the drawing is our own
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from tests.fakes import FakeAnalyzer
from tests.records import make_record, make_row, write_rows
from training import cli
from training.evaluate import analyze_records
from training.metrics import wilson_interval
from training.reliability import build_reliability, draw_reliability, measure_reliability
from training.report import build_reliability_summary, print_reliability

TRUTH = np.array([False, True, True, True, False])
PROBABILITY = np.array([0.05, 0.15, 0.15, 1.0, np.nan])
TABLE = build_reliability("review & more", TRUTH, PROBABILITY)


def test_wilson_interval_is_the_published_one() -> None:
    """Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662, 0 of 20 gives 0 to 0.1611, 1 of 29 0.0061 to 0.1718."""
    for hits, cases, low, high in [(81, 263, 0.2553, 0.3662), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]:
        found = wilson_interval(hits, cases)
        assert [found.low, found.high] == pytest.approx([low, high], abs=5e-5)
    assert np.isnan(wilson_interval(0, 0).value)


@given(st.integers(0, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval_holds_the_share(counts: tuple[int, int]) -> None:
    hits, cases = counts
    found = wilson_interval(hits, cases)
    if cases:
        assert 0.0 <= found.low <= found.value + 1e-12
        assert found.value - 1e-12 <= found.high <= 1.0


def test_bins_are_those_counted_by_hand() -> None:
    counts = [one.count for one in TABLE.bins]
    assert counts == [1, 2, 0, 0, 0, 0, 0, 0, 0, 1]
    assert TABLE.bins[1].predicted == pytest.approx(0.15)
    assert TABLE.bins[1].observed.value == 1.0
    assert TABLE.error == pytest.approx((0.05 + 2 * 0.85 + 0.0) / 4)


def test_abstentions_alone_give_no_figure() -> None:
    table = build_reliability("review", np.array([True]), np.array([np.nan]))
    assert np.isnan(table.error)
    assert build_reliability_summary([table])["review"] == {"error": None, "bins": []}
    assert "<circle" not in draw_reliability([table], "nothing")


def test_drawing_is_one_labelled_svg_that_asks_nobody() -> None:
    drawn = draw_reliability([TABLE, TABLE], "On <notes>")
    root = ET.fromstring(drawn)  # noqa: S314  our own text
    name = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{name}svg"
    assert root.find(f"{name}title").text == "On <notes>"  # type: ignore[union-attr]
    assert len(root.findall(f"{name}circle")) == 2 * 3
    assert "review & more: 4 answers" in "".join(root.itertext())
    assert "href" not in drawn
    assert "url(" not in drawn
    assert "nan" not in drawn.replace("description", "")


def test_table_shows_bins_with_their_intervals() -> None:
    output = io.StringIO()
    print_reliability([TABLE], Console(file=output, width=120))
    assert "0.1 to 0.2" in output.getvalue()
    assert "1.000 [0.342, 1.000]" in output.getvalue()
    assert "0.2 to 0.3" not in output.getvalue()


def test_review_stands_alone_and_indicators_together() -> None:
    records = [make_record(1, "She keeps our passports.", needs_review=True), make_record(2, "We eat.")]
    analyses = analyze_records(FakeAnalyzer(), records)  # type: ignore[arg-type]
    review, indicators = measure_reliability(records, analyses)
    assert sum(one.count for one in review.bins) == 2
    assert sum(one.count for one in indicators.bins) == 2 * 17


def test_command_writes_the_drawing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, drawing = write_rows(tmp_path / "notes.jsonl", [make_row()]), tmp_path / "out.svg"
    assert cli.evaluate([str(path), "--reliability", str(drawing), "--resamples", "5"]) == 0
    assert "Reliability of review" in capsys.readouterr().out
    assert drawing.read_text(encoding="utf-8").startswith("<svg ")
