"""Search for token patterns: from the rarest word of each, and only where all its words are.

A search starts at the anchor and grows left and right. The cost follows the number of patterns whose words all stand in
the sentence, not the number of patterns: spaCy's Matcher with wildcards ran 30 times slower than its PhraseMatcher over
as many rules.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from classifier.patterns import Element, Pattern

# Required elements beside the anchor that are looked at before a search; patterns rarely have more.
_NEEDED = 3


class Match(NamedTuple):
    """A pattern met in a token row: which pattern, and its tokens `[first, last)`."""

    pattern: int
    first: int
    last: int


class _Step(NamedTuple):
    """One element of a search to the left or right, and how it goes on when the element is there or is left out."""

    forms: frozenset[str]
    gap: int
    optional: bool
    rest: "_Step | None"
    without: "_Step | None"


class PatternMatcher:
    """Finds all patterns in rows of lower-case tokens; from each anchor the shortest fit is kept.

    Every word form carries a bit for each set of forms that it belongs to. The bits of a sentence's words, put
    together, leave the few anchors whose patterns have all their words in the sentence; only those are searched from.

    Attributes:
        forms: Numbers of the word forms that required elements name, from 1; 0 stands for every other word.
        words: Every word form that some element names.
    """

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        """Number the forms and the sets of forms, and lay out what each of them says."""
        self._steps = [(*_split(pattern), *_nearest(pattern)) for pattern in patterns]
        needs = [_needed(pattern) for pattern in patterns]
        named = dict.fromkeys(form for pattern in patterns for form in sorted(_anchor(pattern)))
        named |= dict.fromkeys(form for forms in dict.fromkeys(chain(*needs)) for form in sorted(forms))
        self.forms = {form: number for number, form in enumerate(named, start=1)}
        self.words = frozenset[str]().union(*(pattern.words for pattern in patterns))
        # Set 0 is in every word: it stands where a pattern needs no other.
        sets = {forms: number for number, forms in enumerate(dict.fromkeys(chain(*needs)), start=1)}
        self._sets = np.zeros((len(named) + 1, -(-(len(sets) + 1) // 64)), dtype=np.uint64)
        self._sets[:, 0] = 1
        for forms, number in sets.items():
            self._sets[[self.forms[form] for form in forms], number >> 6] |= np.uint64(1 << (number & 63))
        self._needs = np.zeros((_NEEDED, len(patterns)), dtype=np.int64)
        anchored: list[list[int]] = [[] for _ in range(len(named) + 1)]
        for number, pattern in enumerate(patterns):
            self._needs[: len(needs[number]), number] = [sets[forms] for forms in needs[number]]
            for form in _anchor(pattern):
                anchored[self.forms[form]].append(number)
        self._counts = np.array([len(numbers) for numbers in anchored])
        self._first = np.cumsum(self._counts) - self._counts
        self._anchored = np.array(list(chain(*anchored)), dtype=np.int64)

    def match(self, tokens: Sequence[str], first: int, last: int) -> list[Match]:
        """Match inside the sentence `tokens[first:last]`; matches come in pattern order, then from left to right."""
        row = tokens[first:last]
        forms = np.array([self.forms.get(token, 0) for token in row], dtype=np.int64)
        found = self.match_sentences(row, forms, np.array([[0, len(row)]])) if row else []
        return [Match(m.pattern, m.first + first, m.last + first) for _, matches in found for m in matches]

    def match_sentences(
        self, tokens: Sequence[str], numbers: np.ndarray, sentences: np.ndarray
    ) -> list[tuple[int, list[Match]]]:
        """Match inside every sentence of a text.

        Args:
            tokens: Lower-case tokens, at least one.
            numbers: (n_tokens,) theirs in `forms`.
            sentences: (n_sentences, 2) token bounds, contiguous, none empty.

        Returns:
            The sentences that have matches, each with them in pattern order, then from left to right.
        """
        found: dict[int, list[Match]] = {}
        bounds = sentences.tolist()
        for sentence, number, place in sorted(self._find_anchors(numbers, sentences)):
            left, right, forms, before, behind = self._steps[number]
            # Most anchors have no partner near them; what this look takes in too much, the search leaves out.
            if forms.isdisjoint(tokens[max(0, place + before) : place + behind]):
                continue
            first, last = bounds[sentence]
            end = _grow(tokens, place + 1, last, right)
            start = None if end is None else _grow_left(tokens, place, first, left)
            if end is not None and start is not None:
                found.setdefault(sentence, []).append(Match(number, start, end))
        return list(found.items())

    def _find_anchors(self, forms: np.ndarray, sentences: np.ndarray) -> Iterator[tuple[int, int, int]]:
        """Give sentence, pattern and token of the anchors whose patterns have all their words in the sentence."""
        counts = self._counts[forms]
        rows = (self._first[forms] - counts.cumsum() + counts).repeat(counts)
        numbers = self._anchored.take(rows + np.arange(len(rows)))
        places = np.arange(len(forms)).repeat(counts)
        sets = np.bitwise_or.reduceat(self._sets.take(forms, axis=0), sentences[:, 0], axis=0)
        present = np.unpackbits(sets.view(np.uint8), bitorder="little")
        # Where the sets of an anchor's sentence begin among all of them.
        width = 64 * sets.shape[1]
        begins = np.arange(0, len(present), width).repeat(sentences[:, 1] - sentences[:, 0])[places]
        for needed in self._needs:
            kept = present[begins + needed[numbers]].nonzero()[0]
            begins, numbers, places = begins[kept], numbers[kept], places[kept]
        return zip((begins // width).tolist(), numbers.tolist(), places.tolist(), strict=True)


def _anchor(pattern: Pattern) -> frozenset[str]:
    return pattern.elements[pattern.anchor].forms


def _needed(pattern: Pattern) -> list[frozenset[str]]:
    """Give the sets of forms that a sentence must have beside the anchor, rarest first."""
    others = [e.forms for i, e in enumerate(pattern.elements) if i != pattern.anchor and not e.optional]
    return sorted(others, key=len)[:_NEEDED]


def _split(pattern: Pattern) -> tuple[_Step | None, _Step | None]:
    """Give the searches to the left and to the right of the anchor."""
    elements, anchor = pattern.elements, pattern.anchor
    return _link_left(elements[: anchor + 1]), _link(elements[anchor + 1 :])


def _nearest(pattern: Pattern) -> tuple[frozenset[str], int, int]:
    """Give the required element that can stand in the fewest places, and these places `[first, last)` from the anchor.

    A pattern of one required element has the anchor itself.
    """
    elements, anchor = pattern.elements, pattern.anchor
    windows = [(elements[anchor].forms, 0, 1)]
    for place, element in enumerate(elements):
        if element.optional or place == anchor:
            continue
        low, high = min(place, anchor) + 1, max(place, anchor) + 1
        least = sum(not one.optional for one in (elements[place:anchor] or elements[low:high]))
        most = sum(1 + one.gap for one in elements[low:high])
        windows.append((element.forms, least, most + 1) if place > anchor else (element.forms, -most, 1 - least))
    return min(windows[1:] or windows, key=lambda window: (window[2] - window[1], len(window[0])))


def _link(elements: Sequence[Element]) -> _Step | None:
    if not elements:
        return None
    head, rest = elements[0], elements[1:]
    return _Step(
        head.forms, head.gap, head.optional, _link(rest), _link(_carry_gap(head.gap, rest)) if head.optional else None
    )


def _link_left(elements: Sequence[Element]) -> _Step | None:
    if len(elements) == 1:
        return None
    head, gap = elements[-2], elements[-1].gap
    without = None
    if head.optional:
        last = elements[-1]
        widened = Element(last.forms, last.optional, max(gap, head.gap))
        without = _link_left((*elements[:-2], widened))
    return _Step(head.forms, gap, head.optional, _link_left(elements[:-1]), without)


def _grow(tokens: Sequence[str], at: int, limit: int, step: _Step | None) -> int | None:
    """Give the end of the shortest fit of a search to the right of `at`, or None."""
    while step is not None:
        forms, gap, optional, rest, without = step
        if gap or optional:
            for place in range(at, min(at + gap + 1, limit)):
                if tokens[place] in forms:
                    end = _grow(tokens, place + 1, limit, rest)
                    if end is not None:
                        return end
            if not optional:
                return None
            step = without
        elif at < limit and tokens[at] in forms:
            at, step = at + 1, rest
        else:
            return None
    return at


def _grow_left(tokens: Sequence[str], at: int, limit: int, step: _Step | None) -> int | None:
    """Give the start of the shortest fit of a search to the left of `at`, or None."""
    while step is not None:
        forms, gap, optional, rest, without = step
        if gap or optional:
            for place in range(at - 1, max(at - gap - 2, limit - 1), -1):
                if tokens[place] in forms:
                    start = _grow_left(tokens, place, limit, rest)
                    if start is not None:
                        return start
            if not optional:
                return None
            step = without
        elif at > limit and tokens[at - 1] in forms:
            at, step = at - 1, rest
        else:
            return None
    return at


def _carry_gap(gap: int, elements: Sequence[Element]) -> Sequence[Element]:
    """Let the element after a missing optional one keep the wider of both gaps."""
    if not elements or elements[0].gap >= gap:
        return elements
    head = Element(elements[0].forms, elements[0].optional, gap)
    return (head, *elements[1:])
