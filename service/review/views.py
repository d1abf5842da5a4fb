"""An item as its viewer sees it: check items look like any other, and others' verdicts stay unseen until it is done."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, exists, select

from service.review.policy import ReviewPolicy
from service.review.priority import shown_priority
from service.store.document_tables import document_indicators, documents
from service.store.errors import NotFoundError
from service.store.review_tables import check_results, decisions, items
from service.store.store import Transaction
from service.store.users import LEADS, UserRecord


@dataclass(frozen=True, slots=True)
class ItemView:
    """Where a document stands in review.

    Attributes:
        number: The document's key inside the database.
        document: Its id.
        priority: Urgency and what waiting has added.
        indicators: Flagged indicators by name.
        heavy: Whether it counts as heavy for its reader.
        holder: User who holds it now.
        verdict: The last word on it; shown once it is done, and to leads once it is theirs to decide.
        reviewers: First, second, adjudicator, as far as the viewer may know them.
    """

    number: int
    document: str
    external_id: str | None
    state: str
    priority: float
    review_probability: float | None
    flagged: bool
    context: str | None
    language: str
    source: str
    characters: int
    cluster: str
    created: datetime
    erased_at: datetime | None
    indicators: tuple[str, ...]
    heavy: bool
    holder: str | None
    lease_until: datetime | None
    verdict: str | None
    reviewers: tuple[str, ...]
    queued: datetime | None
    decided: datetime | None


def item_rows() -> Select[Any]:
    """Documents joined to their items, with the columns that `show_items` needs."""
    # Everything but the sealed bytes, which no list may carry about.
    of_documents = [column for column in documents.c if column.name not in {"text", "metadata", "text_hash"}]
    of_items = [column for column in items.c if column.name != "document"]
    return select(*of_documents, *of_items).join_from(documents, items, items.c.document == documents.c.number)


def show_items(tx: Transaction, policy: ReviewPolicy, viewer: UserRecord, rows: Sequence[Row[Any]]) -> list[ItemView]:
    """Rows of `item_rows` as the viewer sees them, in their order."""
    indicators = _flagged(tx, [row.number for row in rows])
    checked = _checked(tx, viewer, [row.number for row in rows if row.is_check])
    leads = viewer.may(LEADS)
    views = [
        _show(row, leads=leads, policy=policy, now=tx.now, indicators=indicators.get(row.number, ())) for row in rows
    ]
    return [_as_done(view, viewer, checked[view.number]) if view.number in checked else view for view in views]


def read_item(tx: Transaction, policy: ReviewPolicy, viewer: UserRecord, document_id: str) -> ItemView:
    """One item as the viewer sees it.

    Raises:
        NotFoundError: There is no such document.
    """
    rows = tx.execute(item_rows().where(documents.c.id == document_id)).all()
    if not rows:
        raise NotFoundError("document", document_id)
    return show_items(tx, policy, viewer, rows)[0]


def not_yet_checked(viewer: UserRecord) -> Any:
    """The condition that an item is not a check item that the viewer has done."""
    done = select(check_results.c.document).where(
        check_results.c.document == items.c.document, check_results.c.reviewer == viewer.id
    )
    return ~and_(items.c.is_check, exists(done))


def _show(row: Row[Any], *, leads: bool, policy: ReviewPolicy, now: datetime, indicators: tuple[str, ...]) -> ItemView:
    held = row.holder is not None and row.lease_until > now
    known = row.state == "done" or (row.state == "adjudication" and leads)
    people = tuple(person for person in (row.first_reviewer, row.second_reviewer, row.adjudicator) if person)
    seen = {
        "document": row.id,
        "priority": shown_priority(policy, row.priority, now),
        "indicators": indicators,
        "holder": row.holder if held else None,
        "lease_until": row.lease_until if held else None,
        "verdict": row.verdict if known else None,
        "reviewers": people if known else (),
    }
    as_kept = {field.name: getattr(row, field.name) for field in fields(ItemView) if field.name not in seen}
    return ItemView(**as_kept, **seen)


def _as_done(view: ItemView, viewer: UserRecord, result: Row[Any]) -> ItemView:
    """A check item goes on to the next reviewer; to one who has done it, it must look as done as any other."""
    return replace(view, state="done", verdict=result.verdict, decided=result.at, reviewers=(viewer.id,))


def _flagged(tx: Transaction, numbers: Sequence[int]) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = defaultdict(tuple)
    of = document_indicators.c
    wanted = select(of.document, of.indicator).where(of.document.in_(numbers), of.flagged)
    for row in tx.execute(wanted.order_by(of.document, of.probability.desc(), of.indicator)):
        found[row.document] += (row.indicator,)
    return found


def _checked(tx: Transaction, viewer: UserRecord, numbers: Sequence[int]) -> dict[int, Row[Any]]:
    if not numbers:
        return {}
    wanted = (
        select(check_results.c.document, decisions.c.verdict, check_results.c.at)
        .join(decisions, decisions.c.number == check_results.c.decision)
        .where(check_results.c.reviewer == viewer.id, check_results.c.document.in_(numbers))
    )
    return {row.document: row for row in tx.execute(wanted)}
