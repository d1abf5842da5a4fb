"""`/desk/{document}`: the review desk. Every key and button of it is a form here; the script only saves the reload."""

from collections.abc import Callable
from typing import TypeVar

import anyio.to_thread
from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from service.answering import loaded
from service.desk.desk import desk_of
from service.desk.people import PageAnalyst, Person
from service.problems import as_problem
from service.review.bulk import BulkResult, decide_cluster
from service.review.claims import claim_item, release_claim, renew_claim
from service.review.decisions import SpanDecision, decide_document, decide_span
from service.review.undo import undo
from service.review.workday import newest_decision
from service.store.errors import ConflictError, NotFoundError, RefusedError, StoreError
from service.store.store import Transaction
from service.web.desk.context import render_page
from service.web.desk.forms import pause_of, read_form, read_list, whole_number
from service.web.desk.narrowing import read_narrowing, read_within
from service.web.desk.queue_page import say_together, to_next
from service.web.desk.review_steps import Loaded, load_review
from service.web.desk.review_values import Asked, build_values

router = APIRouter(include_in_schema=False)

Answer = TypeVar("Answer")


@router.api_route("/desk/{document_id}", methods=["GET", "HEAD"])
async def show_document(request: Request, person: PageAnalyst, document_id: str) -> Response:
    """A document for its holder, or for anybody who reviews once it is done; for others without its words."""
    return await _page(request, person, document_id)


@router.post("/desk/undo")
async def take_back(request: Request, person: PageAnalyst) -> Response:
    """Take back the person's newest decision, wherever it was, and go there."""
    form = await read_form(request)
    desk = desk_of(request)

    def step(tx: Transaction) -> str:
        document_id = newest_decision(tx, person.user.id)
        if document_id is None:
            raise ConflictError("You have decided nothing that could be taken back")
        undo(tx, desk.policy, person.user, document_id)
        return document_id

    return await _then_show(request, person, form, form.get("document", ""), step)


@router.post("/desk/{document_id}/claim")
async def claim(request: Request, person: PageAnalyst, document_id: str) -> Response:
    """Take this document."""
    form, desk = await read_form(request), desk_of(request)
    return await _then_show(
        request, person, form, document_id, lambda tx: claim_item(tx, desk.policy, person.user, document_id).document
    )


@router.post("/desk/{document_id}/renew")
async def renew(request: Request, person: PageAnalyst, document_id: str) -> Response:
    """Hold this document for longer; what the script asks for while somebody reads."""
    desk = desk_of(request)
    await desk.write(lambda tx: renew_claim(tx, desk.policy, person.user, document_id))
    return Response(status_code=204)


@router.post("/desk/{document_id}/release")
async def release(request: Request, person: PageAnalyst, document_id: str) -> Response:
    """Give this document back undecided, and go to the queue."""
    form, desk = await read_form(request), desk_of(request)
    await desk.write(lambda tx: release_claim(tx, person.user, document_id))
    query = read_within(form.get("within", "")).query
    return RedirectResponse(f"/queue?said=released{'&' if query else ''}{query}", 303)


@router.post("/desk/{document_id}/spans")
async def decide_on_span(request: Request, person: PageAnalyst, document_id: str) -> Response:
    """Write what the holder says of a span, or adds."""
    form = await read_form(request)

    def step(tx: Transaction) -> str:
        return decide_span(tx, person.user, document_id, _span_decision(form)).document

    return await _then_show(request, person, form, document_id, step)


@router.post("/desk/{document_id}/verdict")
async def decide(request: Request, person: PageAnalyst, document_id: str) -> Response:
    """Write the holder's verdict, and go on to the next document."""
    form, desk = await read_form(request), desk_of(request)

    def step(tx: Transaction) -> None:
        reason = form.get("reason") or None
        decide_document(tx, desk.policy, person.user, document_id, form.get("verdict", ""), reason=reason)

    refusal = await _try(request, person, form, document_id, step)
    return refusal or await to_next(request, person, read_within(form.get("within", "")))


@router.post("/desk/{document_id}/cluster")
async def decide_on_cluster(request: Request, person: PageAnalyst, document_id: str) -> Response:
    """Give this document and the chosen ones of its cluster the same verdict, and go on."""
    form, desk = await read_form(request), desk_of(request)
    chosen = [document_id, *await read_list(request, "documents")]

    results: list[BulkResult] = []

    def step(tx: Transaction) -> None:
        verdict, reason = form.get("verdict", ""), form.get("reason", "")
        results[:] = [decide_cluster(tx, desk.policy, person.user, chosen, verdict, reason=reason)]

    refusal = await _try(request, person, form, document_id, step)
    if refusal is not None:
        return refusal
    told = {"together": str(len(results[0].decided)), "left": str(len(results[0].skipped))}
    return await to_next(request, person, read_within(form.get("within", "")), told=told)


