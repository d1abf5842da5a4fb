"""What is exported is read back the same by the other side of each format."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from classifier.docbin import DocBinError, read_docbin
from classifier.taxonomy import load_taxonomy
from service.review.exports import FORMATS, csv_table, doccano, label_studio, web_annotation, write_export
from service.review.exports.corpus import tidy_spans
from service.review.exports.reading import ExportError, ReadBack
from service.review.reviewed import (
    Decision,
    LabelledSpan,
    ReviewedDocument,
    mask_document,
    model_spans,
    pseudonym,
    settle_spans,
)
from tests.reviewed_documents import DISCLOSURE, NOON, analyze, decide, denial, disclosure, quiet, reviewed, span_of
from training.corpus import read_records

READERS: dict[str, Callable[[bytes], Iterator[ReadBack]]] = {
    "label-studio": label_studio.read,
    "doccano": doccano.read,
    "csv": csv_table.read,
    "web-annotation": web_annotation.read,
}
DOCUMENTS = (disclosure(), denial(), quiet())


def written(name: str, *documents: ReviewedDocument, masked: bool = False) -> bytes:
    stream = io.BytesIO()
    write_export(documents or DOCUMENTS, stream, name, masked=masked)
    return stream.getvalue()


@pytest.mark.parametrize("name", READERS)
def test_spans_come_back_as_they_were(name: str) -> None:
    back = list(READERS[name](written(name)))
    assert [(item.document, item.spans) for item in back] == [(item.id, item.spans) for item in DOCUMENTS]
    assert [item.text for item in back if item.text is not None] in ([], [item.text for item in DOCUMENTS])


def test_corpus_is_read_by_training(tmp_path: Path) -> None:
    path = tmp_path / "reviewed.jsonl"
    path.write_bytes(written("corpus"))
    first, second, third = read_records(path)
    assert (first.id, first.text, first.genre, first.needs_review) == ("doc-1", DISCLOSURE, "disclosure", True)
    assert [(one.start, one.end, one.indicator, one.assertion) for one in first.spans] == [
        (one.start, one.end, one.indicator, one.assertion) for one in disclosure().spans
    ]
    assert {span.assertion for span in second.spans} == {"negated"}
    assert (third.spans, third.needs_review, third.source, third.group) == ((), False, "reviewed", "doc-3")


def test_corpus_says_where_a_label_comes_from() -> None:
    record = json.loads(written("corpus", disclosure(cluster="near-7")).splitlines()[0])
    origin = record["provenance"]
    assert record["group"] == "near-7"
    assert (origin["model"], origin["model_version"], origin["model_sha256"]) == ("fake", "0.0.1", "f" * 64)
    assert (origin["reviewer"], origin["decisions"], origin["genre_from"]) == ("r-one", 3, "model")
    assert origin["decided"] == "2030-01-07T13:00:00+00:00"


LEFT_OPEN = reviewed("doc-4", DISCLOSURE, "escalate")
ABSTAINED = replace(quiet(), analysis=replace(quiet().analysis, context=replace(quiet().analysis.context, label=None)))


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (replace(quiet(), verdict="needs_second_look"), "its verdict asks for a second look"),
        (LEFT_OPEN, "2 asserted spans were not decided on"),
        (ABSTAINED, "nobody has said what kind of text it is"),
        (replace(quiet(), text=None), "its text was erased"),
        (replace(quiet(), text="half \ud800 a pair"), "its text holds half of a surrogate pair at code point 5"),
    ],
    ids=["second look", "undecided", "no genre", "erased", "surrogate"],
)
def test_document_without_a_complete_label_is_no_record(document: ReviewedDocument, reason: str) -> None:
    stream = io.BytesIO()
    report = write_export([document, quiet()], stream, "corpus")
    assert (report.written, [(item.document, item.reason) for item in report.aside]) == (1, [(document.id, reason)])
    assert len(stream.getvalue().splitlines()) == 1


def test_genre_of_a_person_stands_in_for_the_models() -> None:
    record = json.loads(written("corpus", replace(ABSTAINED, genre="report")))
    assert (record["genre"], record["provenance"]["genre_from"]) == ("report", "reviewer")


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "corpus"])
def test_erased_text_is_set_aside_in_every_format(name: str) -> None:
    report = write_export([replace(quiet(), text=None), *DOCUMENTS], io.BytesIO(), name)
    assert (report.written, len(report.aside)) == (3, 1)


@pytest.mark.parametrize("name", FORMATS)
def test_names_and_numbers_are_hidden_unless_asked_for(name: str) -> None:
    hidden, plain = (written(name, masked=masked) for masked in (True, False))
    # A DocBin is compressed: its words are looked for in what it unpacks to.
    texts = [
        "".join(item.text for item in read_docbin(data)).encode() if name == "docbin" else data
        for data in (hidden, plain)
    ]
    for secret in ("Featherstone", "900123"):
        assert secret.encode() not in texts[0]
    assert b"Featherstone" in texts[1]


@pytest.mark.parametrize("name", READERS)
def test_offsets_hold_in_masked_texts(name: str) -> None:
    back = list(READERS[name](written(name, masked=True)))
    assert [item.spans for item in back] == [item.spans for item in DOCUMENTS]


def test_masked_document_keeps_length_and_shows_every_span() -> None:
    document = mask_document(disclosure())
    assert document.text is not None
    assert len(document.text) == len(DISCLOSURE)
    assert all(any(letter.isalnum() for letter in document.text[span.start : span.end]) for span in document.spans)
    assert mask_document(document) is document


def test_docbin_holds_texts_spans_and_verdicts() -> None:
    first, second, third = read_docbin(written("docbin"))
    assert (first.id, first.text) == ("doc-1", DISCLOSURE)
    labels = {(DISCLOSURE[start:end], label) for start, end, label in first.spans}
    assert ("the debt, it goes up each week", "debt_bondage") in labels
    assert ("Mr Featherstone", "third_party_control:hypothetical") in labels
    assert {label for _, _, label in second.spans} == {"restriction_of_movement:negated"}
    assert (third.spans, dict(third.categories)["no_concern"]) == ((), 1.0)


@pytest.mark.parametrize("data", [b"", b"not zlib", b"x\x9c\x03\x00\x00\x00\x00\x01"], ids=["empty", "text", "nothing"])
def test_docbin_of_other_bytes_is_refused(data: bytes) -> None:
    with pytest.raises(DocBinError, match="not a DocBin"):
        list(read_docbin(data))


def test_label_studio_config_and_tasks_fit_together() -> None:
    config = ET.fromstring(label_studio.label_config())  # noqa: S314 - our own words
    tags = {child.attrib["name"]: child for child in config}
    assert [label.attrib["value"] for label in tags["indicator"]] == list(load_taxonomy().ids)
    task = json.loads(written("label-studio"))[0]
    results = [*task["annotations"][0]["result"], *task["predictions"][0]["result"]]
    assert {(item["from_name"], item["to_name"]) for item in results} <= {(name, "text") for name in tags}
    for item in results:
        value = item["value"]
        assert "start" not in value or DISCLOSURE[value["start"] : value["end"]] == value["text"]


def test_web_annotation_points_twice_and_names_its_makers() -> None:
    verdict, first, *_ = (json.loads(line) for line in written("web-annotation").splitlines())
    assert (verdict["motivation"], verdict["body"][0]["value"]) == ("assessing", "escalate")
    position, quote = first["target"]["selector"]
    assert DISCLOSURE[position["start"] : position["end"]] == quote["exact"]
    assert DISCLOSURE.startswith(
        quote["prefix"] + quote["exact"] + quote["suffix"][:5], position["start"] - len(quote["prefix"])
    )
    assert first["@context"] == "http://www.w3.org/ns/anno.jsonld"
    assert first["creator"]["id"] == "urn:tellsign:reviewer:r-one"
    assert first["generator"]["id"] == f"urn:tellsign:model:{'f' * 64}"


def test_quotation_is_found_in_a_text_that_changed() -> None:
    rows = [json.loads(line) for line in written("web-annotation").splitlines()]
    selectors: list[dict[str, Any]] = rows[1]["target"]["selector"]
    exact = selectors[1]["exact"]
    start, end = web_annotation.find_quotation(f"A new line.\n{DISCLOSURE}", selectors)
    assert f"A new line.\n{DISCLOSURE}"[start:end] == exact
    with pytest.raises(ExportError, match="not in the text once"):
        web_annotation.find_quotation("Nothing of it.", selectors)


def test_cell_that_looks_like_a_formula_is_guarded() -> None:
    rows = list(csv.reader(io.StringIO(written("csv").decode(), newline="")))
    assert rows[0] == list(csv_table.COLUMNS)
    assert {row[-1][:2] for row in rows[1:] if row[0] == "doc-2"} == {"'="}
    assert not [cell for row in rows[1:] for cell in row if cell[:1] in {"=", "+", "-", "@"}]


@pytest.mark.parametrize("text", ["'=1", "''@x", "' plain", "-5", "\tx", 'a "b", c\r\nd'])
def test_any_text_survives_the_guard(text: str) -> None:
    (back,) = csv_table.read(written("csv", reviewed("doc-9", text, "no_concern")))
    assert back.text == text


@pytest.mark.parametrize(
    ("read", "data", "said"),
    [
        (doccano.read, b"{", "line 1: "),
        (doccano.read, b'{"text": "secret"}', "line 1: field 'labels' is missing"),
        (doccano.read, b'{"text": "secret", "label": [[0, 99, "isolation"]]}', "allowed: 0 <= start < end <= 6"),
        (doccano.read, b'{"text": "secret", "label": [[0, 2, "Person"]]}', "indicator 'Person'; allowed: abuse_of"),
        (doccano.read, b'{"text": "secret", "label": [[0, 2, "isolation:maybe"]]}', "assertion 'maybe'; allowed"),
        (doccano.read, b'{"text": "secret", "label": 3}', "another type"),
        (label_studio.read, b"nothing", "file: "),
        (label_studio.read, b'[{"data": {"text": "secret"}}]', "task 1: field 'annotations' is missing"),
        (web_annotation.read, b'{"target": {"source": "x"}}', "line 1: field 'body' is missing"),
    ],
)
def test_file_of_another_shape_is_refused_without_its_text(
    read: Callable[[bytes], Iterator[ReadBack]], data: bytes, said: str
) -> None:
    with pytest.raises(ExportError) as refusal:
        list(read(data))
    assert said in str(refusal.value)
    assert "secret" not in str(refusal.value)


# ------------------------------------------------------------------------------------------------- what decisions make


GIVEN = min(model_spans(analyze(DISCLOSURE)), key=lambda span: span.start)
LONGER = span_of(DISCLOSURE, "Mr Featherstone keeps our passports in his safe", GIVEN.indicator)


@pytest.mark.parametrize(
    ("decisions", "held"),
    [
        ((), False),
        ((decide("confirm", GIVEN),), GIVEN),
        ((decide("reject", GIVEN),), None),
        ((decide("insufficient", GIVEN),), None),
        ((decide("change", GIVEN, LONGER),), LONGER),
        ((decide("confirm", GIVEN), decide("reject", GIVEN, minute=1)), None),
        ((decide("reject", GIVEN, minute=1), decide("confirm", GIVEN)), None),
        ((decide("confirm", GIVEN, minute=9), replace(decide("reject", GIVEN), round="second")), None),
        (
            (replace(decide("confirm", GIVEN), round="adjudication"), replace(decide("reject", GIVEN), round="second")),
            GIVEN,
        ),
    ],
    ids=["undecided", "confirm", "reject", "insufficient", "change", "later", "order", "second round", "lead"],
)
def test_last_word_of_the_last_round_counts(decisions: tuple[Decision, ...], held: LabelledSpan | bool | None) -> None:
    spans, undecided = settle_spans(analyze(DISCLOSURE), decisions)
    assert spans == ((held,) if isinstance(held, LabelledSpan) else ())
    assert (GIVEN in undecided) == (held is False)


def test_overlapping_spans_of_one_indicator_become_one() -> None:
    spans = [
        LabelledSpan(0, 6, "isolation", "negated"),
        LabelledSpan(4, 9, "isolation", "asserted"),
        LabelledSpan(4, 9, "deception", "asserted"),
        LabelledSpan(9, 11, "isolation", "asserted"),
    ]
    assert tidy_spans("abcd efg    ij", spans) == [
        LabelledSpan(0, 8, "isolation", "asserted"),
        LabelledSpan(5, 8, "deception", "asserted"),
    ]


def test_pseudonym_is_steady_under_a_key_and_another_under_another() -> None:
    one, two = b"k" * 16, b"l" * 16
    assert pseudonym("usr-1", one) == pseudonym("usr-1", one) != pseudonym("usr-1", two)
    assert "usr-1" not in pseudonym("usr-1", one)
    with pytest.raises(ValueError, match="15 bytes"):
        pseudonym("usr-1", b"k" * 15)


def test_moments_are_those_of_the_store() -> None:
    assert disclosure().decided == NOON + timedelta(hours=1)
