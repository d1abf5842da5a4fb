"""`/v1/jobs`: batch runs over an upload or over files of this machine; the runner is that of `tellsign score`."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, TypeVar

import anyio.to_thread
from fastapi import APIRouter, Depends, Query, Request, Security
from fastapi.security import HTTPAuthorizationCredentials
from starlette.responses import FileResponse, Response

from service.api.responses import JOB_PROBLEMS, JsonResponse
from service.batch.jobs import Jobs
from service.batch.jobs_inputs import Upload
from service.batch.jobs_records import JobError, JobOptions, JobRecord
from service.desk.bodies import read_model
from service.desk.people import BEARER, KEY_HEADER, identify
from service.guard import address_of
from service.parts import parts_of
from service.problems import FieldError, ProblemError, retry_after
from service.schemas_jobs import FileName, JobOptionsIn, JobOut, JobPathIn, JobsOut

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

Answer = TypeVar("Answer")
_JSON, _BYTES = "application/json", "application/octet-stream"
# What a session or a key needs: results show the words of documents, as the desk does.
_DESK_SCOPE, _KEY_SCOPE = "review", "analyze"
_PIECE = 1 << 20
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            _JSON: {"schema": {"$ref": f"#/components/schemas/{JobPathIn.__name__}"}},
            _BYTES: {"schema": {"type": "string", "format": "binary", "minLength": 1}},
        },
    }
}
_MEDIA_TYPES = {".jsonl": "application/jsonl", ".csv": "text/csv", ".html": "text/html", ".json": _JSON}


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: whose jobs they see, None for those of all, and under what name they start one."""

    name: str
    sees: str | None


async def _find_asker(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
    header: Annotated[str | None, Depends(KEY_HEADER)],
) -> Asker:
    parts, token = parts_of(request), bearer.credentials if bearer else header
    # Jobs keep documents: `open_access` is for what keeps nothing.
    if parts.desk is not None:
        person = await identify(request, _DESK_SCOPE, token)
        return Asker(person.user.id, None if person.may("admin") else person.user.id)
    record = parts.access.admit(token=token, scope=_KEY_SCOPE, address=address_of(request))
    if record is not None:
        return Asker(record.id, None if "admin" in record.scopes else record.id)
    if parts.settings.open_access:
        raise ProblemError("not_allowed", "Jobs need the desk or keys where the service is open to anybody")
    return Asker("local", None)


Asking = Annotated[Asker, Security(_find_asker)]


@router.post(
    "",
    status_code=202,
    summary="Start a batch run over an upload, or over files of this machine",
    openapi_extra=_BODY,
    response_class=JsonResponse,
    responses={202: {"model": JobOut}, **JOB_PROBLEMS},
)
async def start_job(request: Request, asker: Asking, options: Annotated[JobOptionsIn, Query()]) -> Response:
    """The body is the file itself as `application/octet-stream`, or JSON with a path; options are in the query."""
    jobs = _jobs_of(request)
    chosen = _options(request, options)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == _JSON:
        asked = await read_model(request, JobPathIn)
        record = await _call(partial(jobs.add_path, asker.name, asked.path, chosen))
    elif media_type == _BYTES:
        async with _receiving(jobs, asker, options.name, chosen) as upload:
            await _store(request, upload)
        record = upload.record
    else:
        # A web page elsewhere can send any other type without asking first.
        error = FieldError("Content-Type", "is not one of those allowed", f"{_BYTES}, {_JSON}")
        raise ProblemError("invalid_request", "Content-Type is not one of those allowed", errors=[error])
    content = await _call(partial(_shown, jobs, record))
    return JsonResponse(content, 202, headers={"Location": f"/v1/jobs/{record.id}"})


@router.get(
    "",
    summary="Your jobs, newest first; all of them for an admin",
    response_class=JsonResponse,
    responses={200: {"model": JobsOut}, **JOB_PROBLEMS},
)
async def list_jobs(
    request: Request, asker: Asking, limit: Annotated[int, Query(ge=1, le=1_000, description="Most jobs.")] = 100
) -> Response:
    """Progress and counts of each."""
    jobs = _jobs_of(request)
    return JsonResponse({"jobs": await _call(lambda: [_shown(jobs, r) for r in jobs.kept.owned(asker.sees)[:limit]])})


@router.get(
    "/{job_id}",
    summary="How far a job is",
    response_class=JsonResponse,
    responses={200: {"model": JobOut}, **JOB_PROBLEMS},
)
async def read_job(request: Request, asker: Asking, job_id: str) -> Response:
    """State, progress, and once it is finished, counts and what can be downloaded."""
    jobs = _jobs_of(request)
    return JsonResponse(await _call(lambda: _shown(jobs, jobs.kept.find(job_id, asker.sees))))


