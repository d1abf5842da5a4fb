"""PDF: one document a file, with the offset at which each page begins."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

from service.batch.found import Found, Part
from service.batch.readers.source import Source, UnreadableError

# PDFium marks a hyphen that only breaks a line with these.
_HYPHENS = str.maketrans({"\ufffe": None, "\x02": None, "\x00": None, "\r": None})


def read_pdf(source: Source) -> Iterator[Found]:
    """Yield the one document that a PDF file is.

    Raises:
        UnreadableError: It is damaged, encrypted, without text, too long, or has too many pages.
    """
    import pypdfium2  # type: ignore[import-untyped]  # noqa: PLC0415

    try:
        with source.seekable_stream() as stream, closing(pypdfium2.PdfDocument(stream)) as pdf:
            text, parts = _text(pdf, source)
    except pypdfium2.PdfiumError as error:
        # FPDF_ERR_PASSWORD is 4, FPDF_ERR_SECURITY 5.
        if getattr(error, "err_code", None) in {4, 5}:
            raise UnreadableError("encrypted", "the PDF file wants a password") from error
        raise UnreadableError("damaged", "PDFium cannot open the file") from error
    yield source.document(text, parts=parts)


def _text(pdf: Any, source: Source) -> tuple[str, tuple[Part, ...]]:
    count = len(pdf)
    if count > source.limits.pages:
        raise UnreadableError("too_many_pages", f"{count} pages; allowed: {source.limits.pages}")
    pieces, parts, length, limit = [], [], 0, source.options.max_characters
    for number in range(count):
        source.watch.tick()
        parts.append(Part(f"page {number + 1}", length))
        piece = _page(pdf, number, limit - length)
        if piece is None:
            raise UnreadableError("text_too_long", f"more than {limit} characters by page {number + 1} of {count}")
        pieces.append(piece + "\n\n" if number < count - 1 else piece)
        length += len(pieces[-1])
    text = "".join(pieces)
    if not text.strip():
        raise UnreadableError("no_text_layer", f"no text on {count} pages, perhaps a scan; recognise its text first")
    return text, tuple(parts)


def _page(pdf: Any, number: int, room: int) -> str | None:
    """Return the text of a page, None when it cannot fit in the room that is left."""
    with closing(pdf[number]) as page, closing(page.get_textpage()) as words:
        if words.count_chars() > 2 * room + 1000:
            return None
        text = str(words.get_text_range()).translate(_HYPHENS)
    return text if len(text) <= room else None