@router.post("/desk/{document_id}/unmask")
async def unmask(request: Request, person: PageAnalyst, document_id: str) -> Response:
    """The document with names, numbers and addresses; the audit log keeps who asked and why."""
    form = await read_form(request)
    reason = ". ".join(part for name in ("why", "reason") if (part := form.get(name, "").strip()))
    try:
        return await _page(request, person, document_id, form=form, unmask=reason)
    except RefusedError as error:
        return await _page(request, person, document_id, form=form, refusal=error)


async def _then_show(
    request: Request, person: Person, form: dict[str, str], document_id: str, step: Callable[[Transaction], str]
) -> Response:
    """Do a step that says which document to show, and show it; or this one with what was refused."""
    chosen: list[str] = []

    def keep(tx: Transaction) -> None:
        # A step that is done again replaces what the try before it chose.
        chosen[:] = [step(tx)]

    refusal = await _try(request, person, form, document_id, keep)
    if refusal is not None:
        return refusal
    mark = _mark(form.get("mark", ""))
    place = "" if mark is None else f"#row-{mark}"
    return RedirectResponse(f"/desk/{chosen[0]}{_query(form, same=chosen[0] == document_id)}{place}", 303)


async def _try(
    request: Request, person: Person, form: dict[str, str], document_id: str, step: Callable[[Transaction], None]
) -> Response | None:
    """None when the step was done, or the document with what was refused."""
    try:
        await desk_of(request).write(step)
    except StoreError as error:
        if isinstance(error, NotFoundError) or not document_id:
            raise
        return await _page(request, person, document_id, form=form, refusal=error)
    return None


async def _page(
    request: Request,
    person: Person,
    document_id: str,
    *,
    form: dict[str, str] | None = None,
    unmask: str | None = None,
    refusal: StoreError | None = None,
) -> Response:
    desk, taxonomy, paused = desk_of(request), loaded(request).taxonomy, pause_of(request)
    asked = _asked(request, form, refusal)

    def load(tx: Transaction) -> Loaded:
        return load_review(tx, desk, person.user, document_id, unmask=unmask, paused=paused)

    found = await desk.write(load)

    def render() -> HTMLResponse:
        values = build_values(found, desk, taxonomy, person.user, asked)
        status = as_problem(refusal).status if refusal is not None else 200
        return render_page(request, person, "desk/review.html", values, here="queue", status=status)

    # A long text has thousands of pieces: cutting and rendering them must not hold up other requests.
    return await anyio.to_thread.run_sync(render)


def _asked(request: Request, form: dict[str, str] | None, refusal: StoreError | None) -> Asked:
    """What the address, or the form that was refused, asks of the page."""
    given = request.query_params if form is None else form
    narrowing = read_narrowing(given) if form is None else read_within(form.get("within", ""))
    return Asked(
        narrowing=narrowing,
        revealed=given.get("reveal") == "1",
        edit=_mark(given.get("edit", "")),
        add=given.get("add") == "1",
        country=given.get("country", "")[:20],
        together=say_together(given),
        refusal=refusal,
        form=form or {},
    )


def _mark(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 9 else None


def _span_decision(form: dict[str, str]) -> SpanDecision:
    """The decision of a form; what a change leaves as it was is not said again.

    Raises:
        RefusedError: A number is not one.
    """
    kind = form.get("kind", "")
    span = whole_number(form, "span")
    reason = form.get("reason") or None
    if kind not in {"change", "add"}:
        return SpanDecision(kind, span, reason=reason)
    return SpanDecision(
        kind,
        None if kind == "add" else span,
        form.get("indicator") or None,
        whole_number(form, "start"),
        whole_number(form, "end"),
        form.get("assertion") or None,
        reason,
    )


def _query(form: dict[str, str], *, same: bool) -> str:
    """The query to go on with: what the queue is narrowed to, and whether this document was revealed."""
    parts = [read_within(form.get("within", "")).query]
    if same and form.get("reveal") == "1":
        parts.append("reveal=1")
    joined = "&".join(part for part in parts if part)
    return f"?{joined}" if joined else ""
