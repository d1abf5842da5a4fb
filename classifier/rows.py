"""Lays analyses out as rows of a table: one a document, one an indicator, or one a piece of evidence.

No document is lost in any shape: one that could not be analysed, and one without evidence, has a row of its own.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import isnan
from typing import Any, Literal, Protocol, get_args

from classifier.document import Analysis, Document
from classifier.errors import DocumentError, TellsignError
from classifier.taxonomy import load_taxonomy

Shape = Literal["wide", "long", "spans"]
Kind = Literal["text", "number", "count", "truth"]
Row = dict[str, Any]

_DOCUMENT: Mapping[str, Kind] = {
    "characters": "count",
    "language": "text",
    "context": "text",
    "review_probability": "number",
    "review_threshold": "number",
    "review_flagged": "truth",
    "reasons": "text",
}
_INDICATOR: Mapping[str, Kind] = {
    "indicator": "text",
    "probability": "number",
    "threshold": "number",
    "flagged": "truth",
    "state": "text",
    "log_odds": "number",
    "spans": "count",
}
_EVIDENCE: Mapping[str, Kind] = {
    "indicator": "text",
    "start": "count",
    "end": "count",
    "text": "text",
    "assertion": "text",
    "source": "text",
    "contribution": "number",
    "sentence": "count",
}
_LAST: Mapping[str, Kind] = {"warnings": "text", "tier": "text"}
_ERROR: Mapping[str, Kind] = {"error": "text", "error_detail": "text"}
# What libraries put where nothing is, beside the float that is no number.
_MISSING = frozenset({"NoneType", "NAType", "NaTType"})


class TableError(TellsignError):
    """A table cannot be read or laid out as asked; the message names what is allowed."""


class Reads(Protocol):
    """What analyses documents in order: an analyzer, or a stand-in for one."""

    def analyze_many(self, documents: Iterable[Document]) -> Iterator[Analysis | DocumentError]:
        """Give an analysis or an error for every document."""


def columns_of(shape: Shape) -> dict[str, Kind]:
    """Name the columns of a shape, in order, with what they hold; the same for any data.

    In `wide`, an indicator has `<id>` with its probability, `<id>_flagged` and `<id>_state`, as in the files of
    `tellsign score`. `long` and `spans` begin with `document`, the number of the document, 0-based.

    Raises:
        TableError: there is no such shape.
    """
    if shape not in get_args(Shape):
        raise TableError(f"shape '{shape}' is unknown; allowed: {', '.join(get_args(Shape))}")
    if shape == "long":
        return {"document": "count", **_INDICATOR, **_ERROR}
    if shape == "spans":
        return {"document": "count", **_EVIDENCE, **_ERROR}
    columns = dict(_DOCUMENT)
    for ending, kind in (("", "number"), ("_flagged", "truth"), ("_state", "text")):
        columns |= {f"{name}{ending}": kind for name in load_taxonomy().ids}  # type: ignore[misc]  # three literals
    return {**columns, **_LAST, **_ERROR}


def analyze_rows(analyzer: Reads, items: Iterable[object], *, shape: Shape = "wide") -> Iterator[Row]:
    """Analyse a stream and give its rows as they come, each with the columns of `columns_of` behind `id`.

    Args:
        analyzer: The model.
        items: Texts, `Document`s, or mappings with `text` and perhaps `id` and `language`; anything else, and whatever
            cannot be analysed, gives a row with `error`.
        shape: `wide`: a row a document; `long`: a row for each document and indicator; `spans`: a row for each piece
            of evidence.

    Raises:
        TableError: there is no such shape.
    """
    names = ("id", *columns_of(shape))
    return _stream(analyzer, items, shape, names)


def _stream(analyzer: Reads, items: Iterable[object], shape: Shape, names: tuple[str, ...]) -> Iterator[Row]:
    empty: Row = dict.fromkeys(names)
    ids: dict[int, str | None] = {}
    refused: dict[int, DocumentError] = {}

    def documents() -> Iterator[Document]:
        for number, item in enumerate(items):
            document, error = read_item(item)
            ids[number] = document.id
            if error is not None:
                refused[number] = error
            yield document

    for number, outcome in enumerate(analyzer.analyze_many(documents())):
        error, name = refused.pop(number, None), ids.pop(number)
        for row in lay_out(error or outcome, number, shape):
            yield empty | row | {"id": name}


def read_item(item: object) -> tuple[Document, DocumentError | None]:
    """Make a document of what a caller gave, and say what is wrong with its language."""
    if isinstance(item, Document):
        return item, None
    if not isinstance(item, Mapping):
        # The analyzer says of a wrong type what it is.
        return Document(item), None  # type: ignore[arg-type]
    name, language = item.get("id"), item.get("language")
    shown = None if is_missing(name) else str(name)
    if is_missing(language):
        return Document(item.get("text"), shown), None  # type: ignore[arg-type]
    if isinstance(language, str):
        return Document(item.get("text"), shown, language), None  # type: ignore[arg-type]
    detail = f"the language is a {type(language).__name__}; it must be a string or missing"
    return Document("", shown), DocumentError("not_language", detail)


def is_missing(value: object) -> bool:
    """Say whether a cell is empty, in the way of any library."""
    return type(value).__name__ in _MISSING or (isinstance(value, float) and isnan(value))


def lay_out(outcome: Analysis | DocumentError, number: int, shape: Shape) -> Iterator[Row]:
    """Give the rows of one document; what a row does not know is left out of it."""
    place: Row = {} if shape == "wide" else {"document": number}
    if isinstance(outcome, DocumentError):
        yield place | {"error": outcome.code, "error_detail": str(outcome)}
        return
    for row in _ROWS[shape](outcome):
        yield place | row


def _wide(analysis: Analysis) -> Iterator[Row]:
    review = analysis.review
    row: Row = {
        "characters": analysis.characters,
        "language": analysis.language.code,
        "context": analysis.context.label,
        "review_probability": review.probability,
        "review_threshold": review.threshold,
        "review_flagged": review.flagged,
        "reasons": " ".join(review.reasons),
        "warnings": " ".join(warning.code for warning in analysis.warnings),
        "tier": analysis.tier,
    }
    for score in analysis.indicators:
        row |= {score.id: score.probability, f"{score.id}_flagged": score.flagged, f"{score.id}_state": score.state}
    yield row


def _long(analysis: Analysis) -> Iterator[Row]:
    for score in analysis.indicators:
        fields = ("probability", "threshold", "flagged", "state", "log_odds")
        yield {"indicator": score.id, **{name: getattr(score, name) for name in fields}, "spans": len(score.spans)}


def _spans(analysis: Analysis) -> Iterator[Row]:
    found = False
    for score in analysis.indicators:
        for span in score.spans:
            found = True
            yield {"indicator": score.id, **{name: getattr(span, name) for name in _EVIDENCE if name != "indicator"}}
    if not found:
        yield {}


_ROWS: Mapping[str, Callable[[Analysis], Iterator[Row]]] = {"wide": _wide, "long": _long, "spans": _spans}
