"""How much a person is given on a day, whichever way they ask for the next document."""

from datetime import datetime

from service.desk.desk import Desk
from service.review.claims import Claim, claim_next
from service.review.filters import Filters
from service.review.wellness import may_open
from service.review.workday import count_day
from service.store.store import Transaction
from service.store.users import UserRecord


def go_on(
    tx: Transaction, desk: Desk, user: UserRecord, filters: Filters, *, paused: datetime | None = None
) -> Claim | None:
    """The next document for a person; None when nothing waits for them, or the cap of the day is reached.

    Raises:
        NotAllowedError: The person may not review, or not adjudicate.
        RefusedError: A filter has a value there cannot be.
    """
    if is_day_full(tx, desk, user, paused=paused):
        return None
    return claim_next(tx, desk.policy, user, filters=filters)


def is_day_full(tx: Transaction, desk: Desk, user: UserRecord, *, paused: datetime | None = None) -> bool:
    """Whether a person has had as many documents today as the cap allows."""
    counts = count_day(tx, user.id, desk.wellness, paused=paused)
    return not may_open(counts, "light", tx.now, desk.wellness, heavy_cap=desk.policy.heavy_cap_per_day)
