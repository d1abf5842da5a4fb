"""Keeps other sites from acting in a person's name: a token bound to the session, and where a request came from."""

import hashlib
import hmac
from urllib.parse import urlsplit

from fastapi import Request

from service.problems import ProblemError

COOKIE = "tellsign_session"
HEADER = "X-CSRF-Token"
FIELD = "csrf_token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def csrf_token(request: Request) -> str:
    """The token for the forms and scripts of a page; empty without a session."""
    session = request.cookies.get(COOKIE, "")
    return token_for(session) if session else ""


def token_for(session: str) -> str:
    """The token of a session: nobody without the session's own token, which no script can read, can compute it."""
    return hmac.new(session.encode(), b"tellsign csrf", hashlib.sha256).hexdigest()


def check_origin(request: Request) -> None:
    """Refuse what a page of another site makes a browser send.

    Raises:
        ProblemError: `foreign_request`.
    """
    came = request.headers.get("sec-fetch-site")
    if came is not None and came not in {"same-origin", "none"}:
        raise _foreign()
    origin = request.headers.get("origin")
    # Older browsers say this one alone, and under our policy of no referrer "null" on forms: then the token decides.
    if came is None and origin not in {None, "null"} and urlsplit(str(origin)).netloc != request.headers.get("host"):
        raise _foreign()


async def check_csrf(request: Request) -> None:
    """Refuse an unsafe request that comes with a session and without its token; safe ones pass.

    Raises:
        ProblemError: `foreign_request`.
    """
    if request.method in SAFE:
        return
    check_origin(request)
    sent = request.headers.get(HEADER) or await _from_form(request)
    if not hmac.compare_digest(sent.encode(), csrf_token(request).encode()):
        raise _foreign()


async def _from_form(request: Request) -> str:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in _FORMS:
        return ""
    # Kept on the request by this, so that the route can read its form again; the boundary limits how long it is.
    await request.body()
    value = (await request.form()).get(FIELD, "")
    return value if isinstance(value, str) else ""


def _foreign() -> ProblemError:
    return ProblemError(
        "foreign_request", f"Load the page again; programs that use a session send its token as {HEADER}"
    )
