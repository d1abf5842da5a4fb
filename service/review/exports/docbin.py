"""spaCy's DocBin (`.spacy`): documents with their spans in the group `sc`, which spancat trains on.

spaCy holds spans as tokens: one whose ends fall inside tokens is widened to them. The label `debt_bondage` is asserted,
`debt_bondage:negated` is not; `cats` holds the verdict.
"""

from collections.abc import Iterator
from typing import BinaryIO

from classifier.docbin import DocBinDocument, build_docbin
from service.review.exports.choosing import label_of, text_of
from service.review.reviewed import ReviewedDocument


def write(documents: Iterator[ReviewedDocument], stream: BinaryIO) -> None:
    """Write one DocBin; it is put together in memory."""
    stream.write(build_docbin(_convert(document) for document in documents))


def _convert(document: ReviewedDocument) -> DocBinDocument:
    return DocBinDocument(
        id=document.id,
        text=text_of(document),
        language=document.analysis.language.code,
        spans=tuple((span.start, span.end, label_of(span.indicator, span.assertion)) for span in document.spans),
        categories={
            verdict: float(verdict == document.verdict) for verdict in ("escalate", "needs_second_look", "no_concern")
        },
    )
