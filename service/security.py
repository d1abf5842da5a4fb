"""API keys: random tokens of which only the SHA-256 is kept, in one JSON file that the owner alone can read."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson
from pydantic import AwareDatetime, TypeAdapter, ValidationError

from classifier.errors import TellsignError

SCOPES = ("analyze", "read", "metrics", "admin")
TOKEN_PREFIX = "tsk_"  # noqa: S105 - lets scanners find a leaked key; the secret part is random


class KeysError(TellsignError):
    """The keys file cannot be read or written, or a scope or key id is unknown; the message says which."""


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What is kept of a key; the key itself is shown once, when it is made.

    Attributes:
        id: Public name of the key, for lists, limits and revocation.
        sha256: Hex digest of the token; 256 random bits need no salt or slow hash.
        scopes: What the key may do, from `SCOPES`.
        created: When it was made, UTC.
        expires: First moment at which it no longer works, or None.
    """

    id: str
    sha256: str
    scopes: tuple[str, ...]
    created: AwareDatetime
    expires: AwareDatetime | None = None


_RECORDS = TypeAdapter(list[KeyRecord])


def create_key(path: Path, *, scopes: Iterable[str], expires: datetime | None = None) -> tuple[str, KeyRecord]:
    """Make a key and add its record to the file, which is made when missing.

    Args:
        path: The keys file.
        scopes: At least one of `SCOPES`.
        expires: Moment after now, with a time zone; None for a key that does not expire.

    Returns:
        The token (`tsk_…`, 256 random bits, not kept anywhere) and its record.

    Raises:
        KeysError: Unknown scope, no scope, an expiry that has passed, or an unusable file.
    """
    wanted = tuple(dict.fromkeys(scopes))
    unknown = [scope for scope in wanted if scope not in SCOPES]
    if unknown or not wanted:
        raise KeysError(f"Scopes {', '.join(unknown) or '(none)'} are not allowed; allowed: {', '.join(SCOPES)}")
    now = datetime.now(UTC).replace(microsecond=0)
    if expires is not None and (expires.tzinfo is None or expires <= now):
        raise KeysError("expires must be a moment in the future with a time zone")
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    record = KeyRecord(f"key-{secrets.token_hex(4)}", _digest(token), wanted, now, expires)
    _write(path, [*(list_keys(path) if path.exists() else []), record])
    return token, record


def list_keys(path: Path) -> list[KeyRecord]:
    """All records of the file, oldest first.

    Raises:
        KeysError: The file is missing, unreadable or not a list of key records.
    """
    try:
        return _RECORDS.validate_json(path.read_bytes())
    except OSError as error:
        raise KeysError(f"Keys file {path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the whole file"
        raise KeysError(
            f"Keys file {path} is not usable at {place} ({first['type']}); "
            "allowed: a JSON list of {id, sha256, scopes, created, expires?}"
        ) from None


def revoke_key(path: Path, key_id: str) -> None:
    """Remove a key; a running service stops accepting it with its next request.

    Raises:
        KeysError: No key of this id, or an unusable file.
    """
    records = list_keys(path)
    kept = [record for record in records if record.id != key_id]
    if len(kept) == len(records):
        raise KeysError(f"No key {key_id!r} in {path}; known: {', '.join(record.id for record in records) or '(none)'}")
    _write(path, kept)


class KeyRing:
    """The keys that a running service accepts, read again whenever the file changes.

    Args:
        path: The keys file.

    Raises:
        KeysError: The file is not usable.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = self._read_stamp()
        self._records = list_keys(path)

    def find(self, token: str) -> KeyRecord | None:
        """The record of a token, or None when it is unknown, revoked or expired.

        Raises:
            KeysError: The file has become unusable; nobody is let in on old knowledge.
        """
        stamp = self._read_stamp()
        if stamp != self._stamp:
            self._records, self._stamp = list_keys(self._path), stamp
        digest = _digest(token)
        found = None
        # Every record is compared, each in constant time, so that timing says nothing of the keys.
        for record in self._records:
            if hmac.compare_digest(digest, record.sha256):
                found = record
        if found is None or (found.expires is not None and found.expires <= datetime.now(UTC)):
            return None
        return found

    def _read_stamp(self) -> tuple[int, int, int]:
        try:
            status = self._path.stat()
        except OSError as error:
            raise KeysError(f"Keys file {self._path} cannot be read: {error.strerror}") from None
        return status.st_mtime_ns, status.st_size, status.st_ino


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _write(path: Path, records: Sequence[KeyRecord]) -> None:
    """Replace the file in one step, mode 0600: a reader sees the old list or the new one, never half of it."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    data = orjson.dumps(records, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise KeysError(f"Keys file {path} cannot be written: {error.strerror}") from None
