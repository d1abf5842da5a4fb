"""The taxonomy: `load_taxonomy` reads and checks `indicators.toml`, the one home of what each indicator means.

The first thing that is wrong is raised as a TaxonomyError that names file, table, field, value and what is allowed.
"""

import re
import reprlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import get_args

from classifier.document import Assertion
from classifier.errors import TaxonomyError

__all__ = ["ELEMENTS", "AssertionLabel", "ContextLabel", "Indicator", "Source", "Taxonomy", "load_taxonomy"]

ELEMENTS = ("act", "means", "purpose", "exploitation")
MINIMUM_BULLETS = 4  # fewer leave an analyst guessing where the line runs
# A question that opens like this can be answered by yes or no, and so suggests its answer to a person under pressure.
CLOSED_OPENINGS = frozenset(
    {"am", "are", "can", "could", "did", "do", "does", "had", "has", "have", "is", "may", "might", "must"}
    | {"shall", "should", "was", "were", "will", "would"}
)
EARLIEST_YEAR, LATEST_YEAR = 1900, 2100
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")  # ids travel in URLs, file names and columns
_VERSION = re.compile(r"[0-9]+\.[0-9]+")
_TOP_FIELDS = ("version", "notice", "source", "context", "assertion", "indicator")


@dataclass(frozen=True, slots=True)
class Source:
    """A published document that definitions rest on; `citation` is enough to find it."""

    id: str
    title: str
    publisher: str
    year: int
    citation: str


@dataclass(frozen=True, slots=True)
class ContextLabel:
    """A genre that a whole document can have."""

    id: str
    title: str
    definition: str


