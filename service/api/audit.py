"""`/v1/audit`: who did what, and whether the log still is what was written; for admins."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from service.api.responses import DESK_PROBLEMS
from service.desk.desk import desk_of
from service.desk.people import permit
from service.desk.schemas_admin import AuditEntryOut, AuditQuery, AuditReportOut, VerifyQuery
from service.desk.schemas_base import PageOut, page_of
from service.review.audit import list_audit, verify_audit

router = APIRouter(prefix="/v1/audit", tags=["audit"], dependencies=[permit("admin")], responses=DESK_PROBLEMS)


@router.get("", summary="The audit log, newest first")
async def read_audit(request: Request, query: Annotated[AuditQuery, Query()]) -> PageOut[AuditEntryOut]:
    """About a subject, by an actor, or all of it."""
    page = await desk_of(request).read(lambda tx: list_audit(tx, **query.model_dump()))
    return page_of(AuditEntryOut, page)


@router.get("/verify", summary="Check the audit log")
async def verify(request: Request, query: Annotated[VerifyQuery, Query()]) -> AuditReportOut:
    """Computes every hash again, which takes a while for a long log."""
    seq, _, digest = (query.expect or "").partition(":")
    expected = (int(seq), digest) if query.expect is not None else None
    return AuditReportOut.of(await desk_of(request).read(lambda tx: verify_audit(tx, expected=expected)))
