"""Signing in and out and choosing another password; the cookie of a session."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from fastapi import Request
from starlette.responses import Response

from service.desk.csrf import COOKIE
from service.desk.desk import Desk
from service.desk.passwords import must_change
from service.problems import ProblemError, retry_after
from service.settings import is_loopback
from service.store.errors import RefusedError
from service.store.sessions import close_session, open_session
from service.store.store import Transaction
from service.store.users import (
    UserRecord,
    change_user,
    find_user,
    password_hash_of,
    read_user,
    record_failed_sign_in,
    record_sign_in,
)

# Says that a session was given, to a browser that may drop its cookie: see `lost_session`.
_GIVEN_COOKIE = "tellsign_signed_in"
_GIVEN_SECONDS = 30
# Each waits for the slow hash of those before; nobody waits for longer than this many.
_MOST_WAITING = 50


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that was opened: its token for the cookie, whose it is, and whether the password has to be changed."""

    token: str
    user: UserRecord
    one_time: bool


async def sign_in(desk: Desk, name: str, password: str, *, address: str) -> SignedIn:
    """Open a session for who knows the password.

    Args:
        desk: The desk.
        name: As it was typed.
        password: As it was typed.
        address: Of the client, to count attempts.

    Raises:
        ProblemError: `sign_in_failed`, with the same words whatever was wrong; `rate_exceeded` or `overloaded`.
    """
    desk.attempts.hit(address)
    if desk.hashing.statistics().tasks_waiting >= _MOST_WAITING:
        raise retry_after("overloaded", "Too many people sign in at once", 5)

    def work() -> SignedIn | None:
        with desk.store.read() as tx:
            user = find_user(tx, name)
        if user is None:
            # Somebody who does not exist takes as long.
            desk.passwords.matches(None, password)
            return None
        return desk.store.run(lambda tx: _open(tx, desk, user.id)) if _is_theirs(desk, user.id, password) else None

    signed_in = await desk.hash(work)
    if signed_in is None:
        raise _failed(desk)
    return signed_in


async def sign_out(desk: Desk, request: Request) -> None:
    """End the session of a request, if there is one; the answer should then `drop_cookie`."""
    token = request.cookies.get(COOKIE)
    if token is not None:
        await desk.write(lambda tx: close_session(tx, token))


async def change_password(desk: Desk, user: UserRecord, *, current: str, new: str) -> str:
    """Give a person another password; all of their sessions end.

    Args:
        desk: The desk.
        user: Who is signed in.
        current: The password until now.
        new: The one from now on.

    Returns:
        The token of a new session.

    Raises:
        ProblemError: `sign_in_failed`: the current one is wrong, which counts like a failed sign-in.
        RefusedError: The new one may not be taken.
    """
    desk.passwords.check(new, name=user.name)
    if new == current:
        raise RefusedError("password", "is the one until now; allowed: another")

    def work() -> str | None:
        if not _is_theirs(desk, user.id, current):
            return None
        password_hash = desk.passwords.hash(new)

        def change(tx: Transaction) -> str:
            change_user(tx, user.id, actor=user.id, password_hash=password_hash)
            return _open(tx, desk, user.id).token

        return desk.store.run(change)

    token = await desk.hash(work)
    if token is None:
        raise _failed(desk)
    return token


def set_cookie(response: Response, request: Request, token: str, desk: Desk) -> None:
    """Give the browser its session."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(desk.settings.session_hours * 3_600),
        httponly=True,
        samesite="lax",
        secure=needs_secure_cookie(request),
    )
    if needs_secure_cookie(request) and request.url.scheme == "http":
        response.set_cookie(_GIVEN_COOKIE, "1", max_age=_GIVEN_SECONDS, httponly=True, samesite="lax")


def lost_session(request: Request) -> bool:
    """Whether somebody signed in a moment ago and the browser did not keep it: over plain HTTP to another machine.

    Only the browser knows whether its side of a proxy is TLS, so nothing can be said before.
    """
    return _GIVEN_COOKIE in request.cookies and COOKIE not in request.cookies


def drop_cookie(response: Response) -> None:
    """Take the session from the browser."""
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")
    response.delete_cookie(_GIVEN_COOKIE, httponly=True, samesite="lax")


def needs_secure_cookie(request: Request) -> bool:
    """Whether cookies may travel over TLS only: everywhere but over plain HTTP on this machine."""
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    return request.url.scheme == "https" or not is_loopback(host)


def open_for(tx: Transaction, desk: Desk, user_id: str) -> str:
    """Open a session for somebody whose identity was proved elsewhere; returns its token."""
    return _open(tx, desk, user_id).token


def _open(tx: Transaction, desk: Desk, user_id: str) -> SignedIn:
    record_sign_in(tx, user_id)
    token = open_session(tx, user_id, lifetime=timedelta(hours=desk.settings.session_hours))
    return SignedIn(token, read_user(tx, user_id), must_change(password_hash_of(tx, user_id)))


def _is_theirs(desk: Desk, user_id: str, password: str) -> bool:
    """Whether the password is the user's; failures are counted, and a locked user is not even compared."""
    with desk.store.read() as tx:
        user, kept = read_user(tx, user_id), password_hash_of(tx, user_id)
        locked = user.locked_until is not None and user.locked_until > tx.now
    if locked or not user.active or kept is None:
        return desk.passwords.matches(None, password)
    if desk.passwords.matches(kept, password):
        return True
    lock_for = timedelta(minutes=desk.settings.lock_minutes)
    desk.store.run(lambda tx: record_failed_sign_in(tx, user_id, limit=desk.settings.lock_after, lock_for=lock_for))
    return False


def _failed(desk: Desk) -> ProblemError:
    settings = desk.settings
    return ProblemError(
        "sign_in_failed",
        f"Nobody is signed in; {settings.lock_after} failures in a row close an account "
        f"for {settings.lock_minutes:g} minutes",
    )
