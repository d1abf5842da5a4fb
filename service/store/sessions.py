"""Sessions of people who are signed in; only the hash of a session's token is kept."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from service.store.access_tables import sessions, users
from service.store.rows import as_record
from service.store.store import Transaction
from service.store.tokens import hash_token, make_token
from service.store.users import UserRecord

# A session's last use is written at most this often: reading a page need not write.
_SEEN_STEP = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A session and whose it is."""

    user: UserRecord
    created: datetime
    seen: datetime
    expires: datetime


def open_session(tx: Transaction, user_id: str, *, lifetime: timedelta) -> str:
    """Open a session; returns its token, which is shown this once."""
    token = make_token("tss")
    values = {"token_hash": hash_token(token), "user": user_id, "created": tx.now, "seen": tx.now}
    tx.execute(insert(sessions).values(**values, expires=tx.now + lifetime))
    return token


def find_session(tx: Transaction, token: str, *, idle: timedelta | None = None) -> SessionRecord | None:
    """The session of a token, or None: unknown, expired, unused for longer than `idle`, or of an inactive user.

    Within `store.write()` it also notes that the session was used.
    """
    digest = hash_token(token)
    row = tx.execute(select(sessions).where(sessions.c.token_hash == digest)).one_or_none()
    if row is None or row.expires <= tx.now or (idle is not None and row.seen + idle <= tx.now):
        return None
    user = as_record(UserRecord, tx.execute(select(users).where(users.c.id == row.user)).one())
    if not user.active:
        return None
    if tx.writes and row.seen + _SEEN_STEP <= tx.now:
        tx.execute(update(sessions).where(sessions.c.token_hash == digest).values(seen=tx.now))
    return SessionRecord(user, row.created, row.seen, row.expires)


def close_session(tx: Transaction, token: str) -> None:
    """End a session; nothing happens when there is none."""
    tx.execute(delete(sessions).where(sessions.c.token_hash == hash_token(token)))


def close_sessions(tx: Transaction, user_id: str) -> None:
    """End every session of a user."""
    tx.execute(delete(sessions).where(sessions.c.user == user_id))


def drop_expired_sessions(tx: Transaction) -> int:
    """Remove sessions that have ended; returns how many."""
    return tx.execute(delete(sessions).where(sessions.c.expires <= tx.now)).rowcount
