"""spaCy's tokens, read once for every stretch between blanks: one that came before is looked up and not cut again.

spaCy cuts each stretch by itself, with one exception: its special cases ("8-)", "a.m.") are sought once more in the row
of all tokens, where one that would reach over a blank can keep another from being found. `_Seams` knows which tokens
could take part in that; a text that has such a place is handed to spaCy as a whole, as is one with endless stretches.
"""

import gc
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
import spacy
from spacy.tokenizer import Tokenizer

from classifier.tables import GrowingTable, Words

# About 15 MB of strings and lexemes, and as much of stretches and what is known of them.
KEPT_STRINGS = 60_000
_KEPT_CHUNKS = 50_000
# The tokenizer's time is quadratic in the marks and pictures of a stretch without blanks: 50,000 took minutes.
_LONGEST = 200
_STRETCH = re.compile(rf"\S{{{_LONGEST}}}(?=\S)")
# spaCy reads "id" as "i'd" and "wed" as "we'd"; in these texts they are papers and a marriage.
_MISREAD = frozenset({"id", "wed"})
_BLANK = np.array([chr(code).isspace() for code in range(0x3002)])
_SHOWN = bytes(not chr(code).isspace() for code in range(256))
# No special case has more tokens, so it takes in no more stretches to either side.
_REACH = 12
# Columns of a stretch: its first row of the table of tokens, how many it has, its length, and three of `_Seams`.
_FIRST, _COUNT, _LENGTH, _SEAM = range(4)


@dataclass(frozen=True, slots=True)
class TokenRow:
    """The tokens of a text without white space.

    Attributes:
        words: Holds the lower-case tokens.
        numbers: (n_tokens,) int64 of the tokens in `words`.
        starts: (n_tokens,) first code point of each token.
        ends: (n_tokens,) one past the last.
    """

    words: Words
    numbers: np.ndarray
    starts: np.ndarray
    ends: np.ndarray


