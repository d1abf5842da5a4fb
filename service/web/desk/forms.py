"""Forms of the desk as plain texts, and the one thing a reader's browser keeps: when they last paused."""

from datetime import UTC, datetime

from fastapi import Request
from starlette.responses import Response

from service.store.errors import RefusedError

PAUSE_COOKIE = "tellsign_pause"
_MOST_FIELDS = 600
_DAY_SECONDS = 86_400


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form by name, the last of each; files are left out."""
    form = await request.form(max_files=0, max_fields=_MOST_FIELDS)
    return {name: value.replace("\r\n", "\n") for name, value in form.multi_items() if isinstance(value, str)}


async def read_list(request: Request, name: str) -> list[str]:
    """Every value of a field that a form may hold more than once."""
    form = await request.form(max_files=0, max_fields=_MOST_FIELDS)
    return [value for value in form.getlist(name) if isinstance(value, str)]


def whole_number(form: dict[str, str], name: str) -> int | None:
    """A field as a whole number; None where it is empty.

    Raises:
        RefusedError: It is something else.
    """
    value = form.get(name, "").strip()
    if not value:
        return None
    if not value.isascii() or not value.isdigit() or len(value) > 18:
        raise RefusedError(name, "is not a whole number; allowed: digits")
    return int(value)


def pause_of(request: Request) -> datetime | None:
    """When the reader last said that they pause, as their browser remembers it; None when it does not.

    It only moves the next offer of a pause, so nobody gains anything by changing it.
    """
    value = request.cookies.get(PAUSE_COOKIE, "")
    if not value.isascii() or not value.isdigit() or len(value) > 11:
        return None
    return datetime.fromtimestamp(int(value), UTC)


def keep_pause(response: Response, moment: datetime) -> None:
    """Let the reader's browser remember for a day when they paused; the server keeps nothing of it."""
    value = str(int(moment.timestamp()))
    response.set_cookie(PAUSE_COOKIE, value, max_age=_DAY_SECONDS, httponly=True, samesite="lax", path="/")
