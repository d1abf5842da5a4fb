"""Two readings of one document side by side, for whoever adjudicates: nobody is named, only what was said."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from classifier.taxonomy import Taxonomy
from service.review.adjudication import Dispute, Side
from service.review.records import DecisionRecord
from service.store.documents import SpanRecord
from service.web.desk.queue_view import VERDICT_TITLES
from service.web.desk.review_text import own_decisions
from service.web.segments import visible
from service.web.wording import ASSERTIONS, clipped

_HELD: Mapping[str, str] = {str(assertion): word for assertion, word in ASSERTIONS.items()}
_SAID = {"confirm": "confirmed", "reject": "rejected", "insufficient": "not enough information"}


@dataclass(frozen=True, slots=True)
class Word:
    """What one reader said of a span, and why; `text` is a dash when nothing was said."""

    text: str = field(repr=False)
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class DisputeRow:
    """One span and both readers' words on it; `span` is None for one that a reader added."""

    span: int | None
    words: str
    title: str
    first: Word
    second: Word
    differs: bool


@dataclass(frozen=True, slots=True)
class DisputeView:
    """Both verdicts with their reasons, and the spans, those that differ first."""

    first: Word
    second: Word
    rows: tuple[DisputeRow, ...]
    differing: int


def view_dispute(dispute: Dispute, records: Sequence[SpanRecord], text: str, taxonomy: Taxonomy) -> DisputeView:
    """Both sides of a dispute.

    Args:
        dispute: As the store gave it.
        records: The model's spans.
        text: With or without what is hidden; "" once erased.
        taxonomy: Titles.
    """
    titles = {indicator.id: indicator.title for indicator in taxonomy.indicators}
    sides = [own_decisions(side.decisions, side.reviewer) for side in (dispute.first, dispute.second)]
    said = [{record.span: record for record in side if record.span is not None} for side in sides]
    rows = [
        DisputeRow(
            record.number,
            clipped(visible(text[record.start : record.end])),
            titles.get(record.indicator, record.indicator),
            _word(said[0].get(record.number), text, titles),
            _word(said[1].get(record.number), text, titles),
            record.number in dispute.differing_spans,
        )
        for record in records
        # Spans that neither has spoken of are in the list beside the text.
        if any(record.number in side for side in said)
    ]
    rows += _added_rows(sides, text, titles)
    ordered = sorted(rows, key=lambda row: not row.differs)
    return DisputeView(
        _verdict(dispute.first), _verdict(dispute.second), tuple(ordered), sum(row.differs for row in ordered)
    )


def _verdict(side: Side) -> Word:
    reason = next((record.reason for record in reversed(side.decisions) if record.kind == "verdict"), None)
    return Word(VERDICT_TITLES.get(side.verdict, side.verdict), reason)


def _word(record: DecisionRecord | None, text: str, titles: Mapping[str, str]) -> Word:
    if record is None:
        return Word("–")
    if record.kind in _SAID:
        return Word(_SAID[record.kind], record.reason)
    verb = "added" if record.kind == "add" else "changed to"
    held = _HELD.get(record.assertion or "", "")
    return Word(f"{verb} “{_words(record, text)}”, {titles.get(record.indicator or '', '')}, {held}", record.reason)


def _added_rows(
    sides: Sequence[Sequence[DecisionRecord]], text: str, titles: Mapping[str, str]
) -> Iterator[DisputeRow]:
    """A row for each span that a reader added, one for both where they added the same."""
    places: dict[tuple[object, ...], list[DecisionRecord | None]] = {}
    for side, records in enumerate(sides):
        for record in records:
            if record.kind == "add":
                place = (record.start, record.end, record.indicator, record.assertion)
                places.setdefault(place, [None, None])[side] = record
    for found in places.values():
        first, second = (_word(one, text, titles) for one in found)
        either = next(one for one in found if one is not None)
        title = titles.get(either.indicator or "", "")
        yield DisputeRow(None, _words(either, text), title, first, second, None in found)


def _words(record: DecisionRecord, text: str) -> str:
    return clipped(visible(text[record.start : record.end]))
