"""What to label next: documents of the store that are not decided, in the order of `service.review.active`."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from service.review.active import Candidate, choose_next
from service.review.items import require_lead
from service.review.policy import ReviewPolicy
from service.review.records import standing
from service.review.views import ItemView, item_rows, show_items
from service.store.analyses import read_analysis
from service.store.document_tables import analyses, documents
from service.store.documents import open_text, row_of
from service.store.errors import RefusedError
from service.store.review_tables import decisions, items
from service.store.store import Transaction
from service.store.users import UserRecord

# Texts are compared with each other in memory: more than this would make somebody wait.
MAX_POOL, MAX_SUGGESTED = 500, 200
_OPEN = ("waiting", "second", "unqueued")


@dataclass(frozen=True, slots=True)
class Suggested:
    """A document to label and why; the parts are 0..1, `group` is shared by texts that are much alike."""

    item: ItemView
    score: float
    uncertainty: float
    disagreement: float
    group: int


def suggest_next(
    tx: Transaction, policy: ReviewPolicy, lead: UserRecord, *, count: int = 20, pool: int = 300
) -> list[Suggested]:
    """The documents that would teach the most, out of the newest ones that are not decided.

    Args:
        tx: A writing transaction: texts are compared, and the audit log says how many.
        policy: For what is shown of an item.
        lead: Who asks.
        count: How many to suggest.
        pool: How many of the newest open documents to choose from.

    Raises:
        NotAllowedError: The person is no lead.
        RefusedError: A number is not allowed.
    """
    require_lead(lead)
    for field, value, most in (("count", count, MAX_SUGGESTED), ("pool", pool, MAX_POOL)):
        if not 1 <= value <= most:
            raise RefusedError(field, f"{value}; allowed: 1 to {most}")
    wanted = item_rows().where(items.c.state.in_(_OPEN), ~items.c.is_check, documents.c.erased_at.is_(None))
    rows = tx.execute(wanted.order_by(documents.c.number.desc()).limit(pool)).all()
    others, said = _other_models(tx, rows), _verdicts(tx, rows)
    candidates = [_candidate(tx, row, others.get(row.number, ()), said.get(row.number, ())) for row in rows]
    tx.audit(lead.id, "texts.measured", "suggestions", documents=len(candidates))
    chosen = choose_next(candidates, count=count)
    shown = {view.document: view for view in show_items(tx, policy, lead, rows)}
    return [Suggested(shown[one.id], one.score, one.uncertainty, one.disagreement, one.cluster) for one in chosen]


def _candidate(tx: Transaction, row: Row[Any], others: tuple[float, ...], said: tuple[str, ...]) -> Candidate:
    analysis = read_analysis(tx, row.id, None)
    asked = {
        score.id: (score.probability, score.threshold) for score in analysis.indicators if score.probability is not None
    }
    review = analysis.review
    pair = None if review.probability is None else (review.probability, review.threshold)
    return Candidate(row.id, open_text(tx, row_of(tx, row.id)) or "", asked, pair, others, said)


def _other_models(tx: Transaction, rows: Any) -> dict[int, tuple[float, ...]]:
    current = {row.number: row.analysis for row in rows}
    wanted = select(analyses.c.document, analyses.c.number, analyses.c.review_probability)
    found: dict[int, tuple[float, ...]] = {}
    for row in tx.execute(wanted.where(analyses.c.document.in_(current))):
        if row.number != current[row.document] and row.review_probability is not None:
            found[row.document] = (*found.get(row.document, ()), row.review_probability)
    return found


def _verdicts(tx: Transaction, rows: Any) -> dict[int, tuple[str, ...]]:
    of = decisions.c
    found: dict[int, tuple[str, ...]] = {}
    for row in tx.execute(standing(of.document.in_([row.number for row in rows]), of.kind == "verdict")):
        found[row.document] = (*found.get(row.document, ()), row.verdict)
    return found
