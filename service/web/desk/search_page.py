"""`/search`: documents by their words and by what is known of them, newest first, with masked excerpts."""

from dataclasses import dataclass
from typing import Any

import anyio.to_thread
from fastapi import APIRouter, Request
from starlette.responses import Response

from classifier.taxonomy import Taxonomy
from service.answering import loaded
from service.desk.desk import Desk, desk_of
from service.desk.people import PageAnalyst, Person
from service.problems import ProblemError
from service.review.filters import ASSERTED_STATES
from service.review.search import search
from service.review.views import ItemView
from service.review.wellness import severity
from service.store.documents import OpenedDocument, open_document
from service.store.errors import StoreError
from service.store.rows import Page
from service.store.schema import ITEM_STATES, VERDICTS
from service.store.store import Transaction
from service.web.desk.context import render_page
from service.web.desk.excerpts import Excerpt, cut_excerpt
from service.web.desk.form_reading import Message, problem_of
from service.web.desk.queue_view import STATE_TITLES, VERDICT_TITLES, name_of
from service.web.desk.search_query import SearchQuery, read_search
from service.web.wording import ASSERTIONS, percent

router = APIRouter(include_in_schema=False)

PAGE_SIZE = 10
_NOTHING: Page[ItemView] = Page((), None)


@dataclass(frozen=True, slots=True)
class Result:
    """One document that was found.

    Attributes:
        item: As the viewer may see it.
        name: The submitter's name for it, or its id cut short.
        review: Review probability, or that the model abstained.
        indicators: Titles of the flagged indicators.
        excerpt: Masked words; None once erased.
        heavy: Whether the words are folded away until they are asked for.
    """

    item: ItemView
    name: str
    review: str
    indicators: tuple[str, ...]
    excerpt: Excerpt | None
    heavy: bool


@router.api_route("/search", methods=["GET", "HEAD"])
async def show_search(request: Request, person: PageAnalyst, cursor: str | None = None) -> Response:
    """The form, and what was found."""
    desk, query = desk_of(request), read_search(request.query_params)
    message: Message | None = None
    found, results, status = _NOTHING, [], 200
    if query.asked:
        try:
            found = await desk.read(
                lambda tx: search(
                    tx, desk.policy, person.user, query.words, filters=query.filters(), cursor=cursor, limit=PAGE_SIZE
                )
            )
            results = await _read_results(request, desk, person, query, found)
        except (ProblemError, StoreError) as error:
            message, status = problem_of(request, error)
    values = {
        **_choices(loaded(request).taxonomy),
        "message": message,
        "query": query,
        "results": results,
        "first": cursor is None,
        "older": query.address(found.cursor) if found.cursor else "",
        "newest": query.address(),
        "searchable": desk.store.searchable,
        "sealed": desk.store.cipher.key_id is not None,
    }
    return render_page(request, person, "desk/search.html", values, here="search", status=status)


async def _read_results(
    request: Request, desk: Desk, person: Person, query: SearchQuery, found: Page[ItemView]
) -> list[Result]:
    """Open what was found, which the audit log hears of, then mask it without holding up the database."""
    kept = [item.document for item in found.items if item.erased_at is None]

    def open_all(tx: Transaction) -> dict[str, OpenedDocument]:
        return {name: open_document(tx, name, actor=person.user.id, purpose="search") for name in kept}

    opened = await desk.write(open_all) if kept else {}
    titles = {indicator.id: indicator.title for indicator in loaded(request).taxonomy.indicators}

    def build() -> list[Result]:
        return [_result(item, opened.get(item.document), query, desk, titles) for item in found.items]

    return await anyio.to_thread.run_sync(build)


def _result(
    item: ItemView, opened: OpenedDocument | None, query: SearchQuery, desk: Desk, titles: dict[str, str]
) -> Result:
    level = severity(item.indicators, desk.policy.heavy_indicators, desk.wellness)
    return Result(
        item=item,
        name=name_of(item),
        review="abstained" if item.review_probability is None else percent(item.review_probability),
        indicators=tuple(titles.get(indicator, indicator) for indicator in item.indicators),
        excerpt=None if opened is None else cut_excerpt(opened, query.words),
        heavy=level == "heavy",
    )


def _choices(taxonomy: Taxonomy) -> dict[str, Any]:
    """What the filters can be set to, with titles."""
    return {
        "indicators": [(indicator.id, indicator.title) for indicator in taxonomy.indicators],
        "assertions": [(name, ASSERTIONS[name]) for name in ASSERTED_STATES],  # type: ignore[index]
        "states": [(name, STATE_TITLES[name]) for name in ITEM_STATES],
        "verdicts": [(name, VERDICT_TITLES[name]) for name in VERDICTS],
        "contexts": [(context.id, context.title) for context in taxonomy.contexts],
        "state_titles": STATE_TITLES,
        "verdict_titles": VERDICT_TITLES,
    }
