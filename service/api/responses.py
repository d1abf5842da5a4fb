"""Answers shared by the endpoints: JSON straight from dataclasses, and the problems each may answer for OpenAPI."""

from typing import Any

import orjson
from starlette.responses import JSONResponse

from service.problems import MEDIA_TYPE
from service.schemas import ProblemOut


class JsonResponse(JSONResponse):
    """JSON by orjson: dataclasses as they are, without a copy through pydantic."""

    def render(self, content: object) -> bytes:
        """The body."""
        return orjson.dumps(content)


def _problems(*statuses: tuple[int, str]) -> dict[int | str, dict[str, Any]]:
    schema = {"$ref": f"#/components/schemas/{ProblemOut.__name__}"}
    return {status: {"description": text, "content": {MEDIA_TYPE: {"schema": schema}}} for status, text in statuses}


ACCESS_PROBLEMS = _problems(
    (401, "No key, or one that is unknown, revoked or expired (where keys are on)."),
    (403, "The key lacks the scope."),
    (429, "Over the rate; `Retry-After` says when to come back."),
    (503, "Busy, loading or stopping; `Retry-After` says when to come back."),
)
ANALYZE_PROBLEMS = ACCESS_PROBLEMS | _problems(
    (413, "The text, the list or the body is over its limit."),
    (422, "Not JSON, a wrong or unknown field, or an empty text; `errors` says which field and what is allowed."),
)
READY_PROBLEMS = _problems((503, "Loading or stopping; `Retry-After` says when to come back."))
