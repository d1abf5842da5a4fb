"""Webhooks and their outbox: an event is written in the step it tells of, and sent later by whoever asks for it."""

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Row, delete, insert, select, update

from service.store.access_tables import deliveries, webhooks
from service.store.checked import check_word
from service.store.cipher import Sealed
from service.store.columns import milliseconds, moment
from service.store.errors import ConflictError, NotFoundError, RefusedError
from service.store.rows import Page, as_record, read_cursor, write_cursor
from service.store.schema import DELIVERY_STATES
from service.store.store import Transaction

# The year 9999, in milliseconds: what a date can hold.
_LAST_MOMENT = 253_000_000_000_000
EVENTS = ("document.created", "document.decided", "document.reopened", "document.erased")


@dataclass(frozen=True, slots=True)
class WebhookRecord:
    """Where events go, without the secret that signs them."""

    id: str
    url: str
    events: tuple[str, ...]
    active: bool
    created: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event to send: `payload` is the body, `secret` what signs it, `attempts` how often it was tried."""

    id: str
    webhook: str
    url: str
    secret: bytes
    event: str
    payload: str
    attempts: int


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """What became of a delivery."""

    id: str
    webhook: str
    event: str
    state: str
    attempts: int
    due: datetime
    created: datetime
    ended: datetime | None
    last_status: int | None
    last_error: str | None


def add_webhook(tx: Transaction, url: str, *, events: Iterable[str], actor: str) -> tuple[str, WebhookRecord]:
    """Add a webhook; returns the secret that signs its deliveries, which is shown this once, and its record.

    Raises:
        RefusedError: Not a web address, or no or unknown events.
    """
    wanted, hook_id = _check_events(events), tx.store.ids("hook")
    parts = urlsplit(url) if len(url) <= 2_000 else None
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise RefusedError("url", "allowed: http(s)://host/path of at most 2,000 characters, without a user name")
    secret = "whs_" + secrets.token_urlsafe(32)
    sealed = tx.store.cipher.seal(secret.encode(), f"{hook_id}:secret")
    values = {"id": hook_id, "url": url, "events": " ".join(wanted), "active": True, "created": tx.now}
    tx.execute(insert(webhooks).values(**values, secret=sealed.data, key_id=sealed.key_id))
    tx.audit(actor, "webhook.added", hook_id, host=parts.hostname, events=list(wanted))
    return secret, _record(tx.execute(select(webhooks).where(webhooks.c.id == hook_id)).one())


def change_webhook(
    tx: Transaction, hook_id: str, *, actor: str, active: bool | None = None, events: Iterable[str] | None = None
) -> WebhookRecord:
    """Put a webhook in or out of use, or give it other events.

    Raises:
        NotFoundError: There is no such webhook.
        RefusedError: No or unknown events.
    """
    values: dict[str, Any] = {} if active is None else {"active": active}
    if events is not None:
        values["events"] = " ".join(_check_events(events))
    if values:
        tx.execute(update(webhooks).where(webhooks.c.id == hook_id).values(values))
        tx.audit(actor, "webhook.changed", hook_id, **values)
    row = tx.execute(select(webhooks).where(webhooks.c.id == hook_id)).one_or_none()
    if row is None:
        raise NotFoundError("webhook", hook_id)
    return _record(row)


def remove_webhook(tx: Transaction, hook_id: str, *, actor: str) -> None:
    """Remove a webhook with its secret and with what was still to be sent to it.

    Raises:
        NotFoundError: There is no such webhook.
    """
    tx.execute(delete(deliveries).where(deliveries.c.webhook == hook_id))
    if tx.execute(delete(webhooks).where(webhooks.c.id == hook_id)).rowcount != 1:
        raise NotFoundError("webhook", hook_id)
    tx.audit(actor, "webhook.removed", hook_id)


def list_webhooks(tx: Transaction) -> list[WebhookRecord]:
    """All webhooks, oldest first."""
    return [_record(row) for row in tx.execute(select(webhooks).order_by(webhooks.c.created, webhooks.c.id))]


def emit(tx: Transaction, event: str, payload: Mapping[str, object]) -> int:
    """Write an event to the outbox of every webhook that wants it; returns how many do.

    Args:
        tx: The transaction of what happened.
        event: One of `EVENTS`.
        payload: Ids and states; never document text.
    """
    rows = [
        {
            "id": tx.store.ids("dlv"),
            "webhook": hook.id,
            "event": event,
            "payload": json.dumps({"event": event, "at": tx.now.isoformat(), "data": payload}),
            "state": "pending",
            "attempts": 0,
            "due": tx.now,
            "created": tx.now,
        }
        for hook in tx.execute(select(webhooks).where(webhooks.c.active))
        if event in hook.events.split()
    ]
    if rows:
        tx.execute(insert(deliveries), rows)
    return len(rows)


def take_due(tx: Transaction, *, limit: int, lease: timedelta) -> list[Delivery]:
    """Take deliveries that are due; nobody else gets them before the lease ends.

    Raises:
        StoreError: The key that sealed a webhook's secret is missing.
    """
    wanted = (
        select(deliveries, webhooks.c.url, webhooks.c.secret, webhooks.c.key_id)
        .join(webhooks, webhooks.c.id == deliveries.c.webhook)
        .where(deliveries.c.state == "pending", deliveries.c.due <= tx.now, webhooks.c.active)
        .order_by(deliveries.c.due, deliveries.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=deliveries)
    )
    rows = tx.execute(wanted).all()
    taken = deliveries.c.id.in_([row.id for row in rows])
    # Counted when taken: a sender that dies halfway has tried.
    tx.execute(update(deliveries).where(taken).values(due=tx.now + lease, attempts=deliveries.c.attempts + 1))
    return [
        Delivery(row.id, row.webhook, row.url, _secret(tx, row), row.event, row.payload, row.attempts + 1)
        for row in rows
    ]


def mark_delivered(tx: Transaction, delivery_id: str, status: int) -> None:
    """Say that a delivery arrived."""
    values = {"state": "delivered", "ended": tx.now, "last_status": status, "last_error": None}
    tx.execute(update(deliveries).where(deliveries.c.id == delivery_id).values(values))


def mark_failed(
    tx: Transaction, delivery_id: str, *, error: str, status: int | None = None, retry: timedelta | None = None
) -> None:
    """Say that a delivery did not arrive: it is tried again after `retry`, or becomes a dead letter with None."""
    values: dict[str, Any] = {"last_status": status, "last_error": error[:200]}
    values |= {"state": "dead", "ended": tx.now} if retry is None else {"due": tx.now + retry}
    tx.execute(update(deliveries).where(deliveries.c.id == delivery_id).values(values))


def list_deliveries(
    tx: Transaction, *, webhook: str | None = None, state: str | None = None, limit: int = 100
) -> list[DeliveryRecord]:
    """Deliveries, newest first."""
    wanted = select(deliveries).order_by(deliveries.c.created.desc(), deliveries.c.id).limit(limit)
    if webhook is not None:
        wanted = wanted.where(deliveries.c.webhook == webhook)
    if state is not None:
        wanted = wanted.where(deliveries.c.state == state)
    return [as_record(DeliveryRecord, row) for row in tx.execute(wanted)]


def page_deliveries(
    tx: Transaction,
    *,
    webhook: str | None = None,
    state: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[DeliveryRecord]:
    """Deliveries in pages, newest first.

    Raises:
        RefusedError: The state or the cursor is not allowed.
    """
    of = deliveries.c
    wanted = select(deliveries).order_by(of.created.desc(), of.id).limit(limit + 1)
    if webhook is not None:
        wanted = wanted.where(of.webhook == webhook)
    if state is not None:
        wanted = wanted.where(of.state == check_word("state", state, DELIVERY_STATES))
    if cursor is not None:
        at, last = read_cursor(cursor, int, str)
        if not 0 <= at < _LAST_MOMENT:
            raise RefusedError("cursor", "not one that this list gave; allowed: the cursor of the page before")
        created = moment(at)
        wanted = wanted.where(of.created <= created, (of.created < created) | (of.id > last))
    rows = [as_record(DeliveryRecord, row) for row in tx.execute(wanted)]
    more = None
    if len(rows) > limit:
        more = write_cursor([milliseconds(rows[limit - 1].created), rows[limit - 1].id])
    return Page(tuple(rows[:limit]), more)


def drop_delivered(tx: Transaction, *, before: datetime) -> int:
    """Forget deliveries that arrived before a moment; dead letters stay until they are retried. Returns how many."""
    arrived = (deliveries.c.state == "delivered") & (deliveries.c.ended < before)
    return tx.execute(delete(deliveries).where(arrived)).rowcount


def retry_delivery(tx: Transaction, delivery_id: str, *, actor: str) -> None:
    """Bring a dead letter back.

    Raises:
        ConflictError: It is not one.
    """
    dead = (deliveries.c.id == delivery_id) & (deliveries.c.state == "dead")
    values = {"state": "pending", "attempts": 0, "due": tx.now, "ended": None}
    if tx.execute(update(deliveries).where(dead).values(values)).rowcount != 1:
        raise ConflictError(f"Delivery {delivery_id[:80]!r} is no dead letter")
    tx.audit(actor, "delivery.retried", delivery_id)


def _secret(tx: Transaction, row: Row[Any]) -> bytes:
    return tx.store.cipher.open(Sealed(row.secret, row.key_id), f"{row.webhook}:secret")


def _check_events(events: Iterable[str]) -> tuple[str, ...]:
    wanted = tuple(dict.fromkeys(events))
    unknown = [event for event in wanted if event not in EVENTS]
    if unknown or not wanted:
        raise RefusedError("events", f"{', '.join(unknown)[:80] or '(none)'}; allowed: {', '.join(EVENTS)}")
    return wanted


def _record(row: Row[Any]) -> WebhookRecord:
    return WebhookRecord(row.id, row.url, tuple(row.events.split()), row.active, row.created)
