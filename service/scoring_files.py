"""Reads documents from files, folders and standard input, one at a time; what cannot be read becomes a dead letter."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import orjson

from classifier.document import Document

MAX_CHARACTERS = 100_000
# The size of the largest request body of the HTTP service; longer lines are skipped without being held.
MAX_LINE_BYTES = 16 * 2**20
STDIN = "stdin"

_BOM = b"\xef\xbb\xbf"
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}\Z")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A document that got no analysis: where it is and why, never what it says.

    Attributes:
        source: The file as the caller named it, `stdin`, or `argument`.
        line: One-based line of a JSON Lines source, else None.
        id: The document's id where it could be read.
        code: Stable machine word.
        detail: A sentence for people, without document text.
        size: Bytes of input it took up.
    """

    source: str
    line: int | None
    id: str | None
    code: str
    detail: str
    size: int = 0

    def to_json(self) -> bytes:
        """Return the line of the dead-letter file, without its line feed."""
        fields = {"source": self.source, "line": self.line, "id": self.id, "code": self.code, "detail": self.detail}
        return orjson.dumps(fields)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A document and the place it was read from; `size` is the bytes of input it took up."""

    document: Document
    source: str
    line: int | None = None
    size: int = 0

    def reject(self, code: str, detail: str) -> DeadLetter:
        """Return the dead letter of this document."""
        return DeadLetter(self.source, self.line, self.document.id, code, detail, self.size)


Item = Incoming | DeadLetter


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read.

    Attributes:
        text_field: The JSON field that holds the text.
        id_field: The JSON field that holds the id.
        language: ISO 639 code of the documents that do not name their own, or None to detect.
        max_characters: Longest text, in code points; a longer plain file is refused without being read whole.
    """

    text_field: str = "text"
    id_field: str = "id"
    language: str | None = None
    max_characters: int = MAX_CHARACTERS


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file to read and the short name that its documents are called by."""

    path: Path
    label: str


Reader = Callable[[BinaryIO, InputFile, ReadOptions], Iterator[Item]]


def find_files(arguments: Sequence[Path], *, skip: frozenset[Path] = frozenset()) -> Iterator[InputFile | DeadLetter]:
    """Yield the files that the arguments name, folders walked in sorted order.

    A file in a folder is called by its path inside that folder, with the folder's name in front when there are several
    arguments. Hidden entries, links to folders and the resolved paths in `skip` are left out.
    """
    for argument in arguments:
        if argument.is_dir():
            prefix = f"{argument.resolve().name}/" if len(arguments) > 1 else ""
            yield from _walk(argument, prefix, skip)
        else:
            yield InputFile(argument, _utf8(argument.name if argument.is_absolute() else argument.as_posix()))


def read_files(files: Iterable[InputFile | DeadLetter], options: ReadOptions) -> Iterator[Item]:
    """Yield every document of the files, in order; a file that cannot be read is one dead letter."""
    for file in files:
        if isinstance(file, DeadLetter):
            yield file
            continue
        reader = READERS.get(file.path.suffix.lower())
        if reader is None:
            detail = f"suffix {file.path.suffix!r}; allowed: {', '.join(READERS)}"
            yield _dead(file, "unsupported_format", detail, name=file.label)
            continue
        try:
            with file.path.open("rb") as stream:
                yield from reader(stream, file, options)
        except OSError as error:
            yield _dead(file, "unreadable", error.strerror or type(error).__name__)


def read_stdin(stream: BinaryIO, options: ReadOptions, *, jsonl: bool) -> Iterator[Item]:
    """Yield the documents of a stream: JSON Lines when told so or when its first line is a JSON object, else one."""
    file = InputFile(Path(STDIN), STDIN)
    first = stream.readline(MAX_LINE_BYTES + 1)
    if jsonl or _is_object(first):
        yield from _read_lines(_split(stream, first), file, options)
    else:
        limit = _byte_limit(options)
        yield _whole_text(first + stream.read(max(0, limit + 1 - len(first))), file, None, options)


def read_text(stream: BinaryIO, file: InputFile, options: ReadOptions) -> Iterator[Item]:
    """Yield the one document that a plain file is."""
    yield _whole_text(stream.read(_byte_limit(options) + 1), file, file.label, options)


def read_json_lines(stream: BinaryIO, file: InputFile, options: ReadOptions) -> Iterator[Item]:
    """Yield a document for each line that is a JSON object with a text."""
    yield from _read_lines(_split(stream, stream.readline(MAX_LINE_BYTES + 1)), file, options)


READERS: Mapping[str, Reader] = {".jsonl": read_json_lines, ".md": read_text, ".txt": read_text}


def input_bytes(files: Iterable[InputFile | DeadLetter]) -> int:
    """Return the size of all files together, in bytes; one that cannot be asked counts 0."""
    total = 0
    for file in files:
        if isinstance(file, InputFile) and file.path.is_file():
            total += file.path.stat().st_size
    return total


def _walk(folder: Path, prefix: str, skip: frozenset[Path]) -> Iterator[InputFile | DeadLetter]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        yield DeadLetter(_utf8(str(folder)), None, None, "unreadable", error.strerror or type(error).__name__)
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.resolve() in skip:
            continue
        if not entry.is_dir():
            yield InputFile(entry, prefix + _utf8(entry.name))
        elif not entry.is_symlink():
            yield from _walk(entry, f"{prefix}{_utf8(entry.name)}/", skip)


def _split(stream: BinaryIO, first: bytes) -> Iterator[tuple[bytes | None, int]]:
    """Yield each line and its size; None for a line over the limit, which is read past in pieces."""
    for line in chain([first.removeprefix(_BOM)], iter(lambda: stream.readline(MAX_LINE_BYTES + 1), b"")):
        if len(line) <= MAX_LINE_BYTES or line.endswith(b"\n"):
            yield line, len(line)
            continue
        size, piece = len(line), line
        while piece and not piece.endswith(b"\n"):
            piece = stream.readline(MAX_LINE_BYTES)
            size += len(piece)
        yield None, size


def _read_lines(lines: Iterable[tuple[bytes | None, int]], file: InputFile, options: ReadOptions) -> Iterator[Item]:
    reported = 0
    for number, (line, size) in enumerate(lines, 1):
        if line is not None and not line.strip():
            continue
        # Only blank lines with something after them are reported: those that end a file are how editors end files.
        for blank in range(reported + 1, number):
            yield _dead(file, "blank_line", "a blank line", line=blank, size=1)
        reported = number
        if line is None:
            detail = f"a line of {size} bytes; allowed: {MAX_LINE_BYTES}"
            yield _dead(file, "line_too_long", detail, line=number, size=size)
        else:
            yield _read_record(line, number, file, options)


class _UnusableError(Exception):
    """A line holds no document that can be analysed."""

    def __init__(self, code: str, detail: str, known_as: str | None = None) -> None:
        super().__init__(detail)
        self.code, self.detail, self.known_as = code, detail, known_as


def _read_record(line: bytes, number: int, file: InputFile, options: ReadOptions) -> Item:
    try:
        document = _document(_parse(line), f"{file.label}:{number}", options)
    except _UnusableError as error:
        return _dead(file, error.code, error.detail, line=number, name=error.known_as, size=len(line))
    return Incoming(document, _utf8(str(file.path)), number, len(line))


def _parse(line: bytes) -> dict[str, object]:
    try:
        record = orjson.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _UnusableError("not_utf8", f"byte {error.start} of the line is not UTF-8") from None
    except orjson.JSONDecodeError as error:
        raise _UnusableError("not_json", f"not JSON at character {error.pos} of the line") from None
    if not isinstance(record, dict):
        raise _UnusableError("not_object", "the line is JSON but not an object")
    return record


def _document(record: Mapping[str, object], default_id: str, options: ReadOptions) -> Document:
    name, text, language = record.get(options.id_field), record.get(options.text_field), record.get("language")
    if name is not None and (isinstance(name, bool) or not isinstance(name, str | int)):
        allowed = "string, 64-bit integer, null or no such field"
        raise _UnusableError("bad_id", f"field '{options.id_field}' is {_kind(name)}; allowed: {allowed}")
    known_as = default_id if name is None else str(name)
    if not isinstance(text, str):
        detail = f"field '{options.text_field}' is {_kind(text)}; allowed: string"
        raise _UnusableError("no_text", detail, known_as)
    if language is None:
        return Document(text=text, id=known_as, language=options.language)
    if not (isinstance(language, str) and _LANGUAGE.match(language)):
        raise _UnusableError("bad_language", "field 'language' is not a code of two or three letters", known_as)
    return Document(text=text, id=known_as, language=language.lower())


def _whole_text(raw: bytes, file: InputFile, name: str | None, options: ReadOptions) -> Item:
    size = len(raw)
    if size > _byte_limit(options):
        detail = f"more than {_byte_limit(options)} bytes, so more than {options.max_characters} characters"
        return _dead(file, "text_too_long", detail, name=name, size=size)
    try:
        text = raw.removeprefix(_BOM).decode("utf-8")
    except UnicodeDecodeError as error:
        return _dead(file, "not_utf8", f"byte {error.start} is not UTF-8", name=name, size=size)
    return Incoming(Document(text=text, id=name, language=options.language), _utf8(str(file.path)), None, size)


def _dead(
    file: InputFile, code: str, detail: str, *, line: int | None = None, name: str | None = None, size: int = 0
) -> DeadLetter:
    return DeadLetter(_utf8(str(file.path)), line, name, code, detail, size)


def _byte_limit(options: ReadOptions) -> int:
    # A code point takes four bytes of UTF-8 at most.
    return 4 * options.max_characters + len(_BOM)


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line.removeprefix(_BOM)), dict)
    except orjson.JSONDecodeError:
        return False


def _kind(value: object) -> str:
    names = {type(None): "missing or null", bool: "a boolean", int: "a number", float: "a number", list: "a list"}
    return names.get(type(value), "an object" if isinstance(value, dict) else "a string")


def _utf8(path: str) -> str:
    # A file name may hold bytes that are no UTF-8, and JSON cannot carry those.
    return os.fsencode(path).decode("utf-8", "replace")
