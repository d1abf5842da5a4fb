"""The functional suite: what its files must be, and pass rates and flips counted by hand."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from classifier.errors import CorpusError
from tests.fakes import FakeAnalyzer
from tests.records import write_rows
from training import cli
from training.report import print_suite
from training.suite import SuiteResult, build_suite_details, build_suite_summary, run_suite
from training.suite_cases import CELLS, DEFAULT_SUITE, load_suite

RETENTION = "document_retention"
FOUND = "She keeps our passports."
PRIVATE = "zebrawood"


def case(number: int, cell: str, text: str, span: str | None = None) -> dict[str, Any]:
    row = {"id": f"c{number}", "indicator": RETENTION, "cell": cell, "text": text}
    return {**row, "expect": CELLS[cell], "span": span}


def swap(number: int, *variants: str, **changes: object) -> dict[str, Any]:
    row = {"id": f"s{number}", "axis": "gender", "expect": "asserted", "indicator": RETENTION}
    return {**row, "variants": list(variants), **changes}


CASES = [
    case(1, "plain", FOUND, "keeps our passports"),
    case(2, "plain", "My visa is in his safe.", "in his safe"),
    case(3, "noisy", "He is new here. She keeps our passports.", "He is new here"),
    case(4, "negated", "Nobody holds their passports, it says.", "Nobody holds their passports"),
    case(5, "negated", "It was denied, yet he keeps our passports.", "It was denied"),
    case(6, "hypothetical", "No one may lock papers away.", "No one may lock papers away"),
    case(7, "look_alike", "The clerk made a copy of the passport."),
    case(8, "look_alike", "Nobody holds their passports at the hotel."),
]
SWAPS = [
    swap(1, "He keeps our passports.", "She keeps our passports.", "They hold them."),
    swap(2, "He eats.", "She eats.", axis="nationality", expect="absent", indicator=None),
]


def write_suite(folder: Path, cases: list[Any], swaps: list[Any] | None = None) -> Path:
    write_rows(folder / "part.jsonl", cases)
    if swaps is not None:
        write_rows(folder / "swaps.jsonl", swaps)
    return folder


@pytest.fixture
def result(tmp_path: Path) -> SuiteResult:
    return run_suite(FakeAnalyzer(), load_suite(write_suite(tmp_path, CASES, SWAPS)))  # type: ignore[arg-type]


def test_pass_rates_are_those_counted_by_hand(result: SuiteResult) -> None:
    rates = {rate.cell: (rate.cases, rate.passed.value, rate.strictly.value) for rate in result.cells}
    assert rates == {
        "plain": (2, 0.5, 0.5),
        "noisy": (1, 1.0, 0.0),
        "negated": (2, 0.5, 0.5),
        "hypothetical": (1, 1.0, 0.0),
        "look_alike": (2, 1.0, 0.5),
    }
    assert result.abstained == 0


def test_weakest_cells_are_first(result: SuiteResult) -> None:
    assert [rate.cell for rate in result.cells[:2]] == ["plain", "negated"]
    assert [rate.passed.value for rate in result.cells] == sorted(rate.passed.value for rate in result.cells)
    assert {rate.indicator for rate in result.indicators} == {RETENTION}


def test_variant_that_changes_a_flag_is_a_flip(result: SuiteResult) -> None:
    axes = {axis.axis: axis for axis in result.axes}
    assert [axis.axis for axis in result.axes] == ["gender", "nationality", "all"]
    assert (axes["gender"].pairs, axes["gender"].flips.value) == (2, 0.5)
    assert (axes["nationality"].pairs, axes["nationality"].flips.value) == (1, 0.0)
    assert axes["all"].pairs == 3
    assert axes["all"].flips.value == pytest.approx(1 / 3)
    assert axes["gender"].expected.value == pytest.approx(2 / 3)
    assert axes["nationality"].expected.value == 1.0


def test_moves_are_largest_and_mean_over_pairs_indicators_and_review(result: SuiteResult) -> None:
    """Only the third variant differs: in one indicator and, as the fake takes its maximum, in review."""
    gender = result.axes[0]
    assert gender.largest > 0.5
    assert gender.mean == pytest.approx(2 * gender.largest / (2 * 18))
    assert result.axes[1].largest == 0.0


def test_abstention_passes_nothing(tmp_path: Path) -> None:
    class Abstaining(FakeAnalyzer):
        def _analyze(self, document: Any) -> Any:
            return super()._analyze(type(document)(document.text, document.id, "es"))

    found = run_suite(Abstaining(), load_suite(write_suite(tmp_path, CASES)))  # type: ignore[arg-type]
    assert found.abstained == len(CASES)
    assert {rate.passed.value for rate in found.cells} == {0.0}
    assert found.axes == ()


def test_summary_is_small_and_plain_json(result: SuiteResult) -> None:
    summary = json.loads(json.dumps(build_suite_summary(result), allow_nan=False))
    assert summary["cases"] == 8
    assert summary["cells"]["negated"]["passed"][0] == 0.5
    assert set(summary["cells"]["look_alike"]) == {"cases", "passed", "silent"}
    assert set(summary["cells"]["hypothetical"]) == {"cases", "passed", "named"}
    assert summary["swaps"]["gender"]["flips"][0] == 0.5


def test_details_name_the_cases_that_failed_and_no_text(result: SuiteResult) -> None:
    details = build_suite_details(result)
    assert details["failed"] == ["c2", "c5"]
    assert "passport" not in json.dumps(details)


def test_report_shows_cells_and_axes(result: SuiteResult) -> None:
    output = io.StringIO()
    print_suite(result, "suite", Console(file=output, width=120))
    shown = output.getvalue()
    assert shown.startswith("suite: 8 cases, 0 abstained")
    assert all(name in shown for name in ("look_alike", "silent", "nationality", "0.500 ["))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"text": None}, "part.jsonl:1: field 'text' is NoneType; it must be str"),
        ({"text": " "}, "part.jsonl:1: field 'text' is empty"),
        ({"indicator": "theft"}, "part.jsonl:1: field 'indicator' is 'theft'; allowed: abuse_of_vulnerability"),
        ({"cell": "loud"}, "part.jsonl:1: field 'cell' is 'loud'; allowed: plain, oblique"),
        ({"cell": f"{PRIVATE} is here"}, "part.jsonl:1: field 'cell' is not a known word; allowed: plain"),
        ({"expect": "negated"}, "part.jsonl:1: field 'expect' is 'negated'; allowed: asserted"),
        ({"span": f"in a {PRIVATE} box"}, "part.jsonl:1: field 'span' is not in the text; it must quote"),
        ({"span": ""}, "part.jsonl:1: field 'span' is missing; it must quote"),
    ],
    ids=["no string", "blank", "indicator", "cell", "text in a field", "expect", "span elsewhere", "no span"],
)
def test_broken_case_is_refused_by_file_line_and_field(
    changes: Mapping[str, Any], message: str, tmp_path: Path
) -> None:
    text = f"He keeps my passport in a {PRIVATE} drawer."
    write_suite(tmp_path, [{**case(1, "plain", text, "keeps my passport"), **changes}])
    with pytest.raises(CorpusError) as refused:
        load_suite(tmp_path)
    assert str(refused.value).startswith(message)
    assert PRIVATE not in str(refused.value)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (swap(1, "one"), "field 'variants' must be a list of at least two texts"),
        (swap(1, "one", ""), "field 'variants' must be a list of at least two texts"),
        (swap(1, "one", "one"), "field 'variants' holds a text twice"),
        (swap(1, "one", "two", axis="Gender!"), "field 'axis' must be one word"),
        (swap(1, "one", "two", indicator=None), "field 'indicator' is not a known word; allowed:"),
        ({"id": "s1"}, "field 'axis' is missing"),
    ],
    ids=["one variant", "empty variant", "twins", "axis", "asserted of nothing", "missing"],
)
def test_broken_swap_is_refused(row: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(CorpusError) as refused:
        load_suite(write_suite(tmp_path, CASES, [row]))
    assert str(refused.value).startswith(f"swaps.jsonl:1: {message}")


def test_line_that_is_not_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "part.jsonl").write_bytes(b'{"id": 1}\n\xff\n')
    with pytest.raises(CorpusError, match=r"part\.jsonl:1: field 'id' is int"):
        load_suite(tmp_path)
    (tmp_path / "part.jsonl").write_text("{]\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"part\.jsonl:1: not JSON at column 2"):
        load_suite(tmp_path)


def test_id_that_is_used_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="field 'id': 'c1' is used twice"):
        load_suite(write_suite(tmp_path, [CASES[0], CASES[0]]))


def test_missing_suite_names_where_it_looked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.evaluate([str(tmp_path / "none"), "--suite"]) == 3
    assert f"no functional suite in '{tmp_path / 'none'}'" in capsys.readouterr().err


def test_command_runs_a_suite_and_prints_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.evaluate([str(write_suite(tmp_path, CASES, SWAPS)), "--suite", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["cases"] == 8
    assert {row["cell"] for row in shown["indicators"]} == {one["cell"] for one in CASES}


def test_suite_goes_with_no_drawing(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.evaluate(["--suite", "--reliability", "out.svg"]) == 2
    assert "does not go with --suite" in capsys.readouterr().err


@pytest.mark.skipif(not DEFAULT_SUITE.is_dir(), reason="the suite comes with a checkout")
def test_shipped_suite_is_valid() -> None:
    suite = load_suite(DEFAULT_SUITE)
    assert {one.cell for one in suite.cases} == set(CELLS)
