"""Looks for contact points where two texts differ: what only one of them has, and what only looks like an age."""

from collections.abc import Iterator

from service.batch.alignment import Gap
from service.batch.chunks import CONTACT, DECISIVE, NUMBER, Chunks
from service.batch.contacts import find_contacts

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


def is_dialled(text: str, chunks: Chunks, part: slice) -> bool:
    """Return whether every number in a part of a text that might be an age stands in a telephone number."""
    both = DECISIVE | NUMBER
    ages = [place for place in range(part.start, part.stop) if chunks.marks[place] & both == both]
    if not ages:
        return True
    start, stop = max(0, part.start - _REACH), min(len(chunks.marks), part.stop + _REACH)
    found = find_contacts(text[chunks.starts[start] : chunks.starts[stop]])
    phones = [
        (one.start + chunks.starts[start], one.end + chunks.starts[start]) for one in found if one.kind == "phone"
    ]
    return all(any(first <= chunks.starts[place] < end for first, end in phones) for place in ages)
