"""Takes documents in: stored, placed in review, and told to whoever listens, in one step."""

from classifier.document import Analysis
from service.review.policy import ReviewPolicy
from service.review.queue import add_item, put_in_queue, weigh_again
from service.store.analyses import add_analysis
from service.store.documents import DocumentRecord, NewDocument, add_document, read_document
from service.store.store import Transaction
from service.store.webhooks import emit


def take_in(
    tx: Transaction, policy: ReviewPolicy, new: NewDocument, *, submitted_by: str, queue: bool | None = None
) -> DocumentRecord:
    """Store a document with its analysis and give it a place in review.

    Args:
        tx: A writing transaction.
        policy: Weights, and what is queued.
        new: The document.
        submitted_by: User or key.
        queue: Whether it is queued; None for what the policy says.

    Raises:
        RefusedError: A label or the metadata is not allowed.
    """
    record = add_document(tx, new, submitted_by=submitted_by)
    queued = _belongs_in_queue(policy, new.analysis) if queue is None else queue
    add_item(tx, policy, record.number, queue=queued)
    told = {"document": record.id, "external_id": record.external_id, "flagged": record.flagged, "queued": queued}
    emit(tx, "document.created", told)
    return record


def read_again(
    tx: Transaction, policy: ReviewPolicy, document_id: str, analysis: Analysis, *, actor: str
) -> DocumentRecord:
    """Store what another model says of a document, and bring its place in review up to date.

    Raises:
        NotFoundError: There is no such document.
        ConflictError: This model and tier has read it already.
    """
    apart = add_analysis(tx, document_id, analysis, actor=actor)
    record = read_document(tx, document_id)
    weigh_again(tx, policy, record.number, disagreement=apart)
    if record.erased_at is None and _belongs_in_queue(policy, analysis):
        put_in_queue(tx, record.number)
    return record


def _belongs_in_queue(policy: ReviewPolicy, analysis: Analysis) -> bool:
    # An abstention is no all-clear: somebody has to look.
    return policy.enqueue == "all" or analysis.review.flagged or analysis.review.probability is None
