"""Figures over the store: how far readers agree, how right they are on check items, whether the model drifts.

For leads. Reviewers stand in them by their ids; `service.review.agreement` and `reliability` compute.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Row, case, exists, func, select

from classifier.taxonomy import load_taxonomy
from service.review.agreement import (
    Estimate,
    IndicatorAgreement,
    SpanAgreement,
    alpha_interval,
    cohen_kappa,
    indicator_agreement,
    span_agreement,
)
from service.review.items import require_lead
from service.review.records import standing, standing_spans
from service.review.reliability import CheckAnswer, CheckScore, Judgement, Window, check_scores, drift
from service.review.reviewed import LabelledSpan
from service.review.stored import build_decision, read_words
from service.store.document_tables import documents, spans
from service.store.documents import open_text, row_of
from service.store.review_tables import check_results, checks, decisions, items
from service.store.schema import VERDICTS
from service.store.store import Transaction
from service.store.users import UserRecord

# Newest first; more would change a figure little and take long.
_MOST_READ_TWICE, _MOST_SPANS, _MOST_JUDGED = 2_000, 200, 20_000
_DRAWS = 200


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far first and second readers agree.

    Attributes:
        documents: How many two people have read.
        verdicts: Alpha of their verdicts.
        verdict_kappa: Cohen's kappa of first against second reading.
        indicators: By indicator, over documents where both have spoken of every asserted span.
        spans: Agreement on spans, a mean over `span_documents`; None where it was not asked for.
        span_documents: How many documents that mean is over.
    """

    documents: int
    verdicts: Estimate
    verdict_kappa: float | None
    indicators: tuple[IndicatorAgreement, ...]
    spans: SpanAgreement | None
    span_documents: int


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one reader has said of a document; `complete` says that no asserted span was left without a word."""

    reviewer: str
    verdict: str
    spans: tuple[LabelledSpan, ...]
    complete: bool


def agreement(
    tx: Transaction, lead: UserRecord, *, since: datetime | None = None, with_spans: bool = False
) -> Agreement:
    """Agreement of first and second readers; adjudicators saw both sides and do not count.

    Args:
        tx: A transaction; a writing one with `with_spans`, which reads texts: the audit log says how many.
        lead: Who asks.
        since: Only documents whose second reading was at this moment or later.
        with_spans: Whether to compare spans too.

    Raises:
        NotAllowedError: The person is no lead.
    """
    require_lead(lead)
    pairs = _read_twice(tx, since)
    both = {number: pair for number, pair in pairs.items() if all(reading.complete for reading in pair)}
    judged = {str(number): {reading.reviewer: _asserted(reading) for reading in pair} for number, pair in both.items()}
    first, second = ([VERDICTS.index(pair[at].verdict) for pair in pairs.values()] for at in (0, 1))
    spans, counted = _span_figures(tx, lead, both) if with_spans else (None, 0)
    return Agreement(
        documents=len(pairs),
        verdicts=alpha_interval(np.array([first, second], dtype=np.int64).reshape(2, -1), draws=_DRAWS),
        verdict_kappa=cohen_kappa(first, second),
        indicators=tuple(indicator_agreement(judged, load_taxonomy().ids, draws=_DRAWS)),
        spans=spans,
        span_documents=counted,
    )


def check_figures(tx: Transaction, lead: UserRecord, *, since: datetime | None = None) -> list[CheckScore]:
    """How each reviewer did on check items.

    Raises:
        NotAllowedError: The person is no lead.
    """
    require_lead(lead)
    of = check_results.c
    wanted = (
        select(of.document, of.reviewer, decisions.c.verdict, checks.c.verdict.label("right"), checks.c.indicators)
        .join(decisions, decisions.c.number == of.decision)
        .join(checks, checks.c.document == of.document)
    )
    if since is not None:
        wanted = wanted.where(of.at >= since)
    rows = tx.execute(wanted.order_by(of.at.desc()).limit(_MOST_JUDGED)).all()
    words = _words_of(tx, [row.document for row in rows])
    return check_scores(
        CheckAnswer(
            row.reviewer,
            row.verdict,
            row.right,
            frozenset(_confirmed(words.get((row.document, row.reviewer), ()))),
            frozenset(json.loads(row.indicators)),
        )
        for row in rows
    )


def drift_figures(
    tx: Transaction, lead: UserRecord, *, days: float = 7.0, since: datetime | None = None
) -> list[Window]:
    """The flags of the current analyses against final verdicts, window by window; check items are left out.

    Args:
        tx: A transaction.
        lead: Who asks.
        days: Length of a window.
        since: Only verdicts from this moment on; the first window begins there.

    Raises:
        NotAllowedError: The person is no lead.
    """
    require_lead(lead)
    checked = exists(select(checks.c.document).where(checks.c.document == items.c.document))
    wanted = (
        select(items.c.decided, items.c.verdict, documents.c.flagged, documents.c.review_probability)
        .join(documents, documents.c.number == items.c.document)
        .where(items.c.state == "done", items.c.verdict.is_not(None), ~checked)
    )
    if since is not None:
        wanted = wanted.where(items.c.decided >= since)
    rows = tx.execute(wanted.order_by(items.c.decided.desc()).limit(_MOST_JUDGED)).all()
    judgements = [
        Judgement(row.decided, row.flagged, row.verdict == "escalate", row.review_probability) for row in rows
    ]
    return drift(judgements, length=timedelta(days=days), start=since)


def verdict_counts(tx: Transaction, lead: UserRecord, *, since: datetime | None = None) -> dict[str, dict[str, int]]:
    """How many standing verdicts each reviewer has given, by verdict.

    Raises:
        NotAllowedError: The person is no lead.
    """
    require_lead(lead)
    narrowed = [decisions.c.kind == "verdict"] + ([decisions.c.at >= since] if since is not None else [])
    of = standing(*narrowed).order_by(None).subquery().c
    counts = [func.sum(case((of.verdict == verdict, 1), else_=0)).label(verdict) for verdict in VERDICTS]
    rows = tx.execute(select(of.reviewer, *counts).group_by(of.reviewer).order_by(of.reviewer))
    return {row.reviewer: {verdict: int(getattr(row, verdict)) for verdict in VERDICTS} for row in rows}


def _read_twice(tx: Transaction, since: datetime | None) -> dict[int, tuple[_Reading, _Reading]]:
    """First and second reading of the documents that have both, the newest second readings."""
    second = standing(decisions.c.kind == "verdict", decisions.c.round == "second")
    if since is not None:
        second = second.where(decisions.c.at >= since)
    numbers = [row.document for row in tx.execute(second.limit(_MOST_READ_TWICE))]
    words = read_words(tx, numbers)
    model = _model_spans(tx, words)
    found = {}
    for number, rows in words.items():
        readings = [_reading(model, [row for row in rows if row.round == name]) for name in ("first", "second")]
        if readings[0] is not None and readings[1] is not None:
            found[number] = (readings[0], readings[1])
    return found


def _model_spans(tx: Transaction, words: Mapping[int, Sequence[Row[Any]]]) -> dict[int, dict[int, LabelledSpan]]:
    """The model's spans by analysis and number, of every analysis that decisions speak of: one statement for all."""
    found: dict[int, dict[int, LabelledSpan]] = {row.analysis: {} for rows in words.values() for row in rows}
    for row in tx.execute(select(spans).where(spans.c.analysis.in_(found))):
        found[row.analysis][row.number] = LabelledSpan(row.start, row.end, row.indicator, row.assertion)
    return found


