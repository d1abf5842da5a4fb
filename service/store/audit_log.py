"""Appends to the audit log: each entry holds the hash of the one before, and the newest is kept a second time.

A hash covers every field of its entry. With a key it is an HMAC, so that somebody who can write to the database but
has no key cannot make a log that holds together. What checks it is `service.review.audit`.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from service.store.audit_tables import audit, audit_head
from service.store.columns import milliseconds

GENESIS = "0" * 64
Key = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class Entry:
    """Who did what to what; `detail` is JSON-able and never document text."""

    actor: str
    action: str
    subject: str
    detail: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Line:
    """The fields of an entry that its hash covers, in that order."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: str
    key_id: str | None
    previous: str


def append(connection: Connection, entries: Sequence[Entry], key: Key | None, now: datetime) -> None:
    """Add entries to the log, in order; other writers of the log wait until the transaction ends.

    Args:
        connection: Inside a writing transaction.
        entries: What happened.
        key: Id and bytes that seal the entries, or None for hashes alone.
        now: When it happened.
    """
    if not entries:
        return
    # Its row, made with the tables, is what writers of the log wait for.
    head = connection.execute(select(audit_head).with_for_update()).one_or_none()
    seq, previous = (head.seq, head.hash) if head else (0, GENESIS)
    rows = []
    for entry in entries:
        seq += 1
        detail = json.dumps(entry.detail, sort_keys=True, separators=(",", ":"))
        line = Line(seq, now, entry.actor, entry.action, entry.subject, detail, key[0] if key else None, previous)
        previous = hash_line(line, key)
        rows.append({**{name: getattr(line, name) for name in Line.__slots__}, "hash": previous})
    connection.execute(insert(audit), rows)
    newest = {"seq": seq, "hash": previous, "key_id": key[0] if key else None, "seal": seal_head(seq, previous, key)}
    connection.execute(update(audit_head).values(newest) if head else insert(audit_head).values(one=1, **newest))


def hash_line(line: Line, key: Key | None) -> str:
    """The hash of an entry, hex: HMAC-SHA-256 with a key, SHA-256 without."""
    fields = [line.seq, milliseconds(line.at), line.actor, line.action, line.subject, line.detail, line.key_id]
    return _digest([*fields, line.previous], key)


def seal_head(seq: int, newest: str, key: Key | None) -> str:
    """The seal of the newest entry, hex; differs from any entry's hash."""
    return _digest(["head", seq, newest, key[0] if key else None], key)


def _digest(fields: Sequence[object], key: Key | None) -> str:
    data = json.dumps(fields, separators=(",", ":")).encode()
    return hmac.new(key[1], data, hashlib.sha256).hexdigest() if key else hashlib.sha256(data).hexdigest()
