"""Tables of every library in, tables of the same library out: nothing lost, nothing mixed up."""

import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import datasets
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from classifier import Analyzer, TableError, analyze_frame, analyze_rows, columns_of
from classifier.document import Analysis, Document
from classifier.errors import DocumentError
from classifier.rows import Shape
from classifier.taxonomy import load_taxonomy
from tests.analyses import DENIAL, DISCLOSURE, OFFER, RECIPE, SPANISH
from tests.fakes import FakeAnalyzer

ROOT = Path(__file__).parents[2]
IDS = load_taxonomy().ids
KEEPS = "He keeps our passports in his safe."
NOTES = [KEEPS, None, "   ", RECIPE, "Nobody holds their passports, and nobody is locked in."]
ERRORS = [None, "not_text", "empty_text", None, None]
COLUMNS: dict[str, list[Any]] = {
    "note": NOTES,
    "name": ["a", "b", "c", "d", "e"],
    "lang": ["en", "en", None, None, "tl"],
}
BUILDERS: dict[str, Callable[[dict[str, list[Any]]], Any]] = {
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "datasets": datasets.Dataset.from_dict,
    "pyarrow": pa.table,
}
SHAPES: tuple[Shape, ...] = ("wide", "long", "spans")
each_library = pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
each_shape = pytest.mark.parametrize("shape", SHAPES)


class TextAnalyzer(FakeAnalyzer):
    """A stand-in that reads nothing ahead, and says of what is no text what it is."""

    def analyze_many(self, documents: Iterable[Document]) -> Iterator[Analysis | DocumentError]:
        for document in documents:
            text: object = document.text
            if isinstance(text, str):
                yield self._analyze(document)
            else:
                yield DocumentError("not_text", f"the text is a {type(text).__name__}; it must be a string")


def plain(table: Any) -> list[dict[str, Any]]:
    """The rows of a table of any library, with None where nothing is."""
    if isinstance(table, pd.DataFrame):
        table = pa.Table.from_pandas(table, preserve_index=False)
    if isinstance(table, pl.DataFrame):
        return table.to_dicts()
    rows: list[dict[str, Any]] = table.to_pylist() if isinstance(table, pa.Table) else table.to_list()
    return rows


@each_library
@each_shape
def test_table_comes_back_as_its_kind_and_says_the_same(build: Callable[..., Any], shape: Shape) -> None:
    table = analyze_frame(TextAnalyzer(), build(COLUMNS), text="note", language="lang", shape=shape)
    assert type(table) is type(build(COLUMNS))
    items = [{"text": text, "language": code} for text, code in zip(NOTES, COLUMNS["lang"], strict=True)]
    expected = [{k: v for k, v in row.items() if k != "id"} for row in analyze_rows(TextAnalyzer(), items, shape=shape)]
    rows = plain(table)
    # pandas keeps a missing text as a float that is no number.
    for row, other in zip(rows, expected, strict=True):
        detail, other_detail = row.pop("error_detail"), other.pop("error_detail")
        assert (detail is None) == (other_detail is None)
        assert row == other


@each_library
@each_shape
def test_columns_do_not_depend_on_the_data(build: Callable[..., Any], shape: Shape) -> None:
    data = build(COLUMNS)
    none = data[:0] if not isinstance(data, datasets.Dataset) else data.select([])
    full, empty = (analyze_frame(TextAnalyzer(), one, text="note", shape=shape) for one in (data, none))
    names = full.column_names if hasattr(full, "column_names") else list(full.columns)
    assert names == list(columns_of(shape))
    if isinstance(full, pd.DataFrame):
        assert list(full.dtypes) == list(empty.dtypes)
    elif isinstance(full, datasets.Dataset):
        assert full.features == empty.features
    else:
        assert full.schema == empty.schema
    assert len(empty) == 0


@each_library
@each_shape
def test_every_document_has_a_row(build: Callable[..., Any], shape: Shape) -> None:
    rows = plain(analyze_frame(TextAnalyzer(), build(COLUMNS), text="note", id="name", shape=shape))
    assert list(dict.fromkeys(row["id"] for row in rows)) == COLUMNS["name"]
    if shape == "wide":
        assert [row["error"] for row in rows] == ERRORS
    else:
        errors = {row["document"]: row["error"] for row in rows}
        assert [errors[number] for number in range(len(NOTES))] == ERRORS


def test_rows_say_what_the_analyzer_says(analyzer: Analyzer) -> None:
    texts = [DISCLOSURE, DENIAL, OFFER, RECIPE, SPANISH]
    wide, long, spans = (analyze_frame(analyzer, pd.Series(texts), shape=shape) for shape in SHAPES)
    for number, text in enumerate(texts):
        analysis = analyzer.analyze(text)
        row = wide.iloc[number]
        assert row["review_flagged"] == analysis.review.flagged
        assert row["reasons"] == " ".join(analysis.review.reasons)
        own = long[long["document"] == number]
        for score in analysis.indicators:
            told = (row[score.id], row[f"{score.id}_flagged"], row[f"{score.id}_state"])
            assert told == (score.probability, score.flagged, score.state)
            (line,) = own[own["indicator"] == score.id].itertuples()
            assert (line.probability, line.log_odds, line.spans) == (
                score.probability,
                score.log_odds,
                len(score.spans),
            )
        found = spans[(spans["document"] == number) & spans["indicator"].notna()]
        expected = [(s.id, e.start, e.end, e.text, e.assertion) for s in analysis.indicators for e in s.spans]
        assert list(found[["indicator", "start", "end", "text", "assertion"]].itertuples(index=False)) == expected


