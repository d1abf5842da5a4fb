"""Erases the words of a document wherever they are: text, metadata, reasons and both indexes; the rest stays."""

from collections.abc import Sequence

from sqlalchemy import delete, update

from service.store.document_tables import documents
from service.store.documents import open_text, row_of
from service.store.likeness import forget
from service.store.review_tables import decision_reasons
from service.store.search_index import remove_from_index, squeeze_index
from service.store.store import Store, Transaction


def erase_words(tx: Transaction, document_id: str) -> bool:
    """Erase a document's words for good; False when they were erased before.

    Raises:
        NotFoundError: There is no such document.
        StoreError: The key that sealed the text is missing, so that the index cannot be told what to forget.
    """
    row = row_of(tx, document_id)
    words = open_text(tx, row)
    if words is None:
        return False
    remove_from_index(tx, row.number, words, row.indexed)
    forget(tx, row.number)
    gone = {"text": None, "metadata": None, "indexed": None, "erased_at": tx.now}
    tx.execute(update(documents).where(documents.c.number == row.number).values(gone))
    tx.execute(delete(decision_reasons).where(decision_reasons.c.document == row.number))
    return True


def sweep(store: Store) -> None:
    """Overwrite what erasing left behind in the database's own files: old index parts, log and dead rows."""
    with store.write() as tx:
        squeeze_index(tx)
    outside_transactions(
        store,
        sqlite=("PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA analysis_limit=1000", "PRAGMA optimize"),
        postgresql=("VACUUM documents, decision_reasons, document_search",),
    )


def outside_transactions(store: Store, *, sqlite: Sequence[str], postgresql: Sequence[str]) -> None:
    """Run statements that no transaction can hold."""
    # Past SQLAlchemy, which begins a transaction on SQLite, and on PostgreSQL leaves one open from its ping.
    connection = store.engine.raw_connection()
    try:
        connection.rollback()
        if not store.is_sqlite:
            connection.dbapi_connection.autocommit = True  # type: ignore[union-attr]  # of every driver there is here
        for statement in sqlite if store.is_sqlite else postgresql:
            connection.cursor().execute(statement)
    finally:
        # Not given back to the pool, so that nobody gets it with other habits.
        connection.detach()
        connection.close()
