"""Decisions as rows and as records: append-only, each with its reason apart, and undone by rows of their own."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, exists, insert, select

from service.store.cipher import Sealed
from service.store.document_tables import documents
from service.store.errors import RefusedError
from service.store.review_tables import decision_reasons, decisions
from service.store.store import Transaction
from service.store.users import UserRecord

MAX_REASON = 2_000
_later = decisions.alias("later")


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """One decision; `reason` is None when none was given or it was erased, `undone` says that an undo names it."""

    id: str
    document: str
    reviewer: str
    round: str
    kind: str
    span: int | None
    indicator: str | None
    start: int | None
    end: int | None
    assertion: str | None
    verdict: str | None
    reason: str | None
    batch: str | None
    at: datetime
    undone: bool


def check_reason(reason: str | None, *, needed: str | None) -> str | None:
    """A reason as it is kept.

    Args:
        reason: In the reviewer's words.
        needed: Why there must be one, or None.

    Raises:
        RefusedError: It is missing, or too long.
    """
    given = (reason or "").strip()
    if not given and needed is not None:
        raise RefusedError("reason", f"is missing; needed for {needed}")
    if len(given) > MAX_REASON:
        raise RefusedError("reason", f"{len(given)} characters; allowed: at most {MAX_REASON}")
    return given or None


def write_decision(
    tx: Transaction, item: Row[Any], user: UserRecord, values: dict[str, Any], *, reason: str | None
) -> DecisionRecord:
    """Append a decision on a locked item, and say so to the audit log.

    Args:
        tx: A writing transaction.
        item: As `items.lock_item` gave it.
        user: Whose decision it is.
        values: Columns of `decisions`: kind, round and what the kind needs.
        reason: Already checked.
    """
    decision_id = tx.store.ids("dec")
    row = {
        "id": decision_id,
        "document": item.document,
        "analysis": item.analysis,
        "reviewer": user.id,
        "at": tx.now,
        **values,
    }
    number = tx.add(decisions, row)
    if reason is not None:
        sealed = tx.store.cipher.seal(reason.encode("utf-8", "surrogatepass"), f"{decision_id}:reason")
        kept = {"decision": number, "document": item.document, "reason": sealed.data, "key_id": sealed.key_id}
        tx.execute(insert(decision_reasons).values(kept))
    said = {name: values[name] for name in ("kind", "round", "indicator", "verdict", "batch") if values.get(name)}
    tx.audit(user.id, "decision.made", item.id, decision=decision_id, **said)
    made: dict[str, Any] = {name: row.get(name) for name in DecisionRecord.__slots__} | {
        "document": item.id,
        "reason": reason,
        "undone": False,
    }
    return DecisionRecord(**made)


def standing(*narrowed: ColumnElement[bool]) -> Select[Any]:
    """Decisions that are neither undone nor an undo, newest first, under more conditions."""
    undone = exists(select(_later.c.number).where(_later.c.undoes == decisions.c.number))
    return select(decisions).where(decisions.c.kind != "undo", ~undone, *narrowed).order_by(decisions.c.number.desc())


def standing_verdicts(tx: Transaction, number: int) -> dict[str, Row[Any]]:
    """The verdicts on a document that are not undone, by round."""
    of = decisions.c
    return {row.round: row for row in tx.execute(standing(of.document == number, of.kind == "verdict"))}


def standing_spans(rows: Iterable[Row[Any]]) -> dict[object, Row[Any]]:
    """The last word on each span among one reviewer's standing decisions, newest first; each added span is its own."""
    last: dict[object, Row[Any]] = {}
    for row in rows:
        if row.kind != "verdict":
            last.setdefault(row.span if row.span is not None else row.id, row)
    return last


def read_records(tx: Transaction, condition: ColumnElement[bool]) -> list[DecisionRecord]:
    """Decisions under a condition, oldest first, with their reasons opened."""
    undone = exists(select(_later.c.number).where(_later.c.undoes == decisions.c.number))
    wanted = (
        select(
            decisions,
            documents.c.id.label("name"),
            decision_reasons.c.reason,
            decision_reasons.c.key_id,
            undone.label("undone"),
        )
        .join(documents, documents.c.number == decisions.c.document)
        .outerjoin(decision_reasons, decision_reasons.c.decision == decisions.c.number)
        .where(condition)
        .order_by(decisions.c.number)
    )
    return [_record(tx, row) for row in tx.execute(wanted)]


def _record(tx: Transaction, row: Row[Any]) -> DecisionRecord:
    reason = None
    if row.reason is not None:
        opened = tx.store.cipher.open(Sealed(row.reason, row.key_id), f"{row.id}:reason")
        reason = opened.decode("utf-8", "surrogatepass")
    alike = ("reviewer", "round", "kind", "span", "indicator", "start", "end", "assertion", "verdict", "batch", "at")
    values = {name: getattr(row, name) for name in alike}
    return DecisionRecord(id=row.id, document=row.name, reason=reason, undone=bool(row.undone), **values)
