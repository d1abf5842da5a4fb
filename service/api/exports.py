"""`GET /v1/exports/{format}`: reviewed documents for training and for other tools, sent while they are read."""

from typing import Annotated, BinaryIO, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from service.api.responses import DESK_PROBLEMS
from service.desk.desk import desk_of
from service.desk.people import Exporter
from service.desk.piping import PipedResponse
from service.desk.schemas_figures import SinceQuery
from service.review.exports import FORMATS, write_export
from service.review.opening import MAX_WHY
from service.review.stored import StoredReviews
from service.store.errors import RefusedError
from service.store.store import Transaction

router = APIRouter(prefix="/v1/exports", tags=["exports"], responses=DESK_PROBLEMS)
FormatName = Literal["corpus", "label-studio", "doccano", "docbin", "csv", "web-annotation"]
_MEDIA_TYPES = {
    ".jsonl": "application/x-ndjson",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".spacy": "application/octet-stream",
}


class ExportQuery(SinceQuery):
    """What is exported."""

    unmasked: bool = Field(False, description="Leave names, numbers and addresses readable; needs a reason.")
    reason: str | None = Field(None, max_length=MAX_WHY, description="Why; kept in the audit log. Names nobody.")


@router.get(
    "/{name}",
    summary="Reviewed documents in a format",
    response_class=Response,
    responses={200: {"content": {media: {"schema": {"type": "string"}} for media in _MEDIA_TYPES.values()}}},
)
async def export(
    request: Request, person: Exporter, name: FormatName, query: Annotated[ExportQuery, Query()]
) -> Response:
    """Documents with a final verdict, oldest verdict first, without check items; the audit log has each of them.

    Which were set aside, because their text was erased or the format cannot hold them, `tellsign export` says.
    """
    desk, actor = desk_of(request), person.user.id
    why = (query.reason or "").strip()
    if query.unmasked and not why:
        raise RefusedError("reason", "is missing; needed for an export with names and numbers")
    said = {"format": name, "masked": not query.unmasked} | ({"reason": why} if query.unmasked else {})

    def note(tx: Transaction, action: str, **more: object) -> None:
        tx.audit(actor, action, name, **said, **more)

    await desk.write(lambda tx: note(tx, "export.started"))

    def write(stream: BinaryIO) -> None:
        source = StoredReviews(desk.store, actor=actor)
        report = write_export(source.iterate_reviewed(query.since), stream, name, masked=not query.unmasked)
        desk.store.run(lambda tx: note(tx, "export.finished", written=report.written, aside=len(report.aside)))

    suffix = FORMATS[name].suffix
    headers = {"Content-Disposition": f'attachment; filename="tellsign-{name}{suffix}"'}
    return PipedResponse(write, limiter=desk.exporting, media_type=_MEDIA_TYPES[suffix], headers=headers)
