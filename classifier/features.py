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
from dataclasses import dataclass, field

import numpy as np

from classifier.pipeline import Hit, Parse
from classifier.tables import GrowingTable, KeyIndex, Lookup, Words

DISTANCES = 3
N_STATES = 3
CHARACTER_ORDERS = (3, 4, 5)
_LONGEST = 24
_UNKNOWN = -1


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

    tokens: Sequence[str] = field(repr=False)
    rows: np.ndarray
    known: np.ndarray
    states: np.ndarray
    sentences: np.ndarray
    pairs: np.ndarray
    pair_bounds: np.ndarray
    phrases: Sequence[Hit]
    document_phrases: Sequence[Hit]
    norms: Norms


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
        self._gram_squares, self._pair_squares = space.character_idf**2, space.pair_idf**2
        self._pairs = KeyIndex(space.pairs)
        # Known words, and behind them the unknown ones that are remembered.
        self._rows = {word: number for number, word in enumerate(space.words)}
        self._lookup = Lookup(lambda token: self._rows.get(token, _UNKNOWN))
        self.columns = [self._character_columns(word) for word in space.words]
        # Row by row: squared idf of the word (0.0 when unknown) and of its character n-grams.
        grams = [float(self._gram_squares[columns].sum()) for columns in self.columns]
        self._squares = GrowingTable(np.column_stack([space.word_idf**2, grams]))

    def featurise(self, parsed: Parse) -> Features:
        """Give the features of a parsed text; they can be scored until the memory of unknown words starts anew."""
        return self.featurise_many([parsed])[0]

    def featurise_many(self, parses: Sequence[Parse]) -> list[Features]:
        """Give the features of parsed texts, all of which can be scored until the next call."""
        if len(self._rows) > len(self.space.words) + self._remembered:
            self._forget()
        return [self._featurise(parsed) for parsed in parses]

    def _featurise(self, parsed: Parse) -> Features:
        rows = self._find_rows(parsed)
        known = rows < len(self.space.words)
        pairs = self._known_pairs(np.where(known, rows, _UNKNOWN), parsed.sentences)
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

    def _find_rows(self, parsed: Parse) -> np.ndarray:
        words, numbers = parsed.words, parsed.numbers
        if words is None:
            words = Words()
            numbers = np.array(words.number(parsed.tokens), dtype=np.int64)
        rows = self._lookup.find(words, numbers)
        unknown = np.unique(numbers[rows == _UNKNOWN]).tolist()
        if not unknown:
            return rows
        tokens = [words.strings[number] for number in unknown]
        self._remember(tokens)
        self._lookup.set(unknown, [self._rows[token] for token in tokens])
        return self._lookup.find(words, numbers)

    def _remember(self, tokens: Sequence[str]) -> None:
        for token in tokens:
            self._rows[token] = len(self.columns)
            self.columns.append(self._character_columns(token))
        new = self.columns[-len(tokens) :]
        self._squares.extend(np.array([(0.0, self._gram_squares[found].sum()) for found in new]))

    def _forget(self) -> None:
        self.generation += 1
        for token in list(self._rows)[len(self.space.words) :]:
            del self._rows[token]
        self._lookup.forget()
        del self.columns[len(self.space.words) :]
        self._squares.shrink(len(self.space.words))

    def _character_columns(self, word: str) -> np.ndarray:
        grams = self._grams
        return np.array([grams[gram] for gram in character_ngrams(word) if gram in grams], dtype=np.int64)

    def _known_pairs(self, ids: np.ndarray, sentences: np.ndarray) -> np.ndarray:
        keys, places = pair_keys(ids, sentences, len(self.space.words))
        found, columns = self._pairs.find(keys)
        pairs = np.empty((len(found), 4), dtype=np.int64)
        pairs[:, 0], pairs[:, 2], pairs[:, 3] = places.take(found, axis=0).T
        pairs[:, 1] = columns
        return pairs.take(pairs[:, 0].argsort(kind="stable"), axis=0)

    def norms(self, rows: np.ndarray, sentences: np.ndarray, pairs: np.ndarray) -> Norms:
        """Compute the divisors of the blocks for lexeme rows, sentence bounds and pairs as in `Features`."""
        n = len(sentences)
        squares = self._squares.rows.take(rows, axis=0)
        pair_squares = self._pair_squares[pairs[:, 1]]
        # A word that comes k times has k times its idf in one column, so its square counts k times for each coming:
        # else a word said over and over would outgrow any divisor.
        sentence = np.arange(n).repeat(sentences[:, 1] - sentences[:, 0])
        within = squares * _times_met(rows * n + sentence)[:, None]
        # One row more than there are sentences, for the document.
        sums = np.zeros((n + 1, 3))
        if n:
            np.add.reduceat(within, sentences[:, 0], axis=0, out=sums[:n, :2])
        paired = pair_squares * _times_met(pairs[:, 1] * n + pairs[:, 0])
        sums[:n, 2] = np.bincount(pairs[:, 0], weights=paired, minlength=n)
        sums[n] = squares[:, 0] @ _times_met(rows), 1.0, pair_squares @ _times_met(pairs[:, 1])
        # An empty block is divided by 1.0, which is harmless.
        roots = np.sqrt(np.where(sums > 0.0, sums, 1.0))
        return Norms(
            word=roots[:n, 0],
            character=roots[:n, 1],
            pair=roots[:n, 2],
            document=float(roots[n, 0]),
            document_pair=float(roots[n, 2]),
        )


def _times_met(keys: np.ndarray) -> np.ndarray:
    """Give for each key how many times it stands in the row."""
    _, place, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return np.asarray(counts[place])


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
    bounds = np.zeros(n_sentences + 1, dtype=np.int64)
    np.bincount(pairs[:, 0], minlength=n_sentences).cumsum(out=bounds[1:])
    return bounds


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
    n, lengths = len(ids), sentences[:, 1] - sentences[:, 0]
    # One row a distance; what would stand behind the last token is unknown.
    right = np.full((DISTANCES, n), _UNKNOWN)
    for distance in range(1, min(DISTANCES, n - 1) + 1):
        right[distance - 1, :-distance] = ids[distance:]
    room = sentences[:, 1].repeat(lengths) - np.arange(n)
    steps = np.arange(DISTANCES)[:, None]
    # The sign bit of either is that of both.
    fits = (((ids | right) >= 0) & (room > steps + 1)).ravel().nonzero()[0]
    keys = ((ids * n_words + right) * DISTANCES + steps).ravel().take(fits)
    places = np.empty((len(fits), 3), dtype=np.int64)
    step, first = np.divmod(fits, max(n, 1))
    places[:, 0] = np.arange(len(sentences)).repeat(lengths).take(first)
    places[:, 1] = first
    places[:, 2] = first + step + 1
    return keys, places


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
