"""Which documents an export can hold, and what stands in each about where it comes from."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from service.review.reviewed import ReviewedDocument, mask_document


@dataclass(frozen=True, slots=True)
class Aside:
    """A document that was not written: its id and the reason, without any of its text."""

    document: str
    reason: str


def choose(
    documents: Iterable[ReviewedDocument],
    refuse: Callable[[ReviewedDocument], str | None],
    aside: list[Aside],
    *,
    masked: bool,
) -> Iterator[ReviewedDocument]:
    """Documents that can be written, masked where that is wanted; the others go to `aside`."""
    for document in documents:
        reason = _unwritable(document) or refuse(document)
        if reason is not None:
            aside.append(Aside(document.id, reason))
            continue
        yield mask_document(document) if masked else document


def text_of(document: ReviewedDocument) -> str:
    """The text of a document that was chosen.

    Raises:
        ValueError: It was erased, which `choose` does not let through.
    """
    if document.text is None:
        raise ValueError(f"document {document.id} has no text; allowed: documents that `choose` gave")
    return document.text


def provenance(document: ReviewedDocument) -> dict[str, Any]:
    """Which model, which person and when: what makes a label traceable."""
    model = document.analysis.model
    return {
        "model": model.name,
        "model_version": model.version,
        "model_sha256": model.sha256,
        "taxonomy": model.taxonomy,
        "tier": document.analysis.tier,
        "verdict": document.verdict,
        "reviewer": document.reviewer,
        "decided": document.decided.isoformat(),
        "created": document.created.isoformat(),
        "decisions": len(document.decisions),
        "undecided": len(document.undecided),
        "masked": document.masked,
    }


def label_of(indicator: str, assertion: str) -> str:
    """An indicator and how it is held in one word: `debt_bondage`, `debt_bondage:negated`."""
    return indicator if assertion == "asserted" else f"{indicator}:{assertion}"


def read_label(label: str) -> tuple[str, str]:
    """The two parts of such a word."""
    indicator, _, assertion = label.partition(":")
    return indicator, assertion or "asserted"


def _unwritable(document: ReviewedDocument) -> str | None:
    if document.text is None:
        return "its text was erased"
    try:
        document.text.encode()
    except UnicodeEncodeError as error:
        return f"its text holds half of a surrogate pair at code point {error.start}"
    return None
