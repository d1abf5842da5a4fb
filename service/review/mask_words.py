"""Cuts a text into words and says of each what a name could be told by: its shape, and the word lists it stands in."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from service.review.mask_shapes import read_data

# Letters and the marks on them; hyphens and apostrophes between letters hold a word together.
_WORD = re.compile(r"(?<![\w])[^\W\d_]+(?:[\u0300-\u036f]+[^\W\d_]*)*(?:[-'’][^\W\d_]+)*(?![\d_])")
_POSSESSIVE = re.compile(r"['’][sS]$")
_OPENING = re.compile(r"(?:^|[.!?:;\n\"“”«»•|>]|(?:^|\n)[-–*])[\s\"“«'‘(¿¡-]*$")
_ENDINGS = ("s", "es", "d", "ed", "ing", "ly", "er", "ers", "y", "'s", "n't", "'ll", "'re", "'ve", "'d", "'m")
_BEGINNINGS = ("un", "re", "non", "over", "under", "mis", "out", "pre")
# The groups of `names.toml` that hold no names, and those of `readable.toml` that hold nothing with a capital.
_SIGNS = (
    "titles", "sure_titles", "short_titles", "kin", "particles", "bodies", "place_before", "from_person", "family",
    "word_endings", "introductions", "sure_introductions",
)  # fmt: skip
_LANGUAGES = ("german", "english", "foreign")
# How far back the start of a sentence is looked for, code points.
_LOOK_BACK = 8
# Longer "words" are noise.
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text: half-open code points, itself in small letters, its shape, and whether it opens a sentence."""

    start: int
    end: int
    fold: str
    shape: str
    opens: bool


@dataclass(frozen=True, slots=True)
class Lists:
    """What is known of words.

    Attributes:
        names: Names somewhere.
        words: Ordinary words.
        readable: Words with a capital that stay readable.
        groups: Words that announce or surround names, and function words of languages, by the group they stand in.
        introductions: Phrases after which a name may follow.
        sure_introductions: Phrases after which one does.
    """

    names: frozenset[str]
    words: frozenset[str]
    readable: frozenset[str]
    groups: Mapping[str, frozenset[str]]
    introductions: re.Pattern[str]
    sure_introductions: re.Pattern[str]

    def is_in(self, group: str, fold: str) -> bool:
        """Whether a word stands in a group."""
        return fold in self.groups[group]

    def is_ordinary(self, fold: str) -> bool:
        """Whether this is a word that is no name, perhaps with an ending or a beginning; hyphens part it."""
        return all(self._is_known(part) for part in fold.split("-") if part)

    def is_readable(self, fold: str) -> bool:
        """Whether it stays readable with a capital: it says where, when or what; hyphens part it ("Thai-language")."""
        if fold in self.readable:
            return True
        parts = fold.split("-")
        return len(parts) > 1 and parts[0] in self.readable and not self.is_listed(parts[-1])

    def is_word_like(self, fold: str) -> bool:
        """Whether an unknown word is built like an ordinary one: by its ending, or of two words."""
        if len(fold) > _LONGEST or fold.endswith(tuple(self.groups["word_endings"])):
            return True
        return any(fold[:cut] in self.words and fold[cut:] in self.words for cut in range(4, len(fold) - 3))

    def is_sure(self, fold: str) -> bool:
        """Whether this is a name and nothing else."""
        return self.is_listed(fold) and fold not in self.words and not self.is_readable(fold)

    def is_listed(self, fold: str) -> bool:
        """Whether this is a name somewhere, with or without its accents, or two of them with a hyphen."""
        if fold in self.names or (len(fold) > 3 and strip_accents(fold) in self.names):
            return True
        parts = fold.split("-")
        return len(parts) > 1 and all(part in self.names for part in parts)

    def _is_known(self, word: str) -> bool:
        if word in self.words:
            return True
        if word in self.names:
            return False
        stems = {word.removesuffix(ending) for ending in _ENDINGS} | {word.removeprefix(part) for part in _BEGINNINGS}
        stems |= {f"{stem}e" for stem in stems if word.endswith(("ing", "ed", "er", "ers"))}
        if word.endswith(("ies", "ied", "ier", "ily")):
            stems.add(f"{word[:-3]}y")
        stems |= {stem[:-1] for stem in stems if len(stem) > 3 and stem[-1:] == stem[-2:-1]}
        return any((len(stem) > 2 or stem == "i") and (stem in self.words or stem == "i") for stem in stems)


@cache
def load_lists() -> Lists:
    """Read the word lists."""
    names = tomllib.loads(read_data("names.toml"))
    readable = tomllib.loads(read_data("readable.toml"))
    signs = {group: frozenset(names[group].split()) for group in _SIGNS}
    return Lists(
        names=_union(names, _SIGNS),
        words=frozenset(read_data("words.txt").split()),
        readable=_union(readable, _LANGUAGES),
        groups=signs | {group: frozenset(readable[group].split()) for group in _LANGUAGES},
        introductions=_phrases(names["introductions"]),
        sure_introductions=_phrases(names["sure_introductions"]),
    )


def _union(groups: Mapping[str, str], without: Sequence[str]) -> frozenset[str]:
    return frozenset(word for group, text in groups.items() if group not in without for word in text.split())


def _phrases(text: str) -> re.Pattern[str]:
    """A pattern of the phrases between the bars, the longest first."""
    phrases = sorted((" ".join(phrase.split()) for phrase in text.split("|")), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, phrases))})(?!\w)", re.IGNORECASE)


def cut_words(text: str) -> list[Word]:
    """The words of a text in reading order."""
    return [_build_word(text, match) for match in _WORD.finditer(text)]


def strip_accents(fold: str) -> str:
    """The word without the marks on its letters."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", fold) if not unicodedata.combining(letter))


def is_capitals(text: str) -> bool:
    """Whether most letters are capitals, so that a capital says nothing."""
    upper = sum(1 for letter in text if letter.isupper())
    return upper > 0.6 * max(1, upper + sum(1 for letter in text if letter.islower()))


def _build_word(text: str, match: re.Match[str]) -> Word:
    surface = _POSSESSIVE.sub("", match[0])
    start = match.start()
    before = text[max(0, start - _LOOK_BACK) : start]
    opens = bool(_OPENING.search(before)) if start > _LOOK_BACK or before.strip() else True
    return Word(start, start + len(surface), surface.lower().replace("’", "'"), _shape(surface), opens)


def _shape(surface: str) -> str:
    if surface.islower():
        return "small"
    if len(surface) > 1 and surface.isupper():
        return "capitals"
    return "title" if surface[0].isupper() else "mixed" if surface.lower() != surface else "none"
