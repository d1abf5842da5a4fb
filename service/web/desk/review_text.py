"""The text of the desk: cut at the edges of spans and of what is hidden, so that both can be drawn over each other."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from classifier.document import Assertion
from service.review.masking import Mask
from service.review.records import DecisionRecord
from service.store.documents import SpanRecord
from service.web.segments import Mark, Segment, build_segments, choose_lanes

# What a reviewer has said of a span, in words.
SAID = {
    "confirm": "confirmed",
    "reject": "rejected",
    "change": "changed",
    "add": "added by you",
    "insufficient": "not enough information",
}
KIND_NAMES = {"birth_date": "date of birth", "bank": "account", "handle": "user name", "plate": "number plate"}


@dataclass(frozen=True, slots=True)
class DeskSpan:
    """A span as it stands after what its reader has said of it.

    Attributes:
        mark: Number in reading order, from 1.
        span: Number in the store, by which decisions name it; None for one that the reader added.
        indicator: What it is about.
        start: First code point.
        end: One past the last code point.
        assertion: How the text holds it.
        source: model, lexicon or reviewer.
        contribution: Log-odds; 0.0 for one that the reader added.
        kind: Of the reader's last decision on it, or None.
        reason: In the reader's words, or None.
        was: The model's span where the reader changed it, or None.
    """

    mark: int
    span: int | None
    indicator: str
    start: int
    end: int
    assertion: Assertion
    source: str
    contribution: float
    kind: str | None = None
    reason: str | None = None
    was: SpanRecord | None = None

    @property
    def said(self) -> str:
        """The reader's word on it; empty when there is none."""
        return SAID[self.kind] if self.kind else ""


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment of the text, what hides it, and whether that ends here.

    Attributes:
        segment: The words and the marks over them.
        mask: What hides the words, or would if they were not on show; None for plain words.
        closes: Whether the mask ends with this segment.
    """

    segment: Segment
    mask: Mask | None
    closes: bool

    @property
    def mask_name(self) -> str:
        """`name 2`: which hidden thing it is."""
        if self.mask is None:
            return ""
        return f"{KIND_NAMES.get(self.mask.kind, self.mask.kind)} {self.mask.number}"


def own_decisions(decisions: Sequence[DecisionRecord], reviewer: str) -> list[DecisionRecord]:
    """The span decisions of one person that stand, the last one on each span, oldest first."""
    last: dict[object, DecisionRecord] = {}
    for record in decisions:
        if record.reviewer == reviewer and not record.undone and record.kind in SAID:
            key: object = record.id if record.span is None else record.span
            last.pop(key, None)
            last[key] = record
    return list(last.values())


def build_spans(records: Sequence[SpanRecord], decisions: Sequence[DecisionRecord]) -> list[DeskSpan]:
    """The spans of a document with one reader's decisions put to them, in reading order.

    Args:
        records: The model's.
        decisions: As `own_decisions` gives them.
    """
    said = {record.span: record for record in decisions if record.span is not None}
    spans = [_with_decision(record, said.get(record.number)) for record in records]
    spans += [_added(record) for record in decisions if record.kind == "add"]
    ordered = sorted(spans, key=lambda span: (span.start, -span.end, span.span or 0))
    return [_numbered(span, number) for number, span in enumerate(ordered, 1)]


def build_pieces(text: str, spans: Sequence[DeskSpan], masks: Sequence[Mask]) -> list[Piece]:
    """The whole text as pieces: joined together they are the text.

    Args:
        text: With or without what is hidden.
        spans: As `build_spans` gives them.
        masks: In reading order, without overlaps.
    """
    lanes = choose_lanes([(span.start, span.end) for span in spans])
    marks = [_mark(span, lane) for span, lane in zip(spans, lanes, strict=True)]
    cuts = [edge for mask in masks for edge in (mask.start, mask.end)]
    left = list(reversed(masks))
    pieces = []
    for segment in build_segments(text, marks, cuts=cuts):
        while left and left[-1].end <= segment.start:
            left.pop()
        mask = left[-1] if left and left[-1].start <= segment.start else None
        pieces.append(Piece(segment, mask, mask is not None and mask.end == segment.end))
    return pieces


def _mark(span: DeskSpan, lane: int) -> Mark:
    return Mark(span.mark, span.indicator, 0, span.start, span.end, span.assertion, span.contribution, lane)


def _with_decision(record: SpanRecord, decision: DecisionRecord | None) -> DeskSpan:
    kept = (record.source, record.contribution)
    if decision is None or decision.kind != "change":
        kind, reason = (decision.kind, decision.reason) if decision else (None, None)
        place = (record.indicator, record.start, record.end, _assertion(record.assertion))
        return DeskSpan(0, record.number, *place, *kept, kind, reason)
    place = (
        decision.indicator or record.indicator,
        record.start if decision.start is None else decision.start,
        record.end if decision.end is None else decision.end,
        _assertion(decision.assertion or record.assertion),
    )
    return DeskSpan(0, record.number, *place, *kept, decision.kind, decision.reason, record)


def _added(decision: DecisionRecord) -> DeskSpan:
    place = (decision.indicator or "", decision.start or 0, decision.end or 0, _assertion(decision.assertion or ""))
    return DeskSpan(0, None, *place, "reviewer", 0.0, decision.kind, decision.reason)


def _numbered(span: DeskSpan, number: int) -> DeskSpan:
    return replace(span, mark=number)


def _assertion(word: str) -> Assertion:
    """The store's word as the type that drawing needs; the tables hold it to the three."""
    known: dict[str, Assertion] = {"negated": "negated", "hypothetical": "hypothetical"}
    return known.get(word, "asserted")
