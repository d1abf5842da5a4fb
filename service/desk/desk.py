"""What routes and pages of the desk stand on: the store, its rules, and a way to it that keeps the event loop free."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import anyio
import anyio.to_thread
from fastapi import Request

from service.access import RateLimiter
from service.desk.delivery_settings import DeliverySettings, load_delivery_settings
from service.desk.oidc import Oidc
from service.desk.passwords import Passwords
from service.desk.settings import DeskSettings, load_desk_settings
from service.parts import parts_of
from service.problems import ProblemError
from service.review.policy import ReviewPolicy, load_review_policy
from service.review.wellness import WellnessSettings, load_wellness_settings
from service.store.settings import StoreSettings, load_store_settings
from service.store.store import Store, Transaction, open_store

Answer = TypeVar("Answer")
# Below the connections that the engine's pool gives out, so that nobody waits for one with a thread in hand.
_THREADS = 8
_HASHES = 2
_EXPORTS = 2


@dataclass(frozen=True, slots=True)
class Desk:
    """Made once by `create_app`, shared by all requests; None in `Parts` where the desk is off.

    Attributes:
        store: The database.
        policy: The rules of review.
        wellness: The rules of care for readers.
        settings: Sessions, passwords, signing in elsewhere.
        passwords: Hashes them.
        attempts: How often one address may try to sign in.
        oidc: Signs people in elsewhere; None where no provider is set.
        deliveries: Where webhooks may lead, and how often one is tried.
        exporting: How many exports run at once, each in a thread of its own for as long as it takes.
        threads: How many database steps run at once.
        hashing: How many passwords are hashed at once: each takes tens of megabytes.
    """

    store: Store
    policy: ReviewPolicy
    wellness: WellnessSettings
    settings: DeskSettings
    passwords: Passwords
    attempts: RateLimiter
    oidc: Oidc | None = None
    deliveries: DeliverySettings = field(default_factory=load_delivery_settings)
    exporting: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(_EXPORTS))
    threads: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(_THREADS))
    hashing: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(_HASHES))

    async def read(self, step: Callable[[Transaction], Answer]) -> Answer:
        """What `step` reads, in a thread; it sees one state and writes nothing."""
        return await anyio.to_thread.run_sync(self._read, step, limiter=self.threads)

    async def write(self, step: Callable[[Transaction], Answer]) -> Answer:
        """What `step` does as one step, in a thread; it may be called again when the database was busy."""
        return await anyio.to_thread.run_sync(self.store.run, step, limiter=self.threads)

    async def hash(self, work: Callable[[], Answer]) -> Answer:
        """What slow work with passwords gives, in a thread."""
        return await anyio.to_thread.run_sync(work, limiter=self.hashing)

    def _read(self, step: Callable[[Transaction], Answer]) -> Answer:
        with self.store.read() as tx:
            return step(tx)


def open_desk(
    settings: DeskSettings | None = None,
    *,
    store: Store | StoreSettings | None = None,
    policy: ReviewPolicy | None = None,
    wellness: WellnessSettings | None = None,
    oidc: Oidc | None = None,
) -> Desk:
    """A desk; what is not given comes from the environment.

    Args:
        settings: Sessions, passwords, signing in elsewhere.
        store: An open store, or the settings to open one with.
        policy: The rules of review.
        wellness: The rules of care for readers.
        oidc: Signs people in elsewhere; None for the provider of the settings, where there is one.

    Raises:
        TellsignError: A setting is not allowed, or the store cannot be opened.
    """
    chosen = settings or load_desk_settings()
    elsewhere = oidc or (Oidc(chosen) if chosen.oidc_issuer else None)
    opened = store if isinstance(store, Store) else open_store(store or load_store_settings())
    return Desk(
        opened,
        policy or load_review_policy(),
        wellness or load_wellness_settings(),
        chosen,
        Passwords(chosen),
        RateLimiter(chosen.sign_in_rate),
        elsewhere,
    )


def desk_of(request: Request) -> Desk:
    """The desk of the application that answers this request.

    Raises:
        ProblemError: `not_found`: the desk is off.
    """
    desk = parts_of(request).desk
    if desk is None:
        raise ProblemError("not_found", "The desk is off here (TELLSIGN_DESK)")
    return desk