def _reading(model: Mapping[int, Mapping[int, LabelledSpan]], rows: Sequence[Row[Any]]) -> _Reading | None:
    """One round of a document, newest decision first; None without a verdict."""
    verdict = next((row for row in rows if row.kind == "verdict"), None)
    if verdict is None:
        return None
    about = [row for row in rows if row.kind != "verdict" and row.reviewer == verdict.reviewer]
    given = {number: span for row in about for number, span in model[row.analysis].items()}
    said = [build_decision(row, given, row.reviewer) for row in reversed(about)]
    last = {decision.given: decision for decision in said if decision.given is not None}
    held = {decision.label for decision in said if decision.given is None and decision.label is not None}
    held |= {span for span, decision in last.items() if decision.kind == "confirm"}
    held |= {decision.label for decision in last.values() if decision.kind == "change" and decision.label is not None}
    left = [span for span in model[verdict.analysis].values() if span not in last]
    # No concern is a word on all that was left; an escalation is none.
    complete = verdict.verdict == "no_concern" or not any(span.assertion == "asserted" for span in left)
    return _Reading(verdict.reviewer, verdict.verdict, tuple(held), complete)


def _span_figures(
    tx: Transaction, lead: UserRecord, pairs: Mapping[int, tuple[_Reading, _Reading]]
) -> tuple[SpanAgreement, int]:
    figures = []
    for number in sorted(pairs, reverse=True)[:_MOST_SPANS]:
        name = tx.execute(select(documents.c.id).where(documents.c.number == number)).scalar_one()
        text = open_text(tx, row_of(tx, name))
        if text is not None:
            first, second = pairs[number]
            figures.append(span_agreement(text, first.spans, second.spans, shifts=20))
    tx.audit(lead.id, "texts.measured", "span_agreement", documents=len(figures))
    told = [figure for figure in figures if figure.score is not None]
    means = (_mean([getattr(figure, name) for figure in told]) for name in ("score", "chance", "corrected"))
    return SpanAgreement(*means), len(told)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _asserted(reading: _Reading) -> frozenset[str]:
    return frozenset(span.indicator for span in reading.spans if span.assertion == "asserted")


def _words_of(tx: Transaction, numbers: Sequence[int]) -> dict[tuple[int, str], list[Row[Any]]]:
    found: dict[tuple[int, str], list[Row[Any]]] = {}
    for row in tx.execute(standing(decisions.c.document.in_(set(numbers)))):
        found.setdefault((row.document, row.reviewer), []).append(row)
    return found


def _confirmed(rows: Sequence[Row[Any]]) -> set[str]:
    last = standing_spans(rows).values()
    return {
        row.indicator
        for row in last
        if row.kind in {"confirm", "change", "add"} and row.assertion in {None, "asserted"}
    }
