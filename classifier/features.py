"""The one featuriser: a parsed text becomes sparse rows, one a sentence, and every feature keeps its tokens.

Training and serving call the same `featurise`, so there is no skew between them. A feature is one of

    word                 a token that is asserted
    characters           the character n-grams inside a token
    pair                 two tokens at distance 1, 2 or 3 in one sentence, in order
    negated, supposed    a token inside the scope of a negated or a hypothetical cue, instead of `word`
    document             a token anywhere in the document
    before, after        a token of the neighbouring sentence
    phrase               a lexicon hit by indicator and state, in the sentence; and anywhere in the document

Token features are additive: all that the model adds for a token depends on the token's word alone, which is why scoring
can look words up in a folded table instead of multiplying sparse rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from classifier.pipeline import Hit, Parse

DISTANCES = 3
N_STATES = 3
CHARACTER_ORDERS = (3, 4, 5)
_LONGEST = 24


@dataclass(frozen=True, slots=True)
class FeatureSpace:
    """The vocabularies that a corpus gave, with their inverse document frequencies.

    Attributes:
        words: Known words; a word's id is its position.
        word_idf: (n_words,).
        characters: Known character n-grams.
        character_idf: (n_characters,).
        pairs: (n_pairs,) int64, sorted: `(first * n_words + second) * DISTANCES + distance - 1`.
        pair_idf: (n_pairs,).
    """

    words: tuple[str, ...]
    word_idf: np.ndarray
    characters: tuple[str, ...]
    character_idf: np.ndarray
    pairs: np.ndarray
    pair_idf: np.ndarray


@dataclass(frozen=True, slots=True)
class Norms:
    """Euclidean norms of a document's blocks: a feature's value is its idf divided by the norm of its block and row.

    Attributes:
        word: (n_sentences,) of words, whatever their state.
        character: (n_sentences,) of character n-grams.
        pair: (n_sentences,) of pairs.
        document: Of all words of the document.
        document_pair: Of all pairs of the document.
    """

    word: np.ndarray
    character: np.ndarray
    pair: np.ndarray
    document: float
    document_pair: float


@dataclass(frozen=True, slots=True)
class Features:
    """The features of one document.

    Attributes:
        tokens: Lower-case tokens.
        rows: (n_tokens,) int64 lexeme rows: the word id, or a row of the featuriser's memory for an unknown word.
        known: (n_tokens,) bool.
        states: (n_tokens,) 0 asserted, 1 negated, 2 hypothetical.
        sentences: (n_sentences, 2) token bounds, contiguous, none empty.
        pairs: (m, 4) int64 rows of sentence, pair column, first token, second token; sentences ascend.
        pair_bounds: (n_sentences + 1,) a sentence's rows of `pairs` stand from its bound to the next.
        phrases: Lexicon hits, one for each sentence, indicator and state.
        document_phrases: Lexicon hits, one for each indicator and state: a document says a thing once.
        norms: Divisors of the values.
    """

    tokens: Sequence[str]
    rows: np.ndarray
    known: np.ndarray
    states: np.ndarray
    sentences: np.ndarray
    pairs: np.ndarray
    pair_bounds: np.ndarray
    phrases: Sequence[Hit]
    document_phrases: Sequence[Hit]
    norms: Norms


class GrowingTable:
    """Rows that are appended often and read as one array.

    Attributes:
        rows: (n_rows, width) view of what is there.
    """

    def __init__(self, rows: np.ndarray) -> None:
        """Start with a copy of these rows."""
        self._space = rows.copy()
        self.rows = self._space

    def extend(self, rows: np.ndarray) -> None:
        """Append rows; room is doubled when it runs out, so that appending never copies the table each time."""
        have, need = len(self.rows), len(self.rows) + len(rows)
        if need > len(self._space):
            room = np.zeros((2 * need, self._space.shape[1]))
            room[:have] = self.rows
            self._space = room
        self._space[have:need] = rows
        self.rows = self._space[:need]

    def shrink(self, count: int) -> None:
        """Forget all rows but the first `count` and the room they took."""
        self._space = self._space[:count].copy()
        self.rows = self._space


class Featuriser:
    """Turns parses into features over one feature space. Not for several threads: it remembers unknown words.

    Attributes:
        space: The vocabularies.
        columns: Character columns of each lexeme row, repeats included.
        generation: Counts how often the memory of unknown words started anew.
    """

    def __init__(self, space: FeatureSpace, *, remembered: int = 8192) -> None:
        """Index the vocabularies; `remembered` bounds the unknown words kept between documents."""
        self.space = space
        self.generation = 0
        self._remembered = remembered
        self._grams = {gram: column for column, gram in enumerate(space.characters)}
        self._gram_squares = space.character_idf**2
        self._words = {word: number for number, word in enumerate(space.words)}
        self.columns = [self._character_columns(word) for word in space.words]
        self._unknown: dict[str, int] = {}
        # Row by row: squared idf of the word (0.0 when unknown) and of its character n-grams.
        grams = [float(self._gram_squares[columns].sum()) for columns in self.columns]
        self._squares = GrowingTable(np.column_stack([space.word_idf**2, grams]))

    def featurise(self, parsed: Parse) -> Features:
        """Give the features of a parsed text."""
        if len(self._unknown) > self._remembered:
            self._forget()
        rows = self._find_rows(parsed.tokens)
        known = rows < len(self.space.words)
        pairs = self._known_pairs(np.where(known, rows, -1), parsed.sentences)
        norms = self.norms(rows, parsed.sentences, pairs)
        phrases = _distinct(parsed.hits)
        return Features(
            tokens=parsed.tokens,
            rows=rows,
            known=known,
            states=parsed.states,
            sentences=parsed.sentences,
            pairs=pairs,
            pair_bounds=bound_pairs(pairs, len(parsed.sentences)),
            phrases=phrases,
            document_phrases=first_of_document(phrases),
            norms=norms,
        )

    def _find_rows(self, tokens: Sequence[str]) -> np.ndarray:
        words, unknown = self._words, self._unknown
        rows = [words[token] if token in words else unknown.get(token, -1) for token in tokens]
        if -1 in rows:
            self._remember({token for token, row in zip(tokens, rows, strict=True) if row < 0})
            rows = [words[token] if token in words else unknown[token] for token in tokens]
        return np.array(rows, dtype=np.int64)

    def _remember(self, tokens: set[str]) -> None:
        # In order: which row a word gets must not depend on the hash seed.
        columns = {token: self._character_columns(token) for token in sorted(tokens)}
        for token, found in columns.items():
            self._unknown[token] = len(self.columns)
            self.columns.append(found)
        self._squares.extend(np.array([(0.0, self._gram_squares[found].sum()) for found in columns.values()]))

    def _forget(self) -> None:
        self.generation += 1
        self._unknown.clear()
        del self.columns[len(self.space.words) :]
        self._squares.shrink(len(self.space.words))

    def _character_columns(self, word: str) -> np.ndarray:
        grams = self._grams
        return np.array([grams[gram] for gram in character_ngrams(word) if gram in grams], dtype=np.int64)

    def _known_pairs(self, ids: np.ndarray, sentences: np.ndarray) -> np.ndarray:
        keys, places = pair_keys(ids, sentences, len(self.space.words))
        known = self.space.pairs
        if not len(known) or not len(keys):
            return np.zeros((0, 4), dtype=np.int64)
        columns = np.minimum(np.searchsorted(known, keys), len(known) - 1)
        found = np.flatnonzero(known[columns] == keys)
        found = found[np.argsort(places[found, 0], kind="stable")]
        return np.column_stack([places[found, 0], columns[found], places[found, 1:]])

    def norms(self, rows: np.ndarray, sentences: np.ndarray, pairs: np.ndarray) -> Norms:
        """Compute the divisors of the blocks for lexeme rows, sentence bounds and pairs as in `Features`."""
        squares = self._squares.rows[rows]
        pair_squares = self.space.pair_idf[pairs[:, 1]] ** 2
        pair = np.bincount(pairs[:, 0], weights=pair_squares, minlength=len(sentences))
        sums = np.add.reduceat(squares, sentences[:, 0], axis=0) if len(sentences) else np.zeros((0, 2))
        return Norms(
            word=_root(sums[:, 0]),
            character=_root(sums[:, 1]),
            pair=_root(pair),
            document=float(_root(squares[:, 0].sum())),
            document_pair=float(_root(pair_squares.sum())),
        )


def _root(squares: np.ndarray) -> np.ndarray:
    """Square root, with 1.0 where a block is empty so that dividing by it is harmless."""
    return np.sqrt(np.where(squares > 0.0, squares, 1.0))


def _distinct(hits: Sequence[Hit]) -> list[Hit]:
    """Keep one hit for each sentence, indicator and state: the longest, then the first."""
    best: dict[tuple[int, int, int], Hit] = {}
    for hit in hits:
        key = (hit.sentence, hit.indicator, hit.state)
        other = best.get(key)
        if other is None or hit.last - hit.first > other.last - other.first:
            best[key] = hit
    return sorted(best.values(), key=lambda hit: (hit.first, hit.last, hit.pattern))


def bound_pairs(pairs: np.ndarray, n_sentences: int) -> np.ndarray:
    """Give where each sentence's pairs begin, (n_sentences + 1,); `pairs` ascends by sentence."""
    return np.concatenate([[0], np.cumsum(np.bincount(pairs[:, 0], minlength=n_sentences))]).astype(np.int64)


