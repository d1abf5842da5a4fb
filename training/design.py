"""From parsed documents to the sparse matrices that scikit-learn fits, and from coefficients back to folded weights.

The columns stand in blocks; each block's values are idf over the block's norm (`classifier.features`) times the block
weight of the recipe. The same block weights go into the weights on the way back, so that serving never sees them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix

from classifier.assertion import STATES
from classifier.features import (
    N_STATES,
    Features,
    FeatureSpace,
    Featuriser,
    bound_pairs,
    character_ngrams,
    first_of_document,
    pair_keys,
    phrase_column,
)
from classifier.model import ROLES, TextWeights, Weights
from classifier.pipeline import Parse


@dataclass(frozen=True, slots=True)
class Minimum:
    """In how many sentences a feature must stand to get a column."""

    words: int
    characters: int
    pairs: int


def fit_space(parses: Sequence[Parse], minimum: Minimum) -> FeatureSpace:
    """Choose the vocabularies of a corpus and compute their idf, `ln((1 + n) / (1 + df)) + 1` over sentences."""
    rows = [parse.tokens[first:last] for parse in parses for first, last in parse.sentences.tolist()]
    n = len(rows)
    words, word_df = _choose(Counter(word for row in rows for word in set(row)), minimum.words)
    grams = {word: set(character_ngrams(word)) for word in {word for row in rows for word in row}}
    characters, character_df = _choose(
        Counter(gram for row in rows for gram in set().union(*(grams[word] for word in row))), minimum.characters
    )
    pairs, pair_df = _count_pairs(parses, {word: number for number, word in enumerate(words)}, minimum.pairs)
    return FeatureSpace(words, _idf(word_df, n), characters, _idf(character_df, n), pairs, _idf(pair_df, n))


def _choose(counts: Counter[str], least: int) -> tuple[tuple[str, ...], np.ndarray]:
    names = sorted(name for name, count in counts.items() if count >= least)
    return tuple(names), np.array([counts[name] for name in names], dtype=float)


def _idf(df: np.ndarray, n: int) -> np.ndarray:
    # Rounded to single precision because the artefact stores it so.
    return np.asarray((np.log((1.0 + n) / (1.0 + df)) + 1.0).astype(np.float32).astype(np.float64))


def _count_pairs(parses: Sequence[Parse], words: Mapping[str, int], least: int) -> tuple[np.ndarray, np.ndarray]:
    found = []
    for parse in parses:
        ids = np.array([words.get(token, -1) for token in parse.tokens], dtype=np.int64)
        keys, places = pair_keys(ids, parse.sentences, len(words))
        found.append(np.unique(np.column_stack([places[:, 0], keys]), axis=0)[:, 1])
    keys, counts = np.unique(np.concatenate(found), return_counts=True)
    return keys[counts >= least], counts[counts >= least].astype(float)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each block of columns stands.

    Attributes:
        slices: Block name to its columns, in column order.
        scale: Block name to its weight.
    """

    slices: Mapping[str, slice]
    scale: Mapping[str, float]

    @property
    def width(self) -> int:
        """Number of columns."""
        return int(max(part.stop for part in self.slices.values()))


def build_layout(space: FeatureSpace, n_indicators: int, scale: Mapping[str, float]) -> Layout:
    """Lay the blocks of a feature space side by side; a block of weight 0.0 keeps its columns and stays empty."""
    sizes = {role: len(space.words) for role in ROLES}
    sizes |= {"characters": len(space.characters), "pairs": len(space.pairs)}
    sizes |= {"phrases": n_indicators * N_STATES, "document_phrases": n_indicators * N_STATES}
    slices, start = {}, 0
    for name, size in sizes.items():
        slices[name] = slice(start, start + size)
        start += size
    return Layout(slices, {name: scale[name] for name in sizes})


