"""`/v1/reviews`: decisions on spans and documents, undo, disputes, and one verdict for a cluster."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from service.api.documents import DocumentId
from service.api.responses import DESK_PROBLEMS
from service.desk.bodies import body_of, read_model
from service.desk.desk import desk_of
from service.desk.people import Analyst, Lead
from service.desk.schemas_base import PageOut, page_of
from service.desk.schemas_review import (
    BulkIn,
    BulkOut,
    DecisionOut,
    DecisionsOut,
    DecisionsQuery,
    DisputeOut,
    ItemOut,
    SpanDecisionIn,
    VerdictIn,
)
from service.review.adjudication import read_dispute
from service.review.bulk import decide_cluster
from service.review.decision_list import DecisionFilters, list_all_decisions
from service.review.decisions import SpanDecision, decide_document, decide_span, list_decisions
from service.review.undo import undo

router = APIRouter(prefix="/v1/reviews", tags=["reviews"], responses=DESK_PROBLEMS)


@router.get("", summary="Decisions over all documents, newest first")
async def read_all(
    request: Request, person: Analyst, query: Annotated[DecisionsQuery, Query()]
) -> PageOut[DecisionOut]:
    """One's own, and those of others on documents that are done; for leads also where they are to adjudicate."""
    given = query.model_dump(exclude={"cursor", "limit"})
    page = await desk_of(request).read(
        lambda tx: list_all_decisions(
            tx, person.user, filters=DecisionFilters(**given), cursor=query.cursor, limit=query.limit
        )
    )
    return page_of(DecisionOut, page)


@router.post("/bulk", summary="One verdict for documents of a cluster", openapi_extra=body_of(BulkIn))
async def decide_many(request: Request, person: Analyst) -> BulkOut:
    """By somebody who holds one of them; each counts as if it had been decided alone."""
    given = await read_model(request, BulkIn)
    desk = desk_of(request)
    result = await desk.write(
        lambda tx: decide_cluster(tx, desk.policy, person.user, given.documents, given.verdict, reason=given.reason)
    )
    return BulkOut.of(result)


@router.get("/{document_id}", summary="Decisions on a document, oldest first")
async def read_decisions(request: Request, person: Analyst, document_id: DocumentId) -> DecisionsOut:
    """One's own always; those of others once it is done: a second reader does not know what the first one said."""
    found = await desk_of(request).read(lambda tx: list_decisions(tx, person.user, document_id))
    return DecisionsOut(decisions=[DecisionOut.of(one) for one in found])


@router.post("/{document_id}/spans", summary="Decide on a span", openapi_extra=body_of(SpanDecisionIn), status_code=201)
async def decide_on_span(request: Request, person: Analyst, document_id: DocumentId) -> DecisionOut:
    """By whoever holds the document; a later word on the same span counts instead."""
    given = await read_model(request, SpanDecisionIn)
    decision = SpanDecision(**given.model_dump())
    return DecisionOut.of(await desk_of(request).write(lambda tx: decide_span(tx, person.user, document_id, decision)))


@router.post("/{document_id}/verdict", summary="Decide on a document", openapi_extra=body_of(VerdictIn))
async def decide(request: Request, person: Analyst, document_id: DocumentId) -> ItemOut:
    """Ends the claim and moves the document on: done, to a second reader, or to a lead where two do not agree."""
    given = await read_model(request, VerdictIn)
    desk = desk_of(request)
    item = await desk.write(
        lambda tx: decide_document(tx, desk.policy, person.user, document_id, given.verdict, reason=given.reason)
    )
    return ItemOut.of(item)


@router.post("/{document_id}/undo", summary="Take one's newest decision on a document back")
async def take_back(request: Request, person: Analyst, document_id: DocumentId) -> DecisionOut:
    """A verdict taken back gives the document to them again."""
    desk = desk_of(request)
    return DecisionOut.of(await desk.write(lambda tx: undo(tx, desk.policy, person.user, document_id)))


@router.get("/{document_id}/dispute", summary="Both sides of a document that waits for a lead")
async def read_both_sides(request: Request, person: Lead, document_id: DocumentId) -> DisputeOut:
    """The lead then claims it and decides; only one who is neither of the two."""
    return DisputeOut.of(await desk_of(request).read(lambda tx: read_dispute(tx, person.user, document_id)))
