"""AIMS: what modern slavery statements disclose; learned from Australian sentences, tested on British and Canadian."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix, hstack

from training.benchmarks.blocks import Block, build_step, count_terms, encode_categories
from training.benchmarks.card import BenchmarkCard
from training.benchmarks.held_out import (
    Candidate,
    Predictions,
    Rows,
    cross_predict_groups,
    learn_like_product,
    learn_logistic,
    predict_held_out,
)
from training.benchmarks.outcome import (
    BASELINE,
    OURS,
    TUNED_BASELINE,
    Outcome,
    System,
    compare,
    label_measures,
    measure_labels,
)
from training.metrics import draw_weights

if TYPE_CHECKING:
    from datasets import Dataset

HOME = "AU"
FOLDS = 5
_ORDER = "sentence_orig_idxs"
_WINDOW = 6
_WITHOUT_CONTEXT = "ours, sentence alone"
# All weights were chosen by cross-validation over Australian statements.
_NEIGHBOURS = {1: 0.5, -1: 0.5, 2: 0.3, -2: 0.3}
_WINDOW_WEIGHT, _SHAPE_WEIGHT, _PLACE_WEIGHT = 0.3, 0.4, 0.15
_C = 0.2
_SHAPES = ((re.compile("[A-Z]"), "X"), (re.compile("[a-z]+"), "x"), (re.compile("[0-9]"), "9"))


@dataclass(frozen=True, slots=True)
class Sentences:
    """Sentences in reading order, statement by statement.

    Attributes:
        texts: Of the sentences.
        jurisdictions: AU, UK or CA, one a sentence.
        rows: Labels, and the number of the statement as the group.
    """

    texts: list[str]
    jurisdictions: np.ndarray
    rows: Rows


def run_aims(
    card: BenchmarkCard, tables: Mapping[str, "Dataset"], *, resamples: int, say: Callable[[str], None]
) -> Outcome:
    """Score AIMS.

    Args:
        card: Of the benchmark.
        tables: Parts `australian` and `abroad`.
        resamples: Of the statements, for the intervals.
        say: Told of each step.

    Raises:
        CorpusError: a label stands in too few statements.
    """
    data = order_sentences(tables, tuple(card.labels))
    home = np.flatnonzero(data.jurisdictions == HOME)
    abroad = np.flatnonzero(data.jurisdictions != HOME)
    say(f"cross-validating on {len(home)} Australian sentences")
    australian = choose_sentences(data, home)
    at_home = {name: cross_predict_groups(one, australian.rows, FOLDS) for name, one in _designs(australian).items()}
    say(f"predicting {len(abroad)} sentences from elsewhere")
    away = {
        name: predict_held_out(one, data.rows, training=home, held_out=abroad) for name, one in _designs(data).items()
    }
    foreign = choose_sentences(data, abroad)
    systems = _score("UK and CA", foreign, away, resamples)
    for name in sorted(set(foreign.jurisdictions.tolist())):
        chosen = np.flatnonzero(foreign.jurisdictions == name)
        part = {key: _cut(found, chosen) for key, found in away.items()}
        systems += _score(name, choose_sentences(foreign, chosen), part, resamples)
    systems += _score("AU, cross-validated", australian, at_home, resamples)
    weights = _draw(foreign, resamples)
    details = measure_labels(list(card.labels.values()), foreign.rows.labels, _flags(away), weights)
    return Outcome(
        card, len(abroad), len(np.unique(foreign.rows.groups)), systems, _notes(australian, foreign), details
    )


def order_sentences(tables: Mapping[str, "Dataset"], labels: Sequence[str]) -> Sentences:
    """Put all sentences in reading order: by statement, then as numbered, or else as filed."""
    texts: list[str] = []
    places: list[tuple[str, str, int]] = []
    marks: list[list[bool]] = []
    for table in (tables["australian"], tables["abroad"]):
        columns = {name: list(table[name]) for name in table.column_names}
        numbers = columns.get(_ORDER, range(len(table)))
        jurisdictions = columns.get("jurisdiction", [HOME] * len(table))
        places += [(j, str(s), n) for j, s, n in zip(jurisdictions, columns["statement_id"], numbers, strict=True)]
        texts += [str(text or "") for text in columns["sentence"]]
        marks += [[value == 1 for value in row] for row in zip(*(columns[label] for label in labels), strict=True)]
    order = sorted(range(len(places)), key=lambda i: places[i])
    statements = sorted({place[:2] for place in places})
    number = {statement: n for n, statement in enumerate(statements)}
    return Sentences(
        [texts[i] for i in order],
        np.array([places[i][0] for i in order]),
        Rows(np.array([marks[i] for i in order]), np.array([number[places[i][:2]] for i in order])),
    )


def choose_sentences(data: Sentences, chosen: np.ndarray) -> Sentences:
    """Take these sentences only, indices in reading order."""
    rows = Rows(data.rows.labels[chosen], data.rows.groups[chosen])
    return Sentences([data.texts[i] for i in chosen], data.jurisdictions[chosen], rows)


def build_baseline(data: Sentences) -> list[Candidate]:
    """Build the baseline: word unigrams and bigrams of the sentence, logistic regression."""
    words = count_terms(data.texts, ngram_range=(1, 2))
    return [Candidate("words", [Block(words, least=1)], learn_logistic(10.0))]


def build_candidates(data: Sentences, *, with_context: bool = True) -> list[Candidate]:
    """Build ours: words and characters of the sentence; words around it, its shape and its place in the statement."""
    words = count_terms(data.texts, ngram_range=(1, 2))
    characters = count_terms(data.texts, analyzer="char_wb", ngram_range=(2, 5))
    blocks = [Block(words), Block(characters, least=3)]
    if with_context:
        groups = data.rows.groups
        single = count_terms(data.texts)
        around = sum(build_step(groups, step) @ single for step in range(-_WINDOW, _WINDOW + 1) if step)
        shapes = count_terms([draw_shape(text) for text in data.texts], analyzer="char", ngram_range=(1, 4))
        blocks += [Block(words, weight, step=step) for step, weight in _NEIGHBOURS.items()]
        blocks += [
            Block(csr_matrix(around), _WINDOW_WEIGHT),
            Block(shapes, _SHAPE_WEIGHT, least=3),
            Block(encode_places(data.texts, groups), _PLACE_WEIGHT, least=0),
        ]
    return [Candidate("context" if with_context else "sentence", blocks, learn_like_product(_C))]


def draw_shape(text: str) -> str:
    """Write capitals as X, runs of small letters as x, digits as 9: how headings, lists and signatures look."""
    for pattern, mark in _SHAPES:
        text = pattern.sub(mark, text)
    return text


def encode_places(texts: Sequence[str], groups: np.ndarray) -> csr_matrix:
    """Encode where each sentence stands in its statement, from either end and in tenths, and how long it is.

    Returns:
        (n_sentences, n_columns) of zeros and ones.
    """
    _, first, size = np.unique(groups, return_index=True, return_counts=True)
    number = np.searchsorted(first, np.arange(len(groups)), side="right") - 1
    place = np.arange(len(groups)) - first[number]
    left = size[number] - 1 - place
    tenth = np.minimum(10 * place // np.maximum(size[number] - 1, 1), 9)
    length = np.minimum(np.array([len(text) for text in texts]) // 40, 9)
    codes = [[f"{min(value, 9)}" for value in column.tolist()] for column in (tenth, place, left, length)]
    return hstack([encode_categories(code) for code in codes]).tocsr()


def _designs(data: Sentences) -> dict[str, list[Candidate]]:
    return {
        BASELINE: build_baseline(data),
        _WITHOUT_CONTEXT: build_candidates(data, with_context=False),
        OURS: build_candidates(data),
    }


def _cut(found: Predictions, chosen: np.ndarray) -> Predictions:
    return Predictions(found.probability[chosen], found.flagged[chosen], found.plain[chosen], found.chosen)


def _flags(found: Mapping[str, Predictions]) -> dict[str, np.ndarray]:
    """Give what each system flags; the baseline counts twice, by its two thresholds."""
    base = found[BASELINE]
    own = {name: one.flagged for name, one in found.items() if name != BASELINE}
    return {BASELINE: base.plain, TUNED_BASELINE: base.flagged, **own}


def _score(setting: str, data: Sentences, found: Mapping[str, Predictions], resamples: int) -> list[System]:
    measures = {
        name: label_measures(data.rows.labels, flagged, found.get(name, found[BASELINE]).probability)
        for name, flagged in _flags(found).items()
    }
    return compare(setting, measures, _draw(data, resamples))


def _draw(data: Sentences, resamples: int) -> np.ndarray:
    return draw_weights(data.rows.groups.astype(str).tolist(), resamples, 0)


def _notes(australian: Sentences, foreign: Sentences) -> list[str]:
    known = {text.strip().lower() for text in australian.texts}
    twice = sum(text.strip().lower() in known for text in foreign.texts)
    return [f"{twice} of {len(foreign.texts)} test sentences also stand word for word in an Australian statement"]
