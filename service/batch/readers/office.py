"""Word and OpenDocument texts: one document a file, or several where it is long; body, notes, headers in order."""

import re
from collections.abc import Iterator, Mapping
from io import BufferedReader
from types import MappingProxyType
from zipfile import ZipFile, ZipInfo

from service.batch.found import Found
from service.batch.readers.source import Metered, Source, UnreadableError
from service.batch.readers.splitting import MOST_PIECES, Block, split

# Text that the document shows: the body, then what stands at its edges.
_WORD_PARTS = re.compile(r"word/(document|footnotes|endnotes|comments|header\d*|footer\d*)\.xml\Z")
_WORD_ORDER = ("document", "header", "footer", "footnotes", "endnotes", "comments")
_WORD_SIGNS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_MAX_PARTS = 100
_PIECE = 1 << 16


def read_docx(source: Source) -> Iterator[Found]:
    """Yield the document that a Word file is, or those that it is cut into at the ends of paragraphs.

    Raises:
        UnreadableError: It is damaged, encrypted or too long.
    """
    with source.seekable_stream() as stream, ZipFile(stream) as archive:
        found = [(_WORD_PARTS.match(info.filename), info) for info in archive.infolist()]
        named = [(match[1], info) for match, info in found if match]
        if not any(name == "document" for name, _ in named):
            raise UnreadableError("damaged", "the file holds no word/document.xml")
        named.sort(key=lambda entry: (_WORD_ORDER.index(entry[0].rstrip("0123456789")), entry[0]))
        yield from split(source, _parts(source, archive, named[:_MAX_PARTS], _WordText))


def read_odt(source: Source) -> Iterator[Found]:
    """Yield the document that an OpenDocument text is, or those that it is cut into at the ends of paragraphs.

    Raises:
        UnreadableError: It is damaged, encrypted or too long.
    """
    with source.seekable_stream() as stream, ZipFile(stream) as archive:
        names = set(archive.namelist())
        if "content.xml" not in names:
            raise UnreadableError("damaged", "the file holds no content.xml")
        if "META-INF/manifest.xml" in names:
            manifest = Metered(archive.open("META-INF/manifest.xml"), source.meter, source.watch)
            if b"encryption-data" in (manifest.read(1 << 20) or b""):
                raise UnreadableError("encrypted", "the OpenDocument file wants a password")
        yield from split(source, _parts(source, archive, [("body", archive.getinfo("content.xml"))], _OpenText))


def _parts(
    source: Source, archive: ZipFile, named: list[tuple[str, ZipInfo]], kind: "type[_XmlText]"
) -> Iterator[Block]:
    room = MOST_PIECES * source.options.max_characters
    for name, info in named:
        if info.flag_bits & 1:
            raise UnreadableError("encrypted", "a part of the file is encrypted")
        text = kind(source, room).read(archive, info).strip("\n")
        if text:
            yield name, text + "\n"
            room -= len(text) + 1


class _XmlText:
    """Collects text while XML is parsed; no tree is kept."""

    # Elements whose content the document does not show.
    hidden_in: frozenset[str] = frozenset()
    # Elements that hold text.
    shown_in: frozenset[str] = frozenset()
    # What stands at the end of an element.
    ends_in: Mapping[str, str] = MappingProxyType({})

    def __init__(self, source: Source, room: int) -> None:
        self._source, self._room = source, room
        self._pieces: list[str] = []
        self._length = self._depth = self._hidden = self._shown = 0

    def read(self, archive: ZipFile, info: ZipInfo) -> str:
        """Return the text of one part.

        Raises:
            UnreadableError: The XML is damaged, nested too deep, or holds too much text.
        """
        from lxml import etree  # noqa: PLC0415

        parser = etree.XMLParser(
            target=self, resolve_entities=False, load_dtd=False, no_network=True, remove_pis=True, huge_tree=False
        )
        with archive.open(info) as member:
            stream = BufferedReader(Metered(member, self._source.meter, self._source.watch), _PIECE)
            try:
                while piece := stream.read(_PIECE):
                    parser.feed(piece)
                parser.close()
            except etree.XMLSyntaxError as error:
                raise UnreadableError("damaged", f"the XML of {info.filename} is damaged or nested too deep") from error
        return "".join(self._pieces)

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Begin an element."""
        name = tag.rpartition("}")[2]
        self._depth += 1
        if self._depth > self._source.limits.xml_depth:
            raise UnreadableError("too_deep", f"elements nested more than {self._source.limits.xml_depth} deep")
        self._hidden += name in self.hidden_in
        self._shown += name in self.shown_in
        if not self._hidden:
            self._add(self.sign(name, attributes))

    def end(self, tag: str) -> None:
        """End an element."""
        name = tag.rpartition("}")[2]
        self._depth -= 1
        self._hidden -= name in self.hidden_in
        self._shown -= name in self.shown_in
        if not self._hidden:
            self._add(self.ends_in.get(name, ""))

    def data(self, text: str) -> None:
        """Take the characters of an element."""
        if self._shown and not self._hidden:
            self._add(text)

    def close(self) -> None:
        """End the document."""

    def sign(self, name: str, attributes: Mapping[str, str]) -> str:
        """Return the characters that an element without content stands for."""
        raise NotImplementedError

    def _add(self, text: str) -> None:
        if text:
            self._pieces.append(text)
            self._length += len(text)
            if self._length > self._room:
                most = MOST_PIECES * self._source.options.max_characters
                raise UnreadableError("text_too_long", f"more than {most} characters")


class _WordText(_XmlText):
    # A fallback repeats what its alternative shows; deleted text and field codes are not shown.
    hidden_in = frozenset({"Fallback", "del", "moveFrom", "instrText"})
    shown_in = frozenset({"t"})
    ends_in = MappingProxyType({"p": "\n", "tc": "\t"})

    def sign(self, name: str, attributes: Mapping[str, str]) -> str:  # noqa: ARG002 - of OpenDocument alone
        return _WORD_SIGNS.get(name, "")


class _OpenText(_XmlText):
    hidden_in = frozenset({"tracked-changes", "scripts", "creator", "date"})
    shown_in = frozenset({"h", "p"})
    ends_in = MappingProxyType({"h": "\n", "p": "\n"})

    def sign(self, name: str, attributes: Mapping[str, str]) -> str:
        if name == "s":
            count = next((value for key, value in attributes.items() if key.endswith("}c")), "1")
            # A file may ask for a billion blanks.
            return " " * min(int(count), 1000) if count.isdecimal() else " "
        return {"tab": "\t", "line-break": "\n"}.get(name, "")
