"""`/admin/audit`: who did what and when, and whether the log still is what was written."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from service.desk.desk import desk_of
from service.desk.people import PageAdmin, Person
from service.problems import ProblemError
from service.review.audit import AuditEntry, AuditReport, list_audit, verify_audit
from service.review.counts import name_people
from service.store.errors import RefusedError, StoreError
from service.store.rows import Page
from service.store.store import Transaction
from service.store.users import find_user
from service.web.desk.admin_frame import admin_page
from service.web.desk.form_reading import Message, problem_of, read_fields

router = APIRouter(include_in_schema=False)

_NOTED = re.compile(r"(\d{1,15}):([0-9a-f]{64})")
_PAGE_SIZE = 50
_NOTHING: Page[AuditEntry] = Page((), None)


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as it is shown: who by name, and the detail as `name value` pairs."""

    entry: AuditEntry
    who: str
    said: tuple[tuple[str, str], ...]


@router.api_route("/admin/audit", methods=["GET", "HEAD"])
async def show_audit(
    request: Request, person: PageAdmin, actor: str = "", subject: str = "", cursor: str | None = None
) -> Response:
    """Entries, newest first, by somebody or about something."""
    return await _page(request, person, actor=actor.strip(), subject=subject.strip(), cursor=cursor)


@router.post("/admin/audit/verify")
async def verify(request: Request, person: PageAdmin) -> Response:
    """Compute every hash again; nothing is changed, so the answer itself says what was found."""
    fields = await read_fields(request)
    try:
        expected = _read_noted(fields.text("expect"))
        report = await desk_of(request).read(lambda tx: verify_audit(tx, expected=expected))
    except (ProblemError, StoreError) as error:
        message, status = problem_of(request, error)
        return await _page(request, person, message=message, status=status)
    return await _page(request, person, report=report)


def _read_noted(value: str) -> tuple[int, str] | None:
    if not value:
        return None
    found = _NOTED.fullmatch(value)
    if found is None:
        raise RefusedError("expect", "is not such an entry; allowed: a number, ':' and 64 hex digits, or nothing")
    return int(found[1]), found[2]


async def _page(
    request: Request,
    person: Person,
    *,
    actor: str = "",
    subject: str = "",
    cursor: str | None = None,
    message: Message | None = None,
    status: int = 200,
    report: AuditReport | None = None,
) -> Response:
    desk = desk_of(request)

    def load(tx: Transaction) -> tuple[Page[AuditEntry], dict[str, str]]:
        user = find_user(tx, actor) if actor else None
        named = user.id if user is not None else actor or None
        page = list_audit(tx, actor=named, subject=subject or None, cursor=cursor, limit=_PAGE_SIZE)
        return page, name_people(tx, {entry.actor for entry in page.items})

    try:
        page, names = await desk.read(load)
    except (ProblemError, StoreError) as error:
        page, names = _NOTHING, {}
        message, status = problem_of(request, error)
    narrowed = {name: value for name, value in (("actor", actor), ("subject", subject)) if value}
    values = {
        "lines": [Line(entry, names[entry.actor], tuple(_said(entry.detail))) for entry in page.items],
        "actor": actor,
        "subject": subject,
        "first": cursor is None,
        "newest": f"/admin/audit?{urlencode(narrowed)}",
        "older": f"/admin/audit?{urlencode({**narrowed, 'cursor': page.cursor})}" if page.cursor else "",
        "report": report,
        "sealed": desk.store.audit_key is not None,
    }
    return admin_page(request, person, "audit", values, message=message, status=status)


def _said(detail: str) -> list[tuple[str, str]]:
    """The detail of an entry for people; lists as words with commas between, what is empty left out."""
    given: dict[str, Any] = orjson.loads(detail)
    return [(name, _word(value)) for name, value in given.items() if value not in (None, "", [])]


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
