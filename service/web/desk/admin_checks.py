"""`/admin/checks`: documents with a known answer, hidden in the queue; for leads."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from service.answering import loaded
from service.desk.desk import desk_of
from service.desk.people import PageLead, Person
from service.problems import ProblemError
from service.review.checks import make_check, retire_check
from service.review.counts import name_people
from service.review.decision_list import CheckItem, list_checks
from service.store.errors import RefusedError, StoreError
from service.store.rows import Page
from service.store.store import Transaction
from service.web.desk.admin_frame import Id, admin_page, back_to
from service.web.desk.form_reading import Fields, Message, problem_of, read_fields
from service.web.desk.queue_view import VERDICT_TITLES

router = APIRouter(include_in_schema=False)

ANSWERS = ("escalate", "no_concern")
_DONE = {
    "made": Message("done", "The document is a check item", "Every reader will be given it once."),
    "retired": Message("done", "The check item is retired", "What was found with it stays."),
}


@dataclass(frozen=True, slots=True)
class ChecksLoaded:
    """One page of check items, and the names of who made them."""

    page: Page[CheckItem]
    names: dict[str, str]


@router.api_route("/admin/checks", methods=["GET", "HEAD"])
async def show_checks(
    request: Request, person: PageLead, cursor: str | None = None, document: str = "", done: str = ""
) -> Response:
    """The check items, and a form to make one."""
    typed = Fields({"document": [document]})
    return await _page(request, person, cursor=cursor, message=_DONE.get(done), typed=typed)


@router.post("/admin/checks")
async def make(request: Request, person: PageLead) -> Response:
    """Make a document a check item."""
    desk, fields = desk_of(request), await read_fields(request)
    known = {indicator.id for indicator in loaded(request).taxonomy.indicators}
    indicators = tuple(name for name in fields.several("indicators") if name in known)
    document, verdict = fields.text("document"), fields.text("verdict")
    try:
        await desk.write(lambda tx: make_check(tx, person.user, document, verdict=verdict, indicators=indicators))
    except (ProblemError, StoreError) as error:
        message, status = problem_of(request, error)
        return await _page(request, person, message=message, status=status, typed=fields)
    return back_to("checks", "made")


@router.post("/admin/checks/{document_id}")
async def retire(request: Request, person: PageLead, document_id: Id) -> Response:
    """Give a check item to nobody any more."""
    fields = await read_fields(request)
    try:
        if fields.text("do") != "retire":
            raise RefusedError("do", "is unknown; allowed: retire")
        await desk_of(request).write(lambda tx: retire_check(tx, person.user, document_id))
    except (ProblemError, StoreError) as error:
        message, status = problem_of(request, error)
        return await _page(request, person, message=message, status=status)
    return back_to("checks", "retired")


async def _page(
    request: Request,
    person: Person,
    *,
    cursor: str | None = None,
    message: Message | None = None,
    status: int = 200,
    typed: Fields | None = None,
) -> Response:
    def load(tx: Transaction) -> ChecksLoaded:
        page = list_checks(tx, person.user, retired=True, cursor=cursor, limit=25)
        return ChecksLoaded(page, name_people(tx, {item.made_by for item in page.items}))

    found = await desk_of(request).read(load)
    indicators = loaded(request).taxonomy.indicators
    values = {
        "page": found.page,
        "names": found.names,
        "first": cursor is None,
        "indicators": [(indicator.id, indicator.title) for indicator in indicators],
        "titles": {indicator.id: indicator.title for indicator in indicators},
        "verdicts": [(verdict, VERDICT_TITLES[verdict]) for verdict in ANSWERS],
        "verdict_titles": VERDICT_TITLES,
        "typed": typed or Fields({}),
        "share": desk_of(request).policy.check_share,
    }
    return admin_page(request, person, "checks", values, message=message, status=status)
