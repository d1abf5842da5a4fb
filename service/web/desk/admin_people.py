"""`/admin` and `/admin/people`: who may come in, as what; new people, new passwords, closed accounts."""

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from service.desk.accounts import add_account, close_account, open_account, reset_password
from service.desk.desk import Desk, desk_of
from service.desk.people import PageAdmin, PageLead, Person
from service.problems import ProblemError
from service.store.errors import RefusedError, StoreError
from service.store.schema import ROLES
from service.store.store import Transaction
from service.store.users import UserRecord, change_user, list_users, read_user
from service.web.desk.admin_frame import Id, admin_page, back_to
from service.web.desk.form_reading import Fields, Message, problem_of, read_fields

router = APIRouter(include_in_schema=False)

_DONE = {
    "role": Message("done", "The role is changed", "The person has to sign in again."),
    "closed": Message("done", "The account is closed", "Sessions have ended, and keys of this person open nothing."),
    "opened": Message("done", "The account is open"),
}


@dataclass(frozen=True, slots=True)
class PeopleLoaded:
    """Everybody, and the moment."""

    users: list[UserRecord]
    now: datetime


@router.api_route("/admin", methods=["GET", "HEAD"])
async def show_overview(request: Request, person: PageLead) -> Response:
    """Ways to the other pages."""
    return admin_page(request, person, "overview", {})


@router.api_route("/admin/people", methods=["GET", "HEAD"])
async def show_people(request: Request, person: PageAdmin, done: str = "") -> Response:
    """Everybody by name, and a form to add somebody."""
    return await _page(request, person, message=_DONE.get(done))


@router.post("/admin/people")
async def add_person(request: Request, person: PageAdmin) -> Response:
    """Add somebody; the answer itself shows the one-time password, for it must be in no address and no cookie."""
    desk, fields = desk_of(request), await read_fields(request)

    def add() -> tuple[UserRecord, str | None]:
        return add_account(
            desk,
            fields.text("name"),
            role=fields.text("role"),
            actor=person.user.id,
            display_name=fields.text("display_name"),
            subject=fields.text("subject") or None,
        )

    try:
        user, password = await desk.hash(add)
    except (ProblemError, StoreError) as error:
        message, status = problem_of(request, error)
        return await _page(request, person, message=message, status=status, typed=fields)
    return await _page(request, person, secret=(user, password))


@router.post("/admin/people/{user_id}")
async def change_person(request: Request, person: PageAdmin, user_id: Id) -> Response:
    """Another role, a new password, an account closed or opened."""
    desk, fields = desk_of(request), await read_fields(request)
    wanted, actor = fields.text("do"), person.user.id
    try:
        user = await desk.read(lambda tx: read_user(tx, user_id))
        if user.id == actor:
            raise RefusedError("do", "is about yourself; allowed: what another admin does, or your own account page")
        if wanted == "password":
            password = await desk.hash(lambda: reset_password(desk, user.name, actor=actor))
            return await _page(request, person, secret=(user, password))
        return back_to("people", await desk.write(lambda tx: _change(tx, user, wanted, fields.text("role"), actor)))
    except (ProblemError, StoreError) as error:
        message, status = problem_of(request, error)
        return await _page(request, person, message=message, status=status)


def _change(tx: Transaction, user: UserRecord, wanted: str, role: str, actor: str) -> str:
    if wanted == "role":
        change_user(tx, user.id, actor=actor, role=role)
        return "role"
    if wanted == "close":
        close_account(tx, user.name, actor=actor)
        return "closed"
    if wanted == "open":
        open_account(tx, user.name, actor=actor)
        return "opened"
    raise RefusedError("do", "is unknown; allowed: role, password, close, open")


async def _page(
    request: Request,
    person: Person,
    *,
    message: Message | None = None,
    status: int = 200,
    typed: Fields | None = None,
    secret: tuple[UserRecord, str | None] | None = None,
) -> Response:
    desk: Desk = desk_of(request)
    loaded = await desk.read(lambda tx: PeopleLoaded(list_users(tx), tx.now))
    values = {
        "users": loaded.users,
        "now": loaded.now,
        "roles": ROLES,
        "typed": typed or Fields({}),
        "secret": secret,
        "oidc_issuer": desk.settings.oidc_issuer,
    }
    return admin_page(request, person, "people", values, message=message, status=status)
