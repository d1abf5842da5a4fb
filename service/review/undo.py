"""Takes a decision back: a row of its own that names the decision, and the item as it was before."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, delete, select

from service.review.claims import grant_again
from service.review.decisions import REVIEWER_OF
from service.review.items import change_item, held_by_another, lock_item, require_reviewer
from service.review.policy import ReviewPolicy
from service.review.records import DecisionRecord, standing, standing_verdicts, write_decision
from service.store.errors import ConflictError
from service.store.review_tables import check_results, decisions
from service.store.store import Transaction
from service.store.users import UserRecord
from service.store.webhooks import emit

_STATE_BEFORE = {"first": "waiting", "second": "second", "adjudication": "adjudication"}


def undo(tx: Transaction, policy: ReviewPolicy, user: UserRecord, document_id: str) -> DecisionRecord:
    """Take back the person's newest decision on a document; a verdict taken back gives the document to them again.

    Raises:
        NotFoundError: There is no such document.
        ConflictError: There is nothing to take back, it was too long ago, or somebody has gone on from it.
    """
    require_reviewer(user)
    item = lock_item(tx, document_id)
    of = decisions.c
    newest = tx.execute(standing(of.document == item.document, of.reviewer == user.id).limit(1)).one_or_none()
    if newest is None:
        raise ConflictError(f"User {user.id} has decided nothing on document {document_id} that could be taken back")
    if newest.kind == "verdict":
        _check_verdict(tx, policy, item, newest, user)
    elif item.holder != user.id:
        raise ConflictError(f"Document {document_id} is not held by user {user.id}; claim it first")
    values = {"kind": "undo", "round": newest.round, "undoes": newest.number}
    record = write_decision(tx, item, user, values, reason=None)
    if newest.kind == "verdict":
        _reopen(tx, item, newest)
        grant_again(tx, policy, user, document_id)
    return record


def _check_verdict(tx: Transaction, policy: ReviewPolicy, item: Row[Any], verdict: Row[Any], user: UserRecord) -> None:
    if verdict.at + timedelta(minutes=policy.undo_minutes) < tx.now:
        raise ConflictError(f"The verdict is older than {policy.undo_minutes:g} minutes, after which it stands")
    if item.erased_at is not None:
        raise ConflictError(f"The text of document {item.id} was erased; its verdict stands")
    later = decisions.c.document == item.document, decisions.c.number > verdict.number
    by_others = select(decisions.c.number).where(*later, decisions.c.reviewer != user.id).limit(1)
    # On a check item everybody decides for themselves.
    gone_on = not item.is_check and tx.execute(by_others).first() is not None
    if gone_on or held_by_another(tx, item, user):
        raise ConflictError(f"Somebody else has gone on with document {item.id}; its verdict stands")


def _reopen(tx: Transaction, item: Row[Any], verdict: Row[Any]) -> None:
    if item.is_check:
        of = check_results.c
        tx.execute(delete(check_results).where(of.document == item.document, of.reviewer == verdict.reviewer))
        return
    state = _STATE_BEFORE[verdict.round]
    if state == "waiting" and item.queued is None:
        state = "unqueued"
    left = standing_verdicts(tx, item.document)
    # What stands is the word of the round before.
    before = {"first": None, "second": left.get("first"), "adjudication": left.get("second")}[verdict.round]
    word = None if before is None else before.verdict
    change_item(tx, item.document, state=state, verdict=word, decided=None, **{REVIEWER_OF[verdict.round]: None})
    if item.state == "done":
        emit(tx, "document.reopened", {"document": item.id, "round": verdict.round})
