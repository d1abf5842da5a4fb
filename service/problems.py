"""Errors as RFC 9457 problem documents; none of them carries anything a client sent except safe field names."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from classifier.errors import DocumentError
from service.field_errors import reason_of, safe_name
from service.logs import describe
from service.store.errors import ConflictError, NotAllowedError, NotFoundError, RefusedError, StoreError

MEDIA_TYPE = "application/problem+json"
_MOST_FIELDS = 20

# code -> (HTTP status, title). The code ends the `type` URN, so it never changes once released.
KINDS: Mapping[str, tuple[int, str]] = {
    "invalid_request": (422, "The request does not have the expected shape"),
    "empty_text": (422, "The text is empty"),
    "not_text": (422, "The text cannot be read"),
    "text_too_long": (413, "The text is too long"),
    "too_many_documents": (413, "Too many documents in one request"),
    "body_too_large": (413, "The request body is too large"),
    "key_required": (401, "A valid key is required"),
    "scope_missing": (403, "The key does not allow this"),
    "role_missing": (403, "This needs another role"),
    "sign_in_failed": (401, "The name or the password is wrong"),
    "not_admitted": (403, "Nobody is signed in"),
    "provider_failed": (502, "The identity provider cannot be used"),
    "password_change_needed": (403, "The password has to be changed first"),
    "foreign_request": (403, "The request did not come from a page of this service"),
    "not_allowed": (403, "This person may not do this"),
    "not_found": (404, "There is nothing at this address"),
    "method_not_allowed": (405, "The method is not allowed here"),
    "conflict": (409, "It is not in the state that this needs"),
    "rate_exceeded": (429, "Too many requests"),
    "overloaded": (503, "The service is busy"),
    "jobs_full": (507, "There is no room for another job"),
    "not_ready": (503, "The service is not ready"),
    "store_unavailable": (503, "The store cannot answer now"),
    "keys_unreadable": (503, "The keys cannot be read"),
    "http": (400, "The request cannot be answered"),
    "internal": (500, "Something went wrong on our side"),
}


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field of a request: its path, what is wrong and what is allowed."""

    field: str
    detail: str
    allowed: str


class ProblemError(Exception):
    """An answer other than success.

    Attributes:
        code: A key of `KINDS`.
        status: HTTP status code.
        errors: The wrong fields, for `invalid_request`.
        headers: Extra response headers, such as `Retry-After`.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        status: int | None = None,
    ) -> None:
        """`status` overrides the one of `KINDS`, for the framework's own errors."""
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.status, self.title = KINDS[code]
        if status is not None:
            self.status = status

    def document(self) -> dict[str, Any]:
        """The problem as RFC 9457 members, ready for JSON."""
        members: dict[str, Any] = {
            "type": f"urn:tellsign:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            members["errors"] = self.errors
        return members


def retry_after(code: str, detail: str, seconds: float) -> ProblemError:
    """A problem that says after how many seconds (rounded up, at least 1) to try again."""
    return ProblemError(code, detail, headers={"Retry-After": str(max(1, math.ceil(seconds)))})


def document_problem(error: Exception) -> ProblemError:
    """The problem of a document that has no analysis.

    Any other error than a known DocumentError becomes `internal`: its message was not written for clients.
    """
    if isinstance(error, DocumentError) and error.code in KINDS:
        return ProblemError(error.code, str(error))
    return ProblemError("internal", "The analysis of this document failed; the others are not affected")


def problem_response(request: Request, problem: ProblemError) -> Response:
    """The HTTP answer; the code is left on the request for the log line and the counters."""
    request.state.problem = problem.code
    return Response(orjson.dumps(problem.document()), problem.status, media_type=MEDIA_TYPE, headers=problem.headers)


def store_problem(error: StoreError) -> ProblemError:
    """The problem of what the store or the review refused; the words of the store itself stay in the log."""
    if isinstance(error, NotFoundError):
        return ProblemError("not_found", f"There is no such {error.kind}")
    if isinstance(error, RefusedError):
        return ProblemError("invalid_request", f"{error.field} is not allowed", errors=[_refused(error)])
    if isinstance(error, ConflictError):
        return ProblemError("conflict", str(error))
    if isinstance(error, NotAllowedError):
        return ProblemError("not_allowed", str(error))
    return retry_after("store_unavailable", "Nothing was changed; tell the operator if this goes on", 5)


def _refused(error: RefusedError) -> FieldError:
    detail = str(error).removeprefix(f"{error.field}: ")
    wrong, _, allowed = detail.partition("; allowed: ")
    # What begins with a quotation mark repeats the value.
    return FieldError(error.field, "is not one there can be" if wrong[:1] in "'\"" else wrong, allowed or detail)


def _request_problem(error: RequestValidationError) -> ProblemError:
    """The problem of a path or a query; bodies are read by hand."""
    entries = error.errors()[:_MOST_FIELDS]
    fields = [FieldError(".".join(map(safe_name, entry["loc"][1:])), *reason_of(entry)) for entry in entries]
    detail = f"{fields[0].field} {fields[0].detail}" if fields else "A path or query value is not allowed"
    return ProblemError("invalid_request", detail, errors=fields)


def as_problem(error: Exception) -> ProblemError:
    """Any error that the application answers, in our words: the framework's own may quote the request."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, StoreError):
        return store_problem(error)
    if isinstance(error, RequestValidationError):
        return _request_problem(error)
    if isinstance(error, HTTPException):
        return _http_problem(error)
    return ProblemError("internal", "Something that should not have come here was raised")


def _http_problem(error: HTTPException) -> ProblemError:
    headers = dict(error.headers or {})
    if error.status_code == 404:
        return ProblemError("not_found", "No resource at this path; see /openapi.json for those there are")
    if error.status_code == 405:
        allowed = headers.get("Allow", "other methods")
        return ProblemError("method_not_allowed", f"Allowed here: {allowed}", headers=headers)
    return ProblemError("http", "The request cannot be answered", headers=headers, status=error.status_code)


async def answer_problem(request: Request, error: Exception) -> Response:
    """Answer an error of the application as a problem document; a store that cannot answer is also logged."""
    problem = as_problem(error)
    if problem.code == "store_unavailable":
        structlog.get_logger("tellsign").error("store_unavailable", **describe(error))
    return problem_response(request, problem)


def install_problems(app: FastAPI) -> None:
    """Answer every error of the application as a problem document."""
    for kind in (ProblemError, StoreError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, answer_problem)
