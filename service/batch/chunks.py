"""Cuts a text into chunks, a word with the marks and spaces after it, as numbers that compare fast."""

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from hashlib import blake2b
from importlib import resources
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.lexicon import available_languages, load_lexicon

# The pieces make up the whole text, and none is so long that keeping it costs much.
_CHUNK = re.compile(r"\w{1,48}\W{0,16}|\W{1,64}")
_WORD = re.compile(r"\w+")
# "15", "15yo", "f16"; "15th" is mostly a date.
_AGE = re.compile(r"[fm]?(\d{1,3})(?!st\b|nd\b|rd\b|th\b)[^\W\d]{0,5}")
# What a contact point is made of; `contacts` says how.
_CONTACT = re.compile(
    r"[\d@:/=]|[.\]]\w|\w\.$|^(?:zero|one|two|three|four|five|six|seven|eight|nine|oh|o|at|dot)$", re.IGNORECASE
)
_DIGITS = frozenset(("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "oh"))
# Different chunks that are remembered; a few dozen MB at worst.
_REMEMBERED = 100_000
_ROOM = 1024
_LAST_MINOR_AGE = 17

# Marks of a chunk: it can change what a text says; it has a question mark, which does so too; it may be part of a
# contact point; it is a number, in digits or as the name of a digit; the lexicon of another language knows its word.
DECISIVE, ASKS, CONTACT, NUMBER, FOREIGN = 1, 2, 4, 8, 16
# What every number is for the likeness of texts: they are what varies from one ad to the next.
ANY_NUMBER = 0x9AC1F4D53E0B7725


@dataclass(frozen=True, slots=True, eq=False)
class Chunks:
    """A text in `n` chunks.

    Attributes:
        exact: A hash of each chunk, letter for letter.
        words: A hash of the word in each chunk, case and width folded; 0 where there is none.
        word_row: The same as an array, `(n,)`, in which all numbers are `ANY_NUMBER`.
        marks: What each chunk is made of, as a sum of `DECISIVE`, `ASKS` and so on.
        starts: First code point of each chunk and, last, the length of the text.
    """

    exact: list[int]
    words: list[int]
    word_row: NDArray[np.uint64]
    marks: list[int]
    starts: list[int]


class Chunker:
    """Cuts texts; the same chunk has the same hashes in any process on any machine."""

    def __init__(
        self,
        decisive: frozenset[str] | None = None,
        foreign: frozenset[str] | None = None,
        *,
        remembered: int = _REMEMBERED,
    ) -> None:
        """Begin with no chunk remembered.

        Args:
            decisive: English words that can change what a text says; by default those of `load_decisive`.
            foreign: Those of other languages; by default those of `load_foreign`.
            remembered: How many different chunks are remembered before all are forgotten.
        """
        self._remembered = remembered
        self._decisive = load_decisive() if decisive is None else decisive
        self._foreign = load_foreign() if foreign is None else foreign
        self._rows: dict[str, int] = {}
        # Columns: exact hash, word hash, the same with numbers alike, marks, length.
        self._table: NDArray[np.uint64] = np.zeros((_ROOM, 5), dtype=np.uint64)

    def read(self, text: str) -> Chunks:
        """Cut a text."""
        if len(self._rows) > self._remembered:
            # The rows are given anew, over the old ones.
            self._rows = {}
        chunks = _CHUNK.findall(text)
        try:
            rows = list(map(self._rows.__getitem__, chunks))
        except KeyError:
            rows = [self._row(chunk) for chunk in chunks]
        columns = self._table.take(np.array(rows, dtype=np.int64), axis=0)
        exact, words, _, marks, lengths = columns.T.tolist() if rows else ([], [], [], [], [])
        return Chunks(exact, words, columns[:, 2].copy(), marks, [0, *accumulate(lengths)])

    def _row(self, chunk: str) -> int:
        row = self._rows.get(chunk)
        if row is None:
            row = len(self._rows)
            if row == len(self._table):
                self._table = np.pad(self._table, ((0, row), (0, 0)))
            self._rows[chunk] = row
            word = fold_word(chunk)
            marks, hashed = self._marks(chunk, word), _hash(word) if word else 0
            self._table[row] = _hash(chunk), hashed, ANY_NUMBER if marks & NUMBER else hashed, marks, len(chunk)
        return row

    def _marks(self, chunk: str, word: str) -> int:
        asks = "?" in chunk or "？" in chunk
        contact = bool(_CONTACT.search(chunk) or _CONTACT.match(word))
        number = _AGE.fullmatch(word)
        age = number is not None and 0 < int(number[1]) <= _LAST_MINOR_AGE
        decisive = asks or age or word in self._decisive
        foreign = word in self._foreign or _without_accents(word) in self._foreign
        counts = word[:1].isdecimal() or word in _DIGITS
        return DECISIVE * decisive + ASKS * asks + CONTACT * contact + NUMBER * counts + FOREIGN * foreign


def fold_word(chunk: str) -> str:
    """Return the word of a chunk without the marks after it, folded; empty where there is none."""
    found = _WORD.match(chunk)
    return unicodedata.normalize("NFKC", found.group()).casefold() if found else ""


def load_decisive() -> frozenset[str]:
    """Read the words that can change what a text says, chosen by hand for English."""
    source = resources.files("service.batch").joinpath("decisive.toml")
    groups: dict[str, Any] = tomllib.loads(source.read_text(encoding="utf-8"))
    return frozenset(word for words in groups.values() for word in words)


def load_foreign() -> frozenset[str]:
    """Return all words that the lexicon of another language than English knows, accents left out: phrases turn on them.

    Many are frequent words, and those that deny or condition are among them.
    """
    return frozenset().union(*(load_lexicon(code).words for code in available_languages() if code != "en"))


def _without_accents(word: str) -> str:
    parts = unicodedata.normalize("NFD", word)
    return "".join(part for part in parts if not unicodedata.combining(part))


def _hash(text: str) -> int:
    # 0 stands for no word.
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") or 1
