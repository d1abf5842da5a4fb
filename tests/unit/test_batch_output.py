"""Writing results in three formats that hold the same."""

import csv
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from pyarrow import parquet

from classifier.document import Document
from classifier.taxonomy import load_taxonomy
from service.batch.output import WRITERS
from tests.cli_fakes import ASSERTED, HYPOTHETICAL, NEGATED
from tests.fakes import FakeAnalyzer

Read = Callable[[Path], list[dict[str, object]]]


def analysis(text: str = ASSERTED, *, name: str | None = "a", language: str | None = None, **more: object) -> bytes:
    return orjson.dumps(orjson.loads(orjson.dumps(FakeAnalyzer().analyze(Document(text, name, language)))) | more)


def write(output: Path, *analyses: bytes) -> Path:
    with output.open("wb") as stream:
        writer = WRITERS[output.suffix](stream)
        for line in analyses:
            writer.write(line)
        writer.finish()
    return output


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def read_parquet(path: Path) -> list[dict[str, object]]:
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


@pytest.mark.parametrize("read", [read_csv, read_parquet], ids=["csv", "parquet"])
def test_repeated_document_says_which_it_repeats(
    read: Callable[[Path], list[dict[str, object]]], tmp_path: Path
) -> None:
    lines = [analysis(), analysis(name="b", duplicate_of={"id": "a", "similarity": 0.9}, metadata={"site": 3})]
    output = write(tmp_path / f"out.{read.__name__.removeprefix('read_')}", *lines)
    first, second = read(output)
    assert not first["duplicate_of"]
    assert (second["duplicate_of"], float(str(second["similarity"])), second["metadata"]) == ("a", 0.9, '{"site":3}')
