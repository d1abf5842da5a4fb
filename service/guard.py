"""The FastAPI dependency that lets a request in, before its body is read."""

from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, SecurityScopes

from service.desk.people import BEARER, KEY_HEADER, Person, identify, page_person
from service.parts import parts_of


def address_of(request: Request) -> str:
    """Client address, or `unknown` behind a socket without one."""
    return request.client.host if request.client else "unknown"


async def _check(
    request: Request,
    scopes: SecurityScopes,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
    header: Annotated[str | None, Depends(KEY_HEADER)],
) -> None:
    parts = parts_of(request)
    token, scope = bearer.credentials if bearer else header, scopes.scopes[-1]
    # The body is not read before this passes: a dependency of the route comes first.
    if parts.desk is not None and (token is not None or not parts.settings.open_to_all):
        await identify(request, scope, token)
    else:
        parts.access.admit(token=token, scope=scope, address=address_of(request))


def needs(scope: str) -> Any:
    """Route dependency: a key with this scope where keys are on, a person with it at the desk; room within the rate."""
    return Security(_check, scopes=[scope])


async def _check_page(
    request: Request,
    scopes: SecurityScopes,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
    header: Annotated[str | None, Depends(KEY_HEADER)],
) -> None:
    if parts_of(request).desk is None:
        await _check(request, scopes, bearer, header)
    else:
        await page_person(request, scopes.scopes[-1])


def page_needs(scope: str) -> Any:
    """Dependency of a page without a form: as `needs` without the desk, and for signed-in people with it."""
    return Security(_check_page, scopes=[scope])


def form_needs(scope: str) -> Any:
    """Dependency of a page with a form that takes keys: the `Person`, or None where the desk is off.

    Without the desk the route itself admits whoever sends the form.
    """

    async def find(request: Request) -> Person | None:
        return None if parts_of(request).desk is None else await page_person(request, scope)

    return Depends(find)
