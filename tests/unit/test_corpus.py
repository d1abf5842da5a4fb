"""A corpus is checked before anything learns from it, and what is wrong is named without repeating the text."""

import json
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset

from classifier.errors import CorpusError
from tests.records import AUTHORED, PRIVATE, SPAN, TEXT, make_row, write_card, write_rows
from training.corpus import build_dataset, load_card, load_corpus, read_records, write_records

FIELDS = sorted(make_row())


def spans(**changes: object) -> dict[str, Any]:
    return {"spans": [{**SPAN, **changes}]}


# What is changed in a row, and the field and the reason that the message must name.
BROKEN: dict[str, tuple[dict[str, Any], str, str]] = {
    "id is a number": ({"id": 7}, "'id'", "is int; it must be str"),
    "text is null": ({"text": None}, "'text'", "is NoneType; it must be str"),
    "text is a list": ({"text": [TEXT]}, "'text'", "is list; it must be str"),
    "language is a number": ({"lang": 1}, "'lang'", "is int; it must be str"),
    "genre is unknown": ({"genre": "poem"}, "'genre'", "is 'poem'; allowed: disclosure, solicitation"),
    "needs_review is a number": ({"needs_review": 1}, "'needs_review'", "is int; it must be bool"),
    "spans are an object": ({"spans": SPAN}, "'spans'", "is dict; it must be list"),
    "source is null": ({"source": None}, "'source'", "is NoneType; it must be str"),
    "split is a bool": ({"split": True}, "'split'", "is bool; it must be str"),
    "group is a number": ({"group": 3}, "'group'", "is int; it must be str"),
    "id is blank": ({"id": " "}, "'id'", "is empty"),
    "group is empty": ({"group": ""}, "'group'", "is empty"),
    "text is blank": ({"text": " \n"}, "'text'", "is empty"),
    "text holds half a pair": ({"text": f"{TEXT}\ud83d"}, "'text'", "half of a surrogate pair"),
    "span is a list": ({"spans": [[0, 5]]}, "'spans[0]'", "must be an object with start, end, indicator and assertion"),
    "second span lacks its end": ({"spans": [SPAN, {"start": 0}]}, "'spans[1]'", "must be an object with start, end"),
    "span starts before the text": (spans(start=-1), "'spans[0]'", "start -1 and end 51 must satisfy 0 <= start"),
    "span ends after the text": (spans(end=500), "'spans[0]'", f"end 500 must satisfy 0 <= start < end <= {len(TEXT)}"),
    "span is empty": (spans(start=5, end=5), "'spans[0]'", "start 5 and end 5"),
    "span runs backwards": (spans(start=9, end=5), "'spans[0]'", "start 9 and end 5"),
    "start is a fraction": (spans(start=1.5), "'spans[0]'", "start 1.5"),
    "start is a bool": (spans(start=False), "'spans[0]'", "start False"),
    "end is a string": (spans(end="9"), "'spans[0]'", "end '9'"),
    "span covers a blank": (spans(start=3, end=4), "'spans[0]'", "covers only white space"),
    "indicator is unknown": (spans(indicator="theft"), "'spans[0]'", "indicator 'theft' is unknown; allowed: abuse_of"),
    "assertion is unknown": (spans(assertion="maybe"), "'spans[0]'", "assertion 'maybe' is unknown; allowed: asserted"),
    "spans of one indicator overlap": (
        {"spans": [SPAN, {**SPAN, "start": 4, "end": 60}]},
        "'spans[1]'",
        "overlaps another span of document_retention",
    ),
}


