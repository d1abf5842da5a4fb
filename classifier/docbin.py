"""Writes and reads spaCy's DocBin for exports: the one place beside the pipeline that needs spaCy.

A DocBin is zlib over msgpack; reading runs no code. What unpacks beyond `MAX_BYTES` is refused.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from classifier.errors import TellsignError

SPANS_KEY = "sc"
MAX_BYTES = 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class DocBinDocument:
    """A text for spaCy.

    Attributes:
        id: Kept in `doc.user_data["id"]`.
        text: Becomes the document, code point for code point.
        language: ISO 639-1 code that chooses the tokenizer; unknown ones get the one without rules.
        spans: (start, end, label), half-open code points.
        categories: Scores of the whole text, 0..1.
    """

    id: str
    text: str = field(repr=False)
    language: str
    spans: tuple[tuple[int, int, str], ...]
    categories: Mapping[str, float]


class DocBinError(TellsignError):
    """Bytes are no DocBin, or unpack to more than is allowed."""


def build_docbin(documents: Iterable[DocBinDocument]) -> bytes:
    """Bytes of a DocBin; spans are widened to whole tokens."""
    from spacy.tokens import DocBin  # noqa: PLC0415  spaCy is loaded when somebody exports

    packed = DocBin(attrs=["ORTH", "SPACY"], store_user_data=True)
    for document in documents:
        packed.add(_build_doc(document))
    data: bytes = packed.to_bytes()
    return data


def read_docbin(data: bytes) -> Iterator[DocBinDocument]:
    """Documents of a DocBin that `build_docbin` made; spans as wide as their tokens, languages not kept.

    Raises:
        DocBinError: The bytes are no DocBin, or too many once unpacked.
    """
    from spacy.tokens import DocBin  # noqa: PLC0415

    _check_size(data)
    try:
        packed = DocBin(store_user_data=True).from_bytes(data)
    except (ValueError, KeyError, TypeError) as error:
        raise DocBinError(f"not a DocBin: {type(error).__name__}; allowed: bytes of `build_docbin`") from None
    for doc in packed.get_docs(_tokenizer("xx").vocab):
        spans = tuple((span.start_char, span.end_char, span.label_) for span in doc.spans[SPANS_KEY])
        yield DocBinDocument(doc.user_data["id"], doc.text, "", spans, dict(doc.cats))


def _build_doc(document: DocBinDocument) -> Any:
    doc = _tokenizer(document.language).make_doc(document.text)
    doc.user_data["id"] = document.id
    doc.cats = dict(document.categories)
    doc.spans[SPANS_KEY] = [
        doc.char_span(start, end, label=label, alignment_mode="expand") for start, end, label in document.spans
    ]
    return doc


@lru_cache(maxsize=16)
def _tokenizer(language: str) -> Any:
    import spacy  # noqa: PLC0415

    try:
        return spacy.blank(language)
    except ImportError:
        # A language that spaCy does not know, or one whose segmenter is not installed.
        return spacy.blank("xx")


def _check_size(data: bytes) -> None:
    unpacker = zlib.decompressobj()
    try:
        unpacked = len(unpacker.decompress(data, MAX_BYTES))
    except zlib.error:
        raise DocBinError("not a DocBin: not compressed; allowed: bytes of `build_docbin`") from None
    if unpacker.unconsumed_tail:
        raise DocBinError(f"unpacks to more than {unpacked} bytes; allowed: {MAX_BYTES}")
