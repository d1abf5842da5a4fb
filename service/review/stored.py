"""Reviewed documents out of the store: every document with a final verdict, and what people decided about it."""

import hmac
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Row, exists, select

from classifier.document import Assertion
from service.review.records import standing
from service.review.reviewed import Decision, LabelledSpan, ReviewedDocument, pseudonym, settle_spans
from service.store.analyses import read_analysis
from service.store.document_tables import documents, spans
from service.store.documents import OpenedDocument, open_document
from service.store.review_tables import checks, decisions, items
from service.store.settings import load_store_settings
from service.store.store import Store, Transaction, open_store
from service.store.upgrade import check_store

_AT_ONCE = 100
_ROUNDS = ("first", "second", "adjudication")


class StoredReviews:
    """The reviewed documents of a store; every text that is read is in the audit log.

    Args:
        store: Where they are.
        actor: User or key, for the audit log.
        purpose: A word for the audit log.
    """

    def __init__(self, store: Store, *, actor: str, purpose: str = "export") -> None:
        self._store = store
        self._actor = actor
        self._purpose = purpose

    def iterate_reviewed(self, since: datetime | None = None) -> Iterator[ReviewedDocument]:
        """Yield documents with a final verdict, oldest verdict first; those that are or were check items are left out.

        Args:
            since: Only those decided at this moment or later.
        """
        with self._store.read() as tx:
            numbers = _decided(tx, since)
            key = pseudonym_key(tx)
        # A few at a time: nobody has to wait for the log while a long export runs.
        for start in range(0, len(numbers), _AT_ONCE):
            yield from self._store.run(lambda tx, at=start: self._read(tx, numbers[at : at + _AT_ONCE], key))  # type: ignore[misc]

    def _read(self, tx: Transaction, numbers: Sequence[int], key: bytes) -> list[ReviewedDocument]:
        rows = {row.number: row for row in tx.execute(_rows(numbers))}
        words = read_words(tx, numbers)
        found = []
        for number in numbers:
            verdict = next((row for row in words.get(number, ()) if row.kind == "verdict"), None)
            # Undone or reopened since the list was made.
            if verdict is None or number not in rows:
                continue
            opened = open_document(tx, rows[number].id, actor=self._actor, purpose=self._purpose)
            found.append(_build(tx, rows[number], opened, words[number], key))
        return found


@contextmanager
def open_reviewed_store() -> Iterator[StoredReviews]:
    """The reviewed documents of the store that the environment names, for the command line.

    Raises:
        classifier.errors.TellsignError: A setting is not allowed, or the store cannot be used.
    """
    store = open_store(load_store_settings())
    try:
        check_store(store)
        yield StoredReviews(store, actor="command-line")
    finally:
        store.close()


def pseudonym_key(tx: Transaction) -> bytes:
    """What the names of reviewers in exports are made with: the same in every export of this store."""
    return hmac.new(tx.store.secret(tx.connection, "text_hash"), b"reviewers", sha256).digest()


def read_words(tx: Transaction, numbers: Sequence[int]) -> dict[int, list[Row[Any]]]:
    """The decisions that stand on documents, by document: later rounds first, the newest first within a round."""
    found: dict[int, list[Row[Any]]] = {}
    for row in tx.execute(standing(decisions.c.document.in_(numbers))):
        found.setdefault(row.document, []).append(row)
    for rows in found.values():
        rows.sort(key=lambda row: _ROUNDS.index(row.round), reverse=True)
    return found


def read_given(tx: Transaction, rows: Sequence[Row[Any]]) -> dict[int, LabelledSpan]:
    """The model's spans that decisions speak of, by number."""
    numbers = {row.span for row in rows if row.span is not None}
    wanted = select(spans).where(spans.c.number.in_(numbers))
    return {row.number: _label(row) for row in tx.execute(wanted)} if numbers else {}


def build_decision(row: Row[Any], given: dict[int, LabelledSpan], reviewer: str) -> Decision:
    """A row about a span as exports and figures take it.

    Args:
        row: Of `decisions`.
        given: As `read_given` gives them.
        reviewer: Pseudonym or id.
    """
    label = _label(row) if row.kind in {"change", "add"} else None
    return Decision(row.kind, reviewer, row.round, row.at, given.get(row.span), label)


def _decided(tx: Transaction, since: datetime | None) -> list[int]:
    checked = exists(select(checks.c.document).where(checks.c.document == items.c.document))
    wanted = select(items.c.document).where(items.c.state == "done", items.c.verdict.is_not(None), ~checked)
    if since is not None:
        wanted = wanted.where(items.c.decided >= since)
    return list(tx.execute(wanted.order_by(items.c.decided, items.c.document)).scalars())


def _rows(numbers: Sequence[int]) -> Any:
    wanted = select(documents.c.number, documents.c.id, documents.c.analysis, items.c.verdict, items.c.decided)
    joined = wanted.join(items, items.c.document == documents.c.number)
    return joined.where(documents.c.number.in_(numbers), items.c.state == "done")


def _build(
    tx: Transaction, item: Row[Any], opened: OpenedDocument, words: Sequence[Row[Any]], key: bytes
) -> ReviewedDocument:
    verdict = next(row for row in words if row.kind == "verdict")
    about = sorted((row for row in words if row.kind != "verdict"), key=lambda row: row.number)
    given = read_given(tx, about)
    said = tuple(build_decision(row, given, pseudonym(row.reviewer, key)) for row in about)
    analysis = opened.analysis
    if verdict.analysis != item.analysis:
        # The reviewer saw what an earlier model found.
        analysis = read_analysis(tx, item.id, opened.text, number=verdict.analysis)
    settled, undecided = settle_spans(analysis, said)
    return ReviewedDocument(
        id=item.id,
        text=opened.text,
        analysis=analysis,
        decisions=said,
        spans=settled,
        undecided=undecided,
        verdict=item.verdict,
        reviewer=pseudonym(verdict.reviewer, key),
        created=opened.record.created,
        decided=item.decided,
        cluster=opened.record.cluster,
    )


def _label(row: Row[Any]) -> LabelledSpan:
    assertion: Assertion = row.assertion
    return LabelledSpan(row.start, row.end, row.indicator, assertion)
