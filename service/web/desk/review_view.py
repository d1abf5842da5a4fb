"""What the review desk shows of a document: pure, from what the store gave to rows and sentences for the template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from classifier.document import Analysis
from classifier.taxonomy import Indicator, Taxonomy
from service.review.opening import ShownDocument
from service.review.policy import ReviewPolicy
from service.review.records import DecisionRecord
from service.review.views import ItemView
from service.review.wellness import Blur, Severity, WellnessSettings, blur, severity
from service.store.documents import SpanRecord
from service.web.desk.queue_view import VERDICT_TITLES
from service.web.desk.review_text import DeskSpan, Piece, build_pieces, build_spans, own_decisions
from service.web.reading import TONES, Bar, ContextReading, Verdict, build_bar, list_contexts, say_verdict
from service.web.segments import visible
from service.web.wording import ASSERTIONS, clipped, effect, signed

_FIRST_ROW = 9
_KEYS = {"escalate": "E", "needs_second_look": "S", "no_concern": "N"}


@dataclass(frozen=True, slots=True)
class SpanRow:
    """A span in the list beside the text.

    Attributes:
        span: The span.
        definition: Of its indicator: title, question, care.
        tone: Number of its colour.
        words: What it shows, cut short.
        held: How the text holds it, in a word.
        weight: What it adds to the score, in words.
    """

    span: DeskSpan
    definition: Indicator
    tone: int
    words: str
    held: str
    weight: str


@dataclass(frozen=True, slots=True)
class IndicatorChoice:
    """An indicator as the reviewer picks it: its place from 1, and the key for it."""

    place: int
    key: str
    id: str
    title: str
    tone: int


@dataclass(frozen=True, slots=True)
class VerdictChoice:
    """A verdict as the reviewer picks it; `needs_reason` says what a reason is needed for, or is empty."""

    id: str
    title: str
    key: str
    needs_reason: str


@dataclass(frozen=True, slots=True)
class TextView:
    """The words of a document and what was found in them.

    Attributes:
        pieces: The text; empty once it was erased.
        evidence: Spans that the text asserts, in reading order.
        counter: Spans that it denies or holds in general: what speaks against reading the document as it looks.
        severity: How heavy it is to read.
        blur: What of it is blurred until the reader reveals it.
        masked: Whether names, numbers and addresses are hidden.
        hidden: How many stretches are, or would be.
        metadata: What was sent with it, as text; None while masked.
        erased: Whether the text is gone.
    """

    pieces: tuple[Piece, ...]
    evidence: tuple[SpanRow, ...]
    counter: tuple[SpanRow, ...]
    severity: Severity
    blur: Blur
    masked: bool
    hidden: int
    metadata: tuple[tuple[str, str], ...] | None
    erased: bool

    @property
    def rows(self) -> tuple[SpanRow, ...]:
        """All spans."""
        return self.evidence + self.counter


@dataclass(frozen=True, slots=True)
class ModelView:
    """What the model says of the whole document, and which model it was."""

    analysis: Analysis
    verdict: Verdict
    review: Bar | None
    contexts: tuple[ContextReading, ...]
    questions: tuple[Indicator, ...]


def build_text(
    shown: ShownDocument,
    records: Sequence[SpanRecord],
    decisions: Sequence[DecisionRecord],
    taxonomy: Taxonomy,
    *,
    reader: str,
) -> tuple[list[DeskSpan], tuple[SpanRow, ...]]:
    """The spans of a document as one reader has judged them, and a row for each.

    Args:
        shown: The document with or without what is hidden.
        records: The model's spans.
        decisions: On the document.
        taxonomy: What the indicators mean.
        reader: Whose decisions are put to the spans.
    """
    spans = build_spans(records, own_decisions(decisions, reader))
    by_id, tones = _indicators(taxonomy)
    text = shown.text or ""
    rows = (_row(span, text, by_id, tones) for span in spans if span.indicator in by_id)
    return spans, tuple(rows)


def view_text(
    shown: ShownDocument,
    spans: Sequence[DeskSpan],
    rows: Sequence[SpanRow],
    policy: ReviewPolicy,
    wellness: WellnessSettings,
) -> TextView:
    """The text with its spans, blurred and hidden as the rules say."""
    flagged = [score.id for score in shown.analysis.indicators if score.flagged]
    level = severity(flagged, policy.heavy_indicators, wellness)
    pieces = () if shown.text is None else tuple(build_pieces(shown.text, spans, shown.masks))
    metadata = None
    if shown.metadata is not None:
        metadata = tuple((visible(str(name)), visible(str(value))) for name, value in shown.metadata.items())
    return TextView(
        pieces=pieces,
        evidence=tuple(row for row in rows if row.span.assertion == "asserted"),
        counter=tuple(row for row in rows if row.span.assertion != "asserted"),
        severity=level,
        blur=blur(level, wellness),
        masked=shown.masked,
        hidden=len(shown.masks),
        metadata=metadata,
        erased=shown.text is None,
    )


def view_model(analysis: Analysis, taxonomy: Taxonomy) -> ModelView:
    """What the model says of the whole document, and what to ask if somebody follows up."""
    by_id, _ = _indicators(taxonomy)
    spoken = [score.id for score in analysis.indicators if score.flagged or score.spans]
    return ModelView(
        analysis,
        say_verdict(analysis, by_id),
        build_bar(analysis.review.probability, analysis.review.threshold),
        list_contexts(analysis, taxonomy),
        tuple(by_id[indicator] for indicator in spoken if indicator in by_id),
    )


def indicator_choices(taxonomy: Taxonomy) -> tuple[IndicatorChoice, ...]:
    """All indicators with their keys: 1 to 9, then the same with Shift."""
    return tuple(
        IndicatorChoice(place, _indicator_key(place), indicator.id, indicator.title, (place - 1) % TONES)
        for place, indicator in enumerate(taxonomy.indicators, 1)
    )


def verdict_choices(item: ItemView) -> tuple[VerdictChoice, ...]:
    """The verdicts that can be given in the item's state, and which of them need a reason."""
    allowed = [verdict for verdict in VERDICT_TITLES if item.state != "adjudication" or verdict != "needs_second_look"]
    return tuple(
        VerdictChoice(verdict, VERDICT_TITLES[verdict], _KEYS[verdict], _needs_reason(item, verdict))
        for verdict in allowed
    )