class _Triples:
    """Collects rows, columns and values of a sparse matrix block by block."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    def add(self, block: str, rows: np.ndarray, columns: np.ndarray, values: np.ndarray) -> None:
        scale = self._layout.scale[block]
        if scale and len(rows):
            self._parts.append((rows, columns + self._layout.slices[block].start, values * scale))

    def build(self, n_rows: int) -> csr_matrix:
        if not self._parts:
            return csr_matrix((n_rows, self._layout.width))
        rows, columns, values = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        return csr_matrix((values, (rows, columns)), shape=(n_rows, self._layout.width))


def build_rows(documents: Sequence[Features], featuriser: Featuriser, layout: Layout) -> csr_matrix:
    """Write out the sentence rows of documents, (n_sentences over all documents, n_columns).

    `LinearModel` computes the products of these rows without writing them out.
    """
    triples, offset = _Triples(layout), 0
    for features in documents:
        _add_words(triples, features, featuriser.space, offset)
        _add_characters(triples, features, featuriser, offset)
        _add_pairs(triples, features, featuriser.space, offset)
        _add_phrases(triples, features, offset)
        offset += len(features.sentences)
    return triples.build(offset)


def _add_words(triples: _Triples, features: Features, space: FeatureSpace, offset: int) -> None:
    lengths = features.sentences[:, 1] - features.sentences[:, 0]
    sentence = np.repeat(np.arange(len(lengths)), lengths)
    known = np.flatnonzero(features.known)
    columns, row = features.rows[known], sentence[known]
    idf, norms = space.word_idf[columns], features.norms.word
    for state, block in enumerate(ROLES[: len(STATES)]):
        held = features.states[known] == state
        triples.add(block, offset + row[held], columns[held], idf[held] / norms[row[held]])
    n = len(lengths)
    everywhere = np.repeat(np.arange(n), len(columns))
    triples.add("document", offset + everywhere, np.tile(columns, n), np.tile(idf / features.norms.document, n))
    for block, step in (("before", 1), ("after", -1)):
        inside = (row + step >= 0) & (row + step < n)
        triples.add(block, offset + row[inside] + step, columns[inside], idf[inside] / norms[row[inside]])


def _add_characters(triples: _Triples, features: Features, featuriser: Featuriser, offset: int) -> None:
    lengths = features.sentences[:, 1] - features.sentences[:, 0]
    sentence = np.repeat(np.arange(len(lengths)), lengths)
    columns = [featuriser.columns[row] for row in features.rows.tolist()]
    row = np.repeat(sentence, [len(found) for found in columns])
    column = np.concatenate(columns) if columns else np.zeros(0, dtype=np.int64)
    values = featuriser.space.character_idf[column] / features.norms.character[row]
    triples.add("characters", offset + row, column, values)


def _add_pairs(triples: _Triples, features: Features, space: FeatureSpace, offset: int) -> None:
    row, column = features.pairs[:, 0], features.pairs[:, 1]
    triples.add("pairs", offset + row, column, space.pair_idf[column] / features.norms.pair[row])


def _add_phrases(triples: _Triples, features: Features, offset: int) -> None:
    hits = features.phrases
    rows = np.array([hit.sentence for hit in hits], dtype=np.int64)
    triples.add(
        "phrases", offset + rows, np.array([phrase_column(h) for h in hits], dtype=np.int64), np.ones(len(hits))
    )
    columns = np.array([phrase_column(hit) for hit in features.document_phrases], dtype=np.int64)
    n = len(features.sentences)
    rows = np.repeat(np.arange(n), len(columns))
    triples.add("document_phrases", offset + rows, np.tile(columns, n), np.ones(len(rows)))


def build_text_rows(documents: Sequence[Features], space: FeatureSpace, layout: Layout) -> csr_matrix:
    """Write out one row a document for the outputs of the whole text, (n_documents, n_columns)."""
    triples = _Triples(layout)
    for number, features in enumerate(documents):
        columns = features.rows[features.known]
        triples.add(
            "document", np.full(len(columns), number), columns, space.word_idf[columns] / features.norms.document
        )
        column = features.pairs[:, 1]
        values = space.pair_idf[column] / features.norms.document_pair
        triples.add("pairs", np.full(len(column), number), column, values)
        hits = np.array([phrase_column(hit) for hit in features.document_phrases], dtype=np.int64)
        triples.add("document_phrases", np.full(len(hits), number), hits, np.ones(len(hits)))
    return triples.build(len(documents))


def cut_features(features: Features, featuriser: Featuriser, first: int, last: int) -> Features:
    """Cut tokens `[first, last)` of one sentence out as a document of its own: how a labelled span becomes a row."""
    inside = (features.pairs[:, 2] >= first) & (features.pairs[:, 3] < last)
    pairs = features.pairs[inside] - np.array([0, 0, first, first])
    pairs[:, 0] = 0
    hits = [hit for hit in features.phrases if first <= hit.first and hit.last <= last]
    moved = [replace(hit, sentence=0, first=hit.first - first, last=hit.last - first) for hit in hits]
    rows, states = features.rows[first:last], features.states[first:last]
    bounds = np.array([[0, last - first]])
    return Features(
        tokens=features.tokens[first:last],
        rows=rows,
        known=features.known[first:last],
        states=states,
        sentences=bounds,
        pairs=pairs,
        pair_bounds=bound_pairs(pairs, 1),
        phrases=moved,
        document_phrases=first_of_document(moved),
        norms=featuriser.norms(rows, bounds, pairs),
    )


def fold_weights(coefficients: np.ndarray, intercept: np.ndarray, space: FeatureSpace, layout: Layout) -> Weights:
    """Turn coefficients (n_outputs, n_columns) into blocks with idf and block weight inside."""

    def block(name: str, idf: np.ndarray | float) -> np.ndarray:
        part = coefficients[:, layout.slices[name]] * layout.scale[name]
        return np.asarray((part * idf).T)

    return Weights(
        words=np.stack([block(role, space.word_idf) for role in ROLES]),
        characters=block("characters", space.character_idf),
        pairs=block("pairs", space.pair_idf),
        phrases=block("phrases", 1.0),
        document_phrases=block("document_phrases", 1.0),
        intercept=intercept,
    )


def fold_text_weights(
    coefficients: np.ndarray, intercept: np.ndarray, space: FeatureSpace, layout: Layout
) -> TextWeights:
    """Turn coefficients of the whole-text outputs (n_text_outputs, n_columns) into blocks."""

    def block(name: str, idf: np.ndarray | float) -> np.ndarray:
        part = coefficients[:, layout.slices[name]] * layout.scale[name]
        return np.asarray((part * idf).T)

    return TextWeights(
        words=block("document", space.word_idf),
        pairs=block("pairs", space.pair_idf),
        phrases=block("document_phrases", 1.0),
        intercept=intercept,
    )
