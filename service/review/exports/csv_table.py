"""CSV: one row a span, one row without a span for a document that has none.

A cell that a spreadsheet would take for a formula gets a leading apostrophe, and so does one that begins with
apostrophes before such a sign, so that `read` gives back exactly what was written.
"""

import csv
import io
import re
from collections.abc import Iterator
from itertools import groupby
from typing import BinaryIO

from service.review.exports.choosing import text_of
from service.review.exports.reading import ReadBack, read_span, refuse_row
from service.review.reviewed import LabelledSpan, ReviewedDocument

COLUMNS = (
    "document",
    "verdict",
    "reviewer",
    "decided",
    "language",
    "context",
    "review_probability",
    "indicator",
    "assertion",
    "start",
    "end",
    "span",
    "model",
    "masked",
    "text",
)
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")
# A cell may hold the longest text there is.
_LONGEST_CELL = 16 * 1024 * 1024


def write(documents: Iterator[ReviewedDocument], stream: BinaryIO) -> None:
    """Write a header and the rows."""
    stream.write(_line(COLUMNS))
    for document in documents:
        stream.writelines(_line(_row(document, span)) for span in document.spans or (None,))


def read(data: bytes) -> Iterator[ReadBack]:
    """Documents and spans of a file that this wrote.

    Raises:
        ExportError: A row is not of that shape; its number is named.
    """
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        rows = list(csv.DictReader(io.StringIO(data.decode(), newline="")))
    finally:
        csv.field_size_limit(before)
    for name, group in groupby(rows, key=lambda row: _bare(row["document"])):
        with refuse_row(f"document {name[:40]}"):
            alike = list(group)
            text = _bare(alike[0]["text"])
            spans = tuple(
                read_span(text, int(row["start"]), int(row["end"]), row["indicator"], row["assertion"])
                for row in alike
                if row["indicator"]
            )
            yield ReadBack(name, text, spans)


def _row(document: ReviewedDocument, span: LabelledSpan | None) -> list[object]:
    text, analysis = text_of(document), document.analysis
    probability = analysis.review.probability
    stretch = ("", "", "", "", "")
    if span is not None:
        stretch = (span.indicator, span.assertion, str(span.start), str(span.end), text[span.start : span.end])
    return [
        document.id,
        document.verdict,
        document.reviewer,
        document.decided.isoformat(),
        analysis.language.code,
        document.genre or analysis.context.label or "",
        "" if probability is None else repr(probability),
        *stretch,
        f"{analysis.model.name} {analysis.model.version}",
        "yes" if document.masked else "no",
        text,
    ]


def _line(cells: list[object] | tuple[str, ...]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([_guarded(str(cell)) for cell in cells])
    return text.getvalue().encode()


def _guarded(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _bare(cell: str) -> str:
    return cell[1:] if _GUARDED.match(cell) else cell
