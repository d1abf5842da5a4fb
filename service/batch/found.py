"""What readers give, in shapes that need nothing else of Tellsign: the reading process starts many times."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

MAX_CHARACTERS = 100_000
STDIN = "stdin"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a document's text: what it is called, as `page 3`, and its first code point."""

    name: str
    start: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A document that got no analysis: where it is and why, never what it says.

    Attributes:
        source: The file as the caller named it, `stdin`, or `argument`.
        line: One-based line of a JSON Lines source or row of a table, its header counted, else None.
        id: The document's id where it could be read.
        code: Stable machine word.
        detail: A sentence for people, without document text.
        size: Bytes of input it took up.
        member: Path inside the source, as `mails.zip` holds `a.eml!plan.pdf`; None for the source itself.
    """

    source: str
    line: int | None
    id: str | None
    code: str
    detail: str
    size: int = 0
    member: str | None = None

    def to_json(self) -> bytes:
        """Return the line of the dead-letter file, without its line feed."""
        fields = {"source": self.source, "line": self.line, "id": self.id, "code": self.code, "detail": self.detail}
        return orjson.dumps(fields if self.member is None else fields | {"member": self.member})


@dataclass(frozen=True, slots=True)
class Extract:
    """The text of one document and where it is; `service.batch.items.Incoming` says what each field means."""

    text: str = field(repr=False)
    id: str | None
    source: str
    language: str | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)
    line: int | None = None
    member: str | None = None
    sheet: str | None = None
    parts: tuple[Part, ...] = ()
    charset: str | None = None

    def reject(self, code: str, detail: str) -> DeadLetter:
        """Return the dead letter of this document."""
        return DeadLetter(self.source, self.line, self.id, code, detail, member=self.member)


Found = Extract | DeadLetter


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read.

    Attributes:
        text_field: The JSON field or table column that holds the text.
        id_field: The JSON field or table column that holds the id.
        language: ISO 639 code of the documents that do not name their own, or None to detect.
        max_characters: Longest text, in code points; a longer plain file is refused without being read whole.
        metadata_fields: Further fields or columns that are carried with the document by name.
    """

    text_field: str = "text"
    id_field: str = "id"
    language: str | None = None
    max_characters: int = MAX_CHARACTERS
    metadata_fields: tuple[str, ...] = ()
