"""What a running server does by the side: forget sessions that have ended, and send webhooks."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog
from sqlalchemy import delete
from sqlalchemy.exc import DBAPIError

from service.desk.deliveries import build_client, run_deliveries
from service.desk.desk import Desk
from service.logs import describe
from service.store.access_tables import idempotency_keys
from service.store.errors import StoreError
from service.store.sessions import drop_expired_sessions
from service.store.store import Transaction

EVERY_SECONDS = 60.0
SENDING_SECONDS = 3.0
# Something that runs beside the requests until it is cancelled.
Loop = Callable[[Desk], Coroutine[Any, Any, None]]


async def keep_up(desk: Desk, *, every: float = EVERY_SECONDS) -> None:
    """Tidy the store again and again until it is cancelled; a database that is away is asked again later."""
    log = structlog.get_logger("tellsign")
    while True:
        try:
            await desk.write(tidy)
        except (StoreError, DBAPIError) as error:
            log.warning("upkeep_failed", **describe(error))
        await asyncio.sleep(every)


async def send_webhooks(desk: Desk, *, every: float = SENDING_SECONDS) -> None:
    """Send events to webhooks as they fall due, until it is cancelled."""
    log = structlog.get_logger("tellsign")
    settings = desk.deliveries
    async with build_client(settings) as client:
        while True:
            try:
                await run_deliveries(desk.store, client, settings=settings)
            except (StoreError, DBAPIError) as error:
                log.warning("webhooks_failed", **describe(error))
            await asyncio.sleep(every)


def tidy(tx: Transaction) -> int:
    """Remove sessions that have ended and answers kept for repeated requests; returns how many sessions."""
    tx.execute(delete(idempotency_keys).where(idempotency_keys.c.expires <= tx.now))
    return drop_expired_sessions(tx)


@asynccontextmanager
async def running(desk: Desk, loops: Sequence[Loop]) -> AsyncIterator[None]:
    """Run loops beside the block, and end them with it."""
    tasks = [asyncio.create_task(loop(desk)) for loop in loops]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
