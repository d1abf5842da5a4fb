"""The OpenAPI description: FastAPI's own, and the request bodies that are read by hand."""

from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from service.schemas import DocumentsIn, ProblemOut, TextIn

DESCRIPTION = """\
Reads a text and says which indicators of human trafficking and forced labour it speaks of, with calibrated
probabilities and the words they rest on. Indicators for human review; not a finding about any person.

Offsets count Unicode code points of the text as submitted. Errors are `application/problem+json` (RFC 9457) and
never repeat what was sent.
"""


class DescribedApi(FastAPI):
    """A FastAPI application whose description also holds the models that only `openapi_extra` refers to."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        document = super().openapi()
        _, models = models_json_schema(
            [(TextIn, "validation"), (DocumentsIn, "validation"), (ProblemOut, "validation")],
            ref_template="#/components/schemas/{model}",
        )
        document.setdefault("components", {}).setdefault("schemas", {}).update(models["$defs"])
        return document
