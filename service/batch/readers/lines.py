"""Streams of lines: character sets other than UTF-8 turned into it, and lines over the limit read past in pieces."""

import codecs
from collections.abc import Iterable, Iterator
from io import BufferedReader, RawIOBase
from itertools import chain
from typing import Any, BinaryIO

from service.batch.limits import MAX_LINE_BYTES

BOM = b"\xef\xbb\xbf"
_PIECE = 1 << 16


def split(stream: BinaryIO, first: bytes) -> Iterable[tuple[bytes | None, int]]:
    """Yield each line and its size; None for a line over the limit, which is read past in pieces.

    Args:
        stream: Behind the first line.
        first: The first line, read with a limit of `MAX_LINE_BYTES + 1`.
    """
    for line in chain([first.removeprefix(BOM)], iter(lambda: stream.readline(MAX_LINE_BYTES + 1), b"")):
        if len(line) <= MAX_LINE_BYTES or line.endswith(b"\n"):
            yield line, len(line)
            continue
        size, piece = len(line), line
        while piece and not piece.endswith(b"\n"):
            piece = stream.readline(MAX_LINE_BYTES)
            size += len(piece)
        yield None, size


def recoded(stream: "BufferedReader[Any]", charset: str) -> "BufferedReader[Any]":
    """Return the stream with its text in UTF-8; bytes that are none in `charset` become U+FFFD."""
    return BufferedReader(_Recoded(stream, charset), _PIECE)


class _Recoded(RawIOBase):
    def __init__(self, inner: "BufferedReader[Any]", charset: str) -> None:
        self._inner = inner
        self._decoder = codecs.getincrementaldecoder(charset)("replace")
        self._pending: Iterator[bytes] = iter(())
        self._held = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._held:
            piece = self._inner.read(_PIECE)
            self._held = self._decoder.decode(piece, not piece).encode()
            if not piece:
                break
        count = min(len(buffer), len(self._held))
        buffer[:count], self._held = self._held[:count], self._held[count:]
        return count