class TokenReader:
    """Cuts texts into tokens. Not for several threads at once: it remembers stretches."""

    def __init__(
        self,
        language: str,
        *,
        folds: Mapping[int, str] | None = None,
        kept_strings: int = KEPT_STRINGS,
        kept_chunks: int = _KEPT_CHUNKS,
    ) -> None:
        """Build spaCy's tokenizer.

        Args:
            language: ISO 639-1 code.
            folds: Letters that tokens get in place of others, one for one, as `str.translate` takes them.
            kept_strings: How many strings spaCy may learn before it starts anew.
            kept_chunks: How many stretches are remembered before the memory starts anew.
        """
        self._language, self._kept_strings, self._kept_chunks = language, kept_strings, kept_chunks
        self._folds = folds or {}
        self._tokenizer = _build_tokenizer(language)
        self._seams = _Seams(self._tokenizer)
        self._forget()

    def read(self, text: str) -> TokenRow:
        """Give the tokens of a normalised text."""
        if len(self._tokenizer.vocab.strings) > self._kept_strings:
            # spaCy's vocabulary never forgets. Its memory zones empty the tokenizer's cache each time (five times
            # slower) and still grow by half a kilobyte a document; a new tokenizer costs a tenth of a second.
            self._tokenizer = _build_tokenizer(self._language)
            self._forget()
            gc.collect()
        elif len(self._chunks) > self._kept_chunks:
            self._forget()
        chunks = text.split()
        try:
            numbers = self._find(chunks)
        except KeyError:
            if not self._learn([chunk for chunk in dict.fromkeys(chunks) if chunk not in self._chunks]):
                return self._read_whole(text)
            numbers = self._find(chunks)
        table = self._table.rows.take(numbers, axis=0)
        begins = _find_chunks(text, table[:, _LENGTH])
        for place in self._seams.find(table[:, _SEAM:]):
            # Any other white space than a single blank is a token of its own.
            end, begin = int(begins[place] + table[place, _LENGTH]), int(begins[place + 1])
            if text[end:begin] == " " and self._crosses(chunks, place):
                return self._read_whole(text)
        return self._lay_out(table, begins)

    def _forget(self) -> None:
        self.words = Words()
        self._chunks: dict[str, int] = {}
        self._table = GrowingTable(np.zeros((0, 6), dtype=np.int64))
        # Row by row: a token's number, its offset in its stretch, its length.
        self._tokens = GrowingTable(np.zeros((0, 3), dtype=np.int64))

    def _find(self, chunks: list[str]) -> np.ndarray:
        return np.fromiter(map(self._chunks.__getitem__, chunks), dtype=np.int64, count=len(chunks))

    def _lay_out(self, table: np.ndarray, begins: np.ndarray) -> TokenRow:
        """Put the tokens of the stretches one after the other, at their places in the text."""
        counts = table[:, _COUNT]
        # Where in the table of tokens a stretch begins, less where it begins in this text.
        shifts = (table[:, _FIRST] - counts.cumsum() + counts).repeat(counts)
        tokens = self._tokens.rows.take(shifts + np.arange(len(shifts)), axis=0)
        starts = tokens[:, 1] + begins.repeat(counts)
        return TokenRow(self.words, tokens[:, 0], starts, starts + tokens[:, 2])

    def _crosses(self, chunks: list[str], place: int) -> bool:
        left = self._show(chunks[max(0, place - _REACH) : place + 1])
        return self._seams.cross(left, self._show(chunks[place + 1 : place + _REACH + 2]))

    def _show(self, chunks: list[str]) -> list[str]:
        """Give the tokens of stretches that are remembered, in their own case."""
        tokens = []
        for chunk in chunks:
            first, count = self._table.rows[self._chunks[chunk], [_FIRST, _COUNT]].tolist()
            places = self._tokens.rows[first : first + count, 1:].tolist()
            tokens += [chunk[offset : offset + size] for offset, size in places]
        return tokens

    def _learn(self, chunks: list[str]) -> bool:
        """Have new stretches cut, all at once; False when one of them is too long to be remembered."""
        lengths = np.fromiter(map(len, chunks), dtype=np.int64, count=len(chunks))
        if lengths.max() > _LONGEST:
            return False
        # A line end is a token of its own, over which no special case reaches.
        starts, sizes = self._cut("\n".join(chunks))
        begins = np.cumsum(lengths + 1) - lengths - 1
        owner = np.searchsorted(begins, starts, side="right") - 1
        offsets = starts - begins[owner]
        folded = [self._fold(chunk) for chunk in chunks]
        places = list(zip(owner.tolist(), offsets.tolist(), (offsets + sizes).tolist(), strict=True))
        words = self.words.number(folded[number][begin:end] for number, begin, end in places)
        counts = np.bincount(owner, minlength=len(chunks))
        first = np.cumsum(counts) - counts
        tokens = [chunks[number][begin:end] for number, begin, end in places]
        seams = self._seams.mark(tokens, list(zip(first.tolist(), (first + counts).tolist(), strict=True)))
        have = len(self._chunks)
        self._table.extend(np.column_stack([len(self._tokens.rows) + first, counts, lengths, seams]))
        self._tokens.extend(np.column_stack([np.array(words, dtype=np.int64), offsets, sizes]))
        self._chunks.update(zip(chunks, range(have, have + len(chunks)), strict=True))
        return True

    def _fold(self, text: str) -> str:
        """Lower-case a text and fold its letters, without changing its length."""
        folded = fold_case(text)
        return folded.translate(self._folds) if self._folds else folded

    def _cut(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """Give the starts and lengths of spaCy's tokens, white space left out."""
        table = self._tokenizer(text).to_array(["IDX", "LENGTH", "IS_SPACE"]).astype(np.int64)
        table = table[table[:, 2] == 0]
        return table[:, 0], table[:, 1]

    def _read_whole(self, text: str) -> TokenRow:
        """Have spaCy cut the text as it stands, but for a blank in every endless stretch; nothing is remembered."""
        cuts = [match.end() for match in _STRETCH.finditer(text)]
        starts, sizes = self._cut(_part(text, cuts))
        # The blanks put in at the cuts are counted out again.
        starts = starts - np.searchsorted(np.array(cuts, dtype=np.int64) + np.arange(len(cuts)), starts)
        ends = starts + sizes
        folded = self._fold(text)
        numbers = self.words.number(folded[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True))
        return TokenRow(self.words, np.array(numbers, dtype=np.int64), starts, ends)


# The parts of a special case to the left of a place, going left, and to its right.
_Case = tuple[list[str], list[str]]


class _Seams:
    """Which tokens beside a blank could be taken together as a part of one of spaCy's special cases."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._cases, self._made = _pair_parts(tokenizer)
        pairs = sorted(self._cases)
        self._opening = {token: number for number, token in enumerate(dict(pairs), start=1)}
        self._closing = {token: number for number, (_, token) in enumerate(pairs, start=1)}
        self._joined = np.zeros((len(self._opening) + 1, len(pairs) + 1), dtype=bool)
        for left, right in pairs:
            self._joined[self._opening[left], self._closing[right]] = True

    def mark(self, tokens: list[str], bounds: list[tuple[int, int]]) -> np.ndarray:
        """Give three columns of stretches, (n, 3): numbers of the last and the first token, and whether spaCy made one.

        Args:
            tokens: Of all stretches, in their own case.
            bounds: First token of each stretch and one past its last.
        """
        opening, closing, made = self._opening, self._closing, self._made
        rows = [
            (opening.get(tokens[last - 1], 0), closing.get(tokens[first], 0), not made.isdisjoint(tokens[first:last]))
            for first, last in bounds
        ]
        return np.array(rows, dtype=np.int64)

    def find(self, table: np.ndarray) -> list[int]:
        """Give the stretches, by these columns, behind which a special case could be kept from being found."""
        if not table[:, 2].any():
            return []
        places: list[int] = self._joined[table[:-1, 0], table[1:, 1]].nonzero()[0].tolist()
        return [place for place in places if table[max(0, place - _REACH) : place + _REACH + 2, 2].any()]

    def cross(self, left: list[str], right: list[str]) -> bool:
        """Whether the parts of a special case may stand on both sides of the blank between two rows of tokens."""
        cases = self._cases.get((left[-1], right[0]), [])
        return any(self._begin(before, left[::-1]) and self._begin(behind, right) for before, behind in cases)

    def _begin(self, parts: list[str], tokens: list[str]) -> bool:
        for part, token in zip(parts, tokens, strict=False):
            if token in self._made:
                # What was beside its parts cannot be told.
                return True
            if token != part:
                return False
        return len(parts) <= len(tokens)


def _pair_parts(tokenizer: Tokenizer) -> tuple[dict[tuple[str, str], list[_Case]], frozenset[str]]:
    """Give the neighbours inside special cases that take several tokens, and the tokens that spaCy makes of them."""
    plain = Tokenizer(
        tokenizer.vocab,
        prefix_search=tokenizer.prefix_search,
        suffix_search=tokenizer.suffix_search,
        infix_finditer=tokenizer.infix_finditer,
        token_match=tokenizer.token_match,
        url_match=tokenizer.url_match,
    )
    cut = [
        ([token.text for token in plain(text)], [token.text for token in tokenizer(text)]) for text in tokenizer.rules
    ]
    changed = [(parts, made) for parts, made in cut if len(parts) > 1 and parts != made]
    # A token that spaCy made stands for the parts that it was made of, which are not seen any more.
    first, last = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for parts, made in changed:
        first[parts[0]].add(made[0])
        last[parts[-1]].add(made[-1])
    cases = defaultdict[tuple[str, str], list[_Case]](list)
    for parts, _ in cut:
        for place, (left, right) in enumerate(pairwise(parts)):
            for pair in product({left, *last[left]}, {right, *first[right]}):
                cases[pair].append((parts[place::-1], parts[place + 1 :]))
    return cases, frozenset(token for _, made in changed for token in made)


def _build_tokenizer(language: str) -> Tokenizer:
    tokenizer: Tokenizer = spacy.blank(language).tokenizer
    tokenizer.rules = {text: rule for text, rule in tokenizer.rules.items() if text.lower() not in _MISREAD}
    return tokenizer


def _find_chunks(text: str, lengths: np.ndarray) -> np.ndarray:
    """Give where the stretches between blanks begin, (n_stretches,); `lengths` are theirs."""
    begins: np.ndarray = (lengths + 1).cumsum() - lengths - 1
    if not len(lengths) or begins[-1] + lengths[-1] == len(text):
        return begins
    if text.isascii():
        shown = np.frombuffer(text.encode("ascii").translate(_SHOWN), dtype=bool)
    else:
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        shown = ~_BLANK.take(codes, mode="clip")
    after = shown[1:] > shown[:-1]
    return np.concatenate([shown[:1].nonzero()[0], after.nonzero()[0] + 1])


def _part(text: str, cuts: list[int]) -> str:
    """Put a blank at every cut."""
    return " ".join(text[a:b] for a, b in pairwise([0, *cuts, len(text)])) if cuts else text


def fold_case(text: str) -> str:
    """Lower-case a text without changing its length: only U+0130 would grow."""
    folded = text.lower()
    return folded if len(folded) == len(text) else text.replace("\u0130", "i").lower()
