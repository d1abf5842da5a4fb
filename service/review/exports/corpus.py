"""Our own corpus format, one JSON object a line: what `training.corpus` reads, with provenance beside it.

A label that is missing teaches as much as one that stands, so a document goes in only when its labels are complete: its
verdict is final, and every span that the model asserted was decided on. `no_concern` decides on all that is left.
"""

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import orjson

from service.review.exports.choosing import provenance, text_of
from service.review.reviewed import LabelledSpan, ReviewedDocument


def write(documents: Iterator[ReviewedDocument], stream: BinaryIO) -> None:
    """Write one record a line."""
    stream.writelines(orjson.dumps(build_record(document), option=orjson.OPT_APPEND_NEWLINE) for document in documents)


def refuse(document: ReviewedDocument) -> str | None:
    """Why a document makes no record; None when it does."""
    if document.verdict == "needs_second_look":
        return "its verdict asks for a second look"
    if document.genre is None and document.analysis.context.label is None:
        return "nobody has said what kind of text it is"
    if not (document.text or "").strip():
        return "its text is blank"
    left = sum(span.assertion == "asserted" for span in document.undecided)
    if document.verdict == "escalate" and left:
        return f"{left} asserted spans were not decided on"
    return None


def build_record(document: ReviewedDocument) -> dict[str, Any]:
    """The record of one document."""
    text = text_of(document)
    return {
        "id": document.id,
        "text": text,
        "lang": document.analysis.language.code,
        "genre": document.genre or document.analysis.context.label,
        "needs_review": document.verdict == "escalate",
        "spans": [
            {"start": span.start, "end": span.end, "indicator": span.indicator, "assertion": span.assertion}
            for span in tidy_spans(text, document.spans)
        ],
        "source": "reviewed",
        # Near-duplicates must never stand on both sides of a split.
        "group": document.cluster or document.id,
        "split": "train",
        "provenance": {**provenance(document), "genre_from": "reviewer" if document.genre else "model"},
    }


def tidy_spans(text: str, spans: Iterable[LabelledSpan]) -> list[LabelledSpan]:
    """Spans without white space at their ends; those of one indicator that overlap become one.

    Where they are held differently the joined span is asserted if any is, else negated.
    """
    joined: dict[str, list[LabelledSpan]] = {}
    for span in sorted((trim_span(text, span) for span in spans), key=lambda span: (span.start, span.end)):
        if span.start >= span.end:
            continue
        alike = joined.setdefault(span.indicator, [])
        if alike and span.start < alike[-1].end:
            last = alike.pop()
            held = min(last.assertion, span.assertion, key=("asserted", "negated", "hypothetical").index)
            span = LabelledSpan(last.start, max(last.end, span.end), span.indicator, held)  # noqa: PLW2901
        alike.append(span)
    return sorted((span for alike in joined.values() for span in alike), key=lambda span: (span.start, span.end))


def trim_span(text: str, span: LabelledSpan) -> LabelledSpan:
    """The span without white space at its ends; empty where it has nothing else."""
    inside = text[span.start : span.end]
    start = span.start + len(inside) - len(inside.lstrip())
    return LabelledSpan(start, max(start, span.start + len(inside.rstrip())), span.indicator, span.assertion)
