"""How much a person has had to read on a day: counted when an item is given to them for the first time."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from service.review.policy import ReviewPolicy
from service.store.review_tables import exposures
from service.store.rows import as_record
from service.store.store import Transaction


@dataclass(frozen=True, slots=True)
class Exposure:
    """Items and heavy items of one person and UTC day."""

    items: int
    heavy: int


def exposure_of(tx: Transaction, user_id: str, day: date) -> Exposure:
    """What a person was given on a UTC day."""
    of = exposures.c
    row = tx.execute(select(of["items"], of.heavy).where(of.reviewer == user_id, of.day == day)).one_or_none()
    return Exposure(0, 0) if row is None else as_record(Exposure, row)


def count_exposure(tx: Transaction, user_id: str, *, heavy: bool) -> None:
    """Count an item that was given to a person today."""
    insert = sqlite_insert if tx.store.is_sqlite else postgres_insert
    row = {"reviewer": user_id, "day": tx.now.date(), "items": 1, "heavy": int(heavy)}
    more = {"items": exposures.c["items"] + 1, "heavy": exposures.c.heavy + int(heavy)}
    keys = [exposures.c.reviewer, exposures.c.day]
    tx.execute(insert(exposures).values(row).on_conflict_do_update(index_elements=keys, set_=more))


def is_capped(tx: Transaction, policy: ReviewPolicy, user_id: str) -> bool:
    """Whether a person has had as many heavy items today as the policy allows."""
    cap = policy.heavy_cap_per_day
    return cap is not None and exposure_of(tx, user_id, tx.now.date()).heavy >= cap
