"""Column types that read the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer
from sqlalchemy.types import TypeDecorator, TypeEngine

# SQLite numbers rows by itself only in a column that is exactly INTEGER.
Number = BigInteger().with_variant(Integer(), "sqlite")


class Moment(TypeDecorator[datetime]):
    """A UTC moment, kept as whole milliseconds since 1970: sorts and compares alike on every database."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Give the type of the column underneath."""
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - its shape
        """Turn an aware datetime into milliseconds.

        Raises:
            ValueError: The moment has no time zone.
        """
        return None if value is None else milliseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - its shape
        """Turn milliseconds into an aware datetime."""
        return None if value is None else moment(value)


def milliseconds(value: datetime) -> int:
    """Milliseconds since 1970 of an aware datetime.

    Raises:
        ValueError: The moment has no time zone.
    """
    if value.tzinfo is None:
        raise ValueError("a moment needs a time zone; allowed: aware datetimes")
    # Whole numbers all the way: a float of seconds would lose the last millisecond of far dates.
    delta = value - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000 + delta.microseconds // 1_000


def moment(value: int) -> datetime:
    """The aware datetime of milliseconds since 1970."""
    seconds, rest = divmod(value, 1_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1_000)
