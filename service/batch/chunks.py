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

# The pieces make up the whole text, and none is so long that keeping it costs much.
_CHUNK = re.compile(r"\w{1,48}\W{0,16}|\W{1,64}")
_WORD = re.compile(r"\w+")
# What a contact point is made of; `contacts` says how.
_CONTACT = re.compile(
    r"[\d@:/=]|[.\]]\w|\w\.$|^(?:zero|one|two|three|four|five|six|seven|eight|nine|oh|o|at|dot)$", re.IGNORECASE
)
# Different chunks that are remembered; a few dozen MB at worst.
_REMEMBERED = 200_000
_ROOM = 1024
_LAST_MINOR_AGE = 17

# Marks of a chunk: it can change what a text says; it has a question mark, which does so too; it may be part of a
# contact point.
DECISIVE, ASKS, CONTACT = 1, 2, 4


@dataclass(frozen=True, slots=True, eq=False)
class Chunks:
    """A text in `n` chunks.

    Attributes:
        exact: A hash of each chunk, letter for letter.
        words: A hash of the word in each chunk, case and width folded; 0 where there is none.
        word_row: The same as an array, `(n,)`.
        marks: What each chunk is made of, as the sum of `DECISIVE`, `ASKS` and `CONTACT`.
        starts: First code point of each chunk and, last, the length of the text.
    """

    exact: list[int]
    words: list[int]
    word_row: NDArray[np.uint64]
    marks: list[int]
    starts: list[int]


class Chunker:
    """Cuts texts; the same chunk has the same hashes in any process on any machine."""

    def __init__(self, decisive: frozenset[str] | None = None) -> None:
        """Take words that can change what a text says; by default those of `decisive.toml`."""
        self._decisive = load_decisive() if decisive is None else decisive
        self._rows: dict[str, int] = {}
        # Columns: exact hash, word hash, marks, length.
        self._table: NDArray[np.uint64] = np.zeros((_ROOM, 4), dtype=np.uint64)

    def read(self, text: str) -> Chunks:
        """Cut a text."""
        if len(self._rows) > _REMEMBERED:
            # The rows are given anew, over the old ones.
            self._rows = {}
        chunks = _CHUNK.findall(text)
        try:
            rows = list(map(self._rows.__getitem__, chunks))
        except KeyError:
            rows = [self._row(chunk) for chunk in chunks]
        columns = self._table.take(np.array(rows, dtype=np.int64), axis=0)
        exact, words, marks, lengths = columns.T.tolist() if rows else ([], [], [], [])
        return Chunks(exact, words, columns[:, 1].copy(), marks, [0, *accumulate(lengths)])

    def _row(self, chunk: str) -> int:
        row = self._rows.get(chunk)
        if row is None:
            row = len(self._rows)
            if row == len(self._table):
                self._table = np.pad(self._table, ((0, row), (0, 0)))
            self._rows[chunk] = row
            word = fold_word(chunk)
            self._table[row] = _hash(chunk), _hash(word) if word else 0, self._marks(chunk, word), len(chunk)
        return row

    def _marks(self, chunk: str, word: str) -> int:
        asks = "?" in chunk or "？" in chunk
        age = word.isdecimal() and len(word) < 4 and 0 < int(word) <= _LAST_MINOR_AGE
        contact = bool(_CONTACT.search(chunk) or _CONTACT.match(word))
        return DECISIVE * (asks or age or word in self._decisive) + ASKS * asks + CONTACT * contact


def fold_word(chunk: str) -> str:
    """Return the word of a chunk without the marks after it, folded; empty where there is none."""
    found = _WORD.match(chunk)
    return unicodedata.normalize("NFKC", found.group()).casefold() if found else ""


def load_decisive() -> frozenset[str]:
    """Read the words that can change what a text says."""
    source = resources.files("service.batch").joinpath("decisive.toml")
    groups: dict[str, Any] = tomllib.loads(source.read_text(encoding="utf-8"))
    return frozenset(word for words in groups.values() for word in words)


def _hash(text: str) -> int:
    # 0 stands for no word.
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") or 1
