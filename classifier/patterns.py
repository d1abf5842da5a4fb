"""Token patterns: a small language that a lexicon writes, compiled once and searched only where all its words are.

A pattern is a row of elements divided by spaces:

    take                any inflected form of the word (take, takes, took, taken, taking)
    =visa               this form only
    (take|keep|=held)   one of these
    @papers             one of a named set of the lexicon
    my?                 an optional element
    ..3                 a gap of up to three tokens, never across a sentence

A search starts at the element whose words are rarest (its anchor) and grows left and right. The cost follows the
number of patterns whose words all stand in the sentence, not the number of patterns: spaCy's Matcher with wildcards
ran 30 times slower than its PhraseMatcher over as many rules.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from classifier.errors import TaxonomyError

_ELEMENT = re.compile(r"^(?P<body>@[a-z_]+|\([^()\s]+\)|(?!\.\.)=?[^\s()@|?=]+)(?P<optional>\??)$")
_GAP = re.compile(r"^\.\.(\d)$")
_VOWELS = "aeiou"
# Required elements looked at before a search; patterns rarely have more.
_LEVELS = 4


def inflect(word: str, irregular: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Give the forms of an English word by its regular endings and the lexicon's table of irregular forms.

    Noun and verb endings are both made; a form that does not exist in English can match nothing.
    """
    forms = {word, *irregular.get(word, ())}
    if not word.isalpha() or len(word) < 3:
        return frozenset(forms)
    consonant_y = word.endswith("y") and word[-2] not in _VOWELS
    if consonant_y:
        forms |= {word[:-1] + "ies", word[:-1] + "ied", word + "ing"}
    elif word.endswith("e"):
        forms |= {word + "s", word + "d", word[:-1] + "ing"}
    else:
        plural = "es" if word.endswith(("s", "x", "z", "ch", "sh")) else "s"
        forms |= {word + plural, word + "ed", word + "ing"}
        doubles = word[-1] not in "aeiouwxyh" and word[-2] in _VOWELS and word[-3] not in _VOWELS
        if doubles:
            forms |= {word + word[-1] + "ed", word + word[-1] + "ing"}
    return frozenset(forms)


@dataclass(frozen=True, slots=True)
class Element:
    """One place of a pattern: the forms that fit, whether it may be missing, and the gap allowed before it."""

    forms: frozenset[str]
    optional: bool
    gap: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern: its elements and the index of the element that matching starts from."""

    elements: tuple[Element, ...]
    anchor: int

    @property
    def words(self) -> frozenset[str]:
        """Every word form that some element names."""
        return frozenset().union(*(element.forms for element in self.elements))


class PatternCompiler:
    """Compiles pattern texts against one lexicon's sets, irregular forms and common words."""

    def __init__(
        self,
        sets: Mapping[str, Sequence[str]],
        irregular: Mapping[str, Sequence[str]],
        common: Iterable[str],
    ) -> None:
        """Keep the tables; `common` lists words too frequent to start a match from."""
        self._irregular = irregular
        self._common = frozenset(common)
        self._sets = {name: self._words("|".join(words)) for name, words in sets.items()}

    def _words(self, body: str) -> frozenset[str]:
        forms: set[str] = set()
        for word in body.split("|"):
            forms |= {word[1:]} if word.startswith("=") else inflect(word, self._irregular)
        return frozenset(forms)

    def _forms(self, body: str, text: str) -> frozenset[str]:
        if body.startswith("@"):
            if body[1:] not in self._sets:
                raise TaxonomyError(f"pattern '{text}' uses set '{body}'; the sets are {sorted(self._sets)}")
            return self._sets[body[1:]]
        return self._words(body.strip("()"))

    def compile(self, text: str) -> Pattern:
        """Compile one pattern.

        Raises:
            TaxonomyError: an element is not of the language, or no element can serve as anchor.
        """
        elements: list[Element] = []
        gap = 0
        for part in text.split():
            if distance := _GAP.match(part):
                gap = int(distance[1])
                continue
            matched = _ELEMENT.match(part)
            if matched is None:
                raise TaxonomyError(
                    f"pattern '{text}' has element '{part}'; allowed: word, =word, (a|b), @set, x?, ..N"
                )
            elements.append(Element(self._forms(matched["body"], text), bool(matched["optional"]), gap))
            gap = 0
        required = [i for i, element in enumerate(elements) if not element.optional]
        if not required or gap:
            raise TaxonomyError(f"pattern '{text}' needs an element that is not optional and must not end in a gap")
        return Pattern(tuple(elements), min(required, key=lambda i: self._cost(elements[i].forms)))

    def _cost(self, forms: frozenset[str]) -> tuple[int, int]:
        return len(forms & self._common), len(forms)


