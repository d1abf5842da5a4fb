"""Disputes: two people have read a document and do not agree; a lead sees both sides, claims it and decides."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, literal, select

from service.review.items import require_lead, require_round
from service.review.records import DecisionRecord, read_records, standing, standing_spans
from service.store.documents import row_of
from service.store.errors import ConflictError
from service.store.review_tables import decisions, items
from service.store.store import Transaction
from service.store.users import UserRecord


@dataclass(frozen=True, slots=True)
class Side:
    """One reader: the verdict and every decision that stands, oldest first."""

    reviewer: str
    verdict: str
    decisions: tuple[DecisionRecord, ...]


@dataclass(frozen=True, slots=True)
class Dispute:
    """Both sides, and the numbers of the model's spans on which they say different things."""

    document: str
    first: Side
    second: Side
    differing_spans: tuple[int, ...]


def read_dispute(tx: Transaction, lead: UserRecord, document_id: str) -> Dispute:
    """Both sides of a document that waits for a lead.

    Raises:
        NotFoundError: There is no such document.
        NotAllowedError: The person is no lead, or is one of the two.
        ConflictError: It does not wait for a lead.
    """
    require_lead(lead)
    number = row_of(tx, document_id).number
    item = tx.execute(select(items, literal(document_id).label("id")).where(items.c.document == number)).one()
    if item.state != "adjudication":
        raise ConflictError(f"Document {document_id} is in state {item.state}; allowed: adjudication")
    require_round(item, lead)
    rows = tx.execute(standing(decisions.c.document == number)).all()
    sides = [[row for row in rows if row.round == name] for name in ("first", "second")]
    words = [standing_spans(side) for side in sides]
    both = words[0].keys() | words[1].keys()
    spans = [span for span in both if isinstance(span, int)]
    differing = sorted(span for span in spans if _word(words[0], span) != _word(words[1], span))
    return Dispute(document_id, _side(tx, sides[0]), _side(tx, sides[1]), tuple(differing))


def _side(tx: Transaction, rows: list[Row[Any]]) -> Side:
    verdict = next(row for row in rows if row.kind == "verdict")
    records = read_records(tx, decisions.c.number.in_([row.number for row in rows]))
    return Side(verdict.reviewer, verdict.verdict, tuple(records))


def _word(words: dict[object, Row[Any]], span: int) -> tuple[object, ...] | None:
    """What one side says of a span, comparable; None when it says nothing."""
    row = words.get(span)
    return None if row is None else (row.kind, row.indicator, row.start, row.end, row.assertion)
