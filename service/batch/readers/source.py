"""What a reader is given: the bytes of one file or member, its name, the options, and the watch over its cost."""

import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from io import BufferedReader, RawIOBase
from typing import Any, BinaryIO, Protocol, cast

from service.batch.found import DeadLetter, Extract, Part, ReadOptions
from service.batch.limits import CLOCK, ReadLimits

HEAD_BYTES = 8192
_PIECE = 1 << 16
_SPOOL_IN_MEMORY = 8 * 2**20
# The marks that ids are built with, where a member's own name holds them.
_MARKS = re.compile(r"[%!#]|:(?=\d+\Z)")


class UnreadableError(Exception):
    """A file or member cannot be read.

    Attributes:
        code: Stable machine word.
        detail: A sentence for people, without document text.
    """

    def __init__(self, code: str, detail: str) -> None:
        """Keep the machine word beside the sentence for people."""
        super().__init__(detail)
        self.code, self.detail = code, detail


class ExpansionError(UnreadableError):
    """More came out of a compressed file than is allowed; `meter` is the one that was overrun."""

    def __init__(self, meter: "Meter", detail: str) -> None:
        """Keep the meter, so that the container that holds the file can go on behind it."""
        super().__init__("expands_too_far", detail)
        self.meter = meter


class Beat(Protocol):
    """Cells of shared memory that hold whole numbers."""

    def __getitem__(self, cell: int, /) -> int:
        """Return a cell."""

    def __setitem__(self, cell: int, value: int, /) -> None:
        """Set a cell."""


class Readable(Protocol):
    """Anything that gives bytes."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; none at the end."""


@dataclass(slots=True)
class Watch:
    """Counts what one input file costs, and tells the parent process that reading goes on.

    Attributes:
        limits: What is allowed.
        beat: Two cells that the parent sees: a count that grows with progress, and the running number of the member.
        broken: Members, by running number, that ended an earlier process, with code and detail.
        last: The running number from which on members are not read, because too many before ended a process.
        consumed: Bytes of the input file used up, where its position does not tell.
        exhausted: Whether memory ran out, so that this process should make room for a fresh one.
    """

    limits: ReadLimits
    beat: Beat = field(default_factory=lambda: [0, 0])
    broken: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    last: int | None = None
    consumed: int | None = None
    exhausted: bool = False
    _ordinal: int = -1
    _started: float = field(default_factory=time.monotonic)
    _worked: float = -1.0

    def enter(self) -> None:
        """Begin the file or one of its members.

        Raises:
            UnreadableError: This member ended an earlier process, or too many others did.
        """
        self._ordinal += 1
        self.beat[1] = self._ordinal
        self.moved()
        if self._ordinal in self.broken:
            raise UnreadableError(*self.broken[self._ordinal])
        if self.last is not None and self._ordinal >= self.last:
            raise UnreadableError("reader_ended", "not read: too many members before it ended the reading process")

    def moved(self) -> None:
        """Begin the next document."""
        self.beat[0] += 1
        self._started, self._worked = time.monotonic(), -1.0

    def tick(self) -> None:
        """Report progress inside a document.

        Raises:
            UnreadableError: The document takes too long.
        """
        self.beat[0] += 1
        # To ask for processor time takes a call of the system: too long for every row, and never less than the clock.
        if self._worked < 0:
            self._worked = time.process_time()
        passed, allowed = time.monotonic() - self._started, self.limits.document_seconds
        if passed > allowed and (passed > CLOCK * allowed or time.process_time() - self._worked > allowed):
            raise UnreadableError("too_slow", f"took more than {allowed:g} seconds")


@dataclass(slots=True, eq=False)
class Meter:
    """Bytes that came out of a file, or of a member inside the file that `outer` stands for."""

    limits: ReadLimits
    size: int
    outer: "Meter | None" = None
    out: int = 0

    def charge(self, count: int) -> None:
        """Count bytes that came out, here and outside.

        Raises:
            ExpansionError: More than the limits allow.
        """
        self.out += count
        if self.out > self.limits.expanded_bytes:
            raise ExpansionError(self, f"more than {self.limits.expanded_bytes} bytes come out")
        if self.out > max(self.limits.ratio_free_bytes, self.limits.ratio * self.size):
            raise ExpansionError(self, f"{self.size} bytes expand more than {self.limits.ratio} times")
        if self.outer is not None:
            self.outer.charge(count)


