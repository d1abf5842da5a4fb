"""Sends events to webhooks: signed, tried again with growing waits, and kept as dead letters when all tries failed."""

import asyncio
import hashlib
import hmac
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import anyio
import anyio.to_thread
import httpx

from service.desk.delivery_settings import DeliverySettings
from service.desk.receivers import ReceiverError, Resolve, build_request, resolve
from service.store import webhooks
from service.store.store import Store, Transaction
from service.store.webhooks import Delivery

SIGNATURE, DELIVERY, EVENT = "Tellsign-Signature", "Tellsign-Delivery", "Tellsign-Event"
_GONE = 410
_TOLERANCE = 300


@dataclass(frozen=True, slots=True)
class Round:
    """What became of the events that were due."""

    delivered: int = 0
    retried: int = 0
    dead: int = 0


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How one try ended: `error` None when it arrived; `final` when trying again is of no use."""

    status: int | None
    error: str | None = None
    final: bool = False


def build_client(settings: DeliverySettings) -> httpx.AsyncClient:
    """The client that sends: no redirects, no proxies or credentials from the environment, few connections."""
    return httpx.AsyncClient(
        timeout=settings.timeout_seconds,
        follow_redirects=False,
        # A proxy of the environment would resolve names itself, after we have checked them.
        trust_env=False,
        limits=httpx.Limits(max_connections=settings.at_once, max_keepalive_connections=0),
    )


async def deliver_due(
    store: Store,
    client: httpx.AsyncClient,
    *,
    settings: DeliverySettings,
    find: Resolve = resolve,
    spread: Callable[[], float] = random.random,
) -> Round:
    """Send what is due, once; call it every few seconds.

    Several processes may do so at once: what one has taken, no other gets. A process that dies in between has used
    one try.

    Args:
        store: The outbox.
        client: As `build_client` makes it.
        settings: Tries, waits and where to.
        find: Looks names up.
        spread: A number from 0 to 1 that keeps receivers from being called all at once.

    Raises:
        StoreError: The key that sealed a webhook's secret is missing, or the database is busy.
    """
    lease = timedelta(seconds=settings.timeout_seconds * 2 + 30)
    due = await anyio.to_thread.run_sync(
        store.run, lambda tx: webhooks.take_due(tx, limit=settings.at_once, lease=lease)
    )
    if not due:
        return Round()
    outcomes = await asyncio.gather(*(_send(client, delivery, settings, find) for delivery in due))
    waits = [_wait(delivery, outcome, settings, spread()) for delivery, outcome in zip(due, outcomes, strict=True)]

    def note(tx: Transaction) -> None:
        for delivery, outcome, wait in zip(due, outcomes, waits, strict=True):
            if outcome.error is None:
                webhooks.mark_delivered(tx, delivery.id, outcome.status or 0)
            else:
                webhooks.mark_failed(tx, delivery.id, error=outcome.error, status=outcome.status, retry=wait)

    await anyio.to_thread.run_sync(store.run, note)
    delivered = sum(outcome.error is None for outcome in outcomes)
    dead = sum(outcome.error is not None and wait is None for outcome, wait in zip(outcomes, waits, strict=True))
    return Round(delivered, len(due) - delivered - dead, dead)


async def run_deliveries(store: Store, client: httpx.AsyncClient, *, settings: DeliverySettings) -> Round:
    """Send until nothing is due any more, and forget what arrived long ago.

    Args:
        store: The outbox.
        client: As `build_client` makes it.
        settings: Tries, waits and where to.

    Raises:
        StoreError: As `deliver_due`.
    """
    total = Round()
    while (done := await deliver_due(store, client, settings=settings)) != Round():
        total = Round(total.delivered + done.delivered, total.retried + done.retried, total.dead + done.dead)
    before = store.now() - timedelta(days=settings.keep_days)
    await anyio.to_thread.run_sync(store.run, lambda tx: webhooks.drop_delivered(tx, before=before))
    return total


def sign(secret: bytes, body: bytes, *, at: int) -> str:
    """The signature header of a body: `t=SECONDS,v1=HEX`, HMAC-SHA-256 over the time, a full stop and the body.

    Args:
        secret: Of the webhook.
        body: As it is sent.
        at: Seconds since 1970; inside the signature, so that an old message cannot be sent again as a new one.
    """
    digest = hmac.new(secret, b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def is_signed(secret: bytes, body: bytes, header: str, *, now: int, tolerance: int = _TOLERANCE) -> bool:
    """Whether a body came from who has the secret, and not long ago: what a receiver has to check.

    Args:
        secret: Of the webhook.
        body: As it came, before anything reads it.
        header: Of the request.
        now: Seconds since 1970.
        tolerance: How old it may be, seconds.
    """
    at, _, _ = header.removeprefix("t=").partition(",")
    if not at.isdecimal() or len(at) > 15 or abs(now - int(at)) > tolerance:
        return False
    return hmac.compare_digest(sign(secret, body, at=int(at)).encode(), header.encode())


async def _send(client: httpx.AsyncClient, delivery: Delivery, settings: DeliverySettings, find: Resolve) -> _Outcome:
    body = delivery.payload.encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Tellsign",
        DELIVERY: delivery.id,
        EVENT: delivery.event,
        SIGNATURE: sign(delivery.secret, body, at=int(time.time())),
    }
    try:
        # Also over what httpx does not count: looking the name up, and a receiver that sends a byte now and then.
        with anyio.fail_after(settings.timeout_seconds):
            request = await build_request(
                client, delivery.url, body, headers, allow_private=settings.allow_private, find=find
            )
            response = await client.send(request, stream=True)
            # What the receiver says is of no use, and could be endless.
            await response.aclose()
    except TimeoutError:
        return _Outcome(None, f"no answer within {settings.timeout_seconds:g} seconds")
    except ReceiverError as error:
        return _Outcome(None, str(error))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return _Outcome(None, type(error).__name__)
    status = response.status_code
    if 200 <= status < 300:
        return _Outcome(status)
    said = "a redirect, which is not followed" if 300 <= status < 400 else "another status than 2xx"
    return _Outcome(status, said, final=status == _GONE)


def _wait(delivery: Delivery, outcome: _Outcome, settings: DeliverySettings, spread: float) -> timedelta | None:
    """How long until the next try; None when there is none."""
    if outcome.final or delivery.attempts >= settings.attempts:
        return None
    longest = settings.longest_wait_hours * 3_600
    seconds = min(longest, settings.retry_seconds * 2.0 ** (delivery.attempts - 1))
    return timedelta(seconds=seconds * (0.75 + 0.5 * spread))
