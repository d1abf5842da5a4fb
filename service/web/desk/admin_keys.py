"""`/admin/keys`: keys of programs, made, replaced and ended; a token is shown once, in the answer that makes it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from starlette.responses import Response

from service.desk.desk import desk_of
from service.desk.people import PageAdmin, Person
from service.problems import ProblemError
from service.store.api_keys import (
    KEY_SCOPES,
    ApiKeyRecord,
    create_api_key,
    list_api_keys,
    revoke_api_key,
    rotate_api_key,
)
from service.store.errors import RefusedError, StoreError
from service.store.store import Transaction
from service.store.users import UserRecord, list_users, read_user
from service.web.desk.admin_frame import Id, admin_page, back_to
from service.web.desk.form_reading import Fields, Message, problem_of, read_fields

router = APIRouter(include_in_schema=False)

OVERLAP_HOURS = 24
_LONGEST_DAYS = 3_650
_DONE = {"ended": Message("done", "The key is ended", "It opens nothing from now on.")}
SCOPE_TITLES = {
    "analyze": "analyze texts, without keeping them",
    "read": "read the taxonomy and the model card",
    "metrics": "read the metrics",
    "submit": "send documents",
    "review": "read the queue and decide, in somebody's name",
    "lead": "settle disputes and see agreement, in somebody's name",
    "export": "export decisions",
    "admin": "look after people, keys, webhooks and the audit log",
}


@dataclass(frozen=True, slots=True)
class KeysLoaded:
    """All keys, and everybody in whose name one may act."""

    keys: list[ApiKeyRecord]
    users: list[UserRecord]
    now: datetime


@router.api_route("/admin/keys", methods=["GET", "HEAD"])
async def show_keys(request: Request, person: PageAdmin, done: str = "") -> Response:
    """All keys, and a form to make one."""
    return await _page(request, person, message=_DONE.get(done))


@router.post("/admin/keys")
async def make_key(request: Request, person: PageAdmin) -> Response:
    """Make a key; the answer itself shows its token, for it must be in no address and no cookie."""
    desk, fields = desk_of(request), await read_fields(request)
    try:
        days = fields.number("days", least=1, most=_LONGEST_DAYS)
        made = await desk.write(lambda tx: _make(tx, fields, days, person.user.id))
    except (ProblemError, StoreError) as error:
        message, status = problem_of(request, error)
        return await _page(request, person, message=message, status=status, typed=fields)
    return await _page(request, person, secret=made)


@router.post("/admin/keys/{key_id}")
async def change_key(request: Request, person: PageAdmin, key_id: Id) -> Response:
    """Replace a key or end it."""
    desk, fields = desk_of(request), await read_fields(request)
    wanted, actor = fields.text("do"), person.user.id
    try:
        if wanted == "rotate":
            overlap = timedelta(hours=OVERLAP_HOURS)
            made = await desk.write(lambda tx: rotate_api_key(tx, key_id, overlap=overlap, actor=actor))
            return await _page(request, person, secret=made)
        if wanted != "revoke":
            raise RefusedError("do", "is unknown; allowed: rotate, revoke")
        await desk.write(lambda tx: revoke_api_key(tx, key_id, actor=actor))
        return back_to("keys", "ended")
    except (ProblemError, StoreError) as error:
        message, status = problem_of(request, error)
        return await _page(request, person, message=message, status=status)


def _make(tx: Transaction, fields: Fields, days: int | None, actor: str) -> tuple[str, ApiKeyRecord]:
    owner = fields.text("owner") or None
    if owner is not None:
        read_user(tx, owner)
    expires = None if days is None else tx.now + timedelta(days=days)
    scopes = fields.several("scopes")
    return create_api_key(tx, fields.text("name"), scopes=scopes, actor=actor, owner=owner, expires=expires)


async def _page(
    request: Request,
    person: Person,
    *,
    message: Message | None = None,
    status: int = 200,
    typed: Fields | None = None,
    secret: tuple[str, ApiKeyRecord] | None = None,
) -> Response:
    loaded = await desk_of(request).read(lambda tx: KeysLoaded(list_api_keys(tx), list_users(tx), tx.now))
    values = {
        "keys": [(key, say_state(key, loaded.now)) for key in reversed(loaded.keys)],
        "users": [user for user in loaded.users if user.active],
        "names": {user.id: user.display_name for user in loaded.users},
        "scopes": [(scope, SCOPE_TITLES.get(scope, scope)) for scope in KEY_SCOPES],
        "typed": typed or Fields({}),
        "secret": secret,
        "overlap_hours": OVERLAP_HOURS,
        "most_days": _LONGEST_DAYS,
    }
    return admin_page(request, person, "keys", values, message=message, status=status)


def say_state(key: ApiKeyRecord, now: datetime) -> str:
    """`in use`, `ended`, `expired` or `replaced`: a replaced key may still work for a while."""
    if key.revoked is not None:
        return "ended"
    if key.expires is not None and key.expires <= now:
        return "expired"
    return "replaced" if key.replaced_by is not None else "in use"
