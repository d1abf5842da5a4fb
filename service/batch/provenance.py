"""Where inside its source a document came from, added to its analysis where a file name and a line do not say it."""

from typing import Any

import orjson

from service.batch.items import Incoming


def provenance(item: Incoming) -> dict[str, Any]:
    """Return `provenance` and `metadata` as they stand in an output line; empty for a plain file or line."""
    inside = {"member": item.member, "sheet": item.sheet, "charset": item.charset}
    found = {name: value for name, value in inside.items() if value is not None}
    fields: dict[str, Any] = {}
    if found or item.parts:
        fields["provenance"] = {"source": item.source, "line": item.line, **found}
    if item.document.metadata:
        fields["metadata"] = dict(item.document.metadata)
    return fields


def add_provenance(item: Incoming, analysis: bytes) -> bytes:
    """Return the analysis with where it came from; every span gets the page or part that it begins in.

    The bytes stay as they are for a document that is a whole file or a line of one.
    """
    fields = provenance(item)
    if not fields:
        return analysis
    data = orjson.loads(analysis)
    if item.parts:
        for indicator in data["indicators"]:
            for span in indicator["spans"]:
                span["part"] = item.part_at(span["start"])
    return orjson.dumps(data | fields)
