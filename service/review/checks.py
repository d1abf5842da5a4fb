"""Check items: documents with a known answer, hidden in the queue, which every reviewer reads once.

To a reviewer a check item looks like any other, before and after; who did how well is for leads to see.
"""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, case, func, insert, select, update

from service.review.items import change_item, lock_item, require_lead
from service.review.records import DecisionRecord, standing, standing_spans
from service.store.checked import check_word
from service.store.errors import ConflictError, RefusedError
from service.store.review_tables import check_results, checks, decisions
from service.store.schema import VERDICTS
from service.store.store import Transaction
from service.store.users import UserRecord


@dataclass(frozen=True, slots=True)
class CheckAccuracy:
    """How a reviewer did: check items done, share of right verdicts, mean overlap (Jaccard) of confirmed indicators."""

    reviewer: str
    done: int
    verdicts_right: float
    indicators_right: float


def make_check(
    tx: Transaction, user: UserRecord, document_id: str, *, verdict: str, indicators: tuple[str, ...]
) -> None:
    """Make a document that nobody has decided on a check item.

    Args:
        tx: A writing transaction.
        user: A lead, who knows the answer.
        document_id: Which document.
        verdict: The right one: escalate or no_concern.
        indicators: The ones that a careful reader would confirm.

    Raises:
        NotFoundError: There is no such document.
        NotAllowedError: The person is no lead.
        ConflictError: Somebody holds it or has decided on it, its text was erased, or it is one already.
        RefusedError: The verdict is no answer.
    """
    require_lead(user)
    check_word("verdict", verdict, VERDICTS)
    if verdict == "needs_second_look":
        raise RefusedError("verdict", "needs_second_look is no answer; allowed: escalate, no_concern")
    item = lock_item(tx, document_id)
    decided = tx.execute(select(decisions.c.number).where(decisions.c.document == item.document).limit(1)).first()
    held = item.holder is not None and item.lease_until > tx.now
    if item.is_check or held or decided is not None or item.erased_at is not None:
        raise ConflictError(f"Document {document_id} is held, decided on, erased or a check item already")
    values = {"document": item.document, "verdict": verdict, "indicators": json.dumps(sorted(indicators))}
    tx.execute(insert(checks).values(**values, made_by=user.id, created=tx.now))
    change_item(tx, item.document, is_check=True, state="waiting", queued=item.queued or tx.now)
    tx.audit(user.id, "check.made", document_id, verdict=verdict)


def retire_check(tx: Transaction, user: UserRecord, document_id: str) -> None:
    """Give a check item to nobody any more; what was found with it stays.

    Raises:
        NotFoundError: There is no such document.
        NotAllowedError: The person is no lead.
        ConflictError: It is no check item.
    """
    require_lead(user)
    item = lock_item(tx, document_id)
    if not item.is_check:
        raise ConflictError(f"Document {document_id} is no check item")
    tx.execute(update(checks).where(checks.c.document == item.document).values(retired=tx.now))
    change_item(tx, item.document, is_check=False, state="done", decided=tx.now)
    tx.audit(user.id, "check.retired", document_id)


def write_result(tx: Transaction, item: Row[Any], user: UserRecord, verdict: DecisionRecord) -> None:
    """Compare what a reviewer decided on a check item with its answer."""
    check = tx.execute(select(checks).where(checks.c.document == item.document)).one()
    of = decisions.c
    rows = tx.execute(standing(of.document == item.document, of.reviewer == user.id)).all()
    confirmed = {
        row.indicator
        for row in standing_spans(rows).values()
        if row.kind in {"confirm", "change", "add"} and row.assertion in {None, "asserted"}
    }
    expected = set(json.loads(check.indicators))
    either = confirmed | expected
    values = {
        "document": item.document,
        "reviewer": user.id,
        "decision": rows[0].number,
        "verdict_right": verdict.verdict == check.verdict,
        "indicators_right": len(confirmed & expected) / len(either) if either else 1.0,
        "at": tx.now,
    }
    tx.execute(insert(check_results).values(values))


def check_accuracy(tx: Transaction, *, reviewer: str | None = None) -> list[CheckAccuracy]:
    """How each reviewer, or one of them, did on check items."""
    of = check_results.c
    right = func.sum(case((of.verdict_right, 1), else_=0)).label("right")
    wanted = select(
        of.reviewer, func.count().label("done"), right, func.avg(of.indicators_right).label("overlap")
    ).group_by(of.reviewer)
    if reviewer is not None:
        wanted = wanted.where(of.reviewer == reviewer)
    return [
        CheckAccuracy(row.reviewer, row.done, int(row.right) / row.done, float(row.overlap))
        for row in tx.execute(wanted.order_by(of.reviewer))
    ]
