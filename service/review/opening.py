"""Opens documents for people: names, numbers and addresses hidden, or all of it for a reason; both are audited.

The one way in which a text reaches a page or an answer.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from classifier.document import Analysis
from service.review.masking import Mask, find_masks, hide
from service.store.documents import DocumentRecord, OpenedDocument, open_document
from service.store.errors import RefusedError
from service.store.store import Transaction

MAX_WHY = 300


@dataclass(frozen=True, slots=True)
class ShownDocument:
    """A document as a person is shown it.

    Attributes:
        record: What is known of it.
        text: With or without what `masks` hides, as long as submitted either way; None once erased.
        masks: What is hidden, or would be; in reading order.
        masked: Whether it is hidden.
        metadata: The submitter's own fields; None while masked, since nobody knows what stands in them.
        analysis: The texts of its spans are pieces of `text`.
    """

    record: DocumentRecord
    text: str | None = field(repr=False)
    masks: tuple[Mask, ...]
    masked: bool
    metadata: dict[str, Any] | None
    analysis: Analysis


def show_masked(tx: Transaction, document_id: str, *, actor: str, purpose: str = "review") -> ShownDocument:
    """Open a document with names, numbers and addresses hidden.

    Args:
        tx: A writing transaction, for the audit log.
        document_id: Which document.
        actor: User or key.
        purpose: A word for the audit log.

    Raises:
        NotFoundError: There is no such document.
        StoreError: The key that sealed it is missing.
    """
    return mask_opened(open_document(tx, document_id, actor=actor, purpose=purpose))


def mask_opened(opened: OpenedDocument) -> ShownDocument:
    """A document that was opened, with names, numbers and addresses hidden.

    Takes a second for a text of 100,000 characters, so a page does it when its transaction is over.
    """
    masks = _masks(opened.text, opened.analysis)
    text = None if opened.text is None else hide(opened.text, masks)
    return ShownDocument(opened.record, text, masks, True, None, cut_from(opened.analysis, text))


def show_unmasked(tx: Transaction, document_id: str, *, actor: str, reason: str) -> ShownDocument:
    """Open a document with nothing hidden; the reason is kept in the audit log.

    Args:
        tx: A writing transaction, for the audit log.
        document_id: Which document.
        actor: User or key.
        reason: Why it has to be seen; stays when the text is erased, so it must name nobody.

    Raises:
        NotFoundError: There is no such document.
        RefusedError: The reason is missing or too long.
        StoreError: The key that sealed it is missing.
    """
    why = reason.strip()
    if not why:
        raise RefusedError("reason", "is missing; needed for seeing names, numbers and addresses")
    if len(why) > MAX_WHY:
        raise RefusedError("reason", f"{len(why)} characters; allowed: at most {MAX_WHY}")
    opened = open_document(tx, document_id, actor=actor, purpose="unmask")
    tx.audit(actor, "document.unmasked", document_id, reason=why)
    masks = _masks(opened.text, opened.analysis)
    return ShownDocument(opened.record, opened.text, masks, False, opened.metadata, opened.analysis)


def cut_from(analysis: Analysis, text: str | None) -> Analysis:
    """The analysis with the texts of its spans cut from another text of the same length; empty with None."""
    scores = tuple(
        replace(
            score,
            spans=tuple(replace(span, text=(text or "")[span.start : span.end]) for span in score.spans),
        )
        for score in analysis.indicators
    )
    return replace(analysis, indicators=scores)


def _masks(text: str | None, analysis: Analysis) -> tuple[Mask, ...]:
    if text is None:
        return ()
    return find_masks(text, [span for score in analysis.indicators for span in score.spans])
