"""Archives: every member is read as a file of its own, nested as deep as the limits allow."""

import tarfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO, cast
from zipfile import BadZipFile, ZipFile, ZipInfo

from service.batch.found import Found
from service.batch.readers.source import Readable, Source, UnreadableError

_MACINTOSH = "__MACOSX"
# An archive that is whole is read past its end once or twice.
_ENDS = 4


def read_zip(source: Source) -> Iterator[Found | Source]:
    """Yield the members of a zip archive, in the order of its directory.

    Raises:
        UnreadableError: It holds no files, or too many.
    """
    with source.seekable_stream() as stream, ZipFile(stream) as archive:
        names = Names(source)
        for info in archive.infolist():
            if info.is_dir() or is_hidden(info.filename):
                continue
            yield _member(source, archive, info, names.unique(info.filename))
            if source.depth == 0:
                source.watch.consumed = (source.watch.consumed or 0) + info.compress_size
        names.check()


def read_tar(source: Source) -> Iterator[Found | Source]:
    """Yield the members of a tar archive, in order; links, folders and devices are passed over.

    Raises:
        UnreadableError: It holds no files, or too many.
    """
    names = Names(source)
    with tarfile.open(fileobj=cast("IO[bytes]", _Ending(source.stream)), mode="r|") as archive:
        for info in archive:
            # A long archive must not gather its members in memory.
            archive.members = []  # type: ignore[attr-defined]
            source.watch.tick()
            if not info.isfile() or is_hidden(info.name):
                continue
            stream = archive.extractfile(info)
            if stream is not None:
                yield source.inside(names.unique(info.name), stream, claims=info.name)
    names.check()


def is_hidden(name: str) -> bool:
    """Whether a member is one that a walk through a folder would leave out too."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return any(part.startswith(".") and part not in {".", ".."} for part in parts) or _MACINTOSH in parts


class Names:
    """The names of an archive's members, told apart where one comes twice, and counted."""

    def __init__(self, source: Source) -> None:
        """Count against the limits of `source`."""
        self._limit, self._seen, self._count = source.limits.members, dict[str, int](), 0

    def unique(self, name: str) -> str:
        """Return the name, with a number when it has come before.

        Raises:
            UnreadableError: There are too many members.
        """
        self._count += 1
        if self._count > self._limit:
            raise UnreadableError("too_many_members", f"more than {self._limit} members; the rest was not read")
        times = self._seen[name] = self._seen.get(name, 0) + 1
        return name if times == 1 else self.unique_again(f"{name}~{times}")

    def unique_again(self, name: str) -> str:
        """Return a name that was made unique, unless a member is called just so."""
        while name in self._seen:
            name += "~"
        self._seen[name] = 1
        return name

    def check(self) -> None:
        """Refuse an archive without a file.

        Raises:
            UnreadableError: There was none.
        """
        if not self._count:
            raise UnreadableError("no_documents", "the archive holds no files")


def _member(source: Source, archive: ZipFile, info: ZipInfo, name: str) -> Found | Source:
    if info.flag_bits & 1:
        return source.inside(name, _Nothing(), size=0).dead("encrypted", "the member wants a password")
    return source.inside(name, _Late(archive, info), size=info.compress_size, claims=info.filename)


class _Ending:
    """Fails when it is read on and on behind its end, as is done to skip what a cut archive claims to hold."""

    def __init__(self, stream: Readable) -> None:
        self._stream, self._ends = stream, 0

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; none at the end.

        Raises:
            EOFError: The end was met before.
        """
        piece = self._stream.read(size)
        self._ends += not piece
        if self._ends > _ENDS:
            raise EOFError("the archive ends before its members do")
        return piece


class _Nothing:
    def read(self, _size: int, /) -> bytes:
        return b""


class _Late:
    """Opens a member at its first read, so that what is wrong with it is the member's own fault."""

    def __init__(self, archive: ZipFile, info: ZipInfo) -> None:
        self._archive, self._info = archive, info
        self._stream: Readable | None = None

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; none at the end.

        Raises:
            UnreadableError: The way of compression is unknown, or the member is damaged.
        """
        try:
            self._stream = self._stream or self._archive.open(self._info)
            return self._stream.read(size)
        except NotImplementedError as error:
            raise UnreadableError("unsupported_format", "the member is compressed in an unknown way") from error
        except (BadZipFile, RuntimeError) as error:
            raise UnreadableError("damaged", "the member is damaged") from error
