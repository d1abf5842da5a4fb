"""The shapes that reading gives: a document and where it came from, or the reason why there is none."""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Self

from classifier.document import Document
from service.batch.found import MAX_CHARACTERS, STDIN, DeadLetter, Extract, Part, ReadOptions

__all__ = ["MAX_CHARACTERS", "STDIN", "DeadLetter", "Incoming", "Item", "Part", "ReadOptions"]


@dataclass(frozen=True, slots=True)
class Incoming:
    """A document and the place it was read from.

    Attributes:
        document: The text, its id, language and carried fields.
        source: The file as the caller named it, `stdin`, or `argument`.
        line: One-based line of a JSON Lines source or row of a table, its header counted, else None.
        size: Bytes of input it took up.
        member: Path inside the source: archive members, attachments, messages of a mailbox; None for the source itself.
        sheet: The sheet of a workbook that the row is in.
        parts: Where pages or parts begin in the text, in order; empty for a text without such.
        charset: The character set the bytes were read in, where it was neither UTF-8 nor stated by the format.
    """

    document: Document
    source: str
    line: int | None = None
    size: int = 0
    member: str | None = None
    sheet: str | None = None
    parts: tuple[Part, ...] = ()
    charset: str | None = None

    @classmethod
    def of(cls, extract: Extract, size: int) -> Self:
        """Return what a reader found, with the bytes of input that it took up."""
        document = Document(extract.text, extract.id, extract.language, extract.metadata)
        where = (extract.member, extract.sheet, extract.parts, extract.charset)
        return cls(document, extract.source, extract.line, size, *where)

    def reject(self, code: str, detail: str) -> DeadLetter:
        """Return the dead letter of this document."""
        return DeadLetter(self.source, self.line, self.document.id, code, detail, self.size, self.member)

    def part_at(self, offset: int) -> str | None:
        """Return the name of the part that the code point at `offset` is in, None where parts are not known."""
        index = bisect_right(self.parts, offset, key=lambda part: part.start) - 1
        return self.parts[index].name if index >= 0 else None


Item = Incoming | DeadLetter
