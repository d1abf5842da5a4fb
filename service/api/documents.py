"""`/v1/documents`: submit, find, open (masked, or for a reason not), spans, analyses, erase."""

import re
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Header, Path, Query, Request
from starlette.responses import Response

from classifier.document import Analysis, Document
from service.answering import answer
from service.api.responses import DESK_PROBLEMS, JsonResponse
from service.desk.bodies import body_of, read_model
from service.desk.desk import desk_of
from service.desk.people import Analyst, Lead, Submitter, permit
from service.desk.schemas_base import LABEL
from service.desk.schemas_documents import (
    DocumentsQuery,
    ErasedOut,
    EraseIn,
    MaskOut,
    ReceiptOut,
    ReceiptsOut,
    RecordOut,
    RecordsOut,
    ShownOut,
    SpanOut,
    SpansOut,
    StoredAnalysesOut,
    StoredAnalysisOut,
    SubmissionsIn,
    SubmittedIn,
    UnmaskIn,
)
from service.desk.submitting import NotTaken, Taken, read_submitted, submit
from service.parts import parts_of
from service.problems import ProblemError, document_problem
from service.review import intake
from service.review.opening import ShownDocument, cut_from, show_masked, show_unmasked
from service.review.retention import erase_document
from service.store.analyses import list_analyses
from service.store.documents import find_documents, list_spans, open_document
from service.store.erasure import sweep
from service.store.users import REVIEWERS
from service.submissions import read_json

router = APIRouter(prefix="/v1/documents", tags=["documents"], responses=DESK_PROBLEMS)
DocumentId = Annotated[str, Path(max_length=40, pattern="^[A-Za-z0-9-]+$")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=LABEL,
        description="Your own word for this request: sent again within a day it is done once and answered alike.",
    ),
]
_SURROGATE = re.compile("[\ud800-\udfff]")


@router.post(
    "",
    summary="Analyse, store and queue a document, or a list of them",
    openapi_extra=body_of(SubmittedIn, SubmissionsIn),
    response_class=JsonResponse,
    responses={
        200: {"model": ReceiptOut | ReceiptsOut, "description": "It was there already; or the answer to a list."},
        201: {"model": ReceiptOut, "description": "The document was taken in; `Location` is its address."},
    },
)
async def submit_documents(request: Request, person: Submitter, idempotency_key: IdempotencyKey = None) -> Response:
    """A document of a list that cannot be taken has its `error`, and the others are not affected."""
    settings = parts_of(request).settings
    value = await read_json(request, limit=settings.max_body_bytes)
    submitted, listed = read_submitted(value, most=settings.max_documents)
    done = await submit(request, person, submitted, key=idempotency_key, alone=not listed)
    headers = {"Idempotent-Replayed": "true"} if done.replayed else {}
    if listed:
        return JsonResponse({"documents": [_entry(entry) for entry in done.entries]}, headers=headers)
    entry = done.entries[0]
    receipt = _entry(entry)
    existing = isinstance(entry, Taken) and entry.existing
    headers["Location"] = f"/v1/documents/{receipt['id']}"
    return JsonResponse(receipt, 200 if existing else 201, headers=headers)


@router.get("", summary="Documents by your own name for them")
async def find(request: Request, person: Submitter, query: Annotated[DocumentsQuery, Query()]) -> RecordsOut:
    """Newest first, at most 100; who may not review finds only what they have submitted."""
    found = await desk_of(request).read(lambda tx: find_documents(tx, query.external_id))
    mine = found if person.user.may(REVIEWERS) else [one for one in found if one.submitted_by == person.user.id]
    wanted = [one for one in mine if query.source is None or one.source == query.source]
    return RecordsOut(documents=[RecordOut.of(one) for one in wanted])


@router.get(
    "/{document_id}",
    summary="Open a document with names, numbers and addresses hidden",
    response_class=JsonResponse,
    responses={200: {"model": ShownOut}},
)
async def read_masked(request: Request, person: Analyst, document_id: DocumentId) -> Response:
    """The audit log says who opened it. Hiding lessens exposure and is no anonymisation: some names stay readable."""
    actor = person.user.id
    shown = await desk_of(request).write(lambda tx: show_masked(tx, document_id, actor=actor, purpose="api"))
    return JsonResponse(_shown(shown))


