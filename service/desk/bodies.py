"""Request bodies of the desk: read once the person is known, up to a limit, with errors that quote nothing."""

from collections.abc import Mapping
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from service.field_errors import reason_of, safe_name
from service.problems import FieldError, ProblemError
from service.submissions import MAX_ERRORS, read_json

Model = TypeVar("Model", bound=BaseModel)
# Ten thousand ids, or the longest reason, with room to spare.
MAX_BODY = 1024 * 1024


async def read_model(request: Request, model: type[Model], *, limit: int = MAX_BODY) -> Model:
    """The body of a request.

    Args:
        request: The request.
        model: Its shape.
        limit: Most bytes.

    Raises:
        ProblemError: `invalid_request` with every wrong field, or `body_too_large`.
    """
    return parse(await read_json(request, limit=limit), model)


def parse(value: object, model: type[Model]) -> Model:
    """JSON values as a model.

    Raises:
        ProblemError: `invalid_request` with every wrong field.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        entries = error.errors(include_url=False, include_input=False)
    errors = [_field_error(entry, model) for entry in entries[:MAX_ERRORS]]
    more = "" if len(entries) <= len(errors) else f" (the first {len(errors)} of {len(entries)} are listed)"
    raise ProblemError("invalid_request", f"{errors[0].field} {errors[0].detail}{more}", errors=errors)


def body_of(model: type[BaseModel], *others: type[BaseModel]) -> dict[str, Any]:
    """How a route that reads its body by hand describes it, for `openapi_extra`."""
    shapes = [{"$ref": f"#/components/schemas/{shape.__name__}"} for shape in (model, *others)]
    schema = shapes[0] if not others else {"oneOf": shapes}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _field_error(entry: Mapping[str, Any], model: type[BaseModel]) -> FieldError:
    path = ".".join(safe_name(part) for part in entry["loc"]) or "(body)"
    detail, allowed = reason_of(entry)
    if entry["type"] == "extra_forbidden" and len(entry["loc"]) == 1:
        allowed = ", ".join(model.model_fields)
    return FieldError(path, detail, allowed)
