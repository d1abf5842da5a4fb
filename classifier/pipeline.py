"""The spaCy pipeline of one language: tokenizer, sentences, lexicon spans, assertion.

The components write plain arrays into one `Parse` on the Doc: building spaCy Span objects for every phrase cost more
than all the rest. Nothing of a Doc outlives `parse`.
"""

import gc
import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from classifier.assertion import Scope, choose_state, find_scopes, mark_tokens
from classifier.lexicon import Lexicon, load_lexicon
from classifier.patterns import Match
from classifier.preprocess import Normalised, normalise
from classifier.sentences import sentence_bounds

_KEY = "tellsign"
# About 30 MB of strings, lexemes and cached tokens.
_KEPT_STRINGS = 100_000
_CACHED_CHUNKS = 50_000
# The tokenizer's time is quadratic in the marks and pictures of a stretch without blanks: 50,000 took minutes.
_STRETCH = re.compile(r"\S{200}(?=\S)")
# spaCy reads "id" as "i'd" and "wed" as "we'd"; in these texts they are papers and a marriage.
_MISREAD = frozenset({"id", "wed"})


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
    """

    normalised: Normalised
    tokens: list[str]
    starts: np.ndarray
    ends: np.ndarray
    sentences: np.ndarray = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int64))
    hits: list[Hit] = field(default_factory=list)
    states: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int8))

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

    def __init__(self, language: str, indicators: tuple[str, ...], *, kept_strings: int = _KEPT_STRINGS) -> None:
        """Build the spaCy pipeline.

        Args:
            language: ISO 639-1 code that has a lexicon.
            indicators: Their ids in column order; lexicon hits are numbered by it.
            kept_strings: How many strings spaCy may learn before it starts anew.
        """
        self._kept_strings = kept_strings
        self.lexicon = load_lexicon(language)
        self._config = {"language": language, "indicators": list(indicators)}
        self._nlp = _build_nlp(self._config)

    def parse(self, text: str) -> Parse:
        """Normalise, tokenise and annotate one text."""
        if len(self._nlp.vocab.strings) > self._kept_strings:
            # spaCy's vocabulary never forgets. Its memory zones empty the tokenizer's cache each time (five times
            # slower) and still grow by half a kilobyte a document; a new pipeline costs a tenth of a second.
            self._nlp = _build_nlp(self._config)
            gc.collect()
        normalised = normalise(text, self.lexicon.words)
        cuts = [match.end() for match in _STRETCH.finditer(normalised.text)]
        doc = self._nlp.make_doc(_part(normalised.text, cuts))
        doc.user_data[_KEY] = _read_tokens(doc, normalised, cuts)
        for _, component in self._nlp.pipeline:
            doc = component(doc)
        parsed: Parse = doc.user_data[_KEY]
        return parsed


def _build_nlp(config: dict[str, Any]) -> Language:
    nlp = spacy.blank(config["language"])
    tokenizer: Any = nlp.tokenizer
    tokenizer.max_cache_size = _CACHED_CHUNKS
    tokenizer.rules = {text: rule for text, rule in tokenizer.rules.items() if text.lower() not in _MISREAD}
    nlp.add_pipe("tellsign_sentences")
    nlp.add_pipe("tellsign_lexicon", config=config)
    # spaCy's limit for one text guards parsers that are not used here.
    nlp.max_length = 10_000_000
    return nlp


def _part(text: str, cuts: list[int]) -> str:
    """Put a blank at every cut."""
    return " ".join(text[a:b] for a, b in pairwise([0, *cuts, len(text)])) if cuts else text


def _read_tokens(doc: Doc, normalised: Normalised, cuts: list[int]) -> Parse:
    table = doc.to_array(["IDX", "LENGTH", "IS_SPACE"]).astype(np.int64)
    table = table[table[:, 2] == 0]
    # The blanks put in at the cuts are counted out again.
    starts = table[:, 0] - np.searchsorted(np.array(cuts, dtype=np.int64) + np.arange(len(cuts)), table[:, 0])
    ends = starts + table[:, 1]
    folded = fold_case(normalised.text)
    tokens = [folded[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
    return Parse(normalised, tokens, starts, ends)


def fold_case(text: str) -> str:
    """Lower-case a text without changing its length: only U+0130 would grow."""
    folded = text.lower()
    return folded if len(folded) == len(text) else text.replace("\u0130", "i").lower()


@Language.component("tellsign_sentences")
def mark_sentences(doc: Doc) -> Doc:
    """Set the token bounds of the sentences on the Doc's Parse."""
    parsed: Parse = doc.user_data[_KEY]
    bounds = np.array(sentence_bounds(parsed.normalised.text), dtype=np.int64).reshape(-1, 2)
    first = np.searchsorted(parsed.starts, bounds[:, 0])
    first[:1] = 0
    last = np.append(first, len(parsed.tokens))[1:]
    parsed.sentences = np.stack([first, last], axis=1)[first < last]
    return doc


class LexiconComponent:
    """Finds indicator phrases and assertion cues, and decides how each phrase and token is held."""

    def __init__(self, lexicon: Lexicon, indicators: list[str]) -> None:
        """Number the lexicon's patterns by indicator column."""
        self._lexicon = lexicon
        self._columns = [indicators.index(pattern.indicator) for pattern in lexicon.patterns]

    def __call__(self, doc: Doc) -> Doc:
        """Fill hits, scopes and states of the Doc's Parse."""
        parsed: Parse = doc.user_data[_KEY]
        n_patterns, tokens = len(self._columns), parsed.tokens
        governing: list[Scope] = []
        for number, (first, last) in enumerate(parsed.sentences.tolist()):
            matches = self._lexicon.matcher.match(tokens, first, last)
            if not matches:
                continue
            cues = [Match(m.pattern - n_patterns, m.first, m.last) for m in matches if m.pattern >= n_patterns]
            scopes = find_scopes(cues, tokens, (first, last), self._lexicon) if cues else []
            governing.extend(scopes)
            for match in matches:
                if match.pattern < n_patterns:
                    named = self._lexicon.named[match.pattern]
                    state = choose_state(tokens, match.first, match.last, scopes=scopes, named=named)
                    column = self._columns[match.pattern]
                    parsed.hits.append(Hit(match.pattern, column, number, match.first, match.last, state))
        parsed.states = mark_tokens(len(tokens), governing)
        parsed.hits.sort(key=lambda hit: (hit.first, hit.last, hit.pattern))
        return doc


@Language.factory("tellsign_lexicon")
def build_lexicon_component(
    nlp: Language,  # noqa: ARG001  spaCy gives every factory the pipeline and a name
    name: str,  # noqa: ARG001
    language: str,
    indicators: list[str],
) -> LexiconComponent:
    """Build the component from its config, as spaCy asks for it."""
    return LexiconComponent(load_lexicon(language), indicators)
