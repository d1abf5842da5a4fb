"""Decisions of a person: on spans while they hold the document, then a verdict that moves it on.

A first verdict closes a document, or sends it to a second person: by policy, by its words, or by chance. A second one
closes it when both say the same, or when the first only asked for a second look; else a lead decides.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from sqlalchemy import Row, select

from classifier.document import Assertion
from classifier.taxonomy import load_taxonomy
from service.review import checks
from service.review.claims import end_claim, require_holder
from service.review.items import ROUND_OF, require_reviewer, require_round
from service.review.policy import ReviewPolicy
from service.review.records import DecisionRecord, check_reason, read_records, write_decision
from service.review.views import ItemView, read_item
from service.store.checked import check_word
from service.store.document_tables import spans
from service.store.documents import row_of
from service.store.errors import RefusedError
from service.store.review_tables import decisions, items
from service.store.schema import SPAN_DECISIONS, VERDICTS
from service.store.store import Transaction
from service.store.users import LEADS, UserRecord
from service.store.webhooks import emit

# Who decided in a round, as a column of the item.
REVIEWER_OF = {"first": "first_reviewer", "second": "second_reviewer", "adjudication": "adjudicator"}
_REASONED = {"reject": "rejecting a span", "change": "changing a span"}


@dataclass(frozen=True, slots=True)
class SpanDecision:
    """What a person says of a span.

    Attributes:
        kind: confirm, reject, change, add or insufficient (not enough information).
        span: Number of a span of the current analysis; not for add.
        indicator: What it shows: for add, and for change where it differs.
        start: First code point: for add, and for change where the span has other ends.
        end: One past the last code point.
        assertion: How the text holds it: for add, and for change where it differs.
        reason: In the reviewer's words; needed for reject and change.
    """

    kind: str
    span: int | None = None
    indicator: str | None = None
    start: int | None = None
    end: int | None = None
    assertion: str | None = None
    reason: str | None = None


def decide_span(tx: Transaction, user: UserRecord, document_id: str, decision: SpanDecision) -> DecisionRecord:
    """Write what the holder of a document says of a span; a later word on the same span counts instead.

    Raises:
        NotFoundError: There is no such document.
        ConflictError: The person does not hold it.
        RefusedError: A value is not allowed, or a reason is missing.
    """
    check_word("kind", decision.kind, SPAN_DECISIONS)
    reason = check_reason(decision.reason, needed=_REASONED.get(decision.kind))
    require_reviewer(user)
    item = require_holder(tx, user, document_id)
    values = _added(item, decision) if decision.kind == "add" else _on_span(tx, item, decision)
    values |= {"kind": decision.kind, "round": ROUND_OF[item.state]}
    return write_decision(tx, item, user, values, reason=reason)


def decide_document(
    tx: Transaction,
    policy: ReviewPolicy,
    user: UserRecord,
    document_id: str,
    verdict: str,
    *,
    reason: str | None = None,
) -> ItemView:
    """Write the holder's verdict on a document, end their claim and move the document on.

    Raises:
        NotFoundError: There is no such document.
        ConflictError: The person does not hold it.
        NotAllowedError: The person has read it in an earlier round, or may not adjudicate.
        RefusedError: An unknown verdict, or a reason is missing.
    """
    require_reviewer(user)
    settle(tx, policy, user, require_holder(tx, user, document_id), verdict, reason=reason)
    return read_item(tx, policy, user, document_id)


def settle(
    tx: Transaction,
    policy: ReviewPolicy,
    user: UserRecord,
    item: Row[Any],
    verdict: str,
    *,
    reason: str | None,
    batch: str | None = None,
) -> None:
    """Write a verdict on a locked item that is this person's to decide, and move it on.

    Raises:
        NotAllowedError: The person has read it in an earlier round, or may not adjudicate.
        RefusedError: An unknown verdict, or a reason is missing.
    """
    check_word("verdict", verdict, VERDICTS)
    reason = check_reason(reason, needed=_why_reason(item, verdict, batch))
    require_round(item, user)
    values = {"kind": "verdict", "round": ROUND_OF[item.state], "verdict": verdict, "batch": batch}
    record = write_decision(tx, item, user, values, reason=reason)
    if item.is_check:
        end_claim(tx, item.document, "decided")
        checks.write_result(tx, item, user, record)
        return
    after = _after(tx, policy, item, verdict)
    by = REVIEWER_OF[ROUND_OF[item.state]]
    decided = tx.now if after == "done" else None
    end_claim(tx, item.document, "decided", state=after, verdict=verdict, decided=decided, **{by: user.id})
    if after == "done":
        emit(tx, "document.decided", {"document": item.id, "verdict": verdict, "round": values["round"]})


def list_decisions(tx: Transaction, viewer: UserRecord, document_id: str) -> list[DecisionRecord]:
    """The decisions on a document that the viewer may see, oldest first.

    Their own always; those of others once it is done, and for a lead once it is theirs to adjudicate: a second reader
    does not know what the first one said.

    Raises:
        NotAllowedError: The viewer may not review.
        NotFoundError: There is no such document.
    """
    require_reviewer(viewer)
    item = read_row(tx, document_id)
    open_to_all = item.state == "done" or (item.state == "adjudication" and viewer.may(LEADS))
    condition = decisions.c.document == item.document
    return read_records(tx, condition if open_to_all else condition & (decisions.c.reviewer == viewer.id))


def read_row(tx: Transaction, document_id: str) -> Row[Any]:
    """The item of a document without locking it.

    Raises:
        NotFoundError: There is no such document.
    """
    number = row_of(tx, document_id).number
    return tx.execute(select(items).where(items.c.document == number)).one()


def _why_reason(item: Row[Any], verdict: str, batch: str | None) -> str | None:
    """What a verdict needs a reason for, if it does: whatever goes against the model, or is asked of somebody else."""
    if item.state == "adjudication":
        return "adjudicating"
    if batch is not None:
        return "deciding several documents at once"
    if verdict == "needs_second_look":
        return "asking for a second look"
    if verdict == "no_concern" and item.flagged:
        return "no concern about a flagged document"
    return "escalating a document that is not flagged" if verdict == "escalate" and not item.flagged else None


def _after(tx: Transaction, policy: ReviewPolicy, item: Row[Any], verdict: str) -> str:
    """The state of an item after a verdict."""
    if item.state == "adjudication":
        if verdict == "needs_second_look":
            raise RefusedError("verdict", "needs_second_look ends no dispute; allowed: escalate, no_concern")
        return "done"
    if item.state == "second":
        agreed = item.verdict in {verdict, "needs_second_look"} and verdict != "needs_second_look"
        return "done" if agreed else "adjudication"
    read_twice = verdict in policy.second_verdicts or tx.store.chance() < policy.second_share
    return "second" if read_twice else "done"


def _added(item: Row[Any], decision: SpanDecision) -> dict[str, Any]:
    """The columns of a span that the reviewer adds."""
    if decision.span is not None:
        raise RefusedError("span", "a new span has no number yet; allowed: none with kind add")
    return {
        "indicator": check_word("indicator", decision.indicator or "", _indicators()),
        "assertion": check_word("assertion", decision.assertion or "", get_args(Assertion)),
        **_ends(item, decision.start, decision.end),
    }


def _on_span(tx: Transaction, item: Row[Any], decision: SpanDecision) -> dict[str, Any]:
    """The columns of a decision on a span that the model found."""
    found = select(spans).where(spans.c.number == decision.span, spans.c.analysis == item.analysis)
    span = None if decision.span is None else tx.execute(found).one_or_none()
    if span is None:
        raise RefusedError("span", f"{decision.span} is no span of the current analysis of document {item.id}")
    given = (decision.indicator, decision.start, decision.end, decision.assertion)
    if decision.kind != "change":
        if any(value is not None for value in given):
            raise RefusedError("kind", f"{decision.kind} changes nothing; allowed: change, with the values that differ")
        return {"span": span.number, "indicator": span.indicator, "assertion": span.assertion}
    kept = {name: getattr(span, name) for name in ("indicator", "start", "end", "assertion")}
    changed = kept | {name: value for name, value in zip(kept, given, strict=True) if value is not None}
    if changed == kept:
        raise RefusedError("kind", "nothing is changed; allowed: an indicator, ends or an assertion that differ")
    check_word("indicator", changed["indicator"], _indicators())
    check_word("assertion", changed["assertion"], get_args(Assertion))
    return {"span": span.number, **changed, **_ends(item, changed["start"], changed["end"])}


def _ends(item: Row[Any], start: int | None, end: int | None) -> dict[str, int]:
    if start is None or end is None or not 0 <= start < end <= item.characters:
        raise RefusedError("start", f"{start} to {end}; allowed: 0 <= start < end <= {item.characters}")
    return {"start": start, "end": end}


@cache
def _indicators() -> tuple[str, ...]:
    return load_taxonomy().ids
