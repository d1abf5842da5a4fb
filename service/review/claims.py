"""Claims: an item is held by one person for a while, renewed while they read, free again when they stop.

The item's row says who holds it and until when; taking it locks that row, so two people cannot take it at once. On
PostgreSQL a taker passes over rows that others are taking (SKIP LOCKED); SQLite has one writer at a time anyway. The
table of claims keeps who held what, and its unique index on open claims would refuse a second holder even so.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, exists, false, or_, select, update

from service.review import exposure
from service.review.filters import EVERYTHING, Filters, conditions
from service.review.items import (
    ROUND_OF,
    change_item,
    held_by_another,
    is_free,
    lock_item,
    may_take,
    require_lead,
    require_reviewer,
    require_round,
)
from service.review.policy import ReviewPolicy
from service.store.document_tables import documents
from service.store.errors import ConflictError, NotAllowedError
from service.store.review_tables import check_results, claims, items
from service.store.rows import as_record
from service.store.store import Transaction
from service.store.users import UserRecord


@dataclass(frozen=True, slots=True)
class Claim:
    """Who holds which document in which round, and until when."""

    id: str
    document: str
    reviewer: str
    round: str
    granted: datetime
    expires: datetime


def claim_next(
    tx: Transaction, policy: ReviewPolicy, user: UserRecord, *, filters: Filters = EVERYTHING
) -> Claim | None:
    """Give a person the item they hold already, or the first one for them; None when there is none.

    Args:
        tx: A writing transaction.
        policy: Lease, caps and the share of check items.
        user: Who asks.
        filters: What it must be; with `state` second or adjudication, of that round; else first and second readings.

    Raises:
        NotAllowedError: The person may not review, or not adjudicate.
        RefusedError: A filter has a value there cannot be.
    """
    require_reviewer(user)
    if filters.state == "adjudication":
        require_lead(user)
    if (held := _held(tx, user)) is not None:
        return renew_claim(tx, policy, user, held)
    narrowed = [*conditions(tx, filters), is_free(tx), documents.c.erased_at.is_(None)]
    if exposure.is_capped(tx, policy, user.id):
        narrowed.append(~items.c.heavy)
    row = None
    if filters.state in {None, "waiting"} and tx.store.chance() < policy.check_share:
        checks = [items.c.state == "waiting", may_take(user, "waiting"), items.c.is_check]
        row = tx.execute(_first(user, [*checks, *narrowed])).one_or_none()
    if row is None:
        row = tx.execute(_first(user, [*_open_to(user, filters.state), ~items.c.is_check, *narrowed])).one_or_none()
    return None if row is None else _grant(tx, policy, user, row, seen=row.seen)


def claim_item(tx: Transaction, policy: ReviewPolicy, user: UserRecord, document_id: str) -> Claim:
    """Give a person one certain item; one that was never queued too.

    Raises:
        NotFoundError: There is no such document.
        NotAllowedError: The person may not review it, or has had as many heavy items today as are allowed.
        ConflictError: Somebody else holds it, it is done, or its text was erased.
    """
    require_reviewer(user)
    row = lock_item(tx, document_id)
    if row.holder == user.id and row.state in ROUND_OF:
        return renew_claim(tx, policy, user, document_id)
    if held_by_another(tx, row, user):
        raise ConflictError(f"Document {document_id} is held by another person until {row.lease_until:%H:%M:%S} UTC")
    if row.state not in ROUND_OF or _has_checked(tx, row, user):
        raise ConflictError(f"Document {document_id} is done")
    if row.erased_at is not None:
        raise ConflictError(f"The text of document {document_id} was erased; there is nothing to review")
    require_round(row, user)
    if row.heavy and exposure.is_capped(tx, policy, user.id):
        raise NotAllowedError(
            f"User {user.id} has had {policy.heavy_cap_per_day} heavy items today, as many as are allowed"
        )
    return _grant(tx, policy, user, row, seen=_has_seen(tx, row, user))


def renew_claim(tx: Transaction, policy: ReviewPolicy, user: UserRecord, document_id: str) -> Claim:
    """Hold an item for longer; also after the lease, as long as nobody else has taken it.

    Raises:
        NotFoundError: There is no such document.
        ConflictError: The person does not hold it.
    """
    row = require_holder(tx, user, document_id)
    expires = tx.now + timedelta(minutes=policy.lease_minutes)
    tx.execute(update(claims).where(_open(row.document)).values(expires=expires))
    change_item(tx, row.document, lease_until=expires)
    return _read(tx, row.document)


def release_claim(tx: Transaction, user: UserRecord, document_id: str) -> None:
    """Give an item back undecided; span decisions made so far stay.

    Raises:
        NotFoundError: There is no such document.
        ConflictError: The person does not hold it.
    """
    end_claim(tx, require_holder(tx, user, document_id).document, "released")


def require_holder(tx: Transaction, user: UserRecord, document_id: str) -> Row[Any]:
    """Lock the item of a document that the user must hold.

    Raises:
        NotFoundError: There is no such document.
        ConflictError: The person does not hold it.
    """
    row = lock_item(tx, document_id)
    if row.holder != user.id:
        raise ConflictError(f"Document {document_id} is not held by user {user.id}; claim it first")
    return row


def end_claim(tx: Transaction, number: int, ending: str, **changes: object) -> None:
    """Close the open claim of a document, if there is one, free its item and make other changes to it."""
    tx.execute(update(claims).where(_open(number)).values(ended=tx.now, ending=ending))
    change_item(tx, number, holder=None, lease_until=None, **changes)


def grant_again(tx: Transaction, policy: ReviewPolicy, user: UserRecord, document_id: str) -> Claim:
    """Give an item back to whom it was taken from by their own verdict, which they have undone."""
    return _grant(tx, policy, user, lock_item(tx, document_id), seen=True)


def _held(tx: Transaction, user: UserRecord) -> str | None:
    wanted = (
        select(documents.c.id)
        .join(items, items.c.document == documents.c.number)
        .where(items.c.holder == user.id, items.c.lease_until > tx.now, items.c.state.in_(ROUND_OF))
        .order_by(items.c.lease_until)
        .limit(1)
        # Locked, or somebody could take it between this look and the renewal: the lease may just be over.
        .with_for_update(of=items)
    )
    found: str | None = tx.execute(wanted).scalar_one_or_none()
    return found


def _open_to(user: UserRecord, state: str | None) -> list[ColumnElement[bool]]:
    """The conditions of the list that is taken from."""
    if state == "done":
        return [false()]
    if state is not None:
        return [items.c.state == state, may_take(user, state)]
    return [items.c.readable, or_(items.c.state == "waiting", may_take(user, "second"))]


def _first(user: UserRecord, narrowed: list[ColumnElement[bool]]) -> Select[Any]:
    return (
        select(items, documents.c.id, _seen_before(user, items.c.document).label("seen"))
        .join(documents, documents.c.number == items.c.document)
        .where(*narrowed)
        .order_by(items.c.priority.desc(), items.c.document)
        .limit(1)
        .with_for_update(of=items, skip_locked=True)
    )


def _seen_before(user: UserRecord, number: object) -> ColumnElement[bool]:
    """Whether a person has held a document before, which counts as reading it only once."""
    return exists(select(claims.c.number).where(claims.c.document == number, claims.c.reviewer == user.id))


def _grant(tx: Transaction, policy: ReviewPolicy, user: UserRecord, row: Row[Any], *, seen: bool) -> Claim:
    """Write the claim on a locked item that nobody holds."""
    if row.holder is not None:
        tx.execute(update(claims).where(_open(row.document)).values(ended=tx.now, ending="expired"))
    if not seen:
        exposure.count_exposure(tx, user.id, heavy=row.heavy)
    claim = Claim(
        id=tx.store.ids("clm"),
        document=row.id,
        reviewer=user.id,
        round=ROUND_OF[row.state],
        granted=tx.now,
        expires=tx.now + timedelta(minutes=policy.lease_minutes),
    )
    values = {"id": claim.id, "document": row.document, "reviewer": user.id, "round": claim.round, "granted": tx.now}
    tx.add(claims, {**values, "expires": claim.expires})
    change_item(tx, row.document, holder=user.id, lease_until=claim.expires)
    return claim


def _read(tx: Transaction, number: int) -> Claim:
    wanted = select(
        claims.c.id,
        documents.c.id.label("document"),
        claims.c.reviewer,
        claims.c.round,
        claims.c.granted,
        claims.c.expires,
    ).join(documents, documents.c.number == claims.c.document)
    return as_record(Claim, tx.execute(wanted.where(_open(number))).one())


def _has_seen(tx: Transaction, row: Row[Any], user: UserRecord) -> bool:
    return bool(tx.execute(select(_seen_before(user, row.document))).scalar_one())


def _has_checked(tx: Transaction, row: Row[Any], user: UserRecord) -> bool:
    of = check_results.c
    done = select(of.document).where(of.document == row.document, of.reviewer == user.id)
    return row.is_check and tx.execute(done).first() is not None


def _open(number: int) -> ColumnElement[bool]:
    return (claims.c.document == number) & claims.c.ended.is_(None)
