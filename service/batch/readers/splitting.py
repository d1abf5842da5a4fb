"""Cuts a long text into documents that can be analysed: at the end of a page, else of a line, else of a word."""

from collections.abc import Iterable, Iterator

from service.batch.found import Extract, Part
from service.batch.readers.source import Source

# What a format that is held in memory whole may give, in texts of the greatest length.
MOST_PIECES = 50
# Name of a page or part, or None, and its text with what stands between it and the next.
Block = tuple[str | None, str]
_Piece = tuple[str, tuple[Part, ...]]


def split(source: Source, blocks: Iterable[Block]) -> Iterator[Extract]:
    """Yield the blocks as one document, or as several, called `#part-1` and so on, where one would be too long.

    Offsets count from the beginning of each document. Nothing is left out, but what would be a blank document.

    Args:
        source: The file.
        blocks: Its pages or parts, in order.
    """
    count, held = 0, None
    for piece in _fill(blocks, source.options.max_characters):
        # Only the next one tells whether this one is all there is.
        if held is not None:
            count += 1
            yield source.document(held[0], parts=held[1], name=f"{source.label}#part-{count}")
        held = piece
    text, parts = held or ("", ())
    yield source.document(text, parts=parts, name=f"{source.label}#part-{count + 1}" if count else None)


def _fill(blocks: Iterable[Block], limit: int) -> Iterator[_Piece]:
    pieces: list[str] = []
    parts: list[Part] = []
    length = 0
    for name, text in blocks:
        for cut in _cut(text, limit):
            if length + len(cut) > limit:
                yield from _close(pieces, parts)
                pieces, parts, length = [], [], 0
            if name is not None:
                parts.append(Part(name, length))
            pieces.append(cut)
            length += len(cut)
    yield from _close(pieces, parts)


def _close(pieces: list[str], parts: list[Part]) -> Iterator[_Piece]:
    text = "".join(pieces)
    if text.strip():
        yield text, tuple(parts)


def _cut(text: str, limit: int) -> Iterator[str]:
    """Yield a text in stretches of at most `limit` code points, each as long as lines, or else words, allow."""
    start = 0
    while len(text) - start > limit:
        end = start + limit
        # Not too short ones: a line break near the beginning is no place to end.
        edges = (text.rfind(mark, start + limit // 2, end) for mark in ("\n", " "))
        end = next((edge + 1 for edge in edges if edge >= 0), end)
        yield text[start:end]
        start = end
    yield text[start:]
