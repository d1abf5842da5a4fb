"""`/v1/checks`: hidden check items, for leads."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from service.api.documents import DocumentId
from service.api.responses import DESK_PROBLEMS
from service.desk.bodies import body_of, read_model
from service.desk.desk import desk_of
from service.desk.people import Lead
from service.desk.schemas_base import PageOut, page_of
from service.desk.schemas_review import CheckIn, CheckOut, ChecksQuery
from service.review.checks import make_check, retire_check
from service.review.decision_list import list_checks

router = APIRouter(prefix="/v1/checks", tags=["checks"], responses=DESK_PROBLEMS)


@router.get("", summary="Check items, newest first")
async def read_checks(request: Request, person: Lead, query: Annotated[ChecksQuery, Query()]) -> PageOut[CheckOut]:
    """With their answers; to a reviewer they look like any other document."""
    page = await desk_of(request).read(
        lambda tx: list_checks(tx, person.user, retired=query.retired, cursor=query.cursor, limit=query.limit)
    )
    return page_of(CheckOut, page)


@router.post("", summary="Make a document a check item", openapi_extra=body_of(CheckIn), status_code=204)
async def add_check(request: Request, person: Lead) -> None:
    """One that nobody has decided on and whose answer the lead knows."""
    given = await read_model(request, CheckIn)
    await desk_of(request).write(
        lambda tx: make_check(
            tx, person.user, given.document, verdict=given.verdict, indicators=tuple(given.indicators)
        )
    )


@router.post("/{document_id}/retire", summary="Give a check item to nobody any more", status_code=204)
async def end_check(request: Request, person: Lead, document_id: DocumentId) -> None:
    """What was found with it stays."""
    await desk_of(request).write(lambda tx: retire_check(tx, person.user, document_id))
