"""`/admin/retention`: what a run of retention would erase, and erasing one document on request."""

import anyio.to_thread
from fastapi import APIRouter, Request
from starlette.responses import Response

from service.desk.desk import desk_of
from service.desk.people import PageLead, Person
from service.problems import ProblemError
from service.review.counts import ErasureCount, count_erasures
from service.review.retention import erase_document
from service.store.documents import find_documents
from service.store.erasure import sweep
from service.store.errors import ConflictError, NotFoundError, RefusedError, StoreError
from service.store.settings import load_store_settings
from service.store.store import Transaction
from service.web.desk.admin_frame import admin_page, back_to
from service.web.desk.form_reading import Fields, Message, problem_of, read_fields

router = APIRouter(include_in_schema=False)

PREVIEWS = (30, 90, 180, 365)
_DONE = {
    "erased": Message("done", "The text is erased", "Its words are gone for good; decisions and the keyed hash stay."),
    "before": Message("done", "There was nothing left to erase", "The text of this document was erased before."),
}


@router.api_route("/admin/retention", methods=["GET", "HEAD"])
async def show_retention(request: Request, person: PageLead, done: str = "", document: str = "") -> Response:
    """How many texts are older than each age, and a form to erase one document."""
    return await _page(request, person, message=_DONE.get(done), typed=Fields({"document": [document]}))


@router.post("/admin/retention")
async def erase(request: Request, person: PageLead) -> Response:
    """Erase the words of one document, named by its id or by its submitter's name for it."""
    desk, fields = desk_of(request), await read_fields(request)
    try:
        if fields.text("sure") != "yes":
            raise RefusedError("sure", "is not ticked; allowed: ticked, since nothing brings the words back")
        name, actor = fields.text("document"), person.user.id
        erased = await desk.write(lambda tx: erase_document(tx, _find(tx, name), actor=actor, why="request"))
        if erased:
            await anyio.to_thread.run_sync(sweep, desk.store, limiter=desk.threads)
    except (ProblemError, StoreError) as error:
        message, status = problem_of(request, error)
        return await _page(request, person, message=message, status=status, typed=fields)
    return back_to("retention", "erased" if erased else "before")


def _find(tx: Transaction, name: str) -> str:
    """The id of the one document that is meant.

    Raises:
        NotFoundError: Nothing was typed.
        ConflictError: Several documents have that name.
    """
    if not name:
        raise NotFoundError("document", name)
    named = find_documents(tx, name)
    if len(named) > 1:
        raise ConflictError(f"{len(named)} documents have this name; give the id of the one that is meant")
    return named[0].id if named else name


async def _page(
    request: Request, person: Person, *, typed: Fields, message: Message | None = None, status: int = 200
) -> Response:
    kept = load_store_settings().retention_days
    ages = sorted({*PREVIEWS, *([] if kept is None else [kept])})

    def load(tx: Transaction) -> list[tuple[int, ErasureCount]]:
        return [(days, count_erasures(tx, days=days)) for days in ages]

    values = {"kept": kept, "previews": await desk_of(request).read(load), "typed": typed}
    return admin_page(request, person, "retention", values, message=message, status=status)
