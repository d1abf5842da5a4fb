"""Ways to look at labelled texts and at a fitted model: what stands together, which words tell, what it weighs."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from classifier.assertion import STATES
from classifier.errors import CorpusError
from classifier.features import DISTANCES, FeatureSpace
from classifier.model import ROLES, Weights
from classifier.taxonomy import load_taxonomy
from training.corpus import Record
from training.labels import document_states

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
# Words of the whole corpus that the prior counts as, whatever its size.
_PRIOR = 1000.0


@dataclass(frozen=True, slots=True)
class WordView:
    """One word in the passages that speak of something, against all others.

    Attributes:
        word: Lower case.
        inside: How often it stands in such passages.
        outside: How often elsewhere.
        z: Standard deviations by which it is more frequent inside than its chance.
    """

    word: str
    inside: int
    outside: int
    z: float


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing that a model weighs: its name, its block, and what it adds before the norm of its block, log-odds."""

    name: str
    block: str
    weight: float


def count_together(records: Sequence[Record]) -> np.ndarray:
    """Count the documents that assert both of two indicators, (n_indicators, n_indicators); on the diagonal, one."""
    ids = load_taxonomy().ids
    asserted = np.array([document_states(record, ids)[:, 0] for record in records], dtype=int).reshape(-1, len(ids))
    return np.asarray(asserted.T @ asserted)


def share_together(counts: np.ndarray) -> np.ndarray:
    """Give, of the documents with the row's indicator, the share with the column's too; the diagonal is NaN."""
    alone = np.diag(counts).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = counts / alone[:, None]
    np.fill_diagonal(shares, np.nan)
    return np.asarray(shares)


def compare_words(records: Sequence[Record], indicator: str, *, least: int = 5) -> list[WordView]:
    """Rank words by how much more often they stand in asserted spans of an indicator than elsewhere, most first.

    The measure is the log-odds ratio with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008): rare words
    are held back by how little is known of them, and frequent ones need no stop list.

    Args:
        records: Labelled documents.
        indicator: Its id.
        least: How often a word must stand in the spans.

    Raises:
        CorpusError: no span asserts it.
    """
    inside: Counter[str] = Counter()
    every: Counter[str] = Counter()
    for record in records:
        every.update(_words(record.text))
        for span in record.spans:
            if (span.indicator, span.assertion) == (indicator, "asserted"):
                inside.update(_words(record.text[span.start : span.end]))
    if not inside:
        raise CorpusError(f"no span asserts '{indicator}'; indicators are {', '.join(load_taxonomy().ids)}")
    words = sorted(word for word, count in inside.items() if count >= least)
    z = _log_odds(np.array([inside[w] for w in words]), np.array([every[w] for w in words]), inside, every)
    views = [WordView(word, inside[word], every[word] - inside[word], float(z[k])) for k, word in enumerate(words)]
    return sorted(views, key=lambda view: (-view.z, view.word))


def _words(text: str) -> list[str]:
    return [match.group() for match in _WORD.finditer(text.lower())]


def _log_odds(inside: np.ndarray, every: np.ndarray, all_inside: Counter[str], all_words: Counter[str]) -> np.ndarray:
    """Give the z-scores of words, (n_words,), by their counts inside and altogether."""
    total, n_inside = all_words.total(), all_inside.total()
    prior, outside, n_outside = _PRIOR * every / total, every - inside, total - n_inside

    def log_odds(counts: np.ndarray, size: int) -> np.ndarray:
        return np.asarray(np.log((counts + prior) / (size + _PRIOR - counts - prior)))

    spread = 1.0 / (inside + prior) + 1.0 / (outside + prior)
    return np.asarray((log_odds(inside, n_inside) - log_odds(outside, n_outside)) / np.sqrt(spread))


def show_in_context(records: Sequence[Record], word: str, *, width: int = 44, count: int = 8) -> list[str]:
    """Show a word where it stands, in lines with the word in one column.

    Args:
        records: Read in order.
        word: Letter case does not matter.
        width: Characters on either side.
        count: At most so many lines, one a document.
    """
    pattern, lines = re.compile(rf"\b{re.escape(word)}\b", re.IGNORECASE), []
    for record in records:
        text = " ".join(record.text.split())
        if match := pattern.search(text):
            before, after = text[: match.start()][-width:], text[match.end() :][:width]
            lines.append(f"{before:>{width}}{match.group()}{after}")
    return lines[:count]


def list_features(space: FeatureSpace, weights: Weights, indicator: str) -> list[Feature]:
    """List what a model weighs for an asserted indicator, the heaviest first whichever its sign.

    Args:
        space: Vocabularies of the model.
        weights: Of its sentence outputs.
        indicator: Its id.

    Raises:
        CorpusError: there is no such indicator.
    """
    ids = load_taxonomy().ids
    if indicator not in ids:
        raise CorpusError(f"no indicator '{indicator}'; allowed: {', '.join(ids)}")
    output = ids.index(indicator)
    found = [
        Feature(space.words[word], ROLES[role], float(weights.words[role, word, output]))
        for role, word in np.argwhere(weights.words[:, :, output]).tolist()
    ]
    found += _name_pairs(space, weights.pairs[:, output])
    found += [
        Feature(space.characters[k], "characters", float(weights.characters[k, output]))
        for k in np.flatnonzero(weights.characters[:, output]).tolist()
    ]
    for block, table in (("phrases", weights.phrases), ("document phrases", weights.document_phrases)):
        found += [
            Feature(f"{ids[k // len(STATES)]}, {STATES[k % len(STATES)]}", block, float(table[k, output]))
            for k in np.flatnonzero(table[:, output]).tolist()
        ]
    return sorted(found, key=lambda one: (-abs(one.weight), one.name, one.block))


def _name_pairs(space: FeatureSpace, weights: np.ndarray) -> list[Feature]:
    """Write pairs of words as they stand: `first second`, with an ellipsis for each word between."""
    found = []
    for k in np.flatnonzero(weights).tolist():
        words, distance = divmod(int(space.pairs[k]), DISTANCES)
        first, second = divmod(words, len(space.words))
        between = " … " * distance or " "
        name = f"{space.words[first]}{between}{space.words[second]}".replace("  ", " ")
        found.append(Feature(name, "pairs", float(weights[k])))
    return found
