"""EMSCAD: fraudulent job advertisements, cross-validated in groups of one description prefix."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from training.benchmarks.blocks import Block, count_terms, encode_categories
from training.benchmarks.card import BenchmarkCard
from training.benchmarks.held_out import (
    Candidate,
    Predictions,
    Rows,
    cross_predict_groups,
    learn_like_product,
    learn_logistic,
)
from training.benchmarks.outcome import BASELINE, OURS, TUNED_BASELINE, Outcome, System, compare, roc_auc
from training.metrics import Measure, average_precision, draw_weights, f1
from training.split import cluster_near_duplicates

if TYPE_CHECKING:
    from datasets import Dataset

TEXTS = ("title", "company_profile", "description", "requirements", "benefits")
# Fields whose gaps do not tell where a row came from; of the logo and its like the local subset has none for frauds.
FIELDS = ("department", "salary_range", "industry", "function")
# Genuine rows that were kept only when every field was filled in would give the answer away.
UNFILTERED = ("all_fraud", "random_2pct", "first_499_rows")
FOLDS = 5
_PREFIX = 150
_TEXT_WEIGHT, _FIELD_WEIGHT = 0.6, 0.3


@dataclass(frozen=True, slots=True)
class _Setting:
    """One line of attack: which rows in which groups, the texts, and whether the fields beside them count."""

    name: str
    rows: Rows
    texts: tuple[str, ...]
    with_fields: bool = False


def run_emscad(
    card: BenchmarkCard, tables: Mapping[str, "Dataset"], *, resamples: int, say: Callable[[str], None]
) -> Outcome:
    """Score EMSCAD.

    Args:
        card: Of the benchmark.
        tables: Part `adverts`.
        resamples: Of the groups, for the intervals.
        say: Told of each setting.

    Raises:
        CorpusError: the rows do not fill the folds.
    """
    columns = choose_rows(tables["adverts"])
    labels = np.array(columns["fraudulent"], dtype=bool)[:, None]
    groups = number_prefixes(columns["description"])
    rows, strict = Rows(labels, groups), Rows(labels, join_near_duplicates(groups, join_texts(columns, TEXTS)))
    systems: list[System] = []
    notes = [f"{int(labels.sum())} of {len(labels)} advertisements are fraudulent"]
    for setting in (
        _Setting("description", rows, ("description",)),
        _Setting("full text", rows, TEXTS),
        _Setting("full text and fields", rows, TEXTS, with_fields=True),
        _Setting("full text, near-duplicates grouped", strict, TEXTS),
    ):
        say(f"{setting.name}: {len(labels)} advertisements in {len(np.unique(setting.rows.groups))} groups")
        found, chosen = _score(setting, columns, resamples)
        systems += found
        notes.append(f"{setting.name}: the folds chose {chosen}")
    return Outcome(card, len(labels), len(np.unique(groups)), systems, notes)


def choose_rows(adverts: "Dataset") -> dict[str, list[str]]:
    """Take the rows whose negatives are unfiltered, as columns of strings; "" stands for a gap.

    Without a column `selection` the table is the whole of EMSCAD and every row counts.
    """
    table = {name: list(adverts[name]) for name in adverts.column_names}
    selection = table.get("selection", [UNFILTERED[0]] * len(adverts))
    kept = [number for number, name in enumerate(selection) if name in UNFILTERED]
    columns = {name: [str(values[i] or "") for i in kept] for name, values in table.items() if name != "fraudulent"}
    columns["fraudulent"] = ["1" if int(table["fraudulent"][i]) else "" for i in kept]
    return columns


def number_prefixes(descriptions: Sequence[str]) -> np.ndarray:
    """Number the advertisements by the first 150 characters of the description, (n,)."""
    _, numbers = np.unique([text[:_PREFIX] for text in descriptions], return_inverse=True)
    return np.asarray(numbers)


def join_near_duplicates(groups: np.ndarray, texts: Sequence[str]) -> np.ndarray:
    """Join groups that near-duplicate texts link, (n,)."""
    same = csr_matrix((np.ones(len(groups), dtype=bool), (np.arange(len(groups)), groups)))
    _, joined = connected_components(cluster_near_duplicates(texts) + (same @ same.T), directed=False)
    return np.asarray(joined)


def join_texts(columns: Mapping[str, Sequence[str]], names: Sequence[str]) -> list[str]:
    """Write the texts of an advertisement under each other."""
    return ["\n".join(part for part in parts if part) for parts in zip(*(columns[n] for n in names), strict=True)]


def _score(setting: _Setting, columns: Mapping[str, Sequence[str]], resamples: int) -> tuple[list[System], str]:
    truth = setting.rows.labels[:, 0]
    base = cross_predict_groups(build_baseline(setting.texts, columns), setting.rows, FOLDS)
    own = cross_predict_groups(build_candidates(setting.texts, columns, setting.with_fields), setting.rows, FOLDS)
    measures = {
        BASELINE: _measures(truth, base, base.plain),
        TUNED_BASELINE: _measures(truth, base, base.flagged),
        OURS: _measures(truth, own, own.flagged),
    }
    weights = draw_weights(setting.rows.groups.astype(str).tolist(), resamples, 0)
    return compare(setting.name, measures, weights), own.chosen


def _measures(truth: np.ndarray, found: Predictions, flagged: np.ndarray) -> dict[str, Measure]:
    score = found.probability[:, 0]
    return {"F1": f1(truth, flagged[:, 0]), "AUC": roc_auc(truth, score), "AP": average_precision(truth, score)}


def build_baseline(texts: Sequence[str], columns: Mapping[str, Sequence[str]]) -> list[Candidate]:
    """Build the baseline: word unigrams and bigrams of the joined text, logistic regression."""
    words = count_terms(join_texts(columns, texts), ngram_range=(1, 2))
    return [Candidate("words", [Block(words)], learn_logistic(10.0))]


def build_candidates(
    texts: Sequence[str], columns: Mapping[str, Sequence[str]], with_fields: bool = False
) -> list[Candidate]:
    """Build ours: words, words by text field, character n-grams; which of them, the training rows decide.

    Args:
        texts: Names of the columns of text.
        columns: Of the advertisements.
        with_fields: Add the values of the fields beside the text, a gap being a value.
    """
    joined = join_texts(columns, texts)
    words = [Block(count_terms(joined, ngram_range=(1, 2)))]
    characters = [Block(count_terms(joined, analyzer="char_wb", ngram_range=(3, 5)), least=3)]
    parted = [Block(count_terms(columns[name], ngram_range=(1, 2)), _TEXT_WEIGHT) for name in texts]
    fields = [Block(encode_categories(columns[name]), _FIELD_WEIGHT) for name in FIELDS] if with_fields else []
    designs = {"words": words + fields, "words and characters": words + characters + fields}
    if len(texts) > 1:
        designs["words by field"] = words + parted + fields
        designs["words by field and characters"] = words + parted + characters + fields
    return [Candidate(name, blocks, learn_like_product(1.0)) for name, blocks in designs.items()]
