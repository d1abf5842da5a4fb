"""`/sign-in/oidc`: to an identity provider and back; the page with the link to it is the sign-in page."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from service.desk.admission import admit
from service.desk.desk import Desk, desk_of
from service.desk.oidc import COOKIE, LIFETIME_SECONDS, PATH, RETURN_PATH, Oidc
from service.desk.people import SIGN_IN_PAGE, local_path
from service.desk.sign_in import needs_secure_cookie, set_cookie
from service.guard import address_of
from service.problems import ProblemError

router = APIRouter(include_in_schema=False)


@router.get(PATH)
async def go(request: Request, next: str = "/") -> Response:  # noqa: A002 - the name in the address
    """Send the person to the provider."""
    desk, oidc = _parts(request)
    desk.attempts.hit(address_of(request))
    url, cookie = await oidc.begin(local_path(next))
    answer = RedirectResponse(url, 303)
    answer.set_cookie(
        COOKIE,
        cookie,
        max_age=LIFETIME_SECONDS,
        path=PATH,
        httponly=True,
        # Lax: the way back begins at the provider, and is a plain navigation.
        samesite="lax",
        secure=needs_secure_cookie(request),
    )
    return answer


@router.get(RETURN_PATH)
async def come_back(request: Request, state: str = "", code: str = "", error: str = "") -> Response:
    """Let in whom the provider vouches for."""
    desk, oidc = _parts(request)
    desk.attempts.hit(address_of(request))
    if error or not code:
        return RedirectResponse(f"{SIGN_IN_PAGE}?done=elsewhere", 303)
    identity, onward = await oidc.finish(cookie=request.cookies.get(COOKIE, ""), state=state, code=code)
    token = await admit(desk, identity)
    answer = RedirectResponse(local_path(onward), 303)
    answer.delete_cookie(COOKIE, path=PATH)
    set_cookie(answer, request, token, desk)
    return answer


def _parts(request: Request) -> tuple[Desk, Oidc]:
    desk = desk_of(request)
    request.state.page = True
    if desk.oidc is None:
        raise ProblemError("not_found", "People sign in here by name and password alone")
    return desk, desk.oidc
