"""What the wire shapes of the desk share: how strict requests are, ids, moments, pages."""

import re
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from service.store.rows import Page

Kind = TypeVar("Kind", bound="Answer")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
# Keeps controls, which one of the databases cannot hold, out of labels that filters compare.
LABEL = r"^[^\x00-\x1f\x7f-\x9f]*$"


class Asked(BaseModel):
    """A request body: "5" is not a number, and unknown fields are errors, not wishes ignored."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class Answer(BaseModel):
    """An answer, made from a record."""

    model_config = ConfigDict(from_attributes=True)

    @classmethod
    def of(cls, record: object) -> Self:
        """The answer for a record with fields of the same names."""
        return cls.model_validate(record)


class PageOut(Answer, Generic[Kind]):
    """A piece of a list."""

    items: list[Kind]
    cursor: str | None = Field(description="Ask with it for the next piece; null at the end.")


def page_of(kind: type[Kind], found: Page[Any]) -> PageOut[Kind]:
    """A page of records as an answer."""
    return PageOut[kind](items=[kind.of(record) for record in found.items], cursor=found.cursor)  # type: ignore[valid-type]  # a class, known when it runs


def _only_text(value: object) -> object:
    # pydantic also takes numbers, and texts of them, for seconds since 1970.
    if not isinstance(value, str) or not _MOMENT.match(value):
        raise PydanticCustomError("datetime_type", "not a moment")
    return value


def _whole(value: object) -> object:
    # JSON knows one kind of number: 14.0 is the whole number 14.
    return int(value) if isinstance(value, float) and value.is_integer() else value


Identifier = Annotated[str, Field(max_length=40, pattern="^[A-Za-z0-9-]+$")]
Label = Annotated[str, Field(min_length=1, max_length=200, pattern=LABEL)]
Moment = Annotated[
    AwareDatetime, BeforeValidator(_only_text, json_schema_input_type=AwareDatetime), Field(strict=False)
]
Limit = Annotated[int, Field(ge=1, le=200, description="Most entries of one page.")]
Cursor = Annotated[str, Field(max_length=400, pattern="^[A-Za-z0-9_-]*$", description="Of the page before.")]
Share = Annotated[float, Field(ge=0, le=1)]
# Code points; no text is as long.
Offset = Annotated[int, Field(ge=0, le=100_000_000), BeforeValidator(_whole)]
RowNumber = Annotated[int, Field(ge=1, le=(1 << 53)), BeforeValidator(_whole)]
