"""Spreads the words that were taken for names: over their neighbours, over the whole text, into stretches."""

import re
from collections.abc import Iterator
from itertools import pairwise

from service.review.mask_reading import Reading
from service.review.mask_shapes import Found
from service.review.mask_words import Word

_GAP = re.compile(r"[ \u00a0]|\. ?|[ ]?[-–][ ]?")
# A name has no more words than this on one side of where it was found.
_MOST = 4


def spread(reading: Reading, hits: set[int]) -> list[Found]:
    """Stretches that name people, in reading order.

    Args:
        reading: The text.
        hits: Indices of words that are names; neighbours and repetitions are added.
    """
    _extend(reading, hits)
    _repeat(reading, hits)
    return list(_join(reading, hits))


def _extend(reading: Reading, hits: set[int]) -> None:
    for step in (1, -1):
        for index in sorted(hits, reverse=step < 0):
            place = index
            for _ in range(_MOST):
                reached = _neighbour(reading, hits, place, step)
                if reached is None:
                    break
                hits |= set(range(min(place, reached), max(place, reached) + 1))
                place = reached


def _neighbour(reading: Reading, hits: set[int], index: int, step: int) -> int | None:
    """The next word of the same name in one direction, over particles where there are some."""
    for reach in (1, 2, 3):
        place = index + step * reach
        if not 0 <= place < len(reading.words) or not _touches(reading, min(place, place - step)):
            return None
        if reach > 1 if place in hits else _may_join(reading, reading.words[place]):
            return place
        if not reading.is_in("particles", place):
            return None
    return None


def _touches(reading: Reading, index: int) -> bool:
    """Whether a word and the next one can be parts of one name."""
    gap = reading.gap(index)
    # A full stop joins only after an initial or an abbreviation.
    short = reading.words[index].end - reading.words[index].start <= 2 or reading.is_in("titles", index)
    return bool(_GAP.fullmatch(gap)) and ("." not in gap or short)


def _may_join(reading: Reading, word: Word) -> bool:
    lists = reading.lists
    if word.shape == "none" or lists.is_in("titles", word.fold) or lists.is_in("bodies", word.fold):
        return False
    if word.shape == "small" or reading.capitals:
        return word.shape != "small" and lists.is_sure(word.fold)
    if word.end - word.start == 1:
        return word.fold not in {"i", "a"} or reading.text[word.end : word.end + 1] in {".", ""}
    if lists.is_readable(word.fold):
        return lists.is_listed(word.fold)
    return not word.opens or lists.is_listed(word.fold) or not lists.is_ordinary(word.fold)


def _repeat(reading: Reading, hits: set[int]) -> None:
    """Add every other place of what was found: with a capital, or small where it is no word."""
    lists = reading.lists
    known = {reading.words[index].fold for index in hits}
    known = {fold for fold in known if len(fold) > 1 and not lists.is_in("particles", fold)}
    for index, word in enumerate(reading.words):
        if word.fold not in known or lists.is_readable(word.fold):
            continue
        capital = word.shape in {"title", "mixed"} and (not word.opens or lists.is_listed(word.fold))
        if not lists.is_ordinary(word.fold) or (capital and not reading.is_body(index)):
            hits.add(index)


def _join(reading: Reading, hits: set[int]) -> Iterator[Found]:
    places = sorted(hits)
    parts = [at for at, pair in enumerate(pairwise(places), start=1) if not _is_one(reading, *pair)]
    for first, past in pairwise([0, *parts, len(places)]):
        if first < past:
            yield Found(reading.words[places[first]].start, reading.words[places[past - 1]].end, "name")


def _is_one(reading: Reading, left: int, right: int) -> bool:
    if right != left + 1 or not _GAP.fullmatch(reading.gap(left)):
        return False
    return not reading.words[right].opens or reading.words[left].end - reading.words[left].start == 1
