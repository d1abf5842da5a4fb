"""Reads and checks the audit log: whether it still is what was written, entry by entry and to its end."""

import hmac
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from service.review.queue import check_limit
from service.store.audit_log import GENESIS, Key, Line, hash_line, seal_head
from service.store.audit_tables import audit, audit_head
from service.store.rows import Page, as_record, read_cursor, write_cursor
from service.store.store import Transaction

_MOST_PROBLEMS = 20
_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to what and when; `detail` is JSON."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: str
    hash: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What checking the log found.

    Attributes:
        entries: How many there are.
        unsealed: How many of them, from the first on, were written without a key; with a key set it never grows.
        head: Hash of the newest entry: kept elsewhere, it shows later whether everything up to it is still there.
        problems: What does not hold together, at most 20; empty for a log as it was written.
    """

    entries: int
    unsealed: int
    head: str
    problems: tuple[str, ...]


def list_audit(
    tx: Transaction,
    *,
    subject: str | None = None,
    actor: str | None = None,
    cursor: str | None = None,
    limit: int = 100,
) -> Page[AuditEntry]:
    """Entries about a subject or by an actor, or all, newest first.

    Raises:
        RefusedError: The cursor or the limit is not allowed.
    """
    wanted = select(audit).order_by(audit.c.seq.desc()).limit(check_limit(limit) + 1)
    if subject is not None:
        wanted = wanted.where(audit.c.subject == subject)
    if actor is not None:
        wanted = wanted.where(audit.c.actor == actor)
    if cursor is not None:
        wanted = wanted.where(audit.c.seq < read_cursor(cursor, int)[0])
    entries = [as_record(AuditEntry, row) for row in tx.execute(wanted)]
    more = write_cursor([entries[limit - 1].seq]) if len(entries) > limit else None
    return Page(tuple(entries[:limit]), more)


def verify_audit(tx: Transaction, *, expected: tuple[int, str] | None = None) -> AuditReport:
    """Compute every hash of the log again.

    Args:
        tx: A transaction.
        expected: Number and hash of an entry as they were noted elsewhere, or None.
    """
    check = _Check(tx.store.audit_key)
    seq = 0
    # Piece by piece: a log of millions of entries does not have to fit into memory.
    while rows := tx.execute(select(audit).where(audit.c.seq > seq).order_by(audit.c.seq).limit(_AT_ONCE)).all():
        for row in rows:
            check.add(row, expected)
        seq = rows[-1].seq
    check.finish(tx.execute(select(audit_head)).one_or_none(), expected)
    return AuditReport(check.entries, check.unsealed, check.newest, tuple(check.problems[:_MOST_PROBLEMS]))


class _Check:
    """Goes along the chain with what the last entry said."""

    def __init__(self, key: Key | None) -> None:
        self.entries, self.unsealed, self.newest, self.seq = 0, 0, GENESIS, 0
        self.problems: list[str] = []
        self._key = key
        self._sealed = False

    def add(self, row: Row[Any], expected: tuple[int, str] | None) -> None:
        self.entries += 1
        if row.seq != self.seq + 1:
            self._say(
                f"entry {self.seq + 1} is missing" if row.seq > self.seq + 1 else f"entry {row.seq} is out of place"
            )
        if row.previous != self.newest:
            self._say(f"entry {row.seq} does not follow from entry {row.seq - 1}")
        key = self._key_of(row)
        line = Line(**{field.name: getattr(row, field.name) for field in fields(Line)})
        if (row.key_id is None or key is not None) and not hmac.compare_digest(hash_line(line, key), row.hash):
            self._say(f"entry {row.seq} is not as it was written")
        if expected is not None and row.seq == expected[0] and row.hash != expected[1]:
            self._say(f"entry {row.seq} is not the one that was noted")
        self.seq, self.newest = row.seq, row.hash

    def finish(self, head: Row[Any] | None, expected: tuple[int, str] | None) -> None:
        if head is None:
            if self.entries:
                self._say("what says where the log ends is missing")
        elif (head.seq, head.hash) != (self.seq, self.newest):
            self._say(f"the log ends at entry {self.seq}, and was written to entry {head.seq}")
        elif self._key is not None and head.key_id is None:
            # Also right after a key was set for the first time; the next entry seals the log.
            self._say("the newest entry is not sealed, and there is a key")
        elif head.key_id == (self._key[0] if self._key else None) and not hmac.compare_digest(
            head.seal, seal_head(head.seq, head.hash, self._key)
        ):
            self._say("the seal of the newest entry does not fit")
        if expected is not None and expected[0] > self.seq:
            self._say(f"entry {expected[0]}, which was noted, is missing")

    def _key_of(self, row: Row[Any]) -> Key | None:
        """The key of an entry; says so when it is not at hand, or when an entry without one follows a sealed one."""
        if row.key_id is None:
            if self._sealed:
                self._say(f"entry {row.seq} is not sealed, and the ones before are")
            else:
                self.unsealed += 1
            return None
        self._sealed = True
        if self._key is None or self._key[0] != row.key_id:
            self._say(f"entry {row.seq} is sealed with key {row.key_id}, which is not in TELLSIGN_AUDIT_KEY")
            return None
        return self._key

    def _say(self, problem: str) -> None:
        if len(self.problems) <= _MOST_PROBLEMS:
            self.problems.append(problem)
