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
DESK_PROBLEMS = _problems(
    (401, "Neither a valid key nor a session."),
    (403, "The key lacks the scope, the role does not allow it, or a form came from elsewhere."),
    (404, "No such document, user, key or webhook; or the desk is off."),
    (409, "Held by somebody else, decided already, or not in the state that this needs."),
    (413, "The text, the list or the body is over its limit."),
    (422, "A wrong, unknown or missing field, such as a reason; `errors` says which and what is allowed."),
    (429, "Over the rate; `Retry-After` says when to come back."),
    (503, "Busy, loading or stopping; `Retry-After` says when to come back."),
)
JOB_PROBLEMS = _problems(
    (401, "Neither a valid key nor a session."),
    (403, "The key lacks the scope, the role does not allow it, or the path is in no folder that jobs may read."),
    (404, "No such job, file or path; or jobs are off."),
    (409, "The job is not in the state that this needs."),
    (413, "The upload is over its limit."),
    (422, "A wrong or unknown field or option, or an empty upload; `errors` says which and what is allowed."),
    (429, "Over the rate; `Retry-After` says when to come back."),
    (503, "Too many jobs wait, or the service is stopping; `Retry-After` says when to come back."),
    (507, "The disk, or what jobs may take of it, is full."),
)
READY_PROBLEMS = _problems((503, "Loading or stopping; `Retry-After` says when to come back."))
