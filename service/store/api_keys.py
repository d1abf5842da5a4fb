"""API keys: scoped, expiring, replaceable; only the hash of a key is kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Row, insert, select, update

from service.store.access_tables import api_keys
from service.store.checked import check_label
from service.store.errors import ConflictError, NotFoundError, RefusedError
from service.store.store import Transaction
from service.store.tokens import hash_token, make_token

# What a key can be given; the HTTP service says what each opens.
KEY_SCOPES = ("analyze", "read", "metrics", "submit", "review", "lead", "export", "admin")


@dataclass(frozen=True, slots=True)
class ApiKeyRecord:
    """What is kept of a key; `owner` is the user in whose name it acts, None for a program of its own."""

    id: str
    name: str
    scopes: tuple[str, ...]
    owner: str | None
    created: datetime
    expires: datetime | None
    revoked: datetime | None
    replaced_by: str | None


def create_api_key(
    tx: Transaction,
    name: str,
    *,
    scopes: Iterable[str],
    actor: str,
    owner: str | None = None,
    expires: datetime | None = None,
) -> tuple[str, ApiKeyRecord]:
    """Make a key; its token is shown this once.

    Raises:
        RefusedError: No or an unknown scope, a name that is not allowed, or an expiry that has passed.
    """
    wanted = tuple(dict.fromkeys(scopes))
    unknown = [scope for scope in wanted if scope not in KEY_SCOPES]
    if unknown or not wanted:
        raise RefusedError("scopes", f"{', '.join(unknown)[:80] or '(none)'}; allowed: {', '.join(KEY_SCOPES)}")
    if expires is not None and expires <= tx.now:
        raise RefusedError("expires", f"{expires:%Y-%m-%d %H:%M} has passed; allowed: a moment after now")
    token, key_id = make_token("tsk"), tx.store.ids("key")
    values = {
        "id": key_id,
        "token_hash": hash_token(token),
        "name": check_label("name", name, limit=100),
        "scopes": " ".join(wanted),
        "owner": owner,
        "created": tx.now,
        "expires": expires,
    }
    tx.execute(insert(api_keys).values(values))
    tx.audit(actor, "key.created", key_id, name=name, scopes=list(wanted), owner=owner)
    return token, read_api_key(tx, key_id)


def read_api_key(tx: Transaction, key_id: str) -> ApiKeyRecord:
    """The key with this id.

    Raises:
        NotFoundError: There is none.
    """
    row = tx.execute(select(api_keys).where(api_keys.c.id == key_id)).one_or_none()
    if row is None:
        raise NotFoundError("key", key_id)
    return _record(row)


def find_api_key(tx: Transaction, token: str) -> ApiKeyRecord | None:
    """The key of a token, or None when it is unknown, revoked or expired."""
    row = tx.execute(select(api_keys).where(api_keys.c.token_hash == hash_token(token))).one_or_none()
    if row is None or row.revoked is not None or (row.expires is not None and row.expires <= tx.now):
        return None
    return _record(row)


def list_api_keys(tx: Transaction, *, owner: str | None = None) -> list[ApiKeyRecord]:
    """All keys, or those of one owner, oldest first."""
    wanted = select(api_keys).order_by(api_keys.c.created, api_keys.c.id)
    if owner is not None:
        wanted = wanted.where(api_keys.c.owner == owner)
    return [_record(row) for row in tx.execute(wanted)]


def rotate_api_key(tx: Transaction, key_id: str, *, overlap: timedelta, actor: str) -> tuple[str, ApiKeyRecord]:
    """Make a key that replaces another with the same scopes and expiry; the old one goes on for `overlap`.

    Raises:
        NotFoundError: There is no such key.
        ConflictError: It was revoked, has expired or was replaced already.
    """
    old = read_api_key(tx, key_id)
    if old.revoked is not None or old.replaced_by is not None or (old.expires is not None and old.expires <= tx.now):
        raise ConflictError(f"Key {key_id} has ended or was replaced already; make a new one")
    token, new = create_api_key(tx, old.name, scopes=old.scopes, actor=actor, owner=old.owner, expires=old.expires)
    end = tx.now + overlap
    values = {"expires": end if old.expires is None else min(end, old.expires), "replaced_by": new.id}
    tx.execute(update(api_keys).where(api_keys.c.id == key_id).values(values))
    tx.audit(actor, "key.rotated", key_id, replaced_by=new.id)
    return token, new


def revoke_api_key(tx: Transaction, key_id: str, *, actor: str) -> None:
    """End a key at once; its record stays.

    Raises:
        NotFoundError: There is no such key.
    """
    if read_api_key(tx, key_id).revoked is None:
        tx.execute(update(api_keys).where(api_keys.c.id == key_id).values(revoked=tx.now))
        tx.audit(actor, "key.revoked", key_id)


def _record(row: Row[tuple[object, ...]]) -> ApiKeyRecord:
    return ApiKeyRecord(
        row.id,
        row.name,
        tuple(row.scopes.split()),
        row.owner,
        row.created,
        row.expires,
        row.revoked,
        row.replaced_by,
    )
