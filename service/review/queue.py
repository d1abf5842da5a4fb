"""The queue: what waits for whom, in order, and how many."""

from collections.abc import Iterable

from sqlalchemy import and_, func, insert, or_, select

from service.review.filters import EVERYTHING, Filters, conditions
from service.review.items import change_item, may_take, require_lead, require_reviewer
from service.review.policy import ReviewPolicy
from service.review.priority import stored_priority
from service.review.views import ItemView, item_rows, show_items
from service.store.checked import check_word
from service.store.document_tables import document_indicators, documents
from service.store.errors import RefusedError
from service.store.review_tables import items
from service.store.rows import Page, read_cursor, write_cursor
from service.store.schema import ITEM_STATES
from service.store.store import Transaction
from service.store.users import UserRecord

MAX_PAGE = 200


def list_queue(
    tx: Transaction,
    policy: ReviewPolicy,
    viewer: UserRecord,
    *,
    state: str = "waiting",
    filters: Filters = EVERYTHING,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[ItemView]:
    """What waits in one state for this viewer, most urgent first.

    Raises:
        NotAllowedError: The viewer may not review, or not adjudicate.
        RefusedError: An unknown state, a filter or a cursor that is not allowed.
    """
    require_reviewer(viewer)
    if check_word("state", state, ITEM_STATES) == "adjudication":
        require_lead(viewer)
    wanted = item_rows().where(items.c.state == state, may_take(viewer, state), *conditions(tx, filters))
    if cursor is not None:
        priority, number = read_cursor(cursor, float, int)
        after = and_(items.c.priority == priority, items.c.document > number)
        wanted = wanted.where(items.c.priority <= priority, or_(items.c.priority < priority, after))
    wanted = wanted.order_by(items.c.priority.desc(), items.c.document)
    rows = tx.execute(wanted.add_columns(items.c.priority.label("place")).limit(check_limit(limit) + 1)).all()
    more = write_cursor([rows[limit - 1].place, rows[limit - 1].number]) if len(rows) > limit else None
    return Page(tuple(show_items(tx, policy, viewer, rows[:limit])), more)


def count_items(tx: Transaction) -> dict[str, int]:
    """How many items there are in each state."""
    counted = dict.fromkeys(ITEM_STATES, 0)
    wanted = select(items.c.state, func.count().label("number")).group_by(items.c.state)
    return counted | {row.state: row.number for row in tx.execute(wanted)}


def add_item(tx: Transaction, policy: ReviewPolicy, number: int, *, queue: bool) -> None:
    """Give a stored document its place in review."""
    document = tx.execute(select(documents.c.review_probability).where(documents.c.number == number)).one()
    flagged = _flagged(tx, number)
    priority = stored_priority(
        policy, probability=document.review_probability, indicators=flagged, disagreement=0.0, queued=tx.now
    )
    values = {
        "document": number,
        "state": "waiting" if queue else "unqueued",
        "readable": queue,
        "priority": priority,
        "disagreement": 0.0,
        "heavy": _is_heavy(policy, flagged),
        "is_check": False,
        "queued": tx.now if queue else None,
    }
    tx.execute(insert(items).values(values))


def weigh_again(tx: Transaction, policy: ReviewPolicy, number: int, *, disagreement: float | None = None) -> None:
    """Compute the priority of an item again, after another analysis or with other weights; its age is kept."""
    item = tx.execute(select(items).where(items.c.document == number).with_for_update()).one()
    document = tx.execute(select(documents).where(documents.c.number == number)).one()
    apart = item.disagreement if disagreement is None else disagreement
    flagged = _flagged(tx, number)
    priority = stored_priority(
        policy,
        probability=document.review_probability,
        indicators=flagged,
        disagreement=apart,
        queued=item.queued or document.created,
    )
    change_item(tx, number, priority=priority, disagreement=apart, heavy=_is_heavy(policy, flagged))


def put_in_queue(tx: Transaction, number: int) -> None:
    """Queue an item that was left out; nothing happens when it is in review or done."""
    item = tx.execute(select(items).where(items.c.document == number).with_for_update()).one()
    if item.state == "unqueued":
        change_item(tx, number, state="waiting", queued=tx.now)


def check_limit(limit: int) -> int:
    """A page size that is allowed.

    Raises:
        RefusedError: It is not.
    """
    if not 1 <= limit <= MAX_PAGE:
        raise RefusedError("limit", f"{limit}; allowed: 1 to {MAX_PAGE}")
    return limit


def _flagged(tx: Transaction, number: int) -> list[str]:
    of = document_indicators.c
    return list(tx.execute(select(of.indicator).where(of.document == number, of.flagged)).scalars())


def _is_heavy(policy: ReviewPolicy, flagged: Iterable[str]) -> bool:
    return not policy.heavy_indicators.isdisjoint(flagged)
