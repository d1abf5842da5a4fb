"""`/healthz`, `/readyz` and `/metrics`, for the machines that look after the service."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from service.analysis_queue import NotReadyError
from service.answering import not_ready
from service.api.responses import ACCESS_PROBLEMS, READY_PROBLEMS, JsonResponse
from service.guard import needs
from service.metrics import MEDIA_TYPE
from service.parts import parts_of
from service.schemas import StatusOut

router = APIRouter(tags=["health"])


@router.get(
    "/healthz", summary="Is the process alive?", response_class=JsonResponse, responses={200: {"model": StatusOut}}
)
async def read_health() -> Response:
    """Always `ok`: a process that cannot answer does not answer."""
    return JsonResponse({"status": "ok"})


@router.get(
    "/readyz",
    summary="Does it take documents?",
    response_class=JsonResponse,
    responses={200: {"model": StatusOut}, **READY_PROBLEMS},
)
async def read_readiness(request: Request) -> Response:
    """`ready` once the model is loaded and until the service begins to stop."""
    if not parts_of(request).queue.ready:
        raise not_ready(NotReadyError("The model is loading or the service is stopping"))
    return JsonResponse({"status": "ready"})


@router.get(
    "/metrics",
    summary="Counters in the Prometheus text format",
    dependencies=[needs("metrics")],
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **ACCESS_PROBLEMS},
)
async def read_metrics(request: Request) -> Response:
    """Requests, latency, documents, flags by indicator and errors by code; no text and no ids."""
    return Response(parts_of(request).metrics.exposition(), media_type=MEDIA_TYPE)
