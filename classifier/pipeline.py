"""The pipeline of one language: spaCy's tokens, sentences, lexicon phrases, assertion.

The steps write plain arrays into one `Parse`: building spaCy Doc and Span objects cost more than all the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

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
    tokens: list[str]
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
        self._reader = TokenReader(language, kept_strings=kept_strings)
        self._alphabetic = Lookup(str.isalpha)
        self._annotator = _Annotator(self.lexicon, indicators)

    def parse(self, text: str) -> Parse:
        """Normalise, tokenise and annotate one text."""
        normalised = normalise(text, self.lexicon.words)
        row = self._reader.read(normalised.text)
        parsed = Parse(
            normalised=normalised,
            tokens=list(map(row.words.strings.__getitem__, row.numbers.tolist())),
            starts=row.starts,
            ends=row.ends,
            sentences=_bound_sentences(normalised.text, row.starts),
            words=row.words,
            numbers=row.numbers,
            alphabetic=self._alphabetic.find(row.words, row.numbers).astype(bool),
        )
        self._annotator.annotate(parsed)
        return parsed


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
        self._forms = Lookup(lambda token: lexicon.matcher.forms.get(token, 0))

    def annotate(self, parsed: Parse) -> None:
        """Fill hits and states of a parse."""
        n_patterns, tokens, bounds = len(self._columns), parsed.tokens, parsed.sentences
        governing: list[Scope] = []
        for number, matches in self._match(parsed):
            cues = [
                Match(pattern - n_patterns, first, last) for pattern, first, last in matches if pattern >= n_patterns
            ]
            sentence: tuple[int, int] = tuple(bounds[number].tolist())
            scopes = find_scopes(cues, tokens, sentence, self._lexicon) if cues else []
            governing.extend(scopes)
            # Cues come last.
            for match in matches[: len(matches) - len(cues)]:
                parsed.hits.append(self._hold(parsed, match, number, scopes))
        parsed.states = mark_tokens(len(tokens), governing)
        parsed.hits.sort(key=lambda hit: (hit.first, hit.last, hit.pattern))

    def _match(self, parsed: Parse) -> list[tuple[int, list[Match]]]:
        if parsed.words is None or not parsed.tokens:
            return []
        forms = self._forms.find(parsed.words, parsed.numbers)
        return self._lexicon.matcher.match_sentences(parsed.tokens, forms, parsed.sentences)

    def _hold(self, parsed: Parse, match: Match, sentence: int, scopes: Sequence[Scope]) -> Hit:
        named = self._lexicon.named[match.pattern]
        state = choose_state(parsed.tokens, match.first, match.last, scopes=scopes, named=named)
        return Hit(match.pattern, self._columns[match.pattern], sentence, match.first, match.last, state)
