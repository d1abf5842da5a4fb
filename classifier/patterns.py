"""Token patterns: a small language that a lexicon writes, compiled once.

A pattern is a row of elements divided by spaces:

    take                any inflected form of the word (take, takes, took, taken, taking)
    =visa               this form only
    (take|keep|=held)   one of these
    @papers             one of a named set of the lexicon
    my?                 an optional element
    ..3                 a gap of up to three tokens, never across a sentence

`classifier.matcher` searches for compiled patterns, from the element whose words are rarest: the anchor.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from classifier.errors import TaxonomyError

_ELEMENT = re.compile(r"^(?P<body>@[a-z_]+|\([^()\s]+\)|(?!\.\.)=?[^\s()@|?=]+)(?P<optional>\??)$")
_GAP = re.compile(r"^\.\.(\d)$")
_VOWELS = "aeiou"


def inflect(
    word: str, irregular: Mapping[str, Sequence[str]], endings: Mapping[str, Sequence[str]] | None = None
) -> frozenset[str]:
    """Give the forms of a word by its regular endings and the lexicon's table of irregular forms.

    Noun and verb endings are both made; a form that does not exist in the language can match nothing.

    Args:
        word: As the pattern names it.
        irregular: A word to its further forms.
        endings: An ending to all that may stand in its place, the longest ending of the word deciding; None for
            English, whose doubled letters no such table can say.
    """
    forms = {word, *irregular.get(word, ())}
    if not word.isalpha() or len(word) < 3:
        return frozenset(forms)
    if endings is not None:
        ending = max((one for one in endings if word.endswith(one)), key=len, default=None)
        stem = word if ending is None else word.removesuffix(ending)
        return frozenset(forms | {stem + other for other in endings.get(ending or "", ())})
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
        *,
        endings: Mapping[str, Sequence[str]] | None = None,
        folds: Mapping[int, str] | None = None,
    ) -> None:
        """Keep the tables.

        Args:
            sets: Named sets of words.
            irregular: A word to its further forms.
            common: Words too frequent to start a match from.
            endings: As of `inflect`.
            folds: Letters that tokens have in place of others, as `str.translate` takes them.
        """
        self._irregular, self._endings, self._folds = irregular, endings, folds or {}
        self._common = frozenset(word.translate(self._folds) for word in common)
        self._sets = {name: self._words("|".join(words)) for name, words in sets.items()}

    def _words(self, body: str) -> frozenset[str]:
        forms: set[str] = set()
        for word in body.split("|"):
            forms |= {word[1:]} if word.startswith("=") else inflect(word, self._irregular, self._endings)
        return frozenset(form.translate(self._folds) for form in forms)

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
