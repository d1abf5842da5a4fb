"""Single files packed with gzip, bzip2, xz or Zstandard, tar archives among them."""

import bz2
import gzip
import lzma
from collections.abc import Iterator
from pathlib import PurePosixPath

from service.batch.readers.source import Readable, Source, UnreadableError

_PIECE = 1 << 16
# More memory than this to unpack is no honest file; the presets of xz stay under 70 MiB.
_XZ_MEMORY = 256 * 2**20
_ZSTD_WINDOW = 128 * 2**20
# A block of four bytes may hold 128 KiB, so that little is unpacked at a time.
_ZSTD_PIECE = 2048
# Suffixes that name two formats at once.
_DOUBLE = {".tgz": ".tar", ".tbz": ".tar", ".tbz2": ".tar", ".txz": ".tar", ".tzst": ".tar"}


def read_gzip(source: Source) -> Iterator[Source]:
    """Yield what a gzip file holds."""
    yield source.unpacked(inner_name(source.name), gzip.GzipFile(fileobj=source.stream))


def read_bzip2(source: Source) -> Iterator[Source]:
    """Yield what a bzip2 file holds."""
    yield source.unpacked(inner_name(source.name), bz2.BZ2File(source.stream))


def read_xz(source: Source) -> Iterator[Source]:
    """Yield what an xz file holds."""
    yield source.unpacked(inner_name(source.name), _Xz(source.stream))


def read_zstandard(source: Source) -> Iterator[Source]:
    """Yield what a Zstandard file holds."""
    yield source.unpacked(inner_name(source.name), _Zstandard(source.stream))


def inner_name(name: str) -> str:
    """Return what a packed file is called unpacked: `a.csv.gz` holds `a.csv`, `a.tgz` holds `a.tar`."""
    path = PurePosixPath(name)
    suffix = path.suffix.lower()
    return path.stem + _DOUBLE.get(suffix, "") if suffix else name


class _Xz:
    """Unpacks one xz stream after another, in bounded memory."""

    def __init__(self, packed: Readable) -> None:
        self._packed, self._held = packed, b""
        self._unpacker: lzma.LZMADecompressor | None = None

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; none at the end.

        Raises:
            lzma.LZMAError: The file is damaged, or wants too much memory.
            EOFError: The file is cut off.
        """
        while True:
            if self._unpacker is None or self._unpacker.eof:
                # Streams are padded to four bytes with zeros.
                self._held = (self._unpacker.unused_data if self._unpacker else b"").lstrip(b"\0") or self._next()
                if not self._held.strip(b"\0"):
                    return b""
                self._unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)
            elif self._unpacker.needs_input and not self._held:
                self._held = self._next()
                if not self._held:
                    raise EOFError("the xz file ends before its stream does")
            out = self._unpacker.decompress(self._held, size)
            self._held = b""
            if out:
                return out

    def _next(self) -> bytes:
        return self._packed.read(_PIECE)


class _Zstandard:
    """Unpacks one Zstandard frame after another."""

    def __init__(self, packed: Readable) -> None:
        from zstandard import ZstdDecompressor  # noqa: PLC0415

        self._packed, self._unpacker = packed, ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        self._frame = self._unpacker.decompressobj()
        self._out, self._started = b"", False

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; none at the end.

        Raises:
            UnreadableError: The file is damaged.
            EOFError: The file is cut off.
        """
        from zstandard import ZstdError  # noqa: PLC0415

        try:
            while not self._out and (piece := self._input()):
                self._out = self._frame.decompress(piece)
        except ZstdError as error:
            raise UnreadableError("damaged", "the Zstandard file is damaged, or wants too much memory") from error
        out, self._out = self._out[:size], self._out[size:]
        return out

    def _input(self) -> bytes:
        rest = self._frame.unused_data if self._frame.eof else b""
        piece = rest or self._packed.read(_ZSTD_PIECE)
        if not piece and self._started and not self._frame.eof:
            raise EOFError("the Zstandard file ends before its frame does")
        if self._frame.eof:
            self._frame, self._started = self._unpacker.decompressobj(), False
        self._started = self._started or bool(piece)
        return piece
