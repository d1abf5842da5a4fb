"""One verdict for a cluster of near-duplicates, by somebody who has one of them open."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from service.review.decisions import settle
from service.review.items import ROUND_OF, held_by_another, lock_item, require_reviewer, require_round
from service.review.policy import ReviewPolicy
from service.review.views import ItemView, item_rows, show_items
from service.store.document_tables import documents
from service.store.documents import row_of
from service.store.errors import ConflictError, NotAllowedError, NotFoundError, RefusedError
from service.store.review_tables import check_results
from service.store.store import Transaction
from service.store.users import UserRecord


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What became of each document; `skipped` says why: held, done, erased or read_before."""

    batch: str
    decided: tuple[str, ...]
    skipped: dict[str, str]


def list_cluster(
    tx: Transaction, policy: ReviewPolicy, viewer: UserRecord, document_id: str, *, limit: int = 200
) -> list[ItemView]:
    """The documents of a document's cluster as the viewer sees them, itself first, then the newest.

    Raises:
        NotAllowedError: The viewer may not review.
        NotFoundError: There is no such document.
    """
    require_reviewer(viewer)
    cluster = documents.c.cluster == row_of(tx, document_id).cluster
    itself = documents.c.id == document_id
    rows = tx.execute(item_rows().where(cluster).order_by(itself.desc(), documents.c.number.desc()).limit(limit)).all()
    return show_items(tx, policy, viewer, rows)


def decide_cluster(
    tx: Transaction, policy: ReviewPolicy, user: UserRecord, document_ids: Sequence[str], verdict: str, *, reason: str
) -> BulkResult:
    """Give documents of one cluster the same verdict, each as if it had been decided alone; all happen or none.

    Args:
        tx: A writing transaction.
        policy: Second readings and the most documents at once.
        user: Who decides; must hold one of the documents.
        document_ids: All of one cluster.
        verdict: For each of them.
        reason: Needed, and kept with each.

    Raises:
        NotFoundError: There is no such document.
        RefusedError: None or too many documents, of more than one cluster, or a value is not allowed.
        ConflictError: The person holds none of them.
        NotAllowedError: The person may not review.
    """
    require_reviewer(user)
    rows = _lock(tx, policy, document_ids)
    if not any(row.holder == user.id for row in rows):
        raise ConflictError("A cluster is decided from one of its documents; claim one of them first")
    batch, skipped = tx.store.ids("bat"), {}
    for row in rows:
        why = _why_skipped(tx, row, user)
        if why is None:
            settle(tx, policy, user, row, verdict, reason=reason, batch=batch)
        else:
            skipped[row.id] = why
    return BulkResult(batch, tuple(row.id for row in rows if row.id not in skipped), skipped)


def _lock(tx: Transaction, policy: ReviewPolicy, document_ids: Sequence[str]) -> list[Row[Any]]:
    wanted = set(document_ids)
    if not 0 < len(wanted) <= policy.bulk_limit:
        raise RefusedError("documents", f"{len(wanted)} documents; allowed: 1 to {policy.bulk_limit}")
    found = tx.execute(select(documents.c.id, documents.c.cluster).where(documents.c.id.in_(wanted))).all()
    if missing := wanted - {row.id for row in found}:
        raise NotFoundError("document", min(missing))
    if len({row.cluster for row in found}) > 1:
        raise RefusedError("documents", "are of more than one cluster; allowed: documents of one cluster")
    # In one order for everybody, so that two bulk decisions wait for each other and never in a circle.
    return [lock_item(tx, document_id) for document_id in sorted(wanted)]


def _why_skipped(tx: Transaction, row: Row[Any], user: UserRecord) -> str | None:
    if held_by_another(tx, row, user):
        return "held"
    if row.erased_at is not None:
        return "erased"
    of = check_results.c
    checked = select(of.document).where(of.document == row.document, of.reviewer == user.id)
    if row.state not in ROUND_OF or (row.is_check and tx.execute(checked).first() is not None):
        return "done"
    try:
        require_round(row, user)
    except NotAllowedError:
        return "read_before"
    return None
