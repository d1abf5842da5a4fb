"""Finds names of people by what stands around them and by word lists; no statistical model takes part.

A word is taken for a name when something announces it ("my name is", "Mr", "my friend"), when a list knows it as a name
and not as a word, or when it has a capital inside a sentence and no list knows it. Neighbours with a capital join it,
and what was found once is found everywhere in the text. Unknown places and firms are hidden now and then for that.
"""

import re
from collections.abc import Iterable, Iterator

from service.review.mask_reading import Reading
from service.review.mask_shapes import Found
from service.review.mask_spread import spread
from service.review.mask_words import Word

# Letters of scripts without capitals, alone in a text of another script, are mostly a name or an address.
_LETTERS = (
    r"[\u0590-\u08ff\u0900-\u0dff\u0e00-\u0eff\u1000-\u109f\u1200-\u137f\u1780-\u17ff"
    r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+"
)
_OTHER_SCRIPT = re.compile(rf"{_LETTERS}(?:[ ·・]{_LETTERS}){{0,3}}")
_OTHER_SHARE = 0.3
_NO_INITIALS = r"U\.? ?[SKN]\.|E\.? ?U\.|D\.? ?C\.|N\.? ?[IZ]\.|[AP]\.? ?M\."
_INITIALS = re.compile(rf"(?<![\w.])(?!{_NO_INITIALS})[A-Z]\. ?[A-Z]\.(?!\w)")
_NEXT = re.compile(r"[\s:.,\"'“”‘’(]{1,3}")
_BETWEEN = frozenset((" ", ". ", " (", ", "))


def find_names(text: str, taken: Iterable[Found] = ()) -> list[Found]:
    """Stretches that name a person, in reading order, without overlaps.

    Args:
        text: The text.
        taken: Stretches that are something else already, in which no name is looked for.
    """
    reading = Reading(text, taken)
    hits: set[int] = set()
    _take_announced(reading, hits)
    hits |= {index for index in range(len(reading.words)) if _is_name(reading, index, hits)}
    return sorted([*spread(reading, hits), *_without_capitals(text)])


# --------------------------------------------------------------------------------------------- what a word is by itself


def _is_name(reading: Reading, index: int, called: set[int]) -> bool:
    word, lists = reading.words[index], reading.lists
    if word.end - word.start < 2 or word.shape == "none" or lists.is_readable(word.fold):
        return False
    if lists.is_in("titles", word.fold):
        return False
    if word.shape == "small":
        return reading.native and lists.is_sure(word.fold) and len(word.fold) > 2
    if word.shape == "capitals":
        return _is_name_in_capitals(reading, word)
    return not reading.is_body(index, called) and _is_name_with_capital(reading, index)


def _is_name_in_capitals(reading: Reading, word: Word) -> bool:
    lists = reading.lists
    sure = lists.is_sure(word.fold) and len(word.fold) > 2
    # Short ones are abbreviations; in a text all in capitals only the list can tell.
    if sure or reading.capitals or len(word.fold) < 5:
        return sure
    return not lists.is_ordinary(word.fold) and not lists.is_word_like(word.fold)


def _is_name_with_capital(reading: Reading, index: int) -> bool:
    word, lists = reading.words[index], reading.lists
    if lists.is_listed(word.fold):
        return lists.is_sure(word.fold) or not (word.opens or reading.german)
    if reading.german or lists.is_ordinary(word.fold) or reading.is_place(index):
        return False
    return not word.opens or (reading.native and not lists.is_word_like(word.fold))


# ------------------------------------------------------------------------------------------------ what announces a name


def _take_announced(reading: Reading, hits: set[int]) -> None:
    """Take what follows an introduction, a title, an initial, or a word for what someone is to somebody."""
    starts = {word.start: index for index, word in enumerate(reading.words)}
    for trust, phrases in ((1, reading.lists.introductions), (2, reading.lists.sure_introductions)):
        for match in phrases.finditer(reading.text):
            gap = _NEXT.match(reading.text, match.end())
            if gap and (index := starts.get(gap.end())) is not None:
                _take(reading, hits, index, trust=trust)
    for index in range(len(reading.words) - 1):
        if reading.gap(index) in _BETWEEN:
            _take_after(reading, hits, index)


def _take_after(reading: Reading, hits: set[int], index: int) -> None:
    word, gap = reading.words[index], reading.gap(index)
    single = word.end - word.start == 1
    # `M.` is an initial in English and a title in French.
    titled = reading.is_in("titles", index) and not (single and reading.native)
    if titled and (gap == " " or reading.is_in("short_titles", index)):
        sure = reading.is_in("sure_titles", index)
        _take(reading, hits, index + 1, trust=3 if sure else 2 if word.shape != "small" else 0)
    elif single and word.shape == "title" and gap == ". ":
        _take_after_initial(reading, hits, index)
    elif word.shape == "title" and not word.opens and reading.is_in("family", index + 1):
        _take(reading, hits, index, trust=2)
    elif reading.is_in("kin", index):
        _take(reading, hits, index + 1, trust=0)


def _take_after_initial(reading: Reading, hits: set[int], index: int) -> None:
    """Take an initial and the word with a capital after it, unless a sentence ends there."""
    word, lists = reading.words[index + 1], reading.lists
    if word.shape != "title" or word.end - word.start < 2 or lists.is_readable(word.fold):
        return
    if lists.is_listed(word.fold) or not lists.is_ordinary(word.fold):
        hits |= {index, index + 1}


def _take(reading: Reading, hits: set[int], index: int, *, trust: int) -> None:
    """Take a word as a name where its shape allows.

    Args:
        reading: The text.
        hits: Takes the index.
        index: Of the word.
        trust: 0: only what no list knows as a word; 1: also what is a name too; 2: also any word with a capital;
            3: also any small word.
    """
    word, lists = reading.words[index], reading.lists
    following = reading.words[index + 1].shape if index + 1 < len(reading.words) else "none"
    if lists.is_in("titles", word.fold) and word.end - word.start > 1:
        if following == "title":
            _take(reading, hits, index + 1, trust=trust)
    elif not lists.is_readable(word.fold) and word.shape != "none":
        if word.end - word.start > 1 and _is_taken(reading, index, trust):
            hits.add(index)
        elif lists.is_in("particles", word.fold) and following == "title":
            hits |= {index, index + 1}


def _is_taken(reading: Reading, index: int, trust: int) -> bool:
    word, lists = reading.words[index], reading.lists
    ordinary, named = lists.is_ordinary(word.fold), lists.is_listed(word.fold)
    if word.shape == "small" or reading.capitals:
        function = lists.is_in("english", word.fold) or len(word.fold) < 3
        return reading.native and not function and (not ordinary or (named and trust > 0) or trust > 2)
    return not ordinary or named or (trust > 1 and not reading.is_body(index))


def _without_capitals(text: str) -> Iterator[Found]:
    for match in _INITIALS.finditer(text):
        yield Found(*match.span(), "name")
    others = list(_OTHER_SCRIPT.finditer(text))
    if sum(len(match[0]) for match in others) < _OTHER_SHARE * len(text):
        for match in others:
            yield Found(*match.span(), "name")