@pytest.mark.parametrize(("changes", "field", "reason"), BROKEN.values(), ids=BROKEN)
def test_broken_field_is_named_with_file_and_line(
    changes: dict[str, Any], field: str, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_text(f"{json.dumps(make_row())}\n\n{json.dumps(make_row(**changes))}\n", encoding="utf-8")
    with pytest.raises(CorpusError) as refused:
        read_records(path)
    message = str(refused.value)
    assert message.startswith(f"notes.jsonl:3: field {field}")
    assert reason in message
    assert PRIVATE not in message


@pytest.mark.parametrize("field", FIELDS)
def test_missing_field_is_named_with_file_and_line(field: str, tmp_path: Path) -> None:
    row = make_row()
    del row[field]
    with pytest.raises(CorpusError, match=rf"^notes\.jsonl:1: field '{field}' is missing$"):
        read_records(write_rows(tmp_path / "notes.jsonl", [row]))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f'{{"text": "{TEXT}"'.encode(), "not JSON at column 80"),
        (f'["{TEXT}"]'.encode(), "a list; each line must be an object"),
        (f'{{"text": "{TEXT} caf'.encode() + b'\xe9"}', "not UTF-8 at byte 82"),
    ],
    ids=["not JSON", "no object", "not UTF-8"],
)
def test_line_that_is_no_record_is_named(line: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_bytes(json.dumps(make_row()).encode() + b"\n" + line + b"\n")
    with pytest.raises(CorpusError) as refused:
        read_records(path)
    assert str(refused.value) == f"notes.jsonl:2: {reason}"


def test_spans_of_different_indicators_may_overlap(tmp_path: Path) -> None:
    both = [SPAN, {**SPAN, "indicator": "third_party_control"}]
    (record,) = read_records(write_rows(tmp_path / "notes.jsonl", [make_row(spans=both)]))
    assert [span.indicator for span in record.spans] == ["document_retention", "third_party_control"]


def test_offsets_count_code_points(tmp_path: Path) -> None:
    text = "😂 café: no pay"
    span = {**SPAN, "start": 8, "end": 14, "indicator": "wage_withholding"}
    (record,) = read_records(write_rows(tmp_path / "notes.jsonl", [make_row(text=text, spans=[span])]))
    assert record.text[record.spans[0].start : record.spans[0].end] == "no pay"


def test_records_come_through_a_dataset_with_typed_columns() -> None:
    dataset = build_dataset([make_row(disputed=["left out"]), make_row(spans=[])])
    assert isinstance(dataset, Dataset)
    assert sorted(dataset.column_names) == FIELDS
    assert dataset.features["needs_review"].dtype == "bool"
    assert dataset.features["spans"].feature["start"].dtype == "int64"
    assert dataset[0]["spans"] == [SPAN]


def test_records_survive_being_written_and_read(tmp_path: Path) -> None:
    rows = [make_row(), make_row(id="r2", text="Nobody was paid. 😂", spans=[], needs_review=False, lang="und")]
    records = read_records(write_rows(tmp_path / "in.jsonl", rows))
    write_records(records, tmp_path / "out.jsonl")
    assert read_records(tmp_path / "out.jsonl") == records
    assert [record.id for record in records] == ["r1", "r2"]


def test_corpus_is_loaded_by_the_path_of_its_card_and_language(tmp_path: Path) -> None:
    first = write_rows(tmp_path / "a.jsonl", [make_row(), make_row(id="r2", lang="es")])
    second = write_rows(tmp_path / "b.jsonl", [make_row(id="r3")])
    card = str(write_card(tmp_path, [first, second]))
    assert [record.id for record in load_corpus(card)] == ["r1", "r2", "r3"]
    assert [record.id for record in load_corpus(card, "en")] == ["r1", "r3"]


def test_changed_file_is_refused_with_both_hashes(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "a.jsonl", [make_row()])
    card = write_card(tmp_path, [path])
    expected = load_card(str(card)).files[0].sha256
    write_rows(path, [make_row(needs_review=False)])
    with pytest.raises(CorpusError, match=rf"^a\.jsonl: sha256 is [0-9a-f]{{64}}; the card .* says {expected}$"):
        load_corpus(str(card))


def test_missing_file_is_refused(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "a.jsonl", [make_row()])
    card = write_card(tmp_path, [path])
    path.unlink()
    with pytest.raises(CorpusError, match=r"^a\.jsonl: sha256 is missing"):
        load_corpus(str(card))


def test_twins_in_two_files_are_refused(tmp_path: Path) -> None:
    files = [write_rows(tmp_path / name, [make_row()]) for name in ("a.jsonl", "b.jsonl")]
    with pytest.raises(CorpusError, match="field 'id': 'r1' is used twice"):
        load_corpus(str(write_card(tmp_path, files)))


def test_unknown_card_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no corpus card 'none'; there are .*authored"):
        load_card("none")
    with pytest.raises(CorpusError, match=r"no corpus card '.*none\.toml'; there are none"):
        load_card(str(tmp_path / "none.toml"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('title = "x"', "lacks a field or has it in the wrong form: 'file'"),
        ('flaws = []\n[[file]]\nname = "a.jsonl"', "lacks a field or has it in the wrong form"),
        ("title = ", "is not TOML"),
    ],
    ids=["no files", "no hash", "not TOML"],
)
def test_broken_card_is_refused(content: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "card.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CorpusError, match=reason):
        load_card(str(path))


def test_authored_card_names_every_file_of_its_folder() -> None:
    card = load_card("authored")
    assert sorted(item.name for item in card.files) == sorted(entry.name for entry in AUTHORED.iterdir())
    assert card.licence == "Apache-2.0"
    assert card.flaws
