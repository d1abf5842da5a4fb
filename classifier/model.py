"""The fitted scorer: features of a document to log-odds a sentence and output, with exact contributions.

A linear model over features that depend on single words can be folded: the weights of a word in each of its roles and
of the character n-grams inside it become rows of tables, and a sentence's score is a sum of looked-up rows. The sum is
that of `X @ W + b` over the sparse rows that training saw; a test holds it.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from classifier.features import Features, FeatureSpace, Featuriser, phrase_column
from classifier.tables import GrowingTable

# What a word is to a sentence; each role has weights of its own. The first three are one word's states in a sentence.
ROLES = ("word", "negated", "supposed", "document", "before", "after")
WORD, NEGATED, SUPPOSED, DOCUMENT, BEFORE, AFTER = range(len(ROLES))
# What a token adds stands side by side in the folded table: to its own sentence, to the next, to the one before, to
# every sentence, and to the text.
_OWN, _FROM_BEFORE, _FROM_AFTER, _EVERYWHERE, _TEXT = range(5)
_SENTENCE = attrgetter("sentence")


@dataclass(frozen=True, slots=True)
class Weights:
    """What training learned for the sentence outputs; idf and block weights are already inside.

    The tables of words, characters and pairs may be in half precision, as they are stored.

    Attributes:
        words: (n_roles, n_words, n_outputs), roles in the order of `ROLES`.
        characters: (n_characters, n_outputs).
        pairs: (n_pairs, n_outputs).
        phrases: (n_indicators * 3, n_outputs), lexicon hits of the sentence by indicator and state.
        document_phrases: (n_indicators * 3, n_outputs), lexicon hits of the document.
        intercept: (n_outputs,) log-odds.
    """

    words: np.ndarray
    characters: np.ndarray
    pairs: np.ndarray
    phrases: np.ndarray
    document_phrases: np.ndarray
    intercept: np.ndarray


@dataclass(frozen=True, slots=True)
class TextWeights:
    """What training learned for outputs of the whole text; words and pairs may be in half precision.

    Attributes:
        words: (n_words, n_text_outputs).
        pairs: (n_pairs, n_text_outputs).
        phrases: (n_indicators * 3, n_text_outputs), lexicon hits of the document.
        intercept: (n_text_outputs,) log-odds.
    """

    words: np.ndarray
    pairs: np.ndarray
    phrases: np.ndarray
    intercept: np.ndarray


@dataclass(frozen=True, slots=True)
class Scores:
    """Raw scores of one document.

    Attributes:
        sentences: (n_sentences, n_outputs) log-odds.
        text: (n_text_outputs,) log-odds.
        terms: (n_tokens, 4 * n_outputs + n_text_outputs) what each word adds in each role, before the norms.
        characters: (n_tokens, n_outputs) what its character n-grams add, before the norm.
        pairs: (n_pairs_met, n_outputs + n_text_outputs) what each pair adds, before the norm.
    """

    sentences: np.ndarray
    text: np.ndarray
    terms: np.ndarray
    characters: np.ndarray
    pairs: np.ndarray


class LinearModel:
    """Scores features by folded tables; belongs to one featuriser, whose memory of unknown words it mirrors."""

    def __init__(self, featuriser: Featuriser, weights: Weights, text: TextWeights) -> None:
        """Fold the weights."""
        self._featuriser, self._weights, self._text = featuriser, weights, text
        _, self._n_words, self.n_outputs = weights.words.shape
        # Single precision holds the stored half-precision weights exactly; all sums are made in double precision.
        roles = [weights.words[role] for role in (WORD, BEFORE, AFTER, DOCUMENT)]
        table = np.hstack([*roles, text.words])
        # The last row is the unknown word: nothing but its characters counts.
        self._table = np.pad(table, ((0, 1), (0, 0))).astype(np.float32, order="C")
        self._scoped = np.pad(weights.words[[NEGATED, SUPPOSED]], ((0, 0), (0, 1), (0, 0))).astype(np.float32)
        self._pairs = np.hstack([weights.pairs, text.pairs]).astype(np.float32, order="C")
        self._roles = [slice(role * self.n_outputs, (role + 1) * self.n_outputs) for role in range(_TEXT)]
        self._characters = GrowingTable(np.zeros((0, self.n_outputs), dtype=np.float32))
        self._generation = featuriser.generation
        self._fold_characters()

    @property
    def space(self) -> FeatureSpace:
        """The vocabularies that the columns belong to."""
        return self._featuriser.space

    @property
    def intercept(self) -> np.ndarray:
        """(n_outputs,) log-odds of a sentence without features."""
        return self._weights.intercept

    def _fold_characters(self) -> None:
        if self._generation != self._featuriser.generation:
            self._characters.shrink(self._n_words)
            self._generation = self._featuriser.generation
        new = self._featuriser.columns[len(self._characters.rows) :]
        if new:
            self._characters.extend(np.stack([self._weights.characters[c].sum(axis=0, dtype=np.float64) for c in new]))

    def score(self, features: Features) -> Scores:
        """Score every sentence and the whole text."""
        norms, n = features.norms, self.n_outputs
        words = np.minimum(features.rows, self._n_words)
        terms, pairs = self._table.take(words, axis=0), self._pairs.take(features.pairs[:, 1], axis=0)
        text = self._text.intercept + terms[:, _TEXT * n :].sum(axis=0, dtype=np.float64) / norms.document
        text += pairs[:, n:].sum(axis=0, dtype=np.float64) / norms.document_pair
        for hit in features.document_phrases:
            text += self._text.phrases[phrase_column(hit)]
        if not len(features.sentences):
            return Scores(np.zeros((0, n)), text, terms, np.zeros((0, n)), pairs)
        self._fold_characters()
        characters = self._characters.rows.take(features.rows, axis=0)
        scoped = features.states.nonzero()[0]
        terms[scoped, :n] = self._scoped[features.states[scoped] - 1, words[scoped]]
        sentences = self._score_sentences(features, terms, characters, pairs[:, :n])
        return Scores(sentences, text, terms, characters, pairs)

    def _score_sentences(
        self, features: Features, terms: np.ndarray, characters: np.ndarray, pairs: np.ndarray
    ) -> np.ndarray:
        norms, first, n = features.norms, features.sentences[:, 0], self.n_outputs
        word = norms.word[:, None]
        sums = np.add.reduceat(terms[:, : _EVERYWHERE * n].astype(np.float64), first, axis=0)
        sums /= word
        scores = self.intercept + sums[:, :n]
        scores += np.add.reduceat(characters.astype(np.float64), first, axis=0) / norms.character[:, None]
        scores += terms[:, self._roles[_EVERYWHERE]].sum(axis=0, dtype=np.float64) / norms.document
        scores[1:] += sums[:-1, self._roles[_FROM_BEFORE]]
        scores[:-1] += sums[1:, self._roles[_FROM_AFTER]]
        if len(pairs):
            present = np.diff(features.pair_bounds).nonzero()[0]
            start = features.pair_bounds[present]
            paired = np.add.reduceat(pairs.astype(np.float64), start, axis=0)
            scores[present] += paired / norms.pair[present, None]
        for hit in features.phrases:
            scores[hit.sentence] += self._weights.phrases[phrase_column(hit)]
        for hit in features.document_phrases:
            scores += self._weights.document_phrases[phrase_column(hit)]
        return np.asarray(scores)

    def explain_sentence(self, features: Features, scores: Scores, sentence: int, output: int) -> np.ndarray:
        """Give what each token of a sentence adds to an output of it by standing in it, (n_sentence_tokens,) log-odds.

        A pair is shared half and half by its two tokens, a lexicon hit evenly by its tokens. What tokens add as words
        of the document or of a neighbour is left out.
        """
        norms = features.norms
        first, last = features.sentences[sentence].tolist()
        shares = scores.terms[first:last, output].astype(np.float64) / norms.word[sentence]
        shares += scores.characters[first:last, output].astype(np.float64) / norms.character[sentence]
        begin, end = features.pair_bounds[sentence : sentence + 2].tolist()
        halves = scores.pairs[begin:end, output].astype(np.float64) / (2.0 * norms.pair[sentence])
        for side in (2, 3):
            shares += np.bincount(features.pairs[begin:end, side] - first, halves, minlength=last - first)
        # The phrases stand in reading order, so that a sentence need not look at all of them.
        start = bisect_left(features.phrases, sentence, key=_SENTENCE)
        for hit in features.phrases[start : bisect_right(features.phrases, sentence, start, key=_SENTENCE)]:
            weight = self._weights.phrases[phrase_column(hit), output]
            shares[hit.first - first : hit.last - first] += weight / (hit.last - hit.first)
        return np.asarray(shares)

    def contributions(self, features: Features, scores: Scores, sentence: int, output: int) -> np.ndarray:
        """Give all that each token of the document adds to one output of one sentence, (n_tokens,) log-odds.

        With the intercept they sum to the score.
        """
        first, last = features.sentences[sentence].tolist()
        shares = self.explain_surroundings(features, scores, sentence, output)
        shares[first:last] += self.explain_sentence(features, scores, sentence, output)
        return shares

    def explain_surroundings(self, features: Features, scores: Scores, sentence: int, output: int) -> np.ndarray:
        """Give what each token adds as a word of the document or of a neighbouring sentence, (n_tokens,) log-odds."""
        norms, terms = features.norms, scores.terms
        n = self.n_outputs
        shares = terms[:, _EVERYWHERE * n + output].astype(np.float64) / norms.document
        for neighbour, role in ((sentence - 1, _FROM_BEFORE), (sentence + 1, _FROM_AFTER)):
            if 0 <= neighbour < len(features.sentences):
                begin, end = features.sentences[neighbour].tolist()
                shares[begin:end] += terms[begin:end, role * n + output].astype(np.float64) / norms.word[neighbour]
        for hit in features.document_phrases:
            weight = self._weights.document_phrases[phrase_column(hit), output]
            shares[hit.first : hit.last] += weight / (hit.last - hit.first)
        return np.asarray(shares)
