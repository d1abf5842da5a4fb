"""RTF: the text without its formatting."""

from collections.abc import Iterator

from service.batch.found import Found
from service.batch.readers.source import Source, clean

MAX_BYTES = 16 * 2**20


def read_rtf(source: Source) -> Iterator[Found]:
    """Yield the one document that an RTF file is."""
    yield source.document(text_of_rtf(source.whole(min(MAX_BYTES, source.limits.whole_bytes))))


def text_of_rtf(raw: bytes) -> str:
    """Return the text of RTF bytes.

    Raises:
        ValueError: A control word has an impossible number.
        LookupError: A font names an unknown character set.
    """
    from striprtf.striprtf import rtf_to_text  # noqa: PLC0415

    # RTF is ASCII with escapes; bytes beyond it are what old programs wrote in their own character set.
    text = rtf_to_text(raw.decode("cp1252", "replace"), errors="replace")  # type: ignore[no-untyped-call]
    return clean(str(text)).replace("\x00", "")
