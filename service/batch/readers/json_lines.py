"""JSON Lines and JSON: a document for each object that has a text."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import orjson

from service.batch.found import Found
from service.batch.limits import MAX_LINE_BYTES
from service.batch.readers.lines import BOM, recoded, split
from service.batch.readers.source import Source, UnreadableError
from service.batch.readers.tables import record_in

_PIECE = 1 << 18
_WIDE = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
# A string is one match, so that brackets inside it do not count; an unfinished one is found by the last alternative.
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{}]|"')


def read_json_lines(source: Source) -> Iterator[Found]:
    """Yield a document for each line that is a JSON object with a text."""
    charset = next((name for mark, name in _WIDE if source.head().startswith(mark)), None)
    stream = recoded(source.stream, charset) if charset else source.stream
    yield from records(split(stream, stream.readline(MAX_LINE_BYTES + 1)), source)


def records(lines: Iterable[tuple[bytes | None, int]], source: Source) -> Iterator[Found]:
    """Yield a document or a dead letter for each line; None is a line over the limit."""
    reported = 0
    for number, (line, size) in enumerate(lines, 1):
        if line is not None and not line.strip():
            source.watch.tick()
            continue
        # Only blank lines with something after them are reported: those that end a file are how editors end files.
        for blank in range(reported + 1, number):
            yield source.dead("blank_line", "a blank line", line=blank)
        reported = number
        if line is None:
            yield source.dead("line_too_long", f"a line of {size} bytes; allowed: {MAX_LINE_BYTES}", line=number)
        else:
            yield _record(line, number, source)


def read_json(source: Source) -> Iterator[Found]:
    """Yield a document for each object of a JSON array, or for each of the objects that stand one after another.

    Raises:
        UnreadableError: It is no JSON, or one value is too large.
    """
    charset = next((name for mark, name in _WIDE if source.head().startswith(mark)), None)
    stream = recoded(source.stream, charset) if charset else source.stream
    count = 0
    for count, value in enumerate(_values(stream, source), 1):
        if value.startswith(b"{"):
            yield _record(value, count, source, mark="#")
        else:
            yield source.dead("not_object", "a value of the list is no object", line=count)
    if not count:
        raise UnreadableError("no_documents", "the file holds no JSON objects")


def _record(line: bytes, number: int, source: Source, mark: str = ":") -> Found:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return source.dead(*_fault(line, error.pos), line=number)
    if not isinstance(record, dict):
        return source.dead("not_object", "the line is JSON but not an object", line=number)
    return record_in(record, f"{source.label}{mark}{number}", source, line=number)


def _fault(line: bytes, position: int) -> tuple[str, str]:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        return "not_utf8", f"byte {error.start} of the line is not UTF-8"
    return "not_json", f"not JSON at character {position} of the line"


def _values(stream: BinaryIO, source: Source) -> Iterator[bytes]:
    """Yield the outermost objects and inner lists of a JSON text, one array around them taken off."""
    held = stream.read(_PIECE).removeprefix(BOM).lstrip()
    if not held:
        raise UnreadableError("empty_file", "the file is empty")
    if held[:1] not in {b"[", b"{"}:
        raise UnreadableError("not_json", "the file begins with neither a list nor an object")
    splitter = _Splitter(base=1 if held.startswith(b"[") else 0)
    while True:
        source.watch.tick()
        for value in splitter.feed(held):
            _check_length(value)
            yield value
            source.watch.moved()
        # As much again as is held: a string that goes on and on is not looked at from its start too often.
        held = stream.read(max(_PIECE, len(splitter.held)))
        if not held:
            break
        _check_length(splitter.held)
    if splitter.depth > 0:
        raise UnreadableError("truncated", "the JSON text ends before its brackets do")


def _check_length(value: bytes) -> None:
    if len(value) > MAX_LINE_BYTES:
        raise UnreadableError("file_too_large", f"a JSON value of more than {MAX_LINE_BYTES} bytes")


@dataclass(slots=True)
class _Splitter:
    """Cuts a JSON text into the values that stand `base` brackets deep; holds the unfinished one."""

    base: int
    held: bytes = b""
    depth: int = 0
    place: int = 0

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Yield the values that end in this piece."""
        self.held += piece
        start = 0
        for token in _TOKENS.finditer(self.held, self.place):
            mark = token[0]
            if mark == b'"':
                # A string that goes on in the next piece is looked at again from its start.
                self.place = token.start()
                break
            self.place = token.end()
            if mark in b"[{":
                start = token.start() if self.depth == self.base else start
                self.depth += 1
            elif mark in b"]}":
                self.depth -= 1
                if self.depth == self.base:
                    yield self.held[start : self.place]
                    start = self.place
        keep = start if self.depth > self.base else self.place
        self.held, self.place = self.held[keep:], self.place - keep
