"""`/queue`: what waits, most urgent first and why, and the way to the next document."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from service.answering import loaded
from service.desk.desk import Desk, desk_of
from service.desk.people import PageAnalyst, Person
from service.desk.workload import go_on, is_day_full
from service.review.exposure import Exposure, exposure_of
from service.review.filters import Filters
from service.review.queue import count_items, list_queue
from service.review.search import search
from service.review.views import ItemView
from service.review.wellness import load_support
from service.store.errors import RefusedError
from service.store.rows import Page
from service.store.schema import ITEM_STATES
from service.store.store import Transaction
from service.store.users import LEADS
from service.web.desk.context import render_page
from service.web.desk.forms import pause_of, read_form
from service.web.desk.narrowing import Narrowing, read_narrowing, read_within
from service.web.desk.queue_view import STATE_TITLES, VERDICT_TITLES, build_row, name_of
from service.web.wording import ASSERTIONS

router = APIRouter(include_in_schema=False)

PAGE_SIZE = 25
_SAYINGS = {
    "empty": "Nothing waits for you here.",
    "released": "The document was given back.",
    "rest": "Take your time. The queue waits.",
}
# A reader's own next document is a first or a second reading; a lead asks for disputes by their own tab.
_TAKEN_FROM = {"second", "adjudication"}


@dataclass(frozen=True, slots=True)
class QueueLoaded:
    """What the page needs of the store."""

    page: Page[ItemView]
    counts: dict[str, int]
    exposure: Exposure
    held: ItemView | None
    now: datetime


@router.api_route("/queue", methods=["GET", "HEAD"])
async def show_queue(request: Request, person: PageAnalyst, cursor: str | None = None, said: str = "") -> Response:
    """One list of the queue, narrowed as the address says."""
    desk, narrowing = desk_of(request), read_narrowing(request.query_params)
    trouble = ""
    try:
        found = await desk.read(lambda tx: _load(tx, desk, person, narrowing, cursor))
    except RefusedError as error:
        # What was typed is said to be wrong beside the list that there is without it.
        trouble, narrowing = str(error), read_narrowing({})
        found = await desk.read(lambda tx: _load(tx, desk, person, narrowing, None))
    values = _values(request, person, desk, narrowing, found)
    message = load_support().cap if said == "cap" else _SAYINGS.get(said, "")
    together = say_together(request.query_params)
    shown = {**values, "message": " ".join(part for part in (together, message) if part), "trouble": trouble}
    return render_page(request, person, "desk/queue.html", shown, here="queue", status=422 if trouble else 200)


@router.post("/queue/next")
async def take_next(request: Request, person: PageAnalyst) -> Response:
    """Goes to the next document of the narrowed queue, or back to the list when there is none."""
    form = await read_form(request)
    return await to_next(request, person, read_within(form.get("within", "")))


async def to_next(
    request: Request, person: Person, narrowing: Narrowing, *, told: Mapping[str, str] | None = None
) -> Response:
    """The way to the next document for a person.

    Args:
        request: The request that it answers.
        person: Who goes on.
        narrowing: What the queue is narrowed to.
        told: More of the query of the page that comes, for what it has to say.

    Raises:
        NotAllowedError: They may not adjudicate.
        RefusedError: A filter has a value there cannot be.
    """
    desk, paused = desk_of(request), pause_of(request)
    state = narrowing.state if narrowing.state in _TAKEN_FROM else None
    filters = narrowing.filters(state=state)
    claim = await desk.write(lambda tx: go_on(tx, desk, person.user, filters, paused=paused))
    if claim is not None:
        return RedirectResponse(f"/desk/{claim.document}{_query(narrowing, told or {})}", 303)
    full = await desk.read(lambda tx: is_day_full(tx, desk, person.user, paused=paused))
    said = {"said": "cap" if full else "empty", **(told or {})}
    return RedirectResponse(f"/queue{_query(narrowing, said)}", 303)


def say_together(given: Mapping[str, str]) -> str:
    """What became of documents that were decided at once, from the query that `to_next` was given; else nothing."""
    numbers = [given.get(name, "") for name in ("together", "left")]
    if not all(number.isascii() and number.isdigit() and len(number) < 7 for number in numbers):
        return ""
    decided, left = map(int, numbers)
    rest = f" {left} left out: held by somebody, done or erased in the meantime." if left else ""
    return f"{decided} documents decided together.{rest}"


def _query(narrowing: Narrowing, told: Mapping[str, str]) -> str:
    joined = "&".join(part for part in (urlencode(told), narrowing.query) if part)
    return f"?{joined}" if joined else ""


def _load(tx: Transaction, desk: Desk, person: Person, narrowing: Narrowing, cursor: str | None) -> QueueLoaded:
    page = list_queue(
        tx,
        desk.policy,
        person.user,
        state=narrowing.state,
        filters=narrowing.filters(),
        cursor=cursor,
        limit=PAGE_SIZE,
    )
    held = search(tx, desk.policy, person.user, filters=Filters(assigned=person.user.id), limit=1).items
    exposure = exposure_of(tx, person.user.id, tx.now.date())
    return QueueLoaded(page, count_items(tx), exposure, held[0] if held else None, tx.now)


def _values(request: Request, person: Person, desk: Desk, narrowing: Narrowing, found: QueueLoaded) -> dict[str, Any]:
    taxonomy = loaded(request).taxonomy
    states = [state for state in STATE_TITLES if state != "adjudication" or person.user.may(LEADS)]
    rows = [build_row(item, desk.policy, taxonomy, viewer=person.user.id, now=found.now) for item in found.page.items]
    return {
        "rows": rows,
        "cursor": found.page.cursor,
        "tabs": [(state, STATE_TITLES[state], found.counts[state]) for state in states if state in ITEM_STATES],
        "narrowing": narrowing,
        "narrowed": bool(narrowing.values),
        "indicators": [(indicator.id, indicator.title) for indicator in taxonomy.indicators],
        "contexts": [(context.id, context.title) for context in taxonomy.contexts],
        "assertions": ASSERTIONS,
        "verdicts": VERDICT_TITLES,
        "exposure": found.exposure,
        "held": found.held,
        "name_of": name_of,
        "heavy_cap": desk.policy.heavy_cap_per_day,
        "items_cap": desk.wellness.items_per_day,
    }
