"""The steps of the review desk in the store: open a document for a person, decide, undo, go on to the next."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from service.desk.desk import Desk
from service.review.adjudication import Dispute, read_dispute
from service.review.bulk import list_cluster
from service.review.claims import Claim, renew_claim
from service.review.decisions import list_decisions
from service.review.items import ROUND_OF
from service.review.opening import ShownDocument, show_unmasked
from service.review.records import DecisionRecord
from service.review.similar import Similar, list_similar
from service.review.views import ItemView, read_item
from service.review.wellness import DayCounts
from service.review.workday import count_day
from service.store.analyses import AnalysisRecord, list_analyses
from service.store.audit_tables import audit
from service.store.documents import OpenedDocument, SpanRecord, list_spans, open_document
from service.store.store import Transaction
from service.store.users import LEADS, UserRecord

UNMASKED = "document.unmasked"
_MOST_ALIKE = 8
_MOST_IN_CLUSTER = 100


@dataclass(frozen=True, slots=True)
class Loaded:
    """A document as the desk needs it.

    Attributes:
        item: As the viewer may see it.
        claim: The viewer's, renewed by this; None when they do not hold it.
        opened: The document opened, to be shown with names hidden; None when it is not this person's to read now, or
            with names, in `unmasked`.
        unmasked: The document with names, for a reason that was given.
        spans: Of the model.
        decisions: Those that the viewer may see.
        similar: Documents in nearly the same words.
        cluster: The others of its cluster.
        analyses: Which models have read it.
        dispute: Both readings, where the viewer adjudicates.
        day: What the viewer has read today.
        now: When it was loaded.
    """

    item: ItemView
    claim: Claim | None
    opened: OpenedDocument | None
    unmasked: ShownDocument | None
    spans: Sequence[SpanRecord]
    decisions: Sequence[DecisionRecord]
    similar: Sequence[Similar]
    cluster: Sequence[ItemView]
    analyses: Sequence[AnalysisRecord]
    dispute: Dispute | None
    day: DayCounts
    now: datetime


def load_review(
    tx: Transaction,
    desk: Desk,
    user: UserRecord,
    document_id: str,
    *,
    unmask: str | None = None,
    paused: datetime | None = None,
) -> Loaded:
    """Open a document for its holder, or for anybody who reviews once it is done; for others without its words.

    Args:
        tx: A writing transaction: every look is in the audit log.
        desk: The rules.
        user: Who looks.
        document_id: At what.
        unmask: Why names, numbers and addresses must be seen; None to hide them.
        paused: When the reader last said that they pause.

    Raises:
        NotFoundError: There is no such document.
        NotAllowedError: The person may not review.
        RefusedError: `unmask` is blank or too long.
    """
    item = read_item(tx, desk.policy, user, document_id)
    claim = renew_claim(tx, desk.policy, user, document_id) if _holds(item, user) else None
    readable = claim is not None or item.state == "done"
    opened, unmasked = _open(tx, user, document_id, claim, unmask) if readable else (None, None)
    adjudicates = claim is not None and item.state == "adjudication" and user.may(LEADS)
    return Loaded(
        item=item,
        claim=claim,
        opened=opened,
        unmasked=unmasked,
        spans=list_spans(tx, document_id),
        decisions=list_decisions(tx, user, document_id),
        similar=list_similar(tx, desk.policy, user, document_id, limit=_MOST_ALIKE) if readable else (),
        cluster=list_cluster(tx, desk.policy, user, document_id, limit=_MOST_IN_CLUSTER)[1:] if readable else (),
        analyses=list_analyses(tx, document_id),
        dispute=read_dispute(tx, user, document_id) if adjudicates else None,
        day=count_day(tx, user.id, desk.wellness, paused=paused),
        now=tx.now,
    )


def _holds(item: ItemView, user: UserRecord) -> bool:
    return item.holder == user.id and item.state in ROUND_OF


def _open(
    tx: Transaction, user: UserRecord, document_id: str, claim: Claim | None, unmask: str | None
) -> tuple[OpenedDocument | None, ShownDocument | None]:
    """Hidden, unless the reader asks for more now or has done so since this document was given to them."""
    reason = unmask
    if reason is None and claim is not None:
        reason = _unmasked_since(tx, user, document_id, claim.granted)
    if reason is None:
        return open_document(tx, document_id, actor=user.id, purpose="review"), None
    return None, show_unmasked(tx, document_id, actor=user.id, reason=reason)


def _unmasked_since(tx: Transaction, user: UserRecord, document_id: str, moment: datetime) -> str | None:
    of = audit.c
    wanted = (
        select(of.detail)
        .where(of.subject == document_id, of.actor == user.id, of.action == UNMASKED, of.at >= moment)
        .order_by(of.seq.desc())
        .limit(1)
    )
    detail: str | None = tx.execute(wanted).scalar_one_or_none()
    return None if detail is None else _reason_in(detail)


def _reason_in(detail: str) -> str | None:
    entry: dict[str, Any] = json.loads(detail)
    reason = entry.get("reason")
    return reason if isinstance(reason, str) else None
