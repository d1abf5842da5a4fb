"""Passwords: argon2id hashes, one-time passwords that have to be changed, and what a password must be like."""

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from service.desk.settings import DeskSettings
from service.store.errors import RefusedError

MAX_LENGTH = 256
# Before the hash of a password that somebody else chose: whoever signs in with it has to choose another first.
_ONCE = "once:"
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


class Passwords:
    """Hashes and compares passwords at the cost of the settings.

    Args:
        settings: Cost and length.
    """

    def __init__(self, settings: DeskSettings) -> None:
        self._hasher = PasswordHasher(
            time_cost=settings.argon2_time,
            memory_cost=settings.argon2_memory_kib,
            parallelism=settings.argon2_lanes,
        )
        self._least = settings.password_length
        # Compared with where there is no such person, so that the time says nothing of who there is.
        self._nobody = self._hasher.hash(secrets.token_urlsafe(16))

    def hash(self, password: str, *, once: bool = False) -> str:
        """The hash of a password.

        Args:
            password: Already checked.
            once: Whether it has to be changed when it is first used.
        """
        return f"{_ONCE if once else ''}{self._hasher.hash(password)}"

    def matches(self, password_hash: str | None, password: str) -> bool:
        """Whether the password is the one that was hashed; takes as long when there is no hash."""
        known = password_hash is not None
        try:
            self._hasher.verify((password_hash or self._nobody).removeprefix(_ONCE), password[: MAX_LENGTH + 1])
        except (VerificationError, InvalidHashError):
            return False
        return known

    def check(self, password: str, *, name: str) -> str:
        """A password that may be taken.

        Args:
            password: As it was typed.
            name: Of the person, which it must not be.

        Raises:
            RefusedError: Too short, too long, too plain, or the person's name.
        """
        if not self._least <= len(password) <= MAX_LENGTH:
            raise RefusedError("password", f"allowed: {self._least} to {MAX_LENGTH} characters")
        if len(set(password)) < 5 or name.casefold() in password.casefold().split():
            raise RefusedError("password", "is too easy to guess; allowed: at least five different characters")
        return password


def must_change(password_hash: str | None) -> bool:
    """Whether the password was chosen by somebody else."""
    return password_hash is not None and password_hash.startswith(_ONCE)


def make_password() -> str:
    """A random password of about 99 bits in letters and figures that are not mistaken for each other."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4))