def phrase_column(hit: Hit) -> int:
    """Give the column of a lexicon hit within a phrase block: by indicator, then by state."""
    return hit.indicator * N_STATES + hit.state


def first_of_document(hits: Sequence[Hit]) -> list[Hit]:
    """Keep the first hit of each indicator and state, in reading order."""
    seen: dict[int, Hit] = {}
    for hit in hits:
        seen.setdefault(phrase_column(hit), hit)
    return list(seen.values())


def pair_keys(ids: np.ndarray, sentences: np.ndarray, n_words: int) -> tuple[np.ndarray, np.ndarray]:
    """Give the keys of all pairs of known words and where they stand.

    Args:
        ids: (n_tokens,) word ids, -1 unknown.
        sentences: (n_sentences, 2) token bounds.
        n_words: Size of the vocabulary.

    Returns:
        Keys (m,) and places (m, 3): sentence, first token, second token.
    """
    if not len(ids):
        return np.zeros(0, dtype=np.int64), np.zeros((0, 3), dtype=np.int64)
    sentence = np.repeat(np.arange(len(sentences)), sentences[:, 1] - sentences[:, 0])
    first = np.concatenate([np.arange(max(len(ids) - d, 0)) for d in range(1, DISTANCES + 1)])
    step = np.repeat(np.arange(1, DISTANCES + 1), [max(len(ids) - d, 0) for d in range(1, DISTANCES + 1)])
    second = first + step
    left, right = ids[first], ids[second]
    fits = np.flatnonzero((left >= 0) & (right >= 0) & (sentence[first] == sentence[second]))
    keys = (left[fits] * n_words + right[fits]) * DISTANCES + step[fits] - 1
    return keys, np.column_stack([sentence[first[fits]], first[fits], second[fits]])


def character_ngrams(word: str) -> list[str]:
    """Give the character n-grams of a word with its edges marked by spaces, as scikit-learn's `char_wb` does.

    A token longer than 24 code points is read from its first 24: what is longer is no word.
    """
    padded = f" {word[:_LONGEST]} "
    grams: list[str] = []
    for order in CHARACTER_ORDERS:
        grams.extend(padded[i : i + order] for i in range(max(1, len(padded) - order + 1)))
        if len(padded) <= order:
            # A short word is counted once, not again in every longer order.
            break
    return grams
