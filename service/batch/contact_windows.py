"""Which parts of a repeated text can hold a contact point that the text it repeats has not."""

from collections.abc import Iterator

from service.batch.alignment import Gap
from service.batch.chunks import CONTACT, Chunks

# Chunks on either side of a difference that belong to the same contact point at most: a number spelled digit by digit.
_REACH = 16


def contact_windows(text: str, chunks: Chunks, gaps: list[Gap]) -> Iterator[str]:
    """Yield stretches of a text around its differences that look like parts of contact points."""
    last = len(chunks.marks)
    end = 0
    for gap in gaps:
        if not any(mark & CONTACT for mark in chunks.marks[gap.new]):
            continue
        start, stop = max(end, gap.new.start - _REACH), min(last, gap.new.stop + _REACH)
        if start < stop:
            yield text[chunks.starts[start] : chunks.starts[stop]]
        end = stop
