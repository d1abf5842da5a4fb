"""W3C Web Annotation Data Model (2017), one annotation a line: each span, and the verdict on the document.

A span is pointed at twice, by position and by quotation with what stands before and after, so that it can be found
again in a text that changed. Positions are code points, as the model says. The text itself is not in the file.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO

import orjson

from service.review.exports.choosing import text_of
from service.review.exports.reading import ExportError, ReadBack, read_span, refuse_row
from service.review.reviewed import LabelledSpan, ReviewedDocument

CONTEXT = "http://www.w3.org/ns/anno.jsonld"
# Code points of what stands before and after a quotation.
_AROUND = 32
_DOCUMENT = "urn:tellsign:document:"


def write(documents: Iterator[ReviewedDocument], stream: BinaryIO) -> None:
    """Write one annotation a line, those of a document together."""
    for document in documents:
        stream.writelines(
            orjson.dumps(annotation, option=orjson.OPT_APPEND_NEWLINE) for annotation in build_annotations(document)
        )


def build_annotations(document: ReviewedDocument) -> Iterator[dict[str, Any]]:
    """The annotations of one document: its verdict, then its spans."""
    source, text = f"{_DOCUMENT}{document.id}", text_of(document)
    verdict = [{"type": "TextualBody", "purpose": "assessing", "value": document.verdict}]
    yield _annotation(document, "verdict", "assessing", verdict) | {"target": source}
    for number, span in enumerate(document.spans):
        body = [
            {"type": "TextualBody", "purpose": "tagging", "value": span.indicator},
            {"type": "TextualBody", "purpose": "classifying", "value": span.assertion},
        ]
        target = {"source": source, "selector": _selectors(text, span)}
        yield _annotation(document, str(number), "tagging", body) | {"target": target}


def read(data: bytes) -> Iterator[ReadBack]:
    """Spans by document, of a file that this wrote; the lines of a document stand together.

    Raises:
        ExportError: A line is not of that shape; its number is named.
    """
    document, spans = None, list[LabelledSpan]()
    for number, line in enumerate(data.splitlines(), start=1):
        with refuse_row(f"line {number}"):
            row = orjson.loads(line)
            target = row["target"]
            source = target if isinstance(target, str) else target["source"]
            if document is not None and source != document:
                yield ReadBack(document.removeprefix(_DOCUMENT), None, tuple(spans))
                spans = []
            document = source
            if not isinstance(target, str):
                spans.append(_read_span(row))
    if document is not None:
        yield ReadBack(document.removeprefix(_DOCUMENT), None, tuple(spans))


def find_quotation(text: str, selectors: list[dict[str, Any]]) -> tuple[int, int]:
    """Where a span stands in a text that may have changed: at its position if the words are there, else where they are.

    Raises:
        ExportError: The words are not there, or more than once.
    """
    by_type = {selector["type"]: selector for selector in selectors}
    position, quote = by_type["TextPositionSelector"], by_type["TextQuoteSelector"]
    if text[position["start"] : position["end"]] == quote["exact"]:
        return position["start"], position["end"]
    around = f"{quote['prefix']}{quote['exact']}{quote['suffix']}"
    for words, lead in ((around, len(quote["prefix"])), (quote["exact"], 0)):
        if text.count(words) == 1:
            start = text.index(words) + lead
            return start, start + len(quote["exact"])
    raise ExportError(f"the quotation of {len(quote['exact'])} characters is not in the text once")


def _annotation(document: ReviewedDocument, name: str, motivation: str, body: list[dict[str, str]]) -> dict[str, Any]:
    model = document.analysis.model
    return {
        "@context": CONTEXT,
        "id": f"urn:tellsign:annotation:{document.id}:{name}",
        "type": "Annotation",
        "motivation": motivation,
        "creator": {"id": f"urn:tellsign:reviewer:{document.reviewer}", "type": "Person"},
        "created": document.decided.isoformat(),
        "generator": {
            "id": f"urn:tellsign:model:{model.sha256}",
            "type": "Software",
            "name": f"{model.name} {model.version}",
        },
        "body": body,
    }


def _selectors(text: str, span: LabelledSpan) -> list[dict[str, Any]]:
    return [
        {"type": "TextPositionSelector", "start": span.start, "end": span.end},
        {
            "type": "TextQuoteSelector",
            "exact": text[span.start : span.end],
            "prefix": text[max(0, span.start - _AROUND) : span.start],
            "suffix": text[span.end : span.end + _AROUND],
        },
    ]


def _read_span(row: dict[str, Any]) -> LabelledSpan:
    body = {item["purpose"]: item["value"] for item in row["body"]}
    position = next(item for item in row["target"]["selector"] if item["type"] == "TextPositionSelector")
    return read_span(None, position["start"], position["end"], body["tagging"], body["classifying"])
