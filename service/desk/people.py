"""Who asks, and whether they may: dependencies that give a route its `Person` or refuse the request.

A role is a set of scopes. A key has scopes of its own; where it acts for a user, only those which the user has too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from service.desk.csrf import COOKIE, check_csrf
from service.desk.desk import Desk, desk_of
from service.desk.passwords import must_change
from service.parts import parts_of
from service.problems import ProblemError
from service.store.api_keys import ApiKeyRecord, find_api_key
from service.store.sessions import SessionRecord, find_session
from service.store.store import Transaction
from service.store.users import UserRecord, password_hash_of, read_user

SIGN_IN_PAGE = "/sign-in"
PASSWORD_PAGE = "/password"  # noqa: S105 - an address

_SUBMITTER = frozenset({"analyze", "read", "submit"})
_ANALYST = _SUBMITTER | {"review"}
_LEAD = _ANALYST | {"lead", "export", "metrics"}
ROLE_SCOPES: Mapping[str, frozenset[str]] = {
    "submitter": _SUBMITTER,
    "analyst": _ANALYST,
    "lead": _LEAD,
    "admin": _LEAD | {"admin"},
}
# What makes a key as much as a role, strongest first.
_ROLE_OF = {"admin": "admin", "lead": "lead", "review": "analyst"}
# Claims and decisions belong to a person.
_PERSONAL = frozenset({"review", "lead"})
_SEEN_STEP = timedelta(minutes=1)

BEARER = HTTPBearer(auto_error=False, description="A key made by `tellsign keys create`; needed where keys are on.")
KEY_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, description="The same key in a header of its own.")


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks.

    Attributes:
        user: The user, with the role that counts here. A key of a program stands in as a user named by the key.
        scopes: What they may do.
        session: Of somebody who signed in.
        key: Of a program.
        one_time: Whether they signed in with a password that has to be changed first.
    """

    user: UserRecord
    scopes: frozenset[str]
    session: SessionRecord | None = None
    key: ApiKeyRecord | None = None
    one_time: bool = False

    @property
    def is_user(self) -> bool:
        """Whether there is a user behind it, and not only a program."""
        return self.key is None or self.key.owner is not None

    def may(self, scope: str) -> bool:
        """Whether they may do what the scope allows."""
        return scope in self.scopes and (self.is_user or scope not in _PERSONAL)


class RedirectError(Exception):
    """The page is elsewhere for this person."""

    def __init__(self, location: str) -> None:
        """`location` is an address of ours."""
        super().__init__(location)
        self.location = location


async def find_person(request: Request, token: str | None = None) -> Person | None:
    """Who sent this request, by key or by session, or None.

    Args:
        request: The request.
        token: Its key; a key wins over a session.

    Raises:
        ProblemError: `foreign_request`: an unsafe request with a session and without its token.
    """
    desk = desk_of(request)
    if token is not None:
        return await desk.read(lambda tx: _by_key(tx, token))
    session = request.cookies.get(COOKIE)
    if session is None:
        return None
    person = await _by_session(desk, session)
    if person is not None:
        await check_csrf(request)
    return person


async def identify(request: Request, scope: str | None, token: str | None = None, *, one_time: bool = False) -> Person:
    """The person who asks, if they may.

    Args:
        request: The request.
        scope: What it needs; None for anybody we know.
        token: Its key, or None.
        one_time: Whether it is also for people who have to change their password first.

    Raises:
        ProblemError: `key_required`, `scope_missing`, `role_missing`, `password_change_needed`, `foreign_request` or
            `rate_exceeded`.
    """
    person = await find_person(request, token)
    if person is None:
        raise ProblemError(
            "key_required",
            "Sign in, or send a valid key as Authorization: Bearer tsk_… or X-API-Key",
            headers={"WWW-Authenticate": 'Bearer realm="tellsign"'},
        )
    if person.one_time and not one_time:
        raise ProblemError("password_change_needed", f"Choose a password of your own first, at {PASSWORD_PAGE}")
    _check_scope(person, scope)
    limiter = parts_of(request).access.limiter
    if limiter is not None:
        limiter.hit(person.key.id if person.key else person.user.id)
    return person


async def _identify(
    request: Request,
    scopes: SecurityScopes,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
    header: Annotated[str | None, Depends(KEY_HEADER)],
) -> Person:
    scope = scopes.scopes[-1] if scopes.scopes else None
    return await identify(request, scope, bearer.credentials if bearer else header)


async def _identify_newcomer(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
    header: Annotated[str | None, Security(KEY_HEADER)],
) -> Person:
    return await identify(request, None, bearer.credentials if bearer else header, one_time=True)


