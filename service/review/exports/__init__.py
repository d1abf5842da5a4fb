"""Reviewed documents for other tools: `write_export` here, one format a file; `docs/exports.md` describes them.

Offsets are code points in all of them. A document whose text was erased or cannot be written as UTF-8 is set aside with
the reason, and so is one that a format has no honest way to hold.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from service.review.exports import corpus, csv_table, docbin, doccano, label_studio, web_annotation
from service.review.exports.choosing import Aside, choose
from service.review.reviewed import ReviewedDocument

Write = Callable[[Iterator[ReviewedDocument], BinaryIO], None]
Refuse = Callable[[ReviewedDocument], str | None]


@dataclass(frozen=True, slots=True)
class Format:
    """A format: its usual suffix, what writes it, and why it cannot hold a document (None: it can)."""

    suffix: str
    write: Write
    refuse: Refuse


@dataclass(frozen=True, slots=True)
class ExportReport:
    """How many documents were written, and which were set aside and why."""

    written: int
    aside: tuple[Aside, ...]


def _holds_all(_document: ReviewedDocument) -> str | None:
    return None


FORMATS: Mapping[str, Format] = {
    "corpus": Format(".jsonl", corpus.write, corpus.refuse),
    "label-studio": Format(".json", label_studio.write, _holds_all),
    "doccano": Format(".jsonl", doccano.write, _holds_all),
    "docbin": Format(".spacy", docbin.write, _holds_all),
    "csv": Format(".csv", csv_table.write, _holds_all),
    "web-annotation": Format(".jsonl", web_annotation.write, _holds_all),
}


def write_export(
    documents: Iterable[ReviewedDocument], stream: BinaryIO, name: str, *, masked: bool = True
) -> ExportReport:
    """Write documents in a format.

    Args:
        documents: In the order in which they are to stand.
        stream: Takes the bytes.
        name: One of `FORMATS`.
        masked: Hide names, numbers and addresses in the texts; offsets hold either way.

    Raises:
        KeyError: There is no such format.
    """
    form = FORMATS[name]
    aside: list[Aside] = []
    counted = _Counted(choose(documents, form.refuse, aside, masked=masked))
    form.write(iter(counted), stream)
    return ExportReport(counted.count, tuple(aside))


class _Counted:
    """Passes documents on and counts them."""

    def __init__(self, documents: Iterator[ReviewedDocument]) -> None:
        self._documents = documents
        self.count = 0

    def __iter__(self) -> Iterator[ReviewedDocument]:
        for document in self._documents:
            self.count += 1
            yield document