@router.post(
    "/{job_id}/cancel",
    summary="Stop a job; what is done is kept",
    response_class=JsonResponse,
    responses={200: {"model": JobOut}, **JOB_PROBLEMS},
)
async def cancel_job(request: Request, asker: Asking, job_id: str) -> Response:
    """A cancelled job can be resumed until it is removed."""
    jobs = _jobs_of(request)
    return JsonResponse(await _call(lambda: _shown(jobs, jobs.cancel(job_id, asker.sees))))


@router.post(
    "/{job_id}/resume",
    summary="Go on with a job that failed or was cancelled",
    response_class=JsonResponse,
    responses={200: {"model": JobOut}, **JOB_PROBLEMS},
)
async def resume_job(request: Request, asker: Asking, job_id: str) -> Response:
    """The output is that of a job that was never stopped, byte for byte."""
    jobs = _jobs_of(request)
    return JsonResponse(await _call(lambda: _shown(jobs, jobs.resume(job_id, asker.sees))))


@router.delete(
    "/{job_id}", status_code=204, summary="Stop a job and remove it with all its files", responses=JOB_PROBLEMS
)
async def remove_job(request: Request, asker: Asking, job_id: str) -> Response:
    """Upload, results and everything else are gone; nothing brings them back."""
    await _call(partial(_jobs_of(request).remove, job_id, asker.sees))
    return Response(status_code=204)


@router.get(
    "/{job_id}/files/{name}",
    summary="Download results, dead letters, clusters, the report or the manifest",
    response_class=FileResponse,
    responses={200: {"content": {kind: {} for kind in (_BYTES, *_MEDIA_TYPES.values())}}, **JOB_PROBLEMS},
)
async def download(request: Request, asker: Asking, job_id: str, name: FileName) -> Response:
    """As an attachment: a report opened under the address of the service would have its rights."""
    jobs = _jobs_of(request)
    path = await _call(lambda: jobs.kept.file(jobs.kept.find(job_id, asker.sees), name))
    media_type = _MEDIA_TYPES.get(path.suffix, _BYTES)
    return FileResponse(path, media_type=media_type, filename=f"{job_id[:8]}-{path.name}")


def _jobs_of(request: Request) -> Jobs:
    jobs = parts_of(request).jobs
    if jobs is None:
        raise ProblemError("not_found", "Jobs are off here (TELLSIGN_JOBS_FOLDER)")
    return jobs


def _options(request: Request, given: JobOptionsIn) -> JobOptions:
    return JobOptions(
        format=given.format,
        tier=given.tier or parts_of(request).settings.tier,
        language=given.language,
        text_field=given.text_field,
        id_field=given.id_field,
        metadata_fields=tuple(given.metadata_field),
        dedupe=given.dedupe,
    )


@asynccontextmanager
async def _receiving(jobs: Jobs, asker: Asker, name: str, options: JobOptions) -> AsyncIterator[Upload]:
    """The upload, opened, ended or undone in threads: all of it works on the disk."""
    receiving = jobs.receive(asker.name, name, options)
    upload = await _call(receiving.__enter__)
    try:
        yield upload
    except BaseException as error:
        # The client may have left, and its task be cancelled: what it sent is removed all the same.
        with anyio.CancelScope(shield=True):
            await _call(partial(receiving.__exit__, type(error), error, error.__traceback__))
        raise
    await _call(partial(receiving.__exit__, None, None, None))


async def _store(request: Request, upload: Upload) -> None:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal():
        # A number of more than 15 digits is over any limit, and int() refuses absurd ones.
        await _call(partial(upload.check, int(declared) if len(declared) <= 15 else 10**15))
    held = bytearray()
    async for piece in request.stream():
        held += piece
        if len(held) >= _PIECE:
            await _call(partial(upload.write, bytes(held)))
            held.clear()
    await _call(partial(upload.write, bytes(held)))


def _shown(jobs: Jobs, record: JobRecord) -> dict[str, Any]:
    # A copy: the job may come to its end while it is looked at.
    record = replace(record)
    counts, noted = jobs.kept.counts(record), jobs.kept.progress(record)
    names = ("documents", "analysed", "dead_letters", "duplicates")
    progress = {
        "documents": noted["documents"],
        "bytes": noted["bytes"],
        "total_bytes": noted["total_bytes"],
        "documents_per_second": round(noted["speed"], 2),
    } if noted else None  # fmt: skip
    return {
        "id": record.id,
        "state": record.state,
        "source": record.source,
        "name": record.name,
        "created": record.created,
        "began": record.began,
        "ended": record.ended,
        "removed_after": record.ended and record.ended + timedelta(days=jobs.settings.kept_days),
        "starts": record.starts,
        "progress": progress,
        "counts": {name: counts[name] for name in names} if counts else None,
        "reason": record.reason,
        "files": jobs.kept.files(record),
    }


async def _call(work: Callable[[], Answer]) -> Answer:
    """What `work` gives, in a thread, its refusals as problems."""
    try:
        return await anyio.to_thread.run_sync(work)
    except JobError as error:
        if error.retry_seconds is not None:
            raise retry_after(error.code, str(error), error.retry_seconds) from error
        raise ProblemError(error.code, str(error)) from error
