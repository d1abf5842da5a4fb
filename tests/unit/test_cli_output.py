"""Writing results: whole files or none, in three formats that hold the same."""

import csv
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from classifier.document import Document
from classifier.taxonomy import load_taxonomy
from service.commands.progress import LiveBar, PlainLines, Silence
from service.scoring_files import DeadLetter
from service.scoring_output import ResultFiles, dead_letter_path
from tests.cli_fakes import ASSERTED, HYPOTHETICAL, NEGATED
from tests.fakes import FakeAnalyzer

LETTER = DeadLetter("in.jsonl", 3, "a", "not_json", "not JSON at character 0 of the line", 10)


def analysis(text: str = ASSERTED, *, name: str | None = "a", language: str | None = None) -> bytes:
    return orjson.dumps(FakeAnalyzer().analyze(Document(text, name, language)))


def write(output: Path, *analyses: bytes) -> Path:
    with ResultFiles(output) as files:
        for line in analyses:
            files.write(line)
    return output


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def read_parquet(path: Path) -> list[dict[str, object]]:
    parquet = pytest.importorskip("pyarrow.parquet")
    rows: list[dict[str, object]] = parquet.read_table(path).to_pylist()
    return rows


def test_json_lines_hold_the_analyses_byte_for_byte(tmp_path: Path) -> None:
    lines = [analysis(name="a"), analysis(NEGATED, name="b")]
    assert write(tmp_path / "out.jsonl", *lines).read_bytes() == b"\n".join(lines) + b"\n"


def test_csv_has_a_row_a_document_and_a_column_an_indicator(tmp_path: Path) -> None:
    first, second = read_csv(write(tmp_path / "out.csv", analysis(name="a,\n"), analysis(NEGATED, name=None)))
    assert (first["id"], first["review_flagged"], first["reasons"]) == ("a,\n", "true", "document_retention")
    assert set(load_taxonomy().ids) <= set(first)
    assert float(first["document_retention"]) > 0.5
    assert (second["id"], second["document_retention_state"]) == ("", "negated")
    assert orjson.loads(first["spans"])[0]["indicator"] == "document_retention"
    assert (first["model"], first["tier"]) == (f"fake 0.0.1 {'f' * 64}", "fast")


@pytest.mark.parametrize(
    ("name", "cell"),
    [("=1+1", "'=1+1"), ("@x", "'@x"), ("-x", "'-x"), ("+x", "'+x"), ("-12", "-12"), ("a=b", "a=b"), ("", "")],
)
def test_csv_cell_is_never_a_formula(name: str, cell: str, tmp_path: Path) -> None:
    (row,) = read_csv(write(tmp_path / "out.csv", analysis(name=name)))
    assert row["id"] == cell


def test_abstention_is_an_empty_cell(tmp_path: Path) -> None:
    (row,) = read_csv(write(tmp_path / "out.csv", analysis(language="xx")))
    assert (row["isolation"], row["isolation_state"], row["review_probability"]) == ("", "abstained", "")


def test_parquet_holds_what_csv_holds(tmp_path: Path) -> None:
    lines = [analysis(), analysis(HYPOTHETICAL, name="=b"), analysis(language="xx", name=None)]
    rows = read_parquet(write(tmp_path / "out.parquet", *lines))
    assert [row["id"] for row in rows] == ["a", "=b", None]
    assert list(rows[0]) == list(read_csv(write(tmp_path / "out.csv", *lines))[0])
    assert rows[1]["wage_withholding_state"] == "hypothetical"
    assert rows[2]["isolation"] is None


def test_parquet_is_written_in_groups(tmp_path: Path) -> None:
    line = analysis()
    assert len(read_parquet(write(tmp_path / "out.parquet", *[line] * 1500))) == 1500


def test_no_documents_give_an_empty_file_of_the_format(tmp_path: Path) -> None:
    assert write(tmp_path / "out.jsonl").read_bytes() == b""
    assert read_csv(write(tmp_path / "out.csv")) == []
    assert read_parquet(write(tmp_path / "out.parquet")) == []


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_stopped_run_leaves_the_old_file_and_nothing_else(suffix: str, tmp_path: Path) -> None:
    output = tmp_path / f"out{suffix}"
    output.write_bytes(b"old")

    def stop() -> None:
        with ResultFiles(output) as files:
            files.write(analysis())
            files.bury(LETTER)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert names(tmp_path) == [output.name]
    assert output.read_bytes() == b"old"


def test_nothing_has_its_final_name_before_the_end(tmp_path: Path) -> None:
    with ResultFiles(tmp_path / "out.jsonl") as files:
        files.write(analysis())
        files.bury(LETTER)
        assert all(name.startswith(".") for name in names(tmp_path))
    assert names(tmp_path) == ["out.dead.jsonl", "out.jsonl"]


def test_dead_letter_says_where_and_why(tmp_path: Path) -> None:
    with ResultFiles(tmp_path / "out.csv") as files:
        files.bury(LETTER)
    assert orjson.loads((tmp_path / "out.dead.jsonl").read_bytes()) == {
        "source": "in.jsonl",
        "line": 3,
        "id": "a",
        "code": "not_json",
        "detail": "not JSON at character 0 of the line",
    }


def test_dead_letters_of_an_older_run_do_not_stay(tmp_path: Path) -> None:
    dead_letter_path(tmp_path / "out.jsonl").write_bytes(b"old")
    write(tmp_path / "out.jsonl", analysis())
    assert names(tmp_path) == ["out.jsonl"]


def steps(*moments: float) -> Callable[[], float]:
    """Return a clock that shows these seconds, one a look."""
    return iter(moments).__next__


def test_plain_progress_speaks_every_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    with PlainLines(4000, clock=steps(0, 5, 10, 15, 20)) as progress:
        for _ in range(4):
            progress.advance(1000, 500)
    assert capsys.readouterr().err.splitlines() == [
        "tellsign: 2,000 documents, 200/s, 0:00:30 left",
        "tellsign: 4,000 documents, 200/s, 0:00:20 left",
    ]


def test_plain_progress_of_unknown_size_names_no_end(capsys: pytest.CaptureFixture[str]) -> None:
    with PlainLines(None, clock=steps(0, 10)) as progress:
        progress.advance(50, 500)
    assert capsys.readouterr().err == "tellsign: 50 documents, 5/s\n"


@pytest.mark.parametrize("total", [1000, 0, None])
def test_live_bar_leaves_standard_output_alone(total: int | None, capsys: pytest.CaptureFixture[str]) -> None:
    with LiveBar(total) as progress:
        progress.advance(64, 1000)
    assert capsys.readouterr().out == ""


def test_silence_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Silence() as progress:
        progress.advance(1, 1)
    assert capsys.readouterr() == ("", "")
