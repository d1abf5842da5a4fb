"""Finds which chunks of two texts are the same, in order, and whether what differs can change what is said."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from service.batch.chunks import ASKS, DECISIVE, FOREIGN, NUMBER, Chunks

# Longest stretch in which two near-duplicates may differ, words on either side. A slot is a name, a price, a number, a
# place: longer ones say something new.
MAX_STRETCH = 8
# Two texts are of one template when they share so many of their words.
TEMPLATE = 0.6
# More places than this are no template any more, and would make long links.
MAX_BLOCKS = 200
# From this share of words on that the lexicons of other languages know, a text is in one of them.
_FOREIGN_SHARE = 0.3
# Longest gap that is looked beyond, in chunks.
_WINDOW = 20


@dataclass(frozen=True, slots=True)
class Run:
    """Chunks that are the same in both texts: the first in each, and how many."""

    old: int
    new: int
    count: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Chunks that differ: half-open ranges in the old and in the new text, of which one may be empty."""

    old: slice
    new: slice


@dataclass(frozen=True, slots=True)
class Alignment:
    """What two texts share, and what not, in order."""

    runs: list[Run]
    gaps: list[Gap]


def align(old: Sequence[int], new: Sequence[int]) -> Alignment:
    """Return the runs of equal hashes, in the order of both, and the gaps between.

    After a difference the two go on at the nearest place where two hashes in a row are equal again, or one where as
    many were left out on either side, or where both end. Where none is within `_WINDOW`, all that is left is one gap:
    such texts are not carried anyway.
    """
    runs: list[Run] = []
    gaps: list[Gap] = []
    left = right = 0
    while True:
        count = _shared(old, new, left, right)
        if count:
            runs.append(Run(left, right, count))
            left, right = left + count, right + count
        if left == len(old) and right == len(new):
            return Alignment(runs, gaps)
        skipped, added = _gap(old, new, left, right)
        gaps.append(Gap(slice(left, left + skipped), slice(right, right + added)))
        left, right = left + skipped, right + added


def of_one_template(old: Chunks, new: Chunks, found: Alignment) -> bool:
    """Return whether two texts have enough words in common, in order, and differ in nothing longer than a slot.

    Numbers are left out of the count: a telephone number may have one word or ten.
    """
    words, others = _plain_words(old), _plain_words(new)
    if any(max(sum(words[gap.old]), sum(others[gap.new])) > MAX_STRETCH for gap in found.gaps):
        return False
    shared = sum(sum(words[run.old : run.old + run.count]) for run in found.runs)
    return 2 * shared >= TEMPLATE * (sum(words) + sum(others)) > 0


def _plain_words(chunks: Chunks) -> list[bool]:
    return [bool(word) and not mark & NUMBER for word, mark in zip(chunks.words, chunks.marks, strict=True)]


def blocks_of(old: Chunks, new: Chunks, found: Alignment) -> tuple[tuple[int, int, int], ...]:
    """Return the stretches that are the same, letter for letter, in both texts, in order.

    Returns:
        First code point in the old text, first in the new one, and length.
    """
    starts, places = old.starts, new.starts
    return tuple(
        (starts[run.old], places[run.new], starts[run.old + run.count] - starts[run.old]) for run in found.runs
    )


def carriable(old: Chunks, new: Chunks, found: Alignment, *, dialled: Callable[[Gap], bool] = lambda _: False) -> bool:
    """Return whether an analysis of `old` may be carried over to `new`.

    It must not where the two differ in a word that can change what is said, in a stretch of more than `MAX_STRETCH`
    words, or in very many places.

    Args:
        old: The earlier text.
        new: The later one.
        found: What they share.
        dialled: Whether all numbers of a gap that might be ages are parts of telephone numbers.
    """
    if len(found.runs) > MAX_BLOCKS:
        return False
    changing = DECISIVE | (FOREIGN if _is_foreign(old) else 0)
    for gap in found.gaps:
        marks = _differing_marks(old, new, gap)
        if marks is None or any(mark & changing and not mark & NUMBER for mark in marks):
            return False
        if any(mark & changing for mark in marks) and not dialled(gap):
            return False
    return True


def _is_foreign(chunks: Chunks) -> bool:
    # English texts share a few short words with any language: "a", "no", "me".
    return sum(1 for mark in chunks.marks if mark & FOREIGN) > _FOREIGN_SHARE * len(chunks.marks)


def _differing_marks(old: Chunks, new: Chunks, gap: Gap) -> list[int] | None:
    """Return the marks of the words in which a gap differs, or None where it is too long or asks something else."""
    marks, others = old.marks[gap.old], new.marks[gap.new]
    if sum(mark & ASKS for mark in marks) != sum(mark & ASKS for mark in others):
        return None
    before = [pair for pair in zip(old.words[gap.old], marks, strict=True) if pair[0]]
    after = [pair for pair in zip(new.words[gap.new], others, strict=True) if pair[0]]
    if max(_plain(before), _plain(after)) > MAX_STRETCH and [word for word, _ in before] != [word for word, _ in after]:
        return None
    return _differing(before, after)


def _plain(pairs: Sequence[tuple[int, int]]) -> int:
    return sum(1 for _, mark in pairs if not mark & NUMBER)


def _differing(before: Sequence[tuple[int, int]], after: Sequence[tuple[int, int]]) -> list[int]:
    """Return the marks of the words in which two stretches differ: more than in case, or in what stands around."""
    if len(before) == len(after):
        return [one[1] | other[1] for one, other in zip(before, after, strict=True) if one[0] != other[0]]
    head = _shared([word for word, _ in before], [word for word, _ in after])
    before, after = before[head:], after[head:]
    tail = _shared([word for word, _ in before][::-1], [word for word, _ in after][::-1])
    return [mark for _, mark in (*before[: len(before) - tail], *after[: len(after) - tail])]


def _shared(old: Sequence[int], new: Sequence[int], left: int = 0, right: int = 0) -> int:
    """Return how many hashes in a row are equal from two places on."""
    count, most = 0, min(len(old) - left, len(new) - right)
    while count < most and old[left + count] == new[right + count]:
        count += 1
    return count


def _gap(old: Sequence[int], new: Sequence[int], left: int, right: int) -> tuple[int, int]:
    """Return how many hashes of each differ from two places on: as few in all, and as alike in number, as may be."""
    ends = len(old) - left, len(new) - right
    for skipped, added in _STEPS:
        if skipped > ends[0] or added > ends[1]:
            continue
        if (skipped, added) == ends:
            break
        there, here = left + skipped, right + added
        if there < len(old) and here < len(new) and old[there] == new[here]:
            following = 1 if skipped == added else 2
            if old[there : there + following] == new[here : here + following]:
                return skipped, added
    return ends


def _steps() -> Iterator[tuple[int, int]]:
    for length in range(1, 2 * _WINDOW + 1):
        pairs = [(skipped, length - skipped) for skipped in range(length + 1)]
        near = [pair for pair in pairs if max(pair) <= _WINDOW]
        yield from sorted(near, key=lambda pair: abs(pair[0] - pair[1]))


_STEPS = tuple(_steps())
