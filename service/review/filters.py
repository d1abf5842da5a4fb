"""What a queue or a search can be narrowed to, as conditions on documents and items."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, select

from service.store.checked import check_label, check_word
from service.store.document_tables import document_indicators, documents
from service.store.errors import RefusedError
from service.store.review_tables import items
from service.store.schema import ITEM_STATES, VERDICTS
from service.store.store import Transaction

ASSERTED_STATES = ("asserted", "negated", "hypothetical")


@dataclass(frozen=True, slots=True)
class Filters:
    """Everything given must hold.

    Attributes:
        indicator: The document speaks of it: flagged, negated or hypothetical.
        assertion: With `indicator`: how the text holds it; asserted is flagged.
        state: Of the item: unqueued, waiting, second, adjudication, done.
        verdict: Of the item.
        context: Kind of text.
        language: ISO 639 code.
        score_from: Smallest review probability.
        score_to: Largest review probability.
        created_from: First moment.
        created_to: First moment after.
        source: Where the document came from.
        assigned: User who holds the item now.
    """

    indicator: str | None = None
    assertion: str | None = None
    state: str | None = None
    verdict: str | None = None
    context: str | None = None
    language: str | None = None
    score_from: float | None = None
    score_to: float | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    source: str | None = None
    assigned: str | None = None


EVERYTHING = Filters()


def conditions(tx: Transaction, filters: Filters) -> list[ColumnElement[bool]]:
    """The filters as conditions on `documents` joined to `items`.

    Raises:
        RefusedError: A value is not one there can be.
    """
    _check(filters)
    return [*_on_documents(filters), *_on_items(tx, filters)]


def _on_documents(filters: Filters) -> Iterator[ColumnElement[bool]]:
    for column, value in (
        (documents.c.context, filters.context),
        (documents.c.language, filters.language),
        (documents.c.source, filters.source),
    ):
        if value is not None:
            yield column == value
    if filters.score_from is not None:
        yield documents.c.review_probability >= filters.score_from
    if filters.score_to is not None:
        yield documents.c.review_probability <= filters.score_to
    if filters.created_from is not None:
        yield documents.c.created >= filters.created_from
    if filters.created_to is not None:
        yield documents.c.created < filters.created_to
    if filters.indicator is not None:
        of = document_indicators.c
        spoken_of = select(of.document).where(of.document == documents.c.number, of.indicator == filters.indicator)
        if filters.assertion is not None:
            spoken_of = spoken_of.where(of.state == filters.assertion)
        yield exists(spoken_of)


def _on_items(tx: Transaction, filters: Filters) -> Iterator[ColumnElement[bool]]:
    if filters.state is not None:
        yield items.c.state == filters.state
    if filters.verdict is not None:
        yield items.c.verdict == filters.verdict
    if filters.assigned is not None:
        yield items.c.holder == filters.assigned
        yield items.c.lease_until > tx.now


def _check(filters: Filters) -> None:
    for name in ("indicator", "context", "language", "source", "assigned"):
        check_label(name, getattr(filters, name))
    for name, allowed in (("state", ITEM_STATES), ("verdict", VERDICTS), ("assertion", ASSERTED_STATES)):
        if getattr(filters, name) is not None:
            check_word(name, getattr(filters, name), allowed)
    if filters.assertion is not None and filters.indicator is None:
        raise RefusedError("assertion", "says how the text holds an indicator; allowed: together with one")
    for name in ("score_from", "score_to"):
        score = getattr(filters, name)
        if score is not None and not 0 <= score <= 1:
            raise RefusedError(name, f"{score}; allowed: 0 to 1")
    for name in ("created_from", "created_to"):
        if (moment := getattr(filters, name)) is not None and moment.tzinfo is None:
            raise RefusedError(name, "has no time zone; allowed: a moment with one")
