"""`GET /v1/model`: the card of the model that answers."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from service.answering import loaded
from service.api.responses import ACCESS_PROBLEMS, JsonResponse
from service.guard import needs
from service.schemas import ModelOut

router = APIRouter(tags=["model"])


@router.get(
    "/v1/model",
    summary="The card of the model: data, metrics, thresholds, hashes",
    dependencies=[needs("read")],
    response_class=JsonResponse,
    responses={200: {"model": ModelOut}, **ACCESS_PROBLEMS},
)
async def read_model(request: Request) -> Response:
    """What the model was trained on, how well it did and where its thresholds are."""
    analyzer = loaded(request)
    return JsonResponse({"model": analyzer.info, **analyzer.card})
