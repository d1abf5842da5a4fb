"""From the bytes of a request to documents, or to a problem that says which field is wrong and quotes nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from classifier.document import Document
from service.field_errors import reason_of, safe_name
from service.problems import FieldError, ProblemError
from service.schemas import DocumentIn, DocumentsIn, TextIn

MAX_ERRORS = 20


async def read_body(request: Request, *, limit: int) -> bytes:
    """The request body, never more than `limit` bytes of it.

    Raises:
        ProblemError: `body_too_large`, before the body is read when its declared length already says so.
        starlette.requests.ClientDisconnect: The client left while sending.
    """
    too_large = ProblemError("body_too_large", f"Allowed: at most {limit} bytes")
    declared = request.headers.get("content-length", "")
    # A number of more than 15 digits is over any limit, and int() refuses absurd ones.
    if declared.isdecimal() and (len(declared) > 15 or int(declared) > limit):
        raise too_large
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise too_large
        chunks.append(chunk)
    return b"".join(chunks)


async def read_json(request: Request, *, limit: int) -> object:
    """The request body as JSON.

    Raises:
        ProblemError: `invalid_request` for another media type or bytes that are not strict JSON (NaN, lone surrogates,
            invalid UTF-8 and bottomless nesting included); `body_too_large`.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type and media_type != "application/json" and not media_type.endswith("+json"):
        # A web page elsewhere can send any other type without asking first, so none of them is taken for JSON.
        raise _invalid(FieldError("Content-Type", "is not JSON", "application/json"))
    body = await read_body(request, limit=limit)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        # The exception holds the whole document and its message may hold a piece: only the place is told.
        place = f"is not JSON at line {error.lineno}, column {error.colno}"
    raise _invalid(FieldError("(body)", place, "one JSON object, UTF-8"))


def read_submission(value: object, *, max_documents: int) -> TextIn | DocumentsIn:
    """What was submitted: one text, or a list of documents.

    Raises:
        ProblemError: `invalid_request` with every wrong field, or `too_many_documents`.
    """
    if not isinstance(value, dict):
        raise _invalid(FieldError("(body)", "is not an object", 'an object with "text" or "documents"'))
    if ("text" in value) == ("documents" in value):
        detail = "are both there" if "text" in value else "are both missing"
        raise _invalid(FieldError("text, documents", detail, "exactly one of the two"))
    documents = value.get("documents")
    if isinstance(documents, list) and len(documents) > max_documents:
        raise ProblemError("too_many_documents", f"Allowed: at most {max_documents} documents, got {len(documents)}")
    try:
        return TextIn.model_validate(value) if "text" in value else DocumentsIn.model_validate(value)
    except ValidationError as error:
        entries = error.errors(include_url=False, include_input=False)
    raise _invalid(*(_field_error(entry) for entry in entries[:MAX_ERRORS]), total=len(entries))


def to_documents(submission: TextIn | DocumentsIn) -> list[Document]:
    """The submission as the classifier takes it."""
    if isinstance(submission, TextIn):
        return [Document(submission.text)]
    return [Document(entry.text, entry.id, entry.language, entry.metadata or {}) for entry in submission.documents]


def _invalid(*errors: FieldError, total: int | None = None) -> ProblemError:
    more = "" if total is None or total <= len(errors) else f" (the first {len(errors)} of {total} are listed)"
    return ProblemError("invalid_request", f"{errors[0].field} {errors[0].detail}{more}", errors=errors)


def _field_error(entry: Mapping[str, Any]) -> FieldError:
    location: Sequence[int | str] = entry["loc"]
    path = ".".join(safe_name(part) for part in location) or "(body)"
    if entry["type"] == "extra_forbidden":
        model: type[BaseModel] = DocumentIn if location[0] == "documents" else TextIn
        names = model.model_fields if len(location) > 1 else {"text": None, "documents": None}
        return FieldError(path, "is not a known field", ", ".join(names))
    return FieldError(path, *reason_of(entry))
