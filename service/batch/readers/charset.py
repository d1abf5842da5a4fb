"""Turns bytes into text: by byte order mark, as declared, as UTF-8, and else in the most likely character set."""

import codecs
import re

from service.batch.readers.sniffing import is_text, looks_wide
from service.batch.readers.source import UnreadableError

UTF8 = "utf-8"
SAMPLE_BYTES = 16_384
_BOMS = (
    (codecs.BOM_UTF8, UTF8),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Codecs that are known to Python and are no character sets of documents.
_NOT_CHARSETS = frozenset({"idna", "mbcs", "oem", "punycode", "raw_unicode_escape", "undefined", "unicode_escape"})
# What browsers read, and what people mean, by these names.
_MEANT = {"ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "shift_jis": "cp932", "gb2312": "gb18030"}
_LIKELY = (
    "cp1252", "cp1251", "cp1250", "cp1256", "cp1253", "cp1254", "cp1255", "cp1257", "cp1258", "cp874",
    "koi8_r", "cp932", "euc_jp", "gb18030", "big5", "cp949", "cp437", "mac_roman",
)  # fmt: skip
_META = re.compile(rb"""<meta[^>]{0,300}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE)
_XML = re.compile(rb"""\s*<\?xml[^>]{0,100}?encoding\s*=\s*["']([\w.:-]{1,40})""", re.IGNORECASE)


def decode(raw: bytes, declared: str | None = None) -> tuple[str, str | None]:
    """Return the text of the bytes, and the character set where it is not UTF-8.

    Args:
        raw: All bytes of the text.
        declared: The character set that the file or its container states.

    Raises:
        UnreadableError: The bytes are no text.
    """
    charset, skip = charset_of(raw[:SAMPLE_BYTES], declared)
    body = raw[skip:]
    try:
        return body.decode(charset), _told(charset)
    except UnicodeDecodeError:
        pass
    if charset == UTF8 and not skip:
        # The sample was ASCII and something else came later.
        charset = _detected(_around_first_fault(raw))
    return body.decode(charset, "replace"), _told(charset)


def charset_of(sample: bytes, declared: str | None = None) -> tuple[str, int]:
    """Return the character set of a text that begins with these bytes, and the length of its byte order mark.

    Raises:
        UnreadableError: The bytes are no text.
    """
    for mark, charset in _BOMS:
        if sample.startswith(mark):
            return charset, len(mark)
    if wide := looks_wide(sample):
        return wide, 0
    if not is_text(sample):
        raise UnreadableError("not_text", "the bytes are no text in any character set")
    if _is_utf8(sample):
        return (
            (known(declared) or UTF8, 0)
            if declared and not sample.isascii() and not _said_utf8(declared)
            else (UTF8, 0)
        )
    return known(declared) or _detected(sample), 0


def declared_in_markup(raw: bytes) -> str | None:
    """Return the character set that the head of an HTML or XML text declares."""
    found = _META.search(raw, 0, 4096) or _XML.match(raw)
    return found[1].decode("ascii", "replace") if found else None


def known(name: str | None) -> str | None:
    """Return the codec of a declared character set, None where there is no such."""
    if not name:
        return None
    try:
        codec = codecs.lookup(name.strip().strip("\"'"))
        b"a".decode(codec.name)
    except (LookupError, ValueError):
        return None
    # A text that declares a wide set in single bytes is wrong about it.
    if codec.name.replace("-", "_") in _NOT_CHARSETS or codec.name.startswith(("utf-16", "utf-32", "utf-7")):
        return None
    return _MEANT.get(codec.name, codec.name)


def _said_utf8(declared: str) -> bool:
    return known(declared) == UTF8


def _is_utf8(sample: bytes) -> bool:
    try:
        sample.decode(UTF8)
    except UnicodeDecodeError as error:
        # The sample may end inside a character.
        return error.start >= len(sample) - 3 and error.reason == "unexpected end of data"
    return True


def _detected(sample: bytes) -> str:
    from charset_normalizer import from_bytes  # noqa: PLC0415

    matches = from_bytes(sample[:SAMPLE_BYTES], cp_isolation=list(_LIKELY), preemptive_behaviour=False)
    best = matches.best()
    if best is None:
        return "cp1252"
    # Western and Central European sets share most letters; where both fit, the common one is meant.
    western = next((match for match in matches if match.encoding == "cp1252"), best)
    as_good = western.chaos <= best.chaos and western.coherence >= best.coherence - 0.1
    return western.encoding if as_good and not _is_central(str(western)) else best.encoding


def _is_central(western: str) -> bool:
    """Whether a text read as Western European has letters together that no such language has: it is a neighbour's."""
    letters = set(western)
    northern = "ø" in letters and letters & set("ìèùžšý")
    return bool(northern or {"æ", "è"} <= letters or re.search("[a-z][¹³¾]", western))


def _around_first_fault(raw: bytes) -> bytes:
    try:
        raw.decode(UTF8)
    except UnicodeDecodeError as error:
        start = max(0, error.start - SAMPLE_BYTES // 2)
        return raw[start : start + SAMPLE_BYTES]
    return raw


def _told(charset: str) -> str | None:
    return None if charset == UTF8 else charset
