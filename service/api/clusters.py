"""`/v1/documents/{id}/cluster` and `/similar`: near-duplicates of a document."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from service.api.documents import DocumentId
from service.api.responses import DESK_PROBLEMS
from service.desk.desk import desk_of
from service.desk.people import Analyst
from service.desk.schemas_review import ItemOut, ItemsOut, SimilarOut, SimilarsOut
from service.review.bulk import list_cluster
from service.review.similar import list_similar

router = APIRouter(prefix="/v1/documents", tags=["documents"], responses=DESK_PROBLEMS)


@router.get("/{document_id}/cluster", summary="The near-duplicates that can be decided together")
async def read_cluster(
    request: Request, person: Analyst, document_id: DocumentId, limit: Annotated[int, Query(ge=1, le=1_000)] = 200
) -> ItemsOut:
    """The document itself first, then the newest."""
    desk = desk_of(request)
    found = await desk.read(lambda tx: list_cluster(tx, desk.policy, person.user, document_id, limit=limit))
    return ItemsOut(items=[ItemOut.of(item) for item in found])


@router.get("/{document_id}/similar", summary="Documents in nearly the same words")
async def read_similar(
    request: Request, person: Analyst, document_id: DocumentId, limit: Annotated[int, Query(ge=1, le=100)] = 10
) -> SimilarsOut:
    """Most alike first, with what became of them; none for a document that was erased."""
    desk = desk_of(request)
    found = await desk.read(lambda tx: list_similar(tx, desk.policy, person.user, document_id, limit=limit))
    return SimilarsOut(similar=[SimilarOut.of(one) for one in found])
