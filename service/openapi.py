"""The OpenAPI description: FastAPI's own, and the request bodies that are read by hand."""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from service.api.session import PasswordIn, SessionIn
from service.desk.schemas import REQUESTS
from service.schemas import DocumentsIn, ProblemOut, TextIn
from service.schemas_jobs import JobPathIn

DESCRIPTION = """\
Reads a text and says which indicators of human trafficking and forced labour it speaks of, with calibrated
probabilities and the words they rest on. Indicators for human review; not a finding about any person.

Offsets count Unicode code points of the text as submitted. Errors are `application/problem+json` (RFC 9457) and
never repeat what was sent.
"""


_BY_HAND: tuple[type[BaseModel], ...] = (TextIn, DocumentsIn, ProblemOut, JobPathIn, SessionIn, PasswordIn, *REQUESTS)


class DescribedApi(FastAPI):
    """A FastAPI application whose description also holds the models that only `openapi_extra` refers to."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        document = super().openapi()
        _, models = models_json_schema(
            [(model, "validation") for model in _BY_HAND],
            ref_template="#/components/schemas/{model}",
        )
        document.setdefault("components", {}).setdefault("schemas", {}).update(models["$defs"])
        return document
