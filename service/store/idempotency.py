"""Requests that may be sent twice and must be done once: the first one's answer is kept, as ids and never as text."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from service.store.access_tables import idempotency_keys
from service.store.checked import check_label
from service.store.errors import ConflictError
from service.store.store import Transaction


@dataclass(frozen=True, slots=True)
class Started:
    """This request is the first with its key: do it, then `finish`, or `abandon` it."""

    key_hash: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The request was done before; `answer` is what `finish` was given."""

    answer: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Repeatable:
    """What makes a request the same one: who sent it where with which key, and what it said.

    Attributes:
        owner: User or key.
        route: Such as `POST /v1/documents`.
        key: The sender's own word for the request.
        body: The bytes of the request.
    """

    owner: str
    route: str
    key: str
    body: bytes


def begin(
    tx: Transaction,
    request: Repeatable,
    *,
    lease: timedelta = timedelta(minutes=2),
    lifetime: timedelta = timedelta(days=1),
) -> Started | Answered:
    """Start a request, or find that it was done.

    Args:
        tx: A transaction of its own, so that a second sender sees it at once.
        request: What was sent.
        lease: After this the first sender counts as gone and another may do the request.
        lifetime: How long the answer is kept.

    Raises:
        ConflictError: The key was used for another request, or the first one is still running.
        RefusedError: The key is empty, too long or has characters that are not allowed.
    """
    check_label("idempotency_key", request.key)
    place = json.dumps([request.owner, request.route, request.key]).encode()
    digest, said = hashlib.sha256(place).hexdigest(), hashlib.sha256(request.body).hexdigest()
    tx.execute(delete(idempotency_keys).where(idempotency_keys.c.expires <= tx.now))
    insert = sqlite_insert if tx.store.is_sqlite else postgres_insert
    row = {"key_hash": digest, "request_hash": said, "created": tx.now, "expires": tx.now + lifetime}
    if tx.execute(insert(idempotency_keys).values(row).on_conflict_do_nothing()).rowcount == 1:
        return Started(digest)
    there = tx.execute(select(idempotency_keys).where(idempotency_keys.c.key_hash == digest).with_for_update()).one()
    if there.request_hash != said:
        raise ConflictError("This idempotency key was used for another request; allowed: a new key")
    if there.answer is not None:
        return Answered(json.loads(there.answer))
    if there.created + lease > tx.now:
        raise ConflictError("The first request with this idempotency key is still running; try again later")
    tx.execute(update(idempotency_keys).where(idempotency_keys.c.key_hash == digest).values(created=tx.now))
    return Started(digest)


def finish(tx: Transaction, started: Started, answer: Mapping[str, object]) -> None:
    """Keep the answer, within the transaction that did the request: both happen or neither.

    Args:
        tx: The transaction that did it.
        started: As `begin` gave it.
        answer: Ids and status from which the answer can be made again; never document text.
    """
    values = {"answer": json.dumps(answer)}
    tx.execute(update(idempotency_keys).where(idempotency_keys.c.key_hash == started.key_hash).values(values))


def abandon(tx: Transaction, started: Started) -> None:
    """Forget a request that failed, so that it may be sent again."""
    tx.execute(delete(idempotency_keys).where(idempotency_keys.c.key_hash == started.key_hash))
