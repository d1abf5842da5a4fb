"""PDF: one document a file, or several where it is long, with the offset at which each page begins."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

from service.batch.found import Found
from service.batch.readers.source import Source, UnreadableError
from service.batch.readers.splitting import MOST_PIECES, Block, split

# PDFium marks a hyphen that only breaks a line with these.
_HYPHENS = str.maketrans({"\ufffe": None, "\x02": None, "\x00": None, "\r": None})


def read_pdf(source: Source) -> Iterator[Found]:
    """Yield the document that a PDF file is, or those that it is cut into at the ends of pages.

    Raises:
        UnreadableError: It is damaged, encrypted, without text, or has too many pages or too long a page.
    """
    import pypdfium2  # type: ignore[import-untyped]  # noqa: PLC0415

    try:
        with source.seekable_stream() as stream, closing(pypdfium2.PdfDocument(stream)) as pdf:
            yield from split(source, _pages(pdf, source))
    except pypdfium2.PdfiumError as error:
        # FPDF_ERR_PASSWORD is 4, FPDF_ERR_SECURITY 5.
        if getattr(error, "err_code", None) in {4, 5}:
            raise UnreadableError("encrypted", "the PDF file wants a password") from error
        raise UnreadableError("damaged", "PDFium cannot open the file") from error


def _pages(pdf: Any, source: Source) -> Iterator[Block]:
    count, blank = len(pdf), True
    if count > source.limits.pages:
        raise UnreadableError("too_many_pages", f"{count} pages; allowed: {source.limits.pages}")
    most = MOST_PIECES * source.options.max_characters
    for number in range(count):
        source.watch.tick()
        text = _page(pdf, number, most)
        if text is None:
            raise UnreadableError("text_too_long", f"page {number + 1} of {count} has more than {most} characters")
        blank = blank and not text.strip()
        yield f"page {number + 1}", text + "\n\n" if number < count - 1 else text
    if blank:
        raise UnreadableError("no_text_layer", f"no text on {count} pages, perhaps a scan; recognise its text first")


def _page(pdf: Any, number: int, most: int) -> str | None:
    """Return the text of a page, None when it is longer than `most`."""
    with closing(pdf[number]) as page, closing(page.get_textpage()) as words:
        if words.count_chars() > 2 * most + 1000:
            return None
        text = str(words.get_text_range()).translate(_HYPHENS)
    return text if len(text) <= most else None