class Metered(RawIOBase):
    """Bytes from a decompressor or an archive, counted as they come out."""

    def __init__(self, inner: Readable, meter: Meter, watch: Watch) -> None:
        """Read from `inner`; every read is charged to `meter` and is progress for `watch`."""
        self._inner, self._meter, self._watch = inner, meter, watch

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as there are bytes, so that a look ahead sees a whole buffer."""
        view, filled = memoryview(buffer), 0
        while filled < len(view):
            piece = self._inner.read(min(_PIECE, len(view) - filled))
            if not piece:
                break
            view[filled : filled + len(piece)] = piece
            filled += len(piece)
            self._watch.tick()
            self._meter.charge(len(piece))
        return filled


@dataclass(frozen=True, slots=True)
class Source:
    """One file or member to read.

    Attributes:
        stream: Its bytes from the start.
        name: Its own name, whose suffix says what it claims to be.
        path: The input file as the caller named it.
        label: What the ids of its documents begin with.
        options: How to read.
        watch: Counts the cost; knows the limits.
        meter: Counts what comes out of it.
        member: Path inside the input file; None for the file itself.
        depth: Containers around it.
        seekable: Whether the stream can go back.
    """

    stream: "BufferedReader[Any]"
    name: str
    path: str
    label: str
    options: ReadOptions
    watch: Watch
    meter: Meter
    member: str | None = None
    depth: int = 0
    seekable: bool = True

    @property
    def limits(self) -> ReadLimits:
        """What reading may cost."""
        return self.watch.limits

    def head(self) -> bytes:
        """Return the first bytes without moving on."""
        return self.stream.peek(HEAD_BYTES)[:HEAD_BYTES]

    def document(
        self,
        text: str,
        *,
        line: int | None = None,
        name: str | None = None,
        parts: tuple[Part, ...] = (),
        charset: str | None = None,
    ) -> Extract:
        """Return the one document that this file is, called by the file's own label unless it has a name."""
        language, called = self.options.language, name or self.label
        return Extract(text, called, self.path, language, line=line, member=self.member, parts=parts, charset=charset)

    def dead(self, code: str, detail: str, *, line: int | None = None, name: str | None = None) -> DeadLetter:
        """Return a dead letter of this file, or of one of its lines."""
        known_as = self.label if name is None and line is None else name
        return DeadLetter(self.path, line, known_as, code, detail, member=self.member)

    def inside(
        self, name: str, stream: Readable, *, size: int | None = None, mark: str = "!", claims: str | None = None
    ) -> "Source":
        """Return a member of this container.

        Args:
            name: Its path in the container.
            stream: Its bytes.
            size: Bytes it takes up in the container, for the ratio; None when it is not compressed on its own.
            mark: What its name is joined to the label with.
            claims: A name whose suffix says what it claims to be, where its own does not.
        """
        called = _MARKS.sub(lambda found: f"%{ord(found[0]):02X}", clean(name)) if mark == "!" else name
        meter = Meter(self.limits, self.meter.size if size is None else size, self.meter)
        return replace(
            self,
            stream=BufferedReader(Metered(stream, meter, self.watch), _PIECE),
            name=claims or name,
            label=f"{self.label}{mark}{called}",
            member=f"{self.member or ''}{mark}{called}".removeprefix("!"),
            depth=self.depth + 1,
            meter=meter,
            seekable=False,
        )

    def unpacked(self, name: str, stream: Readable) -> "Source":
        """Return what a compressed single file holds; it keeps the label, and counts as a container."""
        meter = Meter(self.limits, self.meter.size, self.meter)
        raw = BufferedReader(Metered(stream, meter, self.watch), _PIECE)
        return replace(self, stream=raw, name=name, meter=meter, seekable=False, depth=self.depth + 1)

    def whole(self, limit: int | None = None) -> bytes:
        """Return all bytes.

        Raises:
            UnreadableError: There are more than `limit`, or than a file held whole may have.
        """
        allowed = self.limits.whole_bytes if limit is None else limit
        raw = self.stream.read(allowed + 1)
        if len(raw) > allowed:
            raise UnreadableError("file_too_large", f"more than {allowed} bytes; this format is held in memory whole")
        return raw

    @contextmanager
    def seekable_stream(self) -> Iterator[BinaryIO]:
        """Give a stream that can go back: the file itself, or a copy of the member that ends with the block.

        Raises:
            UnreadableError: The member is too large to hold.
        """
        if self.seekable:
            yield self.stream
            return
        with tempfile.SpooledTemporaryFile(_SPOOL_IN_MEMORY) as copy:
            count = 0
            while piece := self.stream.read(_PIECE):
                count += len(piece)
                if count > self.limits.spool_bytes:
                    raise UnreadableError("file_too_large", f"a member of more than {self.limits.spool_bytes} bytes")
                copy.write(piece)
            copy.seek(0)
            yield cast("BinaryIO", copy)


def clean(text: str) -> str:
    """Return the text with what UTF-8 cannot carry replaced."""
    return text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