@pytest.mark.parametrize("shape", SHAPES)
def test_pandas_index_is_kept_and_repeated(shape: Shape) -> None:
    index = pd.MultiIndex.from_tuples([("x", number) for number in (9, 9, 4, 2, 1)], names=["site", "number"])
    table = analyze_frame(TextAnalyzer(), pd.DataFrame(COLUMNS, index=index), text="note", shape=shape)
    places = list(range(len(NOTES))) if shape == "wide" else table["document"].tolist()
    assert list(table.index) == [index[place] for place in places]
    assert table.index.names == ["site", "number"]


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(NOTES, name="note"),
        pd.Series(NOTES, dtype="category"),
        pl.Series("note", NOTES),
        pa.chunked_array([NOTES[:2], NOTES[2:]]),
        datasets.Dataset.from_dict(COLUMNS)["note"],
    ],
    ids=["pandas", "pandas category", "polars", "pyarrow", "datasets"],
)
def test_single_column_reads_like_its_table(column: Any) -> None:
    table = analyze_frame(TextAnalyzer(), column)
    assert [row["error"] for row in plain(table)] == ERRORS


def test_prefix_lets_answers_stand_beside_the_table() -> None:
    frame = pd.DataFrame(COLUMNS)
    joined = frame.join(analyze_frame(TextAnalyzer(), frame, text="note", prefix="tellsign_"))
    assert joined["tellsign_document_retention_flagged"].tolist()[0] is True
    assert joined["note"].tolist()[0] == KEEPS


def test_streams_are_read_as_they_come() -> None:
    taken = []

    def texts() -> Iterator[str]:
        for number in range(100):
            taken.append(number)
            yield f"{KEEPS} {number}"

    rows = analyze_rows(TextAnalyzer(), texts())
    assert taken == []
    assert next(rows)["document_retention_flagged"]
    assert len(taken) == 1


def test_items_of_a_stream_may_be_texts_documents_or_mappings() -> None:
    items = [KEEPS, Document(KEEPS, id="d"), {"text": KEEPS, "id": 7, "language": float("nan")}, {"id": "m"}, 3, b"x"]
    rows = list(analyze_rows(TextAnalyzer(), items))
    assert [row["id"] for row in rows] == [None, "d", "7", "m", None, None]
    assert [row["error"] for row in rows] == [None, None, None, "not_text", "not_text", "not_text"]


def test_language_of_a_wrong_type_is_an_error_of_its_row() -> None:
    rows = analyze_frame(TextAnalyzer(), [{"text": KEEPS, "language": 3}, KEEPS])
    assert [row["error"] for row in rows] == ["not_language", None]
    assert rows[0]["error_detail"] == "the language is a int; it must be a string or missing"


def test_language_column_goes_before_detection(analyzer: Analyzer) -> None:
    frame = pd.DataFrame({"text": [DISCLOSURE, DISCLOSURE], "language": ["en", "tl"]})
    table = analyze_frame(analyzer, frame, language="language")
    assert table["language"].tolist() == ["en", "tl"]
    assert table["review_probability"].isna().tolist() == [False, True]
    assert set(table.iloc[1][[f"{name}_state" for name in IDS]]) == {"abstained"}


def test_half_of_a_surrogate_pair_in_evidence_keeps_its_place() -> None:
    text = "He keeps our passports \ud800."
    (analysis,) = HalfAnalyzer().analyze_many([Document(text)])
    assert isinstance(analysis, Analysis)
    table = analyze_frame(HalfAnalyzer(), pd.Series([text], dtype=object), shape="spans")
    assert table["text"].tolist() == [analysis.indicators[0].spans[0].text.replace("\ud800", "\ufffd")]


class HalfAnalyzer(FakeAnalyzer):
    """A stand-in whose evidence is the whole text."""

    def analyze_many(self, documents: Iterable[Document]) -> Iterator[Analysis | DocumentError]:
        from tests.unit.test_display import analysis_of, evidence, score  # noqa: PLC0415  a shape made there

        for document in documents:
            text = document.text
            yield analysis_of(text, score("debt_bondage", evidence(text, 0, len(text))))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("a text", "a str is no table of texts"),
        ({"text": ["a"]}, "a dict is no table of texts"),
        (3, "a int is no table of texts"),
        (pl.LazyFrame({"text": ["a"]}), "collect it first"),
        (datasets.Dataset.from_dict({"text": ["a"]}).to_iterable_dataset(), "read it row by row"),
        (datasets.DatasetDict(), "choose one of its splits"),
        (pd.DataFrame({"note": ["a"]}), "column 'text' is not there; columns are note"),
        (pd.DataFrame([["a", "b"]], columns=["text", "text"]), "column 'text' is there 2 times"),
    ],
    ids=["text", "mapping", "number", "lazy", "streamed", "splits", "no column", "twins"],
)
def test_what_is_no_table_of_texts_is_refused(data: Any, message: str) -> None:
    with pytest.raises(TableError, match=message):
        analyze_frame(TextAnalyzer(), data)


def test_column_cannot_have_another_column() -> None:
    with pytest.raises(TableError, match="a single column has no column 'lang'"):
        analyze_frame(TextAnalyzer(), pd.Series(["a"]), language="lang")


def test_unknown_shape_is_refused_before_anything_is_read() -> None:
    with pytest.raises(TableError, match="shape 'tall' is unknown; allowed: wide, long, spans"):
        analyze_rows(TextAnalyzer(), [KEEPS], shape="tall")  # type: ignore[arg-type]


@pytest.mark.slow
def test_no_table_library_is_loaded_for_those_who_have_none() -> None:
    code = (
        "import sys, classifier\n"
        "from tests.fakes import FakeAnalyzer\n"
        "assert classifier.analyze_frame(FakeAnalyzer(), ['keeps our passports'])[0]['document_retention_flagged']\n"
        "print({'pandas', 'polars', 'datasets', 'pyarrow', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
