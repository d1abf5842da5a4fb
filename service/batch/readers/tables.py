"""Rows of tables: which column holds the text, which the id, and what becomes of a row without."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from service.batch.found import Extract, Found, ReadOptions
from service.batch.readers.source import Source, UnreadableError

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}\Z")
_MAX_VALUE = 1000
_MAX_NAMED = 50
_MAX_NAME = 60
# A tuple: cells may be lists, which no set can be asked for.
_BLANK = (None, "")


def record_in(
    record: Mapping[str, object], default_id: str, source: Source, *, line: int, sheet: str | None = None
) -> Found:
    """Return the document that a JSON object or a row is, or why it is none."""
    options = source.options
    name, text, language = record.get(options.id_field), record.get(options.text_field), record.get("language")
    if name is not None and (isinstance(name, bool) or not isinstance(name, str | int)):
        detail = f"field '{options.id_field}' is {_kind(name)}; allowed: string, 64-bit integer, null or no such field"
        return source.dead("bad_id", detail, line=line)
    known_as = default_id if name is None else str(name)
    if not isinstance(text, str):
        detail = f"field '{options.text_field}' is {_kind(text)}; allowed: string"
        return source.dead("no_text", detail, line=line, name=known_as)
    if language is None:
        language = options.language
    elif isinstance(language, str) and _LANGUAGE.match(language):
        language = language.lower()
    else:
        detail = "field 'language' is not a code of two or three letters"
        return source.dead("bad_language", detail, line=line, name=known_as)
    carried = _carried(record, options) if options.metadata_fields else {}
    return Extract(text, known_as, source.path, language, carried, line, source.member, sheet)


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one table or sheet.

    Attributes:
        source: Where it is.
        columns: The names of its columns.
        sheet: The name of the sheet, where a file may hold several.
    """

    source: Source
    columns: Sequence[str]
    sheet: str | None = None

    def check(self) -> None:
        """Refuse a table without a text column.

        Raises:
            UnreadableError: Names the columns there are, unless the first row looks like a document.
        """
        wanted = self.source.options.text_field
        if wanted in self.columns:
            return
        where = f"sheet {self.sheet!r} has " if self.sheet is not None else ""
        named = ", ".join(f"'{name}'" for name in self.columns[:_MAX_NAMED])
        if not self.columns or any(not _is_name(name) for name in self.columns):
            named = f"{len(self.columns)} whose first row holds no names"
        raise UnreadableError("no_text_column", f"{where}no column '{wanted}'; columns: {named}; see --text-field")

    def rows(self, rows: Iterable[Sequence[object]], *, first: int) -> Iterator[Found]:
        """Yield a document or a dead letter for each row that is not blank, `first` being the number of the first."""
        options = self.source.options
        begin = self.source.label if self.sheet is None else f"{self.source.label}!{self.sheet}"
        wanted = {options.text_field, options.id_field, "language", *options.metadata_fields}
        places = [(name, place) for place, name in enumerate(self.columns) if name in wanted]
        for number, row in enumerate(rows, first):
            record = {name: row[place] for name, place in places if place < len(row) and row[place] not in _BLANK}
            if not record and not any(cell not in _BLANK for cell in row):
                continue
            yield record_in(record, f"{begin}#{number}", self.source, line=number, sheet=self.sheet)


def _carried(record: Mapping[str, object], options: ReadOptions) -> dict[str, object]:
    return {name: _plain(record[name]) for name in options.metadata_fields if name in record}


def _plain(value: object) -> object:
    """Return a value that JSON can carry."""
    return value if value is None or isinstance(value, bool | int | float) else str(value)[:_MAX_VALUE]


def _is_name(name: str) -> bool:
    # A first row of values instead of names would put a document's words into the reason.
    short = 0 < len(name) <= _MAX_NAME and len(name.split()) <= 6
    return short and name.isprintable() and not re.search(r"@|\d{4}", name)


def _kind(value: object) -> str:
    names = {type(None): "missing or null", bool: "a boolean", int: "a number", float: "a number", list: "a list"}
    return names.get(type(value), "a string" if isinstance(value, str) else "an object")
