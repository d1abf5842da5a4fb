"""Seals everything again with the first key of the settings, so that an older key can be taken out of use."""

from sqlalchemy import ColumnElement, Table, or_, select, update

from service.store.access_tables import webhooks
from service.store.cipher import Sealed
from service.store.document_tables import documents
from service.store.documents import open_text
from service.store.review_tables import decision_reasons, decisions
from service.store.search_index import add_to_index, index_kind, remove_from_index
from service.store.store import Store, Transaction
from service.store.upgrade import reseal_secrets


def reseal(store: Store, *, actor: str, batch: int = 200) -> int:
    """Seal texts, metadata, reasons and secrets with the first key; may be stopped and run again.

    Args:
        store: Its first text key seals, the others open.
        actor: Who runs it.
        batch: Rows of one step.

    Returns:
        How many documents were sealed again.

    Raises:
        StoreError: A key that sealed something is not in the settings, or no key is set.
    """
    store.run(reseal_secrets)
    done = 0
    while found := store.run(lambda tx: _documents(tx, batch)):
        done += found
    while store.run(lambda tx: _reasons(tx, batch)):
        pass
    store.run(_webhooks)
    store.run(lambda tx: tx.audit(actor, "store.resealed", "store", key=store.cipher.key_id, documents=done))
    return done


def _other_key(tx: Transaction, table: Table) -> ColumnElement[bool]:
    key_id = tx.store.cipher.key_id
    column = table.c.key_id
    return column.is_not(None) if key_id is None else or_(column.is_(None), column != key_id)


def _documents(tx: Transaction, batch: int) -> int:
    wanted = select(documents).where(documents.c.text.is_not(None), _other_key(tx, documents))
    rows = tx.execute(wanted.order_by(documents.c.number).limit(batch).with_for_update()).all()
    cipher = tx.store.cipher
    for row in rows:
        words = open_text(tx, row) or ""
        how = index_kind(tx, sealed=cipher.key_id is not None)
        if how != row.indexed:
            remove_from_index(tx, row.number, words, row.indexed)
            add_to_index(tx, row.number, words, how)
        metadata = cipher.open(Sealed(row.metadata, row.key_id), f"{row.id}:metadata")
        sealed = cipher.seal(words.encode("utf-8", "surrogatepass"), f"{row.id}:text")
        values = {
            "text": sealed.data,
            "metadata": cipher.seal(metadata, f"{row.id}:metadata").data,
            "key_id": sealed.key_id,
            "indexed": how,
        }
        tx.execute(update(documents).where(documents.c.number == row.number).values(values))
    return len(rows)


def _reasons(tx: Transaction, batch: int) -> int:
    wanted = (
        select(decision_reasons, decisions.c.id)
        .join(decisions, decisions.c.number == decision_reasons.c.decision)
        .where(_other_key(tx, decision_reasons))
        .limit(batch)
    )
    rows = tx.execute(wanted).all()
    for row in rows:
        sealed = _again(tx, Sealed(row.reason, row.key_id), f"{row.id}:reason")
        values = {"reason": sealed.data, "key_id": sealed.key_id}
        tx.execute(update(decision_reasons).where(decision_reasons.c.decision == row.decision).values(values))
    return len(rows)


def _webhooks(tx: Transaction) -> None:
    for row in tx.execute(select(webhooks).where(_other_key(tx, webhooks))).all():
        sealed = _again(tx, Sealed(row.secret, row.key_id), f"{row.id}:secret")
        values = {"secret": sealed.data, "key_id": sealed.key_id}
        tx.execute(update(webhooks).where(webhooks.c.id == row.id).values(values))


def _again(tx: Transaction, sealed: Sealed, place: str) -> Sealed:
    return tx.store.cipher.seal(tx.store.cipher.open(sealed, place), place)
