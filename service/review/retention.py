"""Retention: a text is erased after some days or on request; decisions, offsets and the keyed hash of the text stay."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from service.review.claims import end_claim
from service.review.items import change_item, lock_item
from service.store.document_tables import documents
from service.store.erasure import erase_words, sweep
from service.store.review_tables import items
from service.store.store import Store, Transaction
from service.store.webhooks import emit


@dataclass(frozen=True, slots=True)
class RetentionReport:
    """How many texts were erased, and which were older than this moment."""

    erased: int
    before: datetime


def erase_document(tx: Transaction, document_id: str, *, actor: str, why: str) -> bool:
    """Erase the words of a document and take it out of the queue; False when they were erased before.

    After the transaction, `service.store.erasure.sweep` overwrites what it left in the database's files.

    Args:
        tx: A writing transaction.
        document_id: Which document.
        actor: Who asked.
        why: `request` or `retention`, for the audit log.

    Raises:
        NotFoundError: There is no such document.
        StoreError: The key that sealed the text is missing.
    """
    item = lock_item(tx, document_id)
    if not erase_words(tx, document_id):
        return False
    end_claim(tx, item.document, "released")
    if item.state != "done":
        # What was decided so far stays; there is nothing left to read for whoever would be next.
        change_item(tx, item.document, state="unqueued", is_check=False)
    tx.audit(actor, "document.erased", document_id, why=why)
    emit(tx, "document.erased", {"document": document_id, "why": why})
    return True


def run_retention(store: Store, *, days: int, actor: str = "system", batch: int = 200) -> RetentionReport:
    """Erase the texts that are older than `days`, in steps so short that others hardly wait.

    Args:
        store: The store.
        days: Age in days from which a text is erased.
        actor: Who runs it.
        batch: Documents of one step.

    Raises:
        StoreError: The key that sealed a text is missing.
    """
    before = store.now() - timedelta(days=days)
    erased = 0
    while found := store.run(lambda tx: _erase_some(tx, before, actor, batch)):
        erased += found
    # Also when nothing was erased now: a run that was stopped before its end left this to the next one.
    sweep(store)
    return RetentionReport(erased, before)


def _erase_some(tx: Transaction, before: datetime, actor: str, batch: int) -> int:
    old = select(documents.c.id).where(documents.c.created < before, documents.c.erased_at.is_(None))
    wanted = old.join(items, items.c.document == documents.c.number).order_by(documents.c.number).limit(batch)
    found = list(tx.execute(wanted).scalars())
    for document_id in found:
        erase_document(tx, document_id, actor=actor, why="retention")
    return len(found)
