"""Plain text and Markdown: one document a file, exactly as it is written."""

from collections.abc import Iterator

from service.batch.found import Found
from service.batch.readers.charset import decode
from service.batch.readers.source import Source, UnreadableError


def read_text(source: Source) -> Iterator[Found]:
    """Yield the one document that a plain file is.

    Raises:
        UnreadableError: It cannot fit, or is no text.
    """
    raw = source.stream.read(byte_limit(source.options.max_characters) + 1)
    text, charset = decode(check_size(raw, source.options.max_characters))
    yield source.document(text, charset=charset)


def byte_limit(max_characters: int) -> int:
    """Return the most bytes that a text of this many code points takes, its byte order mark included."""
    return 4 * max_characters + 4


def check_size(raw: bytes, max_characters: int) -> bytes:
    """Return the bytes.

    Raises:
        UnreadableError: They are more than any text of `max_characters` code points has.
    """
    if len(raw) > byte_limit(max_characters):
        detail = f"more than {byte_limit(max_characters)} bytes, so more than {max_characters} characters"
        raise UnreadableError("text_too_long", detail)
    return raw
