"""`GET /v1/taxonomy`: what each indicator means."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from service.answering import loaded
from service.api.responses import ACCESS_PROBLEMS, JsonResponse
from service.guard import needs
from service.schemas import TaxonomyOut

router = APIRouter(tags=["taxonomy"])


@router.get(
    "/v1/taxonomy",
    summary="The indicators, their definitions and sources",
    dependencies=[needs("read")],
    response_class=JsonResponse,
    responses={200: {"model": TaxonomyOut}, **ACCESS_PROBLEMS},
)
async def read_taxonomy(request: Request) -> Response:
    """All indicators in the order in which analyses list them."""
    return JsonResponse(loaded(request).taxonomy)
