"""`POST /v1/analyze`: one text or a list of documents in, analyses out."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from classifier.document import Analysis, Document
from service.analysis_queue import Outcome
from service.answering import answer
from service.api.responses import ANALYZE_PROBLEMS, JsonResponse
from service.examples import ANALYZE_REQUESTS, ANALYZE_RESPONSES
from service.guard import needs
from service.parts import parts_of
from service.problems import document_problem
from service.schemas import AnalysesOut, AnalysisOut, TextIn
from service.submissions import read_json, read_submission, to_documents

router = APIRouter(tags=["analyze"])

# The body is read by hand, after the key is checked and never whole when it is too large: so it is described by hand.
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "oneOf": [{"$ref": "#/components/schemas/TextIn"}, {"$ref": "#/components/schemas/DocumentsIn"}]
                },
                "examples": ANALYZE_REQUESTS,
            }
        },
    }
}


@router.post(
    "/v1/analyze",
    summary="Analyse a text, or a list of documents",
    dependencies=[needs("analyze")],
    openapi_extra=_BODY,
    response_class=JsonResponse,
    responses={
        200: {
            "model": AnalysisOut | AnalysesOut,
            "description": "An analysis for `text`; `analyses` in the order of `documents`, where a document that "
            "cannot be analysed has its `error` and the others are not affected.",
            "content": {"application/json": {"examples": ANALYZE_RESPONSES}},
        },
        **ANALYZE_PROBLEMS,
    },
)
async def analyze(request: Request) -> Response:
    """Indicators for human review, with the spans that speak for them; never a finding about any person."""
    settings = parts_of(request).settings
    value = await read_json(request, limit=settings.max_body_bytes)
    submission = read_submission(value, max_documents=settings.max_documents)
    documents = to_documents(submission)
    outcomes = await answer(request, documents)
    if not isinstance(submission, TextIn):
        entries = [_entry(document, outcome) for document, outcome in zip(documents, outcomes, strict=True)]
        return JsonResponse({"analyses": entries})
    if not isinstance(outcomes[0], Analysis):
        raise document_problem(outcomes[0])
    return JsonResponse(outcomes[0])


def _entry(document: Document, outcome: Outcome) -> Analysis | dict[str, Any]:
    if isinstance(outcome, Analysis):
        return outcome
    return {"id": document.id, "error": document_problem(outcome).document()}
