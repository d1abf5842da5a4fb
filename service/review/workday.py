"""A reader's day: what they were given to read, and the decision that they can take back."""

from datetime import datetime

from sqlalchemy import or_, select

from service.review.records import standing
from service.review.wellness import DayCounts, WellnessSettings, count_item, take_pause
from service.store.document_tables import documents
from service.store.review_tables import claims, decisions, items
from service.store.store import Transaction


def count_day(
    tx: Transaction, user_id: str, settings: WellnessSettings, *, paused: datetime | None = None
) -> DayCounts:
    """What a person was given to read on the UTC day of the transaction, from the claims.

    Nothing is kept for this: the pauses that people take are nobody's business, so only their browser knows of them.

    Args:
        tx: A transaction.
        user_id: The reader.
        settings: What counts as a pause.
        paused: When they last said that they pause, or None.
    """
    day_start = tx.now.replace(hour=0, minute=0, second=0, microsecond=0)
    wanted = (
        select(claims.c.document, claims.c.granted, items.c.heavy)
        .join(items, items.c.document == claims.c.document)
        .where(
            claims.c.reviewer == user_id,
            claims.c.granted >= day_start,
            # Says nothing new, and lets the index on reviewer and end leave out the days before.
            or_(claims.c.ended.is_(None), claims.c.ended >= day_start),
        )
        .order_by(claims.c.granted)
    )
    counts, seen, rest = DayCounts(tx.now.date()), set(), paused
    for row in tx.execute(wanted):
        if row.document in seen:
            continue
        seen.add(row.document)
        if rest is not None and rest <= row.granted:
            counts, rest = take_pause(counts, rest), None
        counts = count_item(counts, "heavy" if row.heavy else "light", row.granted, settings)
    return counts if rest is None else take_pause(counts, rest)


def newest_decision(tx: Transaction, user_id: str) -> str | None:
    """The document of a person's newest decision that stands, or None."""
    newest = standing(decisions.c.reviewer == user_id).limit(1).subquery()
    found: str | None = tx.execute(
        select(documents.c.id).join(newest, newest.c.document == documents.c.number)
    ).scalar_one_or_none()
    return found
