"""Tells what a file is from its bytes; its suffix only chooses between formats that are all plain text."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from zipfile import BadZipFile, ZipFile

from service.batch.readers.source import Source, UnreadableError

# Where the bytes are plain text, these formats differ by what they are called alone.
_PLAIN = frozenset({"csv", "eml", "html", "json", "jsonl", "mbox", "md", "tsv", "txt"})
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "pdf"),
    (b"{\\rtf", "rtf"),
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow"),
    (b"FEA1", "arrow"),
    (b"\xff\xff\xff\xff", "arrow"),
    (b"\x1f\x8b", "gz"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zst"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
)
# Named in the reason, so that people know what to convert.
_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x89PNG\r\n", "a PNG picture"),
    (b"GIF8", "a GIF picture"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"RIFF", "a sound, film or WebP file"),
    (b"ID3", "a sound file"),
    (b"OggS", "a sound or film file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90\x00", "a program"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"!BDN", "an Outlook data file"),
    (b"%!PS", "a PostScript file"),
)
_OFFICE: tuple[tuple[str, str], ...] = (("word/document.xml", "docx"), ("xl/workbook.", "xlsx"))
_OPEN_DOCUMENT: Mapping[bytes, str] = {
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.text-template": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet": "xlsx",
}
_HTML = re.compile(
    rb"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--[^>]{0,500}-->\s*)?<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE
)
_CONTROLS = bytes(set(range(32)) - {*b"\t\n\v\f\r\x1b"}) + b"\x7f"
# What every mail has among its first lines.
_MAIL_FIELDS = {b"from", b"date"}
_WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


def format_of(source: Source, suffixes: Mapping[str, str]) -> str:
    """Return the name of the format that the bytes are in.

    Args:
        source: What to look at; its stream does not move.
        suffixes: From a lower-case suffix to a format's name.

    Raises:
        UnreadableError: The file is empty but for its format's sake, foreign, or neither text nor a known format.
    """
    head, claimed = source.head(), suffixes.get(PurePosixPath(source.name).suffix.lower())
    found = _by_magic(head, claimed)
    if found == "zip":
        return _inside_zip(source, claimed)
    if found == "ole":
        return "msg" if claimed != "xlsx" else "xlsx"
    if found is None and (head[257:262] == b"ustar" or (claimed == "tar" and not is_text(head))):
        found = "tar"
    return found or _as_text(head, claimed, source.name, suffixes)


def is_text(head: bytes) -> bool:
    """Whether the bytes could be text in some character set: few are control characters."""
    if head.startswith(_WIDE_BOMS) or looks_wide(head):
        return True
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return controls * 50 <= len(head)


def looks_wide(head: bytes) -> str | None:
    """Return the character set of UTF-16 without a mark, told by where its zero bytes are; None for anything else."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    quarter = len(head) // 4
    if len(head) < 4 or min(even, odd) * 10 > max(even, odd):
        return None
    if odd > quarter:
        return "utf-16-le"
    return "utf-16-be" if even > quarter else None


def _by_magic(head: bytes, claimed: str | None) -> str | None:
    # Words may begin as a binary file does: letters count where bytes that are no text follow.
    plain = is_text(head)
    for magic, name in _MAGIC:
        if head.startswith(magic) and (name == claimed or not (plain and magic.isalnum())):
            return name
    for magic, name in _FOREIGN:
        if head.startswith(magic) and not (plain and magic.isalnum()):
            raise UnreadableError("unsupported_format", f"the file is {name}")
    if head[4:8] == b"ftyp" and not plain:
        raise UnreadableError("unsupported_format", "the file is a film, sound or HEIF picture file")
    # Some programs put a few bytes before the header, and PDF readers accept them.
    return "pdf" if b"%PDF-" in head[:1024] and not plain else None


def _inside_zip(source: Source, claimed: str | None) -> str:
    if not source.seekable:
        # Not worth a copy to look inside: what calls itself a document is opened as one, and says when it is none.
        return claimed if claimed in {"docx", "odt", "xlsx"} else "zip"
    try:
        with ZipFile(source.stream) as archive:
            names = archive.namelist()
            if "mimetype" in names and (kind := _OPEN_DOCUMENT.get(archive.open("mimetype").read(100).strip())):
                return kind
    except (BadZipFile, NotImplementedError, EOFError, OSError, ValueError):
        # The reader of the claimed format says what is wrong.
        names = []
    source.stream.seek(0)
    for name in names:
        for beginning, kind in _OFFICE:
            if name.startswith(beginning):
                return kind
    return claimed if claimed in {"docx", "odt", "xlsx"} and not names else "zip"


def _as_text(head: bytes, claimed: str | None, name: str, suffixes: Mapping[str, str]) -> str:
    if not head:
        if claimed in _PLAIN:
            return str(claimed)
        raise UnreadableError("empty_file", "the file has no bytes")
    if not is_text(head):
        suffix = PurePosixPath(name).suffix
        called = f"suffix {suffix!r}" if suffix else "no suffix"
        raise UnreadableError("unsupported_format", f"neither text nor a format that can be read; {called}")
    if _HTML.match(head.removeprefix(b"\xef\xbb\xbf")) and claimed not in {"eml", "mbox"}:
        return "html"
    if claimed is None:
        return _unnamed(head, name, suffixes)
    return claimed if claimed in _PLAIN else "txt"


def _unnamed(head: bytes, name: str, suffixes: Mapping[str, str]) -> str:
    """Return the format of a text without a known suffix: mail programs give none to what they store."""
    if {line.partition(b":")[0].strip().lower() for line in head.split(b"\n")[:60]} >= _MAIL_FIELDS:
        return "mbox" if head.startswith(b"From ") else "eml"
    suffix = PurePosixPath(name).suffix
    if suffix:
        raise UnreadableError("unsupported_format", f"suffix {suffix!r}; allowed: {', '.join(suffixes)}")
    return "txt"
