"""Who may do what, and how often: the keys of `security` and a rate by the `limits` library."""

import math
import time
from dataclasses import dataclass

import limits
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from service.problems import ProblemError
from service.security import KeyRecord, KeyRing, KeysError


class RateLimiter:
    """Requests per identity in a sliding window.

    Args:
        rate: Such as `600/minute`.
    """

    def __init__(self, rate: str) -> None:
        self._limit = limits.parse(rate)
        self._windows = SlidingWindowCounterRateLimiter(MemoryStorage())

    def hit(self, identity: str) -> None:
        """Count a request.

        Raises:
            ProblemError: `rate_exceeded`, with `Retry-After` in seconds.
        """
        if self._windows.hit(self._limit, identity):
            return
        reset = self._windows.get_window_stats(self._limit, identity).reset_time
        seconds = max(1, math.ceil(reset - time.time()))
        raise ProblemError("rate_exceeded", f"Allowed: {self._limit}", headers={"Retry-After": str(seconds)})


@dataclass(frozen=True, slots=True)
class Access:
    """The rules of one application: keys when they are on, a rate when there is one."""

    keys: KeyRing | None
    limiter: RateLimiter | None

    def admit(self, *, token: str | None, scope: str, address: str) -> KeyRecord | None:
        """Let a request pass or refuse it; return its key, None where keys are off.

        Args:
            token: The key as sent, or None.
            scope: What the request needs.
            address: Client address, the identity for the rate where keys are off.

        Raises:
            ProblemError: `key_required`, `scope_missing`, `rate_exceeded` or `keys_unreadable`.
        """
        record = None if self.keys is None else self._identify(self.keys, token, scope)
        if self.limiter is not None:
            self.limiter.hit(address if record is None else record.id)
        return record

    @staticmethod
    def _identify(keys: KeyRing, token: str | None, scope: str) -> KeyRecord:
        try:
            record = keys.find(token) if token else None
        except KeysError:
            raise ProblemError(
                "keys_unreadable", "The keys file of the service is not usable; tell its operator"
            ) from None
        if record is None:
            headers = {"WWW-Authenticate": 'Bearer realm="tellsign"'}
            detail = "Send a valid key as Authorization: Bearer tsk_… or X-API-Key"
            raise ProblemError("key_required", detail, headers=headers)
        if scope not in record.scopes:
            headers = {"WWW-Authenticate": f'Bearer realm="tellsign", error="insufficient_scope", scope="{scope}"'}
            raise ProblemError("scope_missing", f"The key lacks the scope {scope}", headers=headers)
        return record
