"""Records on disk that one run writes and reads again, in a file without a name that is gone with the process."""

import os
import struct
import tempfile
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson

Blocks = Sequence[Sequence[int]]

NONE = 2**64 - 1
_HEAD = struct.Struct("<QQI")
_HELD = 1 << 20


@dataclass(frozen=True, slots=True)
class Record:
    """One document of a cluster.

    Attributes:
        previous: Where the record before it in its cluster is; `NONE` for the first.
        number: Its place in the input.
        id: Its id.
        language: The language it was given with, or None.
        text: Its text; empty for a copy, letter for letter, of the first.
        blocks: What of the text is the same as in the first: first code point there, first here, and length.
    """

    previous: int
    number: int
    id: str | None
    language: str | None
    text: str = field(repr=False)
    blocks: Blocks = ()


class Scratch:
    """An append-only file of records; the last megabyte is held in memory."""

    def __init__(self, folder: Path | None = None) -> None:
        """Open the file in a folder, or in the system's folder for temporary files."""
        # Nothing of it is ever seen under a name: no other user can open it, and nothing is left to clean up.
        with tempfile.TemporaryFile(dir=folder) as file:
            self._handle = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._handle)
        self._written = 0
        self._held = bytearray()

    @property
    def size(self) -> int:
        """Bytes written."""
        return self._written + len(self._held)

    def append(self, record: Record) -> int:
        """Add a record and return where it is.

        Raises:
            OSError: The disk is full.
        """
        place = self.size
        content = orjson.dumps((record.id, record.language, record.text, record.blocks))
        self._held += _HEAD.pack(record.previous, record.number, len(content)) + content
        if len(self._held) >= _HELD:
            self._flush()
        return place

    def read(self, place: int) -> Record:
        """Return the record at a place that `append` gave."""
        previous, number, length = _HEAD.unpack(self._bytes(place, _HEAD.size))
        return Record(previous, number, *orjson.loads(self._bytes(place + _HEAD.size, length)))

    def _bytes(self, place: int, length: int) -> bytes:
        if place >= self._written:
            start = place - self._written
            return bytes(self._held[start : start + length])
        return os.pread(self._handle, length, place)

    def _flush(self) -> None:
        rest = memoryview(self._held)
        while rest:
            rest = rest[os.write(self._handle, rest) :]
        self._written += len(self._held)
        self._held = bytearray()
