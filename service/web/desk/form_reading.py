"""Forms of the desk's pages: their fields, and what a page says after one was sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs

from fastapi import Request

from classifier.errors import TellsignError
from service.problems import FieldError, ProblemError, as_problem
from service.store.errors import RefusedError
from service.submissions import read_body
from service.web.wording import full_sentence

_FORM = "application/x-www-form-urlencoded"
_MOST_BYTES, _MOST_FIELDS = 64 * 1024, 100


@dataclass(frozen=True, slots=True)
class Message:
    """What a page says first: `kind` is done, problem or secret."""

    kind: str
    title: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a form, as typed."""

    values: Mapping[str, list[str]]

    def text(self, name: str) -> str:
        """A field without white space at its ends; empty when it was not sent."""
        return self.raw(name).strip()

    def raw(self, name: str) -> str:
        """A field as it was typed, for passwords; empty when it was not sent."""
        return self.values.get(name, [""])[0]

    def several(self, name: str) -> list[str]:
        """All values of a field that can be ticked more than once."""
        return self.values.get(name, [])

    def number(self, name: str, *, least: int, most: int) -> int | None:
        """A whole number; None when the field was left empty.

        Raises:
            RefusedError: It is no number, or not between the two.
        """
        value = self.text(name)
        if not value:
            return None
        number = int(value) if value.isascii() and value.isdigit() and len(value) <= 9 else -1
        if not least <= number <= most:
            raise RefusedError(name, f"is not allowed; allowed: a whole number from {least} to {most}")
        return number


async def read_fields(request: Request) -> Fields:
    """The fields that a form of ours sent.

    Raises:
        ProblemError: `invalid_request`: another media type, too many fields or bytes that are not UTF-8;
            `body_too_large`.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        error = FieldError("Content-Type", "is not that of a form", _FORM)
        raise ProblemError("invalid_request", "The page takes its own form only", errors=[error])
    body = await read_body(request, limit=_MOST_BYTES)
    try:
        values = parse_qs(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise ProblemError("invalid_request", "The form cannot be read") from None
    return Fields({name: [value.replace("\r\n", "\n") for value in given] for name, given in values.items()})


def problem_of(request: Request, error: ProblemError | TellsignError) -> tuple[Message, int]:
    """What a page says of an error, and its HTTP status; the code is left on the request for the log line.

    Args:
        request: The request that failed.
        error: Raised by a step of the store or by the desk.
    """
    problem = as_problem(error)
    request.state.problem = problem.code
    said = [f"{entry.field.replace('_', ' ')} {entry.detail}; allowed: {entry.allowed}" for entry in problem.errors]
    title = "That is not allowed" if problem.code == "invalid_request" else problem.title
    return Message("problem", title, full_sentence("; ".join(said) or problem.detail)), problem.status


def read_day(name: str, value: str, *, after: bool = False) -> datetime | None:
    """A day as typed (`2030-01-07`) as the moment it begins in UTC; None when it was left empty.

    Args:
        name: Of the field.
        value: As typed.
        after: The moment after the day instead.

    Raises:
        RefusedError: It is no day.
    """
    if not value:
        return None
    try:
        day = date.fromisoformat(value)
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return start + timedelta(days=int(after))
    except (ValueError, OverflowError):
        raise RefusedError(name, "is no day; allowed: year-month-day such as 2030-01-07") from None
