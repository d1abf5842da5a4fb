"""`/sign-in`, `/sign-out`, `/password` and `/account`: who is at the desk, and their password."""

from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from service.desk.csrf import check_origin
from service.desk.desk import Desk, desk_of
from service.desk.people import PASSWORD_PAGE, SIGN_IN_PAGE, PageNewcomer, PagePerson, Person, find_person, local_path
from service.desk.sign_in import change_password, drop_cookie, lost_session, set_cookie, sign_in, sign_out
from service.guard import address_of
from service.problems import ProblemError
from service.review.exposure import exposure_of
from service.store.errors import RefusedError, StoreError
from service.store.users import password_hash_of
from service.web.desk.context import render_page
from service.web.desk.form_reading import Message, problem_of, read_fields

router = APIRouter(include_in_schema=False)

ACCOUNT_PAGE = "/account"
OIDC_PAGE = "/sign-in/oidc"
_DONE = {
    "out": Message("done", "You are signed out", "Close the window if others use this computer."),
    "elsewhere": Message("problem", "Signing in did not work", "Your provider sent you back without a sign-in."),
    "lost": Message(
        "problem", "Your browser did not keep the sign-in", "It keeps it over https, or on the machine of the service."
    ),
    "password": Message("done", "Your password is changed", "Everywhere else you are signed out."),
}
_MAY = {
    "submitter": "Send documents and analyze texts.",
    "analyst": "Read what waits in the queue, decide, and search.",
    "lead": "What an analyst may; also settle disputes, see how far readers agree, and set check items.",
    "admin": "What a lead may; also look after people, keys, webhooks, retention and the audit log.",
}


@router.api_route(SIGN_IN_PAGE, methods=["GET", "HEAD"])
async def show_sign_in(request: Request, next: str = "/", done: str = "") -> Response:  # noqa: A002 - in the address
    """The form; who is signed in already goes on."""
    request.state.page = True
    if await find_person(request) is not None:
        return RedirectResponse(local_path(next), 303)
    message = _DONE["lost"] if lost_session(request) else _DONE.get(done)
    return _sign_in_page(request, onward=next, message=message)


@router.post(SIGN_IN_PAGE)
async def enter(request: Request) -> Response:
    """Sign in and go on to where the person wanted to go; what is wrong is said on the form."""
    request.state.page = True
    check_origin(request)
    desk, fields = desk_of(request), await read_fields(request)
    onward = local_path(fields.text("next"))
    try:
        signed_in = await sign_in(desk, fields.text("name"), fields.raw("password"), address=address_of(request))
    except ProblemError as problem:
        message, status = problem_of(request, problem)
        return _sign_in_page(
            request, onward=onward, message=message, name=fields.text("name"), status=status, headers=problem.headers
        )
    target = f"{PASSWORD_PAGE}?next={quote(onward, safe='')}" if signed_in.one_time else onward
    response = RedirectResponse(target, 303)
    set_cookie(response, request, signed_in.token, desk)
    return response


@router.post("/sign-out")
async def leave(request: Request, person: PageNewcomer) -> Response:  # noqa: ARG001 - checks the token of the form
    """End the session."""
    await sign_out(desk_of(request), request)
    response = RedirectResponse(f"{SIGN_IN_PAGE}?done=out", 303)
    drop_cookie(response)
    return response


@router.api_route(PASSWORD_PAGE, methods=["GET", "HEAD"])
async def show_password(request: Request, person: PageNewcomer, next: str = "") -> Response:  # noqa: A002
    """The form for another password."""
    return await _password_page(request, person, onward=next)


@router.post(PASSWORD_PAGE)
async def choose_password(request: Request, person: PageNewcomer) -> Response:
    """Take another password; every other session of the person ends."""
    desk, fields = desk_of(request), await read_fields(request)
    onward = fields.text("next")
    try:
        if fields.raw("new") != fields.raw("again"):
            raise RefusedError("password", "is not the same both times; allowed: the new one typed twice")
        token = await change_password(desk, person.user, current=fields.raw("current"), new=fields.raw("new"))
    except (ProblemError, StoreError) as error:
        message, status = problem_of(request, error)
        if isinstance(error, ProblemError) and error.code == "sign_in_failed":
            message = Message("problem", "The password until now is wrong", error.detail)
        return await _password_page(request, person, onward=onward, message=message, status=status)
    response = RedirectResponse(local_path(onward) if onward else f"{ACCOUNT_PAGE}?done=password", 303)
    set_cookie(response, request, token, desk)
    return response


@router.api_route(ACCOUNT_PAGE, methods=["GET", "HEAD"])
async def show_account(request: Request, person: PagePerson, done: str = "") -> Response:
    """Who is signed in, what they may do, and what they have read today."""
    desk = desk_of(request)
    today = await desk.read(lambda tx: exposure_of(tx, person.user.id, tx.now.date()))
    values = {
        "message": _DONE.get(done),
        "may": _MAY[person.user.role],
        "today": today,
        "heavy_cap": desk.policy.heavy_cap_per_day,
        "has_password": await _has_password(desk, person),
        "password_page": PASSWORD_PAGE,
    }
    return render_page(request, person, "desk/account.html", values)


def _sign_in_page(
    request: Request,
    *,
    onward: str,
    message: Message | None,
    name: str = "",
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    settings = desk_of(request).settings
    onward = local_path(onward)
    values = {
        "message": message,
        "onward": onward,
        "name": name,
        "oidc": f"{OIDC_PAGE}?next={quote(onward, safe='')}" if settings.oidc_issuer else "",
        "oidc_label": settings.oidc_label,
        "lock_after": settings.lock_after,
        "lock_minutes": settings.lock_minutes,
    }
    response = render_page(request, None, "desk/sign_in.html", values, status=status)
    response.headers.update(headers or {})
    return response


async def _password_page(
    request: Request, person: Person, *, onward: str, message: Message | None = None, status: int = 200
) -> Response:
    desk = desk_of(request)
    values = {
        "message": message,
        "onward": onward,
        "one_time": person.one_time,
        "length": desk.settings.password_length,
        "has_password": await _has_password(desk, person),
    }
    return render_page(request, person, "desk/password.html", values, status=status)


async def _has_password(desk: Desk, person: Person) -> bool:
    return await desk.read(lambda tx: password_hash_of(tx, person.user.id)) is not None
