"""Analyses by model: what each model said of a document; the newest is the one that filters and the desk show."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from classifier.document import Analysis
from service.store.document_tables import analyses, document_indicators, documents, spans
from service.store.errors import ConflictError, NotFoundError
from service.store.packing import pack_analysis, unpack_analysis
from service.store.rows import as_record
from service.store.store import Transaction


@dataclass(frozen=True, slots=True)
class AnalysisRecord:
    """Which model said how probably a document needs review, and when; `current` is the one shown."""

    number: int
    model_name: str
    model_version: str
    model_sha256: str
    tier: str
    review_probability: float | None
    created: datetime
    current: bool


def add_analysis(tx: Transaction, document_id: str, analysis: Analysis, *, actor: str) -> float:
    """Store what another model says of a document; it becomes the current analysis.

    `service.review.intake.read_again` also brings the queue up to date.

    Returns:
        How far the models are apart: largest difference of review probabilities, 0..1.

    Raises:
        NotFoundError: There is no such document.
        ConflictError: This model and tier has read it already.
    """
    number = _number_of(tx, document_id)
    same = (
        (analyses.c.document == number)
        & (analyses.c.model_sha256 == analysis.model.sha256)
        & (analyses.c.tier == analysis.tier)
    )
    if tx.execute(select(analyses.c.number).where(same)).first() is not None:
        raise ConflictError(f"Model {analysis.model.version} has read document {document_id} already")
    tx.execute(delete(document_indicators).where(document_indicators.c.document == number))
    insert_analysis(tx, number, analysis)
    tx.audit(actor, "analysis.added", document_id, model=analysis.model.sha256, tier=analysis.tier)
    read = select(analyses.c.review_probability).where(analyses.c.document == number)
    probabilities = [value for value in tx.execute(read).scalars() if value is not None]
    return max(probabilities) - min(probabilities) if probabilities else 0.0


def list_analyses(tx: Transaction, document_id: str) -> list[AnalysisRecord]:
    """Every analysis of a document, oldest first.

    Raises:
        NotFoundError: There is no such document.
    """
    number = _number_of(tx, document_id)
    read = (
        select(analyses, (analyses.c.number == documents.c.analysis).label("current"))
        .join(documents, documents.c.number == analyses.c.document)
        .where(analyses.c.document == number)
        .order_by(analyses.c.number)
    )
    return [as_record(AnalysisRecord, row) for row in tx.execute(read)]


def read_analysis(tx: Transaction, document_id: str, text: str | None, *, number: int | None = None) -> Analysis:
    """An analysis of a document, the current one unless a number is given.

    Args:
        tx: The transaction.
        document_id: Which document.
        text: Its text, whose pieces become the texts of the spans; None leaves those empty.
        number: Which analysis, as `list_analyses` numbers them.

    Raises:
        NotFoundError: There is no such document or analysis.
    """
    chosen = analyses.c.number == (documents.c.analysis if number is None else number)
    read = select(analyses.c.data).join(documents, documents.c.number == analyses.c.document)
    data = tx.execute(read.where(documents.c.id == document_id, chosen)).scalar_one_or_none()
    if data is None:
        raise NotFoundError("analysis of document", document_id)
    return unpack_analysis(data, document_id=document_id, text=text)


def insert_analysis(tx: Transaction, number: int, analysis: Analysis) -> None:
    """Write an analysis, its spans and its indicators, and make it the current one of document `number`."""
    values = {
        "document": number,
        "model_name": analysis.model.name,
        "model_version": analysis.model.version,
        "model_sha256": analysis.model.sha256,
        "tier": analysis.tier,
        "review_probability": analysis.review.probability,
        "created": tx.now,
        "data": pack_analysis(analysis),
    }
    key = tx.add(analyses, values)
    found = list(_span_rows(number, key, analysis))
    spoken_of = list(_indicator_rows(number, analysis))
    if found:
        tx.execute(insert(spans), found)
    if spoken_of:
        tx.execute(insert(document_indicators), spoken_of)
    current = {
        "analysis": key,
        "context": analysis.context.label,
        "review_probability": analysis.review.probability,
        "flagged": analysis.review.flagged,
    }
    tx.execute(update(documents).where(documents.c.number == number).values(current))


def _span_rows(number: int, key: int, analysis: Analysis) -> list[dict[str, object]]:
    return [
        {
            "document": number,
            "analysis": key,
            "indicator": score.id,
            **{
                name: getattr(span, name)
                for name in ("start", "end", "assertion", "source", "contribution", "sentence")
            },
        }
        for score in analysis.indicators
        for span in score.spans
    ]


def _indicator_rows(number: int, analysis: Analysis) -> list[dict[str, object]]:
    return [
        {
            "document": number,
            "indicator": score.id,
            "state": score.state,
            "probability": score.probability,
            "flagged": score.flagged,
        }
        for score in analysis.indicators
        if score.state not in {"absent", "abstained"}
    ]


def _number_of(tx: Transaction, document_id: str) -> int:
    number = tx.execute(select(documents.c.number).where(documents.c.id == document_id)).scalar_one_or_none()
    if number is None:
        raise NotFoundError("document", document_id)
    return int(number)
