"""The pipeline of one language: spaCy's tokens, sentences, lexicon phrases, assertion.

The steps write plain arrays into one `Parse`: building spaCy Doc and Span objects cost more than all the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain, pairwise

import numpy as np

from classifier.assertion import Scope, choose_state, find_scopes, mark_tokens
from classifier.lexicon import Lexicon, load_lexicon
from classifier.matcher import Match
from classifier.preprocess import Normalised, normalise
from classifier.sentences import sentence_bounds
from classifier.tables import Lookup, Words
from classifier.tokens import KEPT_STRINGS, TokenReader, fold_case

__all__ = ["Hit", "Parse", "Pipeline", "fold_case"]


@dataclass(frozen=True, slots=True)
class Hit:
    """A lexicon phrase met in a text: pattern and indicator numbers, sentence, tokens `[first, last)`, state 0..2."""

    pattern: int
    indicator: int
    sentence: int
    first: int
    last: int
    state: int


@dataclass(slots=True)
class Parse:
    """What the pipeline found in one text.

    Attributes:
        normalised: The text read, with the way back to the source.
        tokens: Lower-case tokens without white space.
        starts: (n_tokens,) first code point of each token in the normalised text.
        ends: (n_tokens,) one past the last.
        sentences: (n_sentences, 2) token bounds of the sentences, none empty.
        hits: Lexicon phrases in reading order.
        states: (n_tokens,) 0 asserted, 1 negated, 2 hypothetical.
        words: Numbers different tokens, for those who look them up.
        numbers: (n_tokens,) int64 of the tokens in `words`.
        alphabetic: (n_tokens,) bool, made of letters alone.
    """

    normalised: Normalised
    tokens: list[str] = field(repr=False)
    starts: np.ndarray
    ends: np.ndarray
    sentences: np.ndarray = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int64))
    hits: list[Hit] = field(default_factory=list)
    states: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int8))
    words: Words | None = field(default=None, repr=False)
    numbers: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64), repr=False)
    alphabetic: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=bool), repr=False)

    def source_bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Give the source offsets of every token: starts and ends, (n_tokens,) each."""
        if self.normalised.starts is None or self.normalised.ends is None:
            return self.starts, self.ends
        return self.normalised.starts[self.starts], self.normalised.ends[self.ends - 1]

    def source_span(self, first: int, last: int) -> tuple[int, int]:
        """Give the source offsets of tokens `[first, last)`."""
        return self.normalised.to_source(int(self.starts[first]), int(self.ends[last - 1]))


class Pipeline:
    """Parses texts of one language. Not for several threads at once."""

    def __init__(self, language: str, indicators: tuple[str, ...], *, kept_strings: int = KEPT_STRINGS) -> None:
        """Build spaCy's tokenizer and compile the lexicon.

        Args:
            language: ISO 639-1 code that has a lexicon.
            indicators: Their ids in column order; lexicon hits are numbered by it.
            kept_strings: How many strings spaCy may learn before it starts anew.
        """
        self.lexicon = load_lexicon(language)
        self._reader = TokenReader(language, folds=self.lexicon.folds, kept_strings=kept_strings)
        self._alphabetic = Lookup(str.isalpha)
        self._forms = Lookup(lambda token: self.lexicon.matcher.forms.get(token, 0))
        self._annotator = _Annotator(self.lexicon, indicators)

    def parse(self, text: str) -> Parse:
        """Normalise, tokenise and annotate one text."""
        return self.parse_many([text])[0]

    def parse_many(self, texts: Sequence[str]) -> list[Parse]:
        """Parse texts, each as if alone: step by step for all of them, while what a step reads is at hand."""
        normalised = [normalise(text, self.lexicon.words) for text in texts]
        rows = [self._reader.read(one.text) for one in normalised]
        parses = [
            Parse(
                normalised=one,
                tokens=list(map(row.words.strings.__getitem__, row.numbers.tolist())),
                starts=row.starts,
                ends=row.ends,
                words=row.words,
                numbers=row.numbers,
            )
            for one, row in zip(normalised, rows, strict=True)
        ]
        for parsed, row in zip(parses, rows, strict=True):
            parsed.sentences = _bound_sentences(parsed.normalised.text, row.starts)
            parsed.alphabetic = self._alphabetic.find(row.words, row.numbers).astype(bool)
        forms = [self._forms.find(row.words, row.numbers) for row in rows]
        self._annotator.annotate(parses, forms)
        return parses


def _bound_sentences(text: str, starts: np.ndarray) -> np.ndarray:
    """Give the token bounds of the sentences, (n_sentences, 2); `starts` are the tokens'."""
    first = starts.searchsorted(np.array([begin for begin, _ in sentence_bounds(text)], dtype=np.int64))
    first[:1] = 0
    bounds = np.empty((len(first), 2), dtype=np.int64)
    bounds[:, 0], bounds[:-1, 1], bounds[-1:, 1] = first, first[1:], len(starts)
    return bounds[bounds[:, 0] < bounds[:, 1]]


class _Annotator:
    """Finds indicator phrases and assertion cues, and decides how each phrase and token is held."""

    def __init__(self, lexicon: Lexicon, indicators: Sequence[str]) -> None:
        self._lexicon = lexicon
        self._columns = [indicators.index(pattern.indicator) for pattern in lexicon.patterns]

    def annotate(self, parses: Sequence[Parse], forms: Sequence[np.ndarray]) -> None:
        """Fill hits and states of parses; `forms` are the numbers of their tokens in the matcher."""
        begins = [0, *accumulate(len(parsed.tokens) for parsed in parses)]
        if not begins[-1]:
            return
        # Read as one long text, whose sentences keep the documents apart.
        tokens = list(chain.from_iterable(parsed.tokens for parsed in parses))
        bounds = np.concatenate([parsed.sentences + begin for parsed, begin in zip(parses, begins, strict=False)])
        places = [(number, place) for number, parsed in enumerate(parses) for place in range(len(parsed.sentences))]
        governing: list[Scope] = []
        for sentence, matches in self._lexicon.matcher.match_sentences(tokens, np.concatenate(forms), bounds):
            first, last = bounds[sentence].tolist()
            scopes, found = self._hold(tokens, (first, last), matches)
            governing.extend(scopes)
            number, place = places[sentence]
            begin = begins[number]
            parses[number].hits += [
                Hit(m.pattern, self._columns[m.pattern], place, m.first - begin, m.last - begin, state)
                for m, state in found
            ]
        states = mark_tokens(begins[-1], governing)
        for parsed, (begin, end) in zip(parses, pairwise(begins), strict=True):
            parsed.states = states[begin:end]
            parsed.hits.sort(key=lambda hit: (hit.first, hit.last, hit.pattern))

    def _hold(
        self, tokens: Sequence[str], sentence: tuple[int, int], matches: Sequence[Match]
    ) -> tuple[list[Scope], list[tuple[Match, int]]]:
        """Give what the cues of a sentence govern, and its phrases with their states."""
        n_patterns = len(self._columns)
        cues = [Match(pattern - n_patterns, first, last) for pattern, first, last in matches if pattern >= n_patterns]
        scopes = find_scopes(cues, tokens, sentence, self._lexicon) if cues else []
        # The cues come last.
        phrases = matches[: len(matches) - len(cues)]
        named = self._lexicon.named
        return scopes, [
            (m, choose_state(tokens, m.first, m.last, scopes=scopes, named=named[m.pattern])) for m in phrases
        ]
