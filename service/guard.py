"""The FastAPI dependency that lets a request in, before its body is read."""

from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from service.parts import parts_of

_BEARER = HTTPBearer(auto_error=False, description="A key made by `tellsign keys create`; needed where keys are on.")
_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, description="The same key in a header of its own.")


def address_of(request: Request) -> str:
    """Client address, or `unknown` behind a socket without one."""
    return request.client.host if request.client else "unknown"


async def _check(
    request: Request,
    scopes: SecurityScopes,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    header: Annotated[str | None, Depends(_HEADER)],
) -> None:
    token = bearer.credentials if bearer else header
    # The body is not read before this passes: a dependency of the route comes first.
    parts_of(request).access.admit(token=token, scope=scopes.scopes[-1], address=address_of(request))


def needs(scope: str) -> Any:
    """Route dependency: a key with this scope where keys are on, and room within the rate."""
    return Security(_check, scopes=[scope])
