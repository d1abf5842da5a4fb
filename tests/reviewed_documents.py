"""Invented documents with decisions on them, as a store would give them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from classifier.document import Analysis, Document
from service.review.reviewed import (
    Decision,
    DecisionKind,
    LabelledSpan,
    ReviewedDocument,
    Verdict,
    model_spans,
    settle_spans,
)
from tests.fakes import FakeAnalyzer

NOON = datetime(2030, 1, 7, 12, tzinfo=UTC)
# An emoji and a combining mark before the spans: offsets in UTF-16 or in bytes would be others.
DISCLOSURE = (
    "\N{PILE OF POO} Zoë here.\nMr Featherstone keeps our passports in his safe, and the debt, it goes up each week. "
    "My number is +44 7700 900123."
)
DENIAL = '=He says: "the gate is open at all hours", and nobody is locked in.'
QUIET = "We met at the market in the morning."


def analyze(text: str, name: str = "doc-1") -> Analysis:
    return FakeAnalyzer().analyze(Document(text, id=name))


def span_of(text: str, words: str, indicator: str) -> LabelledSpan:
    start = text.index(words)
    return LabelledSpan(start, start + len(words), indicator, "asserted")


def decide(
    kind: DecisionKind, given: LabelledSpan | None, label: LabelledSpan | None = None, *, minute: int = 0
) -> Decision:
    return Decision(kind, "r-one", "first", NOON + timedelta(minutes=minute), given, label)


def reviewed(
    name: str, text: str, verdict: Verdict, decisions: tuple[Decision, ...] = (), **fields: Any
) -> ReviewedDocument:
    analysis = analyze(text, name)
    spans, undecided = settle_spans(analysis, decisions)
    document = ReviewedDocument(
        name, text, analysis, decisions, spans, undecided, verdict, "r-one", NOON, NOON + timedelta(hours=1)
    )
    return replace(document, **fields)


def disclosure(**fields: Any) -> ReviewedDocument:
    """Every span decided on: one confirmed, one made longer, one added."""
    kept, debt = sorted(model_spans(analyze(DISCLOSURE)), key=lambda span: span.start)
    longer = span_of(DISCLOSURE, "the debt, it goes up each week", "debt_bondage")
    added = replace(span_of(DISCLOSURE, "Mr Featherstone", "third_party_control"), assertion="hypothetical")
    decisions = (decide("confirm", kept), decide("change", debt, longer), decide("add", None, added))
    return reviewed("doc-1", DISCLOSURE, "escalate", decisions, **fields)


def denial(**fields: Any) -> ReviewedDocument:
    """Two denied spans, both confirmed."""
    decisions = tuple(decide("confirm", span) for span in model_spans(analyze(DENIAL)))
    return reviewed("doc-2", DENIAL, "no_concern", decisions, **fields)


def quiet(**fields: Any) -> ReviewedDocument:
    """Nothing found and nothing added."""
    return reviewed("doc-3", QUIET, "no_concern", **fields)


@dataclass(frozen=True, slots=True)
class FakeSource:
    """Gives documents from memory."""

    documents: tuple[ReviewedDocument, ...]

    def iterate_reviewed(self, since: datetime | None = None) -> Iterator[ReviewedDocument]:
        return (document for document in self.documents if since is None or document.decided >= since)