@router.post(
    "/{document_id}/unmask",
    summary="Open a document with nothing hidden, for a reason",
    openapi_extra=body_of(UnmaskIn),
    response_class=JsonResponse,
    responses={200: {"model": ShownOut}},
)
async def read_unmasked(request: Request, person: Analyst, document_id: DocumentId) -> Response:
    """The audit log keeps the reason, also when the text is erased."""
    given = await read_model(request, UnmaskIn)
    actor = person.user.id
    shown = await desk_of(request).write(lambda tx: show_unmasked(tx, document_id, actor=actor, reason=given.reason))
    return JsonResponse(_shown(shown))


@router.get("/{document_id}/spans", summary="The spans that decisions name by number", dependencies=[permit("review")])
async def read_spans(request: Request, document_id: DocumentId) -> SpansOut:
    """Of the current analysis, without their words."""
    found = await desk_of(request).read(lambda tx: list_spans(tx, document_id))
    return SpansOut(spans=[SpanOut.of(span) for span in found])


@router.get("/{document_id}/analyses", summary="Which models have read a document", dependencies=[permit("review")])
async def read_analyses(request: Request, document_id: DocumentId) -> StoredAnalysesOut:
    """Oldest first; the current one is what the desk shows."""
    found = await desk_of(request).read(lambda tx: list_analyses(tx, document_id))
    return StoredAnalysesOut(analyses=[StoredAnalysisOut.of(one) for one in found])


@router.post("/{document_id}/analyses", summary="Have the current model read a document again", status_code=201)
async def read_again(request: Request, person: Lead, document_id: DocumentId) -> RecordOut:
    """For documents that an earlier model has read: the queue is weighed again, more where the two differ."""
    desk, actor = desk_of(request), person.user.id
    opened = await desk.write(lambda tx: open_document(tx, document_id, actor=actor, purpose="analyse"))
    if opened.text is None:
        raise ProblemError("conflict", "The text was erased; there is nothing to read")
    # A language that was given once would be lost if it were detected now; one that was not read may be known by now.
    language = opened.record.language if opened.analysis.language.supported else None
    (outcome,) = await answer(request, [Document(opened.text, document_id, language)])
    if not isinstance(outcome, Analysis):
        raise document_problem(outcome)
    record = await desk.write(lambda tx: intake.read_again(tx, desk.policy, document_id, outcome, actor=actor))
    return RecordOut.of(record)


@router.post("/{document_id}/erase", summary="Erase the text of a document", openapi_extra=body_of(EraseIn))
async def erase(request: Request, person: Lead, document_id: DocumentId) -> ErasedOut:
    """Text, metadata, reasons and index entries go, also from the database's own files; decisions and hashes stay."""
    given = await read_model(request, EraseIn)
    desk, actor = desk_of(request), person.user.id
    erased = await desk.write(lambda tx: erase_document(tx, document_id, actor=actor, why=given.why))
    if erased:
        await anyio.to_thread.run_sync(sweep, desk.store, limiter=desk.threads)
    return ErasedOut(erased=erased)


def _entry(entry: Taken | NotTaken) -> dict[str, Any]:
    if isinstance(entry, NotTaken):
        return {"id": entry.external_id, "error": entry.problem}
    return {**RecordOut.of(entry.record).model_dump(), "existing": entry.existing}


def _shown(shown: ShownDocument) -> dict[str, Any]:
    text = shown.text
    if text is not None and _SURROGATE.search(text):
        # JSON has no half surrogates; one sign stands for one, so that offsets hold.
        text = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
    return {
        "document": RecordOut.of(shown.record).model_dump(),
        "text": text,
        "masked": shown.masked,
        "masks": [MaskOut.of(mask).model_dump() for mask in shown.masks],
        "metadata": shown.metadata,
        "analysis": cut_from(shown.analysis, text),
    }
