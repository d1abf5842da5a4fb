"""Similar documents for the desk: what else was submitted in nearly the same words, and what became of it."""

from dataclasses import dataclass

from service.review.items import require_reviewer
from service.review.policy import ReviewPolicy
from service.review.views import ItemView, item_rows, show_items
from service.store.document_tables import documents
from service.store.documents import row_of
from service.store.likeness import find_alike, signature_of
from service.store.store import Transaction
from service.store.users import UserRecord

SIMILAR_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class Similar:
    """An item and the estimated share of its words' runs that it has in common with the one in question, 0..1."""

    item: ItemView
    share: float


def list_similar(
    tx: Transaction, policy: ReviewPolicy, viewer: UserRecord, document_id: str, *, limit: int = 10
) -> list[Similar]:
    """Documents in nearly the same words, most alike first; none for one that was erased.

    Raises:
        NotAllowedError: The viewer may not review.
        NotFoundError: There is no such document.
    """
    require_reviewer(viewer)
    number = row_of(tx, document_id).number
    signature = signature_of(tx, number)
    if signature is None:
        return []
    shares = {one.number: one.share for one in find_alike(tx, signature, share=SIMILAR_SHARE, leave_out=number)[:limit]}
    rows = tx.execute(item_rows().where(documents.c.number.in_(shares))).all()
    found = [Similar(item, shares[item.number]) for item in show_items(tx, policy, viewer, rows)]
    return sorted(found, key=lambda one: (-one.share, -one.item.number))