def _needs_reason(item: ItemView, verdict: str) -> str:
    """What a reason is needed for. The server refuses without one; saying so before saves the way there and back."""
    if item.state == "adjudication":
        return "adjudicating"
    if verdict == "needs_second_look":
        return "asking for a second look"
    if verdict == "no_concern" and item.flagged:
        return "no concern about a flagged document"
    return "escalating a document that is not flagged" if verdict == "escalate" and not item.flagged else ""


def _indicator_key(place: int) -> str:
    if place <= _FIRST_ROW:
        return str(place)
    return f"Shift+{place - _FIRST_ROW}" if place <= 2 * _FIRST_ROW else ""


def _indicators(taxonomy: Taxonomy) -> tuple[Mapping[str, Indicator], Mapping[str, int]]:
    by_id = {indicator.id: indicator for indicator in taxonomy.indicators}
    return by_id, {indicator: place % TONES for place, indicator in enumerate(by_id)}


def _row(span: DeskSpan, text: str, by_id: Mapping[str, Indicator], tones: Mapping[str, int]) -> SpanRow:
    return SpanRow(
        span,
        by_id[span.indicator],
        tones[span.indicator],
        clipped(visible(text[span.start : span.end])),
        ASSERTIONS[span.assertion],
        _weight(span),
    )


def _weight(span: DeskSpan) -> str:
    if span.source == "reviewer":
        return "added by hand"
    if span.assertion != "asserted":
        return "not counted"
    if span.contribution == 0:
        return "not in the deciding sentence"
    return f"{signed(span.contribution)}, {effect(span.contribution)}"
