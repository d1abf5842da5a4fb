"""Decisions over all documents, newest first, as far as their viewer may see them; and the check items, for leads."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select

from service.review.items import require_lead, require_reviewer
from service.review.queue import check_limit
from service.review.records import DecisionRecord, read_records
from service.store.checked import check_word
from service.store.document_tables import documents
from service.store.review_tables import check_results, checks, decisions, items
from service.store.rows import Page, read_cursor, write_cursor
from service.store.schema import DECISION_KINDS, VERDICTS
from service.store.store import Transaction
from service.store.users import LEADS, UserRecord


@dataclass(frozen=True, slots=True)
class DecisionFilters:
    """Everything given must hold.

    Attributes:
        reviewer: Whose.
        kind: confirm, reject, change, add, insufficient, verdict or undo.
        verdict: Of decisions of the kind verdict.
        indicator: What the span shows.
        batch: Of a bulk decision.
        at_from: First moment.
        at_to: First moment after.
    """

    reviewer: str | None = None
    kind: str | None = None
    verdict: str | None = None
    indicator: str | None = None
    batch: str | None = None
    at_from: datetime | None = None
    at_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class CheckItem:
    """A document with a known answer; `done` says how many people have answered."""

    document: str
    verdict: str
    indicators: tuple[str, ...]
    made_by: str
    created: datetime
    retired: datetime | None
    done: int


def list_all_decisions(
    tx: Transaction,
    viewer: UserRecord,
    *,
    filters: DecisionFilters = DecisionFilters(),
    cursor: str | None = None,
    limit: int = 50,
) -> Page[DecisionRecord]:
    """Decisions newest first: the viewer's own, and others' as `decisions.list_decisions` shows them.

    Raises:
        NotAllowedError: The viewer may not review.
        RefusedError: A filter, the cursor or the limit is not allowed.
    """
    require_reviewer(viewer)
    open_to_all = items.c.state == "done"
    if viewer.may(LEADS):
        open_to_all = or_(open_to_all, items.c.state == "adjudication")
    wanted = (
        select(decisions.c.number)
        .join(items, items.c.document == decisions.c.document)
        .where(or_(decisions.c.reviewer == viewer.id, open_to_all), *_conditions(filters))
        .order_by(decisions.c.number.desc())
        .limit(check_limit(limit) + 1)
    )
    if cursor is not None:
        wanted = wanted.where(decisions.c.number < read_cursor(cursor, int)[0])
    numbers = list(tx.execute(wanted).scalars())
    more = write_cursor([numbers[limit - 1]]) if len(numbers) > limit else None
    records = read_records(tx, decisions.c.number.in_(numbers[:limit]))
    return Page(tuple(reversed(records)), more)


def list_checks(
    tx: Transaction, lead: UserRecord, *, retired: bool = False, cursor: str | None = None, limit: int = 50
) -> Page[CheckItem]:
    """Check items, newest first.

    Args:
        tx: A transaction.
        lead: Who asks.
        retired: Those that are given to nobody any more too.
        cursor: Of the page before.
        limit: Most of one page.

    Raises:
        NotAllowedError: The person is no lead.
        RefusedError: The cursor or the limit is not allowed.
    """
    require_lead(lead)
    answered = select(func.count()).where(check_results.c.document == checks.c.document).scalar_subquery()
    wanted = (
        select(checks, documents.c.id, answered.label("done"))
        .join(documents, documents.c.number == checks.c.document)
        .order_by(checks.c.document.desc())
        .limit(check_limit(limit) + 1)
    )
    if not retired:
        wanted = wanted.where(checks.c.retired.is_(None))
    if cursor is not None:
        wanted = wanted.where(checks.c.document < read_cursor(cursor, int)[0])
    rows = tx.execute(wanted).all()
    more = write_cursor([rows[limit - 1].document]) if len(rows) > limit else None
    found = [
        CheckItem(
            row.id, row.verdict, tuple(json.loads(row.indicators)), row.made_by, row.created, row.retired, row.done
        )
        for row in rows[:limit]
    ]
    return Page(tuple(found), more)


def _conditions(filters: DecisionFilters) -> list[ColumnElement[bool]]:
    if filters.kind is not None:
        check_word("kind", filters.kind, DECISION_KINDS)
    if filters.verdict is not None:
        check_word("verdict", filters.verdict, VERDICTS)
    equal = ("reviewer", "kind", "verdict", "indicator", "batch")
    given = [decisions.c[name] == value for name in equal if (value := getattr(filters, name)) is not None]
    if filters.at_from is not None:
        given.append(decisions.c.at >= filters.at_from)
    if filters.at_to is not None:
        given.append(decisions.c.at < filters.at_to)
    return given
