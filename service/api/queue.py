"""`/v1/queue` and claims: what waits, and taking it so that nobody else does."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from service.api.documents import DocumentId
from service.api.responses import DESK_PROBLEMS
from service.desk.bodies import body_of, read_model
from service.desk.desk import desk_of
from service.desk.people import Analyst, permit
from service.desk.schemas_base import PageOut, page_of
from service.desk.schemas_review import ClaimOut, CountsOut, ItemOut, NextIn, NextOut, QueueQuery
from service.desk.workload import go_on, is_day_full
from service.review.claims import claim_item, release_claim, renew_claim
from service.review.queue import count_items, list_queue
from service.review.views import read_item

router = APIRouter(prefix="/v1", tags=["queue"], responses=DESK_PROBLEMS)


@router.get("/queue", summary="What waits, most urgent first")
async def read_queue(request: Request, person: Analyst, query: Annotated[QueueQuery, Query()]) -> PageOut[ItemOut]:
    """Only what is for this person: nobody reads a document twice, and disputes are for leads."""
    desk = desk_of(request)
    page = await desk.read(
        lambda tx: list_queue(
            tx,
            desk.policy,
            person.user,
            state=query.state,
            filters=query.filters(),
            cursor=query.cursor,
            limit=query.limit,
        )
    )
    return page_of(ItemOut, page)


@router.get("/queue/counts", summary="How many documents are in each state", dependencies=[permit("review")])
async def read_counts(request: Request) -> CountsOut:
    """Of all documents, whoever they are for."""
    return CountsOut(**await desk_of(request).read(count_items))


@router.post("/queue/next", summary="Claim the next document", openapi_extra=body_of(NextIn))
async def take_next(request: Request, person: Analyst) -> NextOut:
    """The one they hold already, else the most urgent for them; null when nothing waits or the day is full."""
    wanted = await read_model(request, NextIn)
    desk = desk_of(request)
    filters = wanted.filters(wanted.state)
    claim = await desk.write(lambda tx: go_on(tx, desk, person.user, filters))
    full = claim is None and await desk.read(lambda tx: is_day_full(tx, desk, person.user))
    return NextOut(claim=None if claim is None else ClaimOut.of(claim), day_full=full)


@router.get("/documents/{document_id}/item", summary="Where a document stands in review", tags=["documents"])
async def read_state(request: Request, person: Analyst, document_id: DocumentId) -> ItemOut:
    """What others said stays unseen until it is done."""
    desk = desk_of(request)
    return ItemOut.of(await desk.read(lambda tx: read_item(tx, desk.policy, person.user, document_id)))


@router.post("/documents/{document_id}/claim", summary="Claim a certain document")
async def take(request: Request, person: Analyst, document_id: DocumentId) -> ClaimOut:
    """One that was never queued too; renews a claim of one's own."""
    desk = desk_of(request)
    return ClaimOut.of(await desk.write(lambda tx: claim_item(tx, desk.policy, person.user, document_id)))


@router.post("/documents/{document_id}/claim/renew", summary="Hold a document for longer")
async def renew(request: Request, person: Analyst, document_id: DocumentId) -> ClaimOut:
    """Also after the lease, as long as nobody else has taken it."""
    desk = desk_of(request)
    return ClaimOut.of(await desk.write(lambda tx: renew_claim(tx, desk.policy, person.user, document_id)))


@router.post("/documents/{document_id}/claim/release", summary="Give a document back undecided", status_code=204)
async def release(request: Request, person: Analyst, document_id: DocumentId) -> None:
    """Span decisions made so far stay."""
    await desk_of(request).write(lambda tx: release_claim(tx, person.user, document_id))