@dataclass(frozen=True, slots=True)
class AssertionLabel:
    """A way in which a text can hold a span: asserted, negated or hypothetical."""

    id: str
    title: str
    definition: str
    example: str


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator, with the help text that analysts read.

    Attributes:
        id: What files, APIs and spans carry.
        title: Name for people.
        definition: Two or three sentences.
        element: One of `ELEMENTS`: the Palermo Protocol art. 3 elements, or `exploitation` for conditions of work.
        sources: Ids of the sources it rests on.
        citation: Where in those sources: the named indicator, article or section.
        counts: What counts, each with an invented example.
        excludes: What does not count.
        question: An open, non-leading follow-up question for an interviewer.
        note: Care against misreading.
    """

    id: str
    title: str
    definition: str
    element: str
    sources: tuple[str, ...]
    citation: str
    counts: tuple[str, ...]
    excludes: tuple[str, ...]
    question: str
    note: str


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """Everything `indicators.toml` says, in file order."""

    version: str
    notice: str
    sources: tuple[Source, ...]
    contexts: tuple[ContextLabel, ...]
    assertions: tuple[AssertionLabel, ...]
    indicators: tuple[Indicator, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """Indicator ids in taxonomy order, the order of every score and column."""
        return tuple(indicator.id for indicator in self.indicators)

    def indicator(self, indicator_id: str) -> Indicator:
        """Return the indicator of this id.

        Raises:
            TaxonomyError: There is none.
        """
        for indicator in self.indicators:
            if indicator.id == indicator_id:
                return indicator
        raise TaxonomyError(
            f"indicator {indicator_id!r} is not in taxonomy {self.version}; allowed: {', '.join(self.ids)}"
        )


def load_taxonomy(path: Path | None = None) -> Taxonomy:
    """Load and check a taxonomy file; the packaged one, read once per process, when no path is given.

    Raises:
        TaxonomyError: The file cannot be read, is not TOML, or breaks the schema.
    """
    return _load_packaged() if path is None else _build_taxonomy(_read_top_table(path))


@cache
def _load_packaged() -> Taxonomy:
    return _build_taxonomy(_read_top_table(resources.files(__name__) / "indicators.toml"))


@dataclass(frozen=True, slots=True)
class _Table:
    """One TOML table that knows where it stands, so that every refusal can say so."""

    file: str
    name: str
    values: Mapping[str, object]

    def refusal(self, field: str, problem: str, allowed: str) -> TaxonomyError:
        return TaxonomyError(f"{self.file}: {self.name}: field {field!r}: {problem}; allowed: {allowed}")

    def bad_value(self, field: str, value: object, allowed: str) -> TaxonomyError:
        # Help texts are long, and a whole one in a message would hide what is wrong.
        return self.refusal(field, f"{reprlib.repr(value)} is not allowed", allowed)

    def check_fields(self, allowed: tuple[str, ...]) -> None:
        for field in self.values:  # a misspelt field would otherwise be lost without a word
            if field not in allowed:
                raise self.refusal(field, "unknown field", ", ".join(allowed))

    def value(self, field: str) -> object:
        if field not in self.values:
            raise self.refusal(field, "missing", "a value")
        return self.values[field]

    def text(self, field: str) -> str:
        value = self.value(field)
        if not isinstance(value, str) or not value.strip():
            raise self.bad_value(field, value, "text that is not blank")
        return value

    def matching(self, field: str, pattern: re.Pattern[str], allowed: str) -> str:
        value = self.text(field)
        if not pattern.fullmatch(value):
            raise self.bad_value(field, value, allowed)
        return value

    def choice(self, field: str, allowed: tuple[str, ...]) -> str:
        value = self.text(field)
        if value not in allowed:
            raise self.bad_value(field, value, ", ".join(allowed))
        return value

    def year(self, field: str) -> int:
        value = self.value(field)
        # bool is an int in Python, and `year = true` is a slip of the pen.
        if not isinstance(value, int) or isinstance(value, bool) or not EARLIEST_YEAR <= value <= LATEST_YEAR:
            raise self.bad_value(field, value, f"a whole number from {EARLIEST_YEAR} to {LATEST_YEAR}")
        return value

    def texts(self, field: str, *, at_least: int) -> tuple[str, ...]:
        value = self.value(field)
        items = value if isinstance(value, list) else []
        kept = tuple(item for item in items if isinstance(item, str) and item.strip())
        if len(kept) < max(at_least, len(items)) or len(set(kept)) < len(kept):
            raise self.bad_value(field, value, f"{at_least} or more different texts, none blank")
        return kept

    def choices(self, field: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
        values = self.texts(field, at_least=1)
        for value in values:
            if value not in allowed:
                raise self.bad_value(field, value, ", ".join(allowed))
        return values

    def question(self, field: str) -> str:
        value = self.text(field)
        first_words = re.findall(r"[a-z]+", value.lower())[:1]
        if not value.endswith("?") or CLOSED_OPENINGS.intersection(first_words):
            raise self.bad_value(field, value, "an open question that ends with '?'")
        return value

    def tables(self, field: str, label: type[Source | ContextLabel | AssertionLabel | Indicator]) -> list["_Table"]:
        value = self.value(field)
        if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
            raise self.refusal(field, "not a list of tables", f"one or more [[{field}]]")
        tables = [
            _Table(self.file, f"[[{field}]] number {number} ({item.get('id', 'no id')})", item)
            for number, item in enumerate(value, start=1)
        ]
        seen: set[str] = set()
        for table in tables:
            table.check_fields(tuple(attribute.name for attribute in fields(label)))
            identifier = table.matching("id", _IDENTIFIER, "lower-case letters, digits and underscores, a letter first")
            if identifier in seen:
                raise table.refusal("id", f"{identifier!r} is used twice", "an id of its own")
            seen.add(identifier)
        return tables


def _read_top_table(file: Path | Traversable) -> _Table:
    name = str(file) if isinstance(file, Path) else file.name
    try:
        values = tomllib.loads(file.read_bytes().decode("utf-8"))
    except OSError as error:
        raise TaxonomyError(f"{name}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise TaxonomyError(f"{name}: byte {error.start} is not UTF-8; allowed: TOML in UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise TaxonomyError(f"{name}: not TOML: {error}") from error
    return _Table(name, "top level", values)


def _build_taxonomy(top: _Table) -> Taxonomy:
    top.check_fields(_TOP_FIELDS)
    sources = tuple(_build_source(table) for table in top.tables("source", Source))
    source_ids = tuple(source.id for source in sources)
    return Taxonomy(
        version=top.matching("version", _VERSION, "two numbers with a dot, such as 1.0"),
        notice=top.text("notice"),
        sources=sources,
        contexts=tuple(_build_context(table) for table in top.tables("context", ContextLabel)),
        assertions=_build_assertions(top),
        indicators=tuple(_build_indicator(table, source_ids) for table in top.tables("indicator", Indicator)),
    )


def _build_source(table: _Table) -> Source:
    return Source(
        id=table.text("id"),
        title=table.text("title"),
        publisher=table.text("publisher"),
        year=table.year("year"),
        citation=table.text("citation"),
    )


def _build_context(table: _Table) -> ContextLabel:
    return ContextLabel(id=table.text("id"), title=table.text("title"), definition=table.text("definition"))


def _build_assertions(top: _Table) -> tuple[AssertionLabel, ...]:
    labels = tuple(
        AssertionLabel(
            id=table.choice("id", get_args(Assertion)),
            title=table.text("title"),
            definition=table.text("definition"),
            example=table.text("example"),
        )
        for table in top.tables("assertion", AssertionLabel)
    )
    # The code branches on these words, so a file may reword them but may not drop one.
    missing = sorted(set(get_args(Assertion)) - {label.id for label in labels})
    if missing:
        raise top.refusal("assertion", f"{', '.join(missing)} missing", f"all of {', '.join(get_args(Assertion))}")
    return labels


def _build_indicator(table: _Table, source_ids: tuple[str, ...]) -> Indicator:
    return Indicator(
        id=table.text("id"),
        title=table.text("title"),
        definition=table.text("definition"),
        element=table.choice("element", ELEMENTS),
        sources=table.choices("sources", source_ids),
        citation=table.text("citation"),
        counts=table.texts("counts", at_least=MINIMUM_BULLETS),
        excludes=table.texts("excludes", at_least=MINIMUM_BULLETS),
        question=table.question("question"),
        note=table.text("note"),
    )
