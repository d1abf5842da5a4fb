"""Outlook messages: the text properties of MS-OXMSG, read from the compound file that holds them."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any

from service.batch.found import Found, Part
from service.batch.readers.charset import declared_in_markup, decode
from service.batch.readers.html import text_of_html
from service.batch.readers.rtf import text_of_rtf
from service.batch.readers.source import Source, UnreadableError
from service.batch.readers.squeezed import unsqueeze

# Property identifiers of MS-OXPROPS.
_SUBJECT, _BODY, _RTF, _HTML = "0037", "1000", "1009", "1013"
_LONG_NAME, _SHORT_NAME, _DATA = "3707", "3704", "3701"
_UNICODE, _ANSI, _BINARY, _STORAGE = "001F", "001E", "0102", "000D"
_CODEPAGE = (0x3FFD0003, 0x3FDE0003)
_PROPERTIES = "__properties_version1.0"
# Headers of the property stream: of a message, of one inside a message.
_HEADER, _INNER_HEADER = 32, 24
_LEGACY = {"WordDocument": "an old Word document", "PowerPoint Document": "an old PowerPoint file"}


def read_msg(source: Source) -> Iterator[Found | Source]:
    """Yield the message, then its attachments; a message inside it counts as an attachment.

    Raises:
        UnreadableError: It is damaged, or another kind of compound file.
    """
    import olefile  # noqa: PLC0415

    # What olefile raises over damage is an OSError without a number, which is known for what it is outside.
    with source.seekable_stream() as stream, olefile.OleFileIO(stream) as file:
        _check_kind(file)
        yield from _message(file, (), source)


def _check_kind(file: Any) -> None:
    if file.exists("EncryptedPackage"):
        raise UnreadableError("encrypted", "the office file wants a password")
    for stream, what in _LEGACY.items():
        if file.exists(stream):
            raise UnreadableError("unsupported_format", f"the file is {what}; save it in a newer format")
    if not file.exists(_PROPERTIES):
        raise UnreadableError("unsupported_format", "a compound file that is no Outlook message")


def _message(file: Any, place: Sequence[str], source: Source) -> Iterator[Found | Source]:
    reader = _Properties(file, place, source)
    subject, body = reader.text(_SUBJECT), reader.body()
    parts = (Part("subject", 0), Part("body", len(subject) + 2)) if subject else (Part("body", 0),)
    yield source.document(f"{subject}\n\n{body}" if subject else body, parts=parts)
    attached = sorted(
        {entry[len(place)] for entry in file.listdir(streams=True, storages=False) if _is_in(entry, place)}
    )
    if len(attached) > source.limits.members:
        raise UnreadableError("too_many_members", f"more than {source.limits.members} attachments")
    seen = set[str]()
    for number, storage in enumerate(attached, 1):
        inner = _Properties(file, (*place, storage), source)
        name = inner.text(_LONG_NAME) or inner.text(_SHORT_NAME) or f"attachment-{number}"
        name = f"{number}-{name}" if name in seen else name
        seen.add(name)
        message = (*place, storage, f"__substg1.0_{_DATA}{_STORAGE}")
        if file.exists([*message, _PROPERTIES]):
            member = source.inside(name, BytesIO())
            if member.depth > source.limits.depth:
                yield member.dead("nested_too_deep", f"more than {source.limits.depth} containers in each other")
            else:
                yield from _message(file, message, member)
        else:
            yield source.inside(name, BytesIO(inner.raw(_DATA, _BINARY) or b""))


def _is_in(entry: Sequence[str], place: Sequence[str]) -> bool:
    inside = len(entry) > len(place) + 1 and tuple(entry[: len(place)]) == tuple(place)
    return inside and entry[len(place)].startswith("__attach_version1.0_")


class _Properties:
    """The properties of one message or attachment."""

    def __init__(self, file: Any, place: Sequence[str], source: Source) -> None:
        self._file, self._place, self._source = file, tuple(place), source

    def raw(self, identifier: str, kind: str) -> bytes | None:
        """Return the bytes of a property, None where it is not set."""
        path = [*self._place, f"__substg1.0_{identifier}{kind}"]
        if not self._file.exists(path):
            return None
        self._source.watch.tick()
        if self._file.get_size(path) > self._source.limits.whole_bytes:
            raise UnreadableError("file_too_large", f"a property of more than {self._source.limits.whole_bytes} bytes")
        return bytes(self._file.openstream(path).read())

    def text(self, identifier: str) -> str:
        """Return a text property, empty where it is not set."""
        wide = self.raw(identifier, _UNICODE)
        if wide is not None:
            text = wide.decode("utf-16-le", "replace")
        else:
            # Some programs write the zero that ends a C string.
            narrow = (self.raw(identifier, _ANSI) or b"").rstrip(b"\x00")
            text = decode(narrow, self._codepage())[0]
        return text.replace("\r\n", "\n").replace("\x00", "")

    def body(self) -> str:
        """Return the text of the message: as plain text, else from its HTML, else from its RTF."""
        text = self.text(_BODY)
        if text.strip():
            return text
        html = (self.raw(_HTML, _BINARY) or b"").rstrip(b"\x00")
        if html:
            return text_of_html(decode(html, declared_in_markup(html) or self._codepage())[0])
        squeezed = self.raw(_RTF, _BINARY)
        return text_of_rtf(unsqueeze(squeezed, self._source.limits.whole_bytes)) if squeezed else text

    def _codepage(self) -> str | None:
        path = [*self._place, _PROPERTIES]
        if not self._file.exists(path):
            return None
        table = self._file.openstream(path).read()
        header = _INNER_HEADER if self._place else _HEADER
        for start in range(header, len(table) - 15, 16):
            if int.from_bytes(table[start : start + 4], "little") in _CODEPAGE:
                return f"cp{int.from_bytes(table[start + 8 : start + 12], 'little')}".replace("cp65001", "utf-8")
        return None
