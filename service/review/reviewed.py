"""A document with all that people decided about it: the one shape that exports and agreement start from.

Nothing here knows the store: whoever reads it fills `ReviewedDocument`, with pseudonyms for people.
"""

import hmac
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Literal, Protocol

from classifier.document import Analysis, Assertion
from service.review.masking import find_masks, hide

DecisionKind = Literal["confirm", "reject", "change", "add", "insufficient"]
Round = Literal["first", "second", "adjudication"]
Verdict = Literal["escalate", "needs_second_look", "no_concern"]
_ROUNDS: Sequence[Round] = ("first", "second", "adjudication")
_PSEUDONYM_DIGITS = 12


@dataclass(frozen=True, slots=True)
class LabelledSpan:
    """A stretch that shows an indicator: half-open code points of the text, and how the text holds it."""

    start: int
    end: int
    indicator: str
    assertion: Assertion


@dataclass(frozen=True, slots=True)
class Decision:
    """What one person said of one span and did not take back.

    Attributes:
        kind: confirm, reject, change, add or insufficient (not enough information).
        reviewer: Pseudonym.
        round: first, second or adjudication.
        at: When, with a time zone.
        given: The model's span that it speaks of; None for add.
        label: What it became: for change and add.
    """

    kind: DecisionKind
    reviewer: str
    round: Round
    at: datetime
    given: LabelledSpan | None = None
    label: LabelledSpan | None = None


@dataclass(frozen=True, slots=True)
class ReviewedDocument:
    """A document, what the model said of it and what people decided.

    Attributes:
        id: As the store names it.
        text: As submitted; None once erased.
        analysis: By the model whose spans the decisions speak of; `analysis.model` says which.
        decisions: The ones that stand, oldest first.
        spans: What holds after them, in reading order; `settle_spans` makes it.
        undecided: Asserted or other spans of the model that nobody spoke of; `settle_spans` makes it.
        verdict: On the document.
        reviewer: Pseudonym of whose verdict stands.
        created: When it came in.
        decided: When the verdict was given.
        cluster: Names its near-duplicates: they share it.
        genre: Context that a person gave; None leaves the model's.
        masked: Whether names and numbers in the text have been hidden.
    """

    id: str
    text: str | None = field(repr=False)
    analysis: Analysis
    decisions: tuple[Decision, ...]
    spans: tuple[LabelledSpan, ...]
    undecided: tuple[LabelledSpan, ...]
    verdict: Verdict
    reviewer: str
    created: datetime
    decided: datetime
    cluster: str = ""
    genre: str | None = None
    masked: bool = False


class ReviewedSource(Protocol):
    """Whatever can give the reviewed documents."""

    def iterate_reviewed(self, since: datetime | None = None) -> Iterator[ReviewedDocument]:
        """Yield documents with a verdict that stands, oldest verdict first.

        Args:
            since: Only those decided at this moment or later.
        """


def model_spans(analysis: Analysis) -> tuple[LabelledSpan, ...]:
    """The spans of an analysis, in taxonomy order."""
    return tuple(
        LabelledSpan(span.start, span.end, score.id, span.assertion)
        for score in analysis.indicators
        for span in score.spans
    )


def settle_spans(
    analysis: Analysis, decisions: Iterable[Decision]
) -> tuple[tuple[LabelledSpan, ...], tuple[LabelledSpan, ...]]:
    """What holds after all decisions, and what of the model nobody spoke of; both in reading order.

    On one span the last word of the last round counts: a lead's before a second reader's before a first one's.
    Confirmed, changed and added spans hold; rejected ones and those without enough information do not.
    """
    words: dict[LabelledSpan, Decision] = {}
    held: list[LabelledSpan] = []
    for decision in sorted(decisions, key=lambda decision: (_ROUNDS.index(decision.round), decision.at)):
        if decision.given is not None:
            words[decision.given] = decision
        elif decision.label is not None:
            held.append(decision.label)
    undecided = [span for span in model_spans(analysis) if span not in words]
    for given, decision in words.items():
        if decision.kind == "confirm":
            held.append(given)
        elif decision.kind == "change" and decision.label is not None:
            held.append(decision.label)
    return _in_order(held), _in_order(undecided)


def mask_document(document: ReviewedDocument) -> ReviewedDocument:
    """The document with names, numbers and addresses hidden; every offset still holds.

    Spans never vanish under a mask; see `service.review.masking`.
    """
    if document.text is None or document.masked:
        return document
    shown = (*document.spans, *document.undecided)
    text = hide(document.text, find_masks(document.text, shown))
    scores = tuple(
        replace(score, spans=tuple(replace(span, text=text[span.start : span.end]) for span in score.spans))
        for score in document.analysis.indicators
    )
    return replace(document, text=text, analysis=replace(document.analysis, indicators=scores), masked=True)


def pseudonym(user_id: str, key: bytes) -> str:
    """A name for a person that stays the same under one key and leads back to nobody without it.

    Raises:
        ValueError: The key is shorter than 16 bytes.
    """
    if len(key) < 16:
        raise ValueError(f"a key of {len(key)} bytes; allowed: at least 16")
    return f"r-{hmac.new(key, user_id.encode(), sha256).hexdigest()[:_PSEUDONYM_DIGITS]}"


def _in_order(spans: Iterable[LabelledSpan]) -> tuple[LabelledSpan, ...]:
    return tuple(sorted(set(spans), key=lambda span: (span.start, span.end, span.indicator, span.assertion)))
