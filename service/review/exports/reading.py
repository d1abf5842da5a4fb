"""What is read back from the files of other tools: documents with spans, checked before anything uses them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, get_args

from classifier.document import Assertion
from classifier.errors import TellsignError
from classifier.taxonomy import load_taxonomy
from service.review.reviewed import LabelledSpan


class ExportError(TellsignError):
    """A file is not of the shape that its format has; the message names the place, never the text."""


@dataclass(frozen=True, slots=True)
class ReadBack:
    """One document of a file: its id, its text where the format carries it, and its spans."""

    document: str
    text: str | None = field(repr=False)
    spans: tuple[LabelledSpan, ...]


def read_span(text: str | None, start: Any, end: Any, indicator: str, assertion: str) -> LabelledSpan:
    """A span, checked against the text and the taxonomy.

    Raises:
        ValueError: An offset, the indicator or the assertion is not allowed.
    """
    longest = len(text) if text is not None else end
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= longest:
        raise ValueError(f"offsets {start!r} and {end!r}; allowed: 0 <= start < end <= {longest}")
    if indicator not in load_taxonomy().ids:
        raise ValueError(f"indicator {indicator[:60]!r}; allowed: {', '.join(load_taxonomy().ids)}")
    for known in get_args(Assertion):
        if known == assertion:
            return LabelledSpan(start, end, indicator, known)
    raise ValueError(f"assertion {assertion[:20]!r}; allowed: {', '.join(get_args(Assertion))}")


@contextmanager
def refuse_row(place: str) -> Iterator[None]:
    """Turn what goes wrong inside into an `ExportError` that names the place.

    Raises:
        ExportError: Something did.
    """
    try:
        yield
    except KeyError as error:
        raise ExportError(f"{place}: field {error} is missing") from None
    except (TypeError, AttributeError, IndexError):
        raise ExportError(f"{place}: a field has another type than the format gives it") from None
    except ValueError as error:
        # A JSON error repeats nothing of the line but its place; the others are our own words.
        raise ExportError(f"{place}: {error}") from None
