"""`GET /v1/shadow`: how a second model would have answered, in counts and means."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from service.api.responses import ACCESS_PROBLEMS, JsonResponse
from service.guard import needs
from service.parts import parts_of
from service.schemas import ShadowOut
from service.shadow_figures import build_figures

router = APIRouter(tags=["model"])


@router.get(
    "/v1/shadow",
    summary="How a second model would have answered live traffic; no text and no ids",
    dependencies=[needs("admin")],
    response_class=JsonResponse,
    responses={200: {"model": ShadowOut}, **ACCESS_PROBLEMS},
)
async def read_shadow(request: Request) -> Response:
    """Agreement, mean differences and flags gained and lost, since the service started."""
    return JsonResponse(build_figures(parts_of(request).shadow))
