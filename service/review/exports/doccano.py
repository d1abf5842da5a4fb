"""doccano's JSONL for sequence labelling: `text`, `label` as [start, end, name]; other fields become its metadata.

A span that is not asserted has the assertion after a colon in its label, as in `debt_bondage:negated`.
"""

from collections.abc import Iterator
from typing import BinaryIO

import orjson

from service.review.exports.choosing import label_of, provenance, read_label, text_of
from service.review.exports.reading import ReadBack, read_span, refuse_row
from service.review.reviewed import ReviewedDocument


def write(documents: Iterator[ReviewedDocument], stream: BinaryIO) -> None:
    """Write one document a line."""
    for document in documents:
        labels = [[span.start, span.end, label_of(span.indicator, span.assertion)] for span in document.spans]
        row = {"document": document.id, "text": text_of(document), "label": labels, **provenance(document)}
        stream.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))


def read(data: bytes) -> Iterator[ReadBack]:
    """Documents and spans of a file that this or doccano wrote; doccano calls the labels `label` or `labels`.

    Raises:
        ExportError: A line is not of that shape; its number is named.
    """
    for number, line in enumerate(data.splitlines(), start=1):
        if not line.strip():
            continue
        with refuse_row(f"line {number}"):
            row = orjson.loads(line)
            text = row["text"]
            labels = row["label"] if "label" in row else row["labels"]
            spans = tuple(read_span(text, start, end, *read_label(name)) for start, end, name in labels)
            yield ReadBack(str(row.get("document", row.get("id"))), text, spans)
