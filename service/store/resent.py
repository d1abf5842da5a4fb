"""Finds a document that is sent again: the same text from the same source under the same name."""

import hashlib

from sqlalchemy import func, select

from service.store.document_tables import documents
from service.store.documents import DocumentRecord, hash_text
from service.store.rows import as_record
from service.store.store import Transaction


def find_resent(tx: Transaction, text: str, *, source: str, external_id: str) -> DocumentRecord | None:
    """The stored document that this is, or None; one that was erased is found too, and stays erased.

    Whoever else looks for the same source and name waits until the transaction ends, so that one of two who send a
    document at once finds what the other stored.

    Args:
        tx: A writing transaction.
        text: As submitted.
        source: Where it came from.
        external_id: The submitter's own name for it.
    """
    if not tx.store.is_sqlite:
        place = hashlib.blake2b(f"{source}\0{external_id}".encode(), digest_size=8).digest()
        tx.execute(select(func.pg_advisory_xact_lock(int.from_bytes(place, "big", signed=True))))
    said = hash_text(tx, text.encode("utf-8", "surrogatepass"))
    of = documents.c
    same = select(documents).where(of.external_id == external_id, of.source == source, of.text_hash == said)
    row = tx.execute(same.order_by(of.number.desc()).limit(1)).one_or_none()
    return None if row is None else as_record(DocumentRecord, row)