def permit(scope: str | None = None) -> Any:
    """Route dependency of `/v1`: the `Person`, if they have the scope (None: anybody we know)."""
    return Security(_identify, scopes=[scope] if scope else [])


def permit_page(scope: str | None = None, *, one_time: bool = False) -> Any:
    """Dependency of a page: who is not signed in goes to the sign-in page, who may not gets a page that says so.

    Args:
        scope: What the page needs; None for anybody who is signed in.
        one_time: Whether the page is also for people who have to change their password first.
    """

    async def find(request: Request) -> Person:
        return await page_person(request, scope, one_time=one_time)

    return Depends(find)


async def page_person(request: Request, scope: str | None, *, one_time: bool = False) -> Person:
    """Who asks for a page, as `permit_page` lets them in.

    Raises:
        RedirectError: To the sign-in page, or to the one where a one-time password is changed.
        ProblemError: `role_missing` or `foreign_request`.
    """
    # Errors of this request are answered as pages from here on.
    request.state.page = True
    person = await find_person(request)
    if person is None:
        raise RedirectError(_sign_in_address(request))
    if person.one_time and not one_time:
        raise RedirectError(PASSWORD_PAGE)
    _check_scope(person, scope)
    return person


AnyPerson = Annotated[Person, permit()]
# Also for who has to change a one-time password.
Newcomer = Annotated[Person, Depends(_identify_newcomer)]
Reader = Annotated[Person, permit("read")]
Submitter = Annotated[Person, permit("submit")]
Analyst = Annotated[Person, permit("review")]
Lead = Annotated[Person, permit("lead")]
Exporter = Annotated[Person, permit("export")]
Admin = Annotated[Person, permit("admin")]

PagePerson = Annotated[Person, permit_page()]
# For the password page and for signing out: also for who has to change a one-time password.
PageNewcomer = Annotated[Person, permit_page(one_time=True)]
PageAnalyst = Annotated[Person, permit_page("review")]
PageLead = Annotated[Person, permit_page("lead")]
PageAdmin = Annotated[Person, permit_page("admin")]


def local_path(given: str) -> str:
    """An address within this site to go on to: `given` where it is one, else the start page."""
    local = given.startswith("/") and not given.startswith(("//", "/\\")) and given.isprintable()
    return given if local and len(given) <= 2_000 else "/"


def _sign_in_address(request: Request) -> str:
    if request.method not in {"GET", "HEAD"}:
        return SIGN_IN_PAGE
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{SIGN_IN_PAGE}?next={quote(request.url.path + query, safe='')}"


def _check_scope(person: Person, scope: str | None) -> None:
    if scope is None or person.may(scope):
        return
    if person.key is None:
        raise ProblemError("role_missing", f"The role {person.user.role} does not allow this")
    if scope in person.scopes:
        raise ProblemError("scope_missing", "This key acts for nobody; allowed: a key that belongs to a user")
    headers = {"WWW-Authenticate": f'Bearer realm="tellsign", error="insufficient_scope", scope="{scope}"'}
    raise ProblemError("scope_missing", f"The key lacks the scope {scope}", headers=headers)


async def _by_session(desk: Desk, token: str) -> Person | None:
    idle = timedelta(minutes=desk.settings.session_idle_minutes)

    def find(tx: Transaction) -> tuple[Person, bool] | None:
        session = find_session(tx, token, idle=idle)
        if session is None:
            return None
        one_time = must_change(password_hash_of(tx, session.user.id))
        person = Person(session.user, ROLE_SCOPES[session.user.role], session=session, one_time=one_time)
        return person, session.seen + _SEEN_STEP <= tx.now

    found = await desk.read(find)
    if found is None:
        return None
    person, stale = found
    if stale:
        # Only a writing step notes that the session was used.
        await desk.write(lambda tx: find_session(tx, token, idle=idle))
    return person


def _by_key(tx: Transaction, token: str) -> Person | None:
    key = find_api_key(tx, token)
    if key is None:
        return None
    scopes = frozenset(key.scopes)
    if key.owner is None:
        program = UserRecord(key.id, key.id, key.name, "submitter", True, 0, None, key.created, None)
        return Person(program, scopes, key=key)
    user = read_user(tx, key.owner)
    if not user.active:
        return None
    scopes &= ROLE_SCOPES[user.role]
    role = next((role for scope, role in _ROLE_OF.items() if scope in scopes), "submitter")
    return Person(replace(user, role=role), scopes, key=key)