@dataclass(frozen=True, slots=True)
class Match:
    """A pattern met in a token row: which pattern, and its tokens `[first, last)`."""

    pattern: int
    first: int
    last: int


class PatternMatcher:
    """Finds all patterns in rows of lower-case tokens; from each anchor the shortest fit is kept.

    Every word carries a bit for each pattern element that it fits. The bits of a sentence's words, put together, leave
    the few patterns whose elements are all present; only those are searched.
    """

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        """Give each pattern a bit in each level: level i stands for its i-th required element."""
        self._parts = [_split(pattern) for pattern in patterns]
        self._size = len(patterns)
        self._full = (1 << self._size) - 1
        masks: dict[str, int] = {}
        self._given = 0
        for number, pattern in enumerate(patterns):
            required = [element.forms for element in pattern.elements if not element.optional][:_LEVELS]
            for level in range(_LEVELS):
                bit = 1 << (level * self._size + number)
                if level >= len(required):
                    self._given |= bit
                    continue
                for form in required[level]:
                    masks[form] = masks.get(form, 0) | bit
        self._masks = masks
        self.words = frozenset[str]().union(*(pattern.words for pattern in patterns))

    def match(self, tokens: Sequence[str], first: int, last: int) -> list[Match]:
        """Match inside the sentence `tokens[first:last]`; matches come in pattern order, then from left to right."""
        present, masks = self._given, self._masks
        for token in self._masks.keys() & tokens[first:last]:
            present |= masks[token]
        candidates = self._full
        for _ in range(_LEVELS):
            candidates &= present
            present >>= self._size
        found: list[Match] = []
        while candidates:
            lowest = candidates & -candidates
            candidates ^= lowest
            number = lowest.bit_length() - 1
            forms, left, right = self._parts[number]
            for position in range(first, last):
                if tokens[position] not in forms:
                    continue
                end = _grow(tokens, position + 1, last, right) if right else position + 1
                if end is None:
                    continue
                start = _grow_left(tokens, position, first, left)
                if start is not None:
                    found.append(Match(number, start, end))
        return found


def _split(pattern: Pattern) -> tuple[frozenset[str], tuple[Element, ...], tuple[Element, ...]]:
    """Give the forms of the anchor, the elements up to and with it, and those after it."""
    elements, anchor = pattern.elements, pattern.anchor
    return elements[anchor].forms, elements[: anchor + 1], elements[anchor + 1 :]


def _grow(tokens: Sequence[str], at: int, limit: int, elements: Sequence[Element]) -> int | None:
    """Give the end of the shortest fit of `elements` to the right of `at`, or None."""
    if not elements:
        return at
    element, rest = elements[0], elements[1:]
    for place in range(at, min(at + element.gap + 1, limit)):
        if tokens[place] in element.forms:
            end = _grow(tokens, place + 1, limit, rest)
            if end is not None:
                return end
    if not element.optional:
        return None
    return _grow(tokens, at, limit, _carry_gap(element.gap, rest, 0))


def _grow_left(tokens: Sequence[str], at: int, limit: int, elements: Sequence[Element]) -> int | None:
    """Give the start of the shortest fit of `elements` whose last one stands at `at`, or None."""
    if len(elements) == 1:
        return at
    element, gap = elements[-2], elements[-1].gap
    for place in range(at - 1, max(at - gap - 2, limit - 1), -1):
        if tokens[place] in element.forms:
            start = _grow_left(tokens, place, limit, elements[:-1])
            if start is not None:
                return start
    if not element.optional:
        return None
    widened = Element(elements[-1].forms, elements[-1].optional, max(gap, element.gap))
    return _grow_left(tokens, at, limit, (*elements[:-2], widened))


def _carry_gap(gap: int, elements: Sequence[Element], index: int) -> Sequence[Element]:
    """Let the element after a missing optional one keep the wider of both gaps."""
    if not elements or elements[index].gap >= gap:
        return elements
    head = Element(elements[index].forms, elements[index].optional, gap)
    return (head, *elements[1:])
