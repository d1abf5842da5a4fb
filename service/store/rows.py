"""Turns rows into records, and places in a list into cursors."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar

import orjson
from sqlalchemy import Row

from service.store.errors import RefusedError

Kind = TypeVar("Kind")
_LONGEST_CURSOR = 400


@dataclass(frozen=True, slots=True)
class Page(Generic[Kind]):
    """A piece of a list; `cursor` asks for the next one and is None at the end."""

    items: tuple[Kind, ...]
    cursor: str | None


def as_record(kind: type[Kind], row: Row[Any]) -> Kind:
    """A dataclass from the columns of a row that are called like its fields."""
    return kind(**{field.name: getattr(row, field.name) for field in fields(kind)})  # type: ignore[arg-type]


def write_cursor(place: Sequence[float | str]) -> str:
    """A place in an ordered list as an opaque word."""
    return base64.urlsafe_b64encode(orjson.dumps(list(place))).decode().rstrip("=")


def read_cursor(cursor: str, *kinds: type) -> list[Any]:
    """The place that a cursor stands for.

    Args:
        cursor: As `write_cursor` made it.
        kinds: The types of its parts.

    Raises:
        RefusedError: It is not such a cursor.
    """
    try:
        if len(cursor) > _LONGEST_CURSOR:
            raise ValueError(cursor)
        place = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error):
        place = None
    if not isinstance(place, list) or [type(part) for part in place] != list(kinds) or _is_too_large(place):
        raise RefusedError("cursor", "not one that this list gave; allowed: the cursor of the page before")
    return place


def _is_too_large(place: Sequence[Any]) -> bool:
    # No database has such a number, and its driver would say so in its own way.
    return any(isinstance(part, int) and abs(part) >= 1 << 63 for part in place)
