"""`POST /v1/search`: documents by their words and by what is known of them."""

from fastapi import APIRouter, Request

from service.api.responses import DESK_PROBLEMS
from service.desk.bodies import body_of, read_model
from service.desk.desk import desk_of
from service.desk.people import Analyst
from service.desk.schemas_base import PageOut, page_of
from service.desk.schemas_review import ItemOut, SearchIn
from service.review.search import search

router = APIRouter(prefix="/v1", tags=["search"], responses=DESK_PROBLEMS)


@router.post("/search", summary="Search texts, newest first", openapi_extra=body_of(SearchIn))
async def search_documents(request: Request, person: Analyst) -> PageOut[ItemOut]:
    """All words must be there; an empty query lists by filters alone. Sealed texts are found by whole words only."""
    given = await read_model(request, SearchIn)
    desk = desk_of(request)
    page = await desk.read(
        lambda tx: search(
            tx,
            desk.policy,
            person.user,
            given.query,
            filters=given.filters(given.state),
            cursor=given.cursor,
            limit=given.limit,
        )
    )
    return page_of(ItemOut, page)
