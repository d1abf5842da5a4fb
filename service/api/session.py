"""`/v1/session`: signing in, choosing another password and signing out, for programs that act for a person."""

from fastapi import APIRouter, Request, Response
from pydantic import Field

from service.api.responses import DESK_PROBLEMS
from service.desk.bodies import body_of, read_model
from service.desk.csrf import HEADER, check_origin, token_for
from service.desk.desk import Desk, desk_of
from service.desk.passwords import MAX_LENGTH
from service.desk.people import Newcomer
from service.desk.schemas_admin import UserOut
from service.desk.schemas_base import Answer, Asked
from service.desk.sign_in import change_password, drop_cookie, set_cookie, sign_in, sign_out
from service.guard import address_of
from service.problems import ProblemError
from service.store.users import UserRecord, read_user

router = APIRouter(prefix="/v1/session", tags=["people"], responses=DESK_PROBLEMS)


class SessionIn(Asked):
    """Who signs in."""

    name: str = Field(max_length=100)
    password: str = Field(max_length=MAX_LENGTH)


class PasswordIn(Asked):
    """Another password."""

    current: str = Field(max_length=MAX_LENGTH)
    new: str = Field(max_length=MAX_LENGTH)


class SessionOut(Answer):
    """A session; its token is in the cookie."""

    user: UserOut
    csrf_token: str = Field(description=f"To send as {HEADER} with every request that changes something.")
    password_change_needed: bool = Field(description="Whether a password of one's own has to be chosen first.")


@router.post("", summary="Sign in", openapi_extra=body_of(SessionIn), status_code=201)
async def open_session(request: Request, response: Response) -> SessionOut:
    """The answer sets the cookie of the session."""
    desk = desk_of(request)
    check_origin(request)
    given = await read_model(request, SessionIn)
    opened = await sign_in(desk, given.name, given.password, address=address_of(request))
    return _answer(request, response, desk, opened.user, opened.token, one_time=opened.one_time)


@router.put("/password", summary="Choose another password", openapi_extra=body_of(PasswordIn))
async def choose_password(request: Request, response: Response, person: Newcomer) -> SessionOut:
    """Ends all sessions of the person; the answer sets the cookie of a new one."""
    if person.session is None:
        raise ProblemError("not_allowed", "A key cannot choose a password; sign in")
    desk = desk_of(request)
    given = await read_model(request, PasswordIn)
    token = await change_password(desk, person.user, current=given.current, new=given.new)
    user = await desk.read(lambda tx: read_user(tx, person.user.id))
    return _answer(request, response, desk, user, token, one_time=False)


@router.delete("", summary="Sign out", status_code=204)
async def close_session(request: Request, response: Response, person: Newcomer) -> None:
    """Ends the session; a request with a key has none to end."""
    if person.session is not None:
        await sign_out(desk_of(request), request)
        drop_cookie(response)


def _answer(
    request: Request, response: Response, desk: Desk, user: UserRecord, token: str, *, one_time: bool
) -> SessionOut:
    set_cookie(response, request, token, desk)
    return SessionOut(user=UserOut.of(user), csrf_token=token_for(token), password_change_needed=one_time)
