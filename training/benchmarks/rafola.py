"""RaFoLa: indicators of forced labour in news articles, by the authors' own split."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from classifier.errors import CorpusError
from training.benchmarks.blocks import Block, count_terms
from training.benchmarks.card import BenchmarkCard
from training.benchmarks.held_out import (
    Candidate,
    Rows,
    learn_like_product,
    learn_logistic,
    predict_held_out,
)
from training.benchmarks.outcome import (
    BASELINE,
    OURS,
    TUNED_BASELINE,
    Outcome,
    compare,
    label_measures,
    measure_labels,
)
from training.metrics import draw_weights

if TYPE_CHECKING:
    from datasets import Dataset

_SETTING = "test articles"
_TRAINING, _TEST = ("train", "dev"), "test"


def run_rafola(
    card: BenchmarkCard, tables: Mapping[str, "Dataset"], *, resamples: int, say: Callable[[str], None]
) -> Outcome:
    """Score RaFoLa.

    Args:
        card: Of the benchmark.
        tables: Part `articles`.
        resamples: Of the articles, for the intervals.
        say: Told of each step.

    Raises:
        CorpusError: a row has another number of labels than the card, or the split is not the authors'.
    """
    articles = tables["articles"]
    rows, parts = read_labels(articles, len(card.labels))
    training = np.flatnonzero(np.isin(parts, _TRAINING))
    test = np.flatnonzero(parts == _TEST)
    say(f"learning from {len(training)} articles, predicting {len(test)}")
    texts = [str(text or "") for text in articles["content"]]
    words = count_terms(texts, ngram_range=(1, 2))
    characters = count_terms(texts, analyzer="char_wb", ngram_range=(3, 5))
    plans = {
        BASELINE: [Candidate("words", [Block(words)], learn_logistic(10.0))],
        OURS: [
            Candidate("words", [Block(words)], learn_like_product(1.0)),
            Candidate("words and characters", [Block(words), Block(characters, least=3)], learn_like_product(1.0)),
        ],
    }
    base, own = (predict_held_out(one, rows, training=training, held_out=test) for one in plans.values())
    truth = rows.labels[test]
    flagged = {BASELINE: base.plain, TUNED_BASELINE: base.flagged, OURS: own.flagged}
    measures = {
        name: label_measures(truth, flags, own.probability if name == OURS else base.probability)
        for name, flags in flagged.items()
    }
    weights = draw_weights(test.astype(str).tolist(), resamples, 0)
    details = measure_labels(list(card.labels.values()), truth, flagged, weights)
    return Outcome(card, len(test), len(test), compare(_SETTING, measures, weights), (), details)


def read_labels(articles: "Dataset", count: int) -> tuple[Rows, np.ndarray]:
    """Read labels and parts of the articles.

    Args:
        articles: With `labels`, a list of zeros and ones, and `set`.
        count: How many labels each must have.

    Returns:
        Labels with each article as its own group, and the part of each, (n,) of `train`, `dev` or `test`.

    Raises:
        CorpusError: a row breaks this; its number is named.
    """
    parts = list(articles["set"])
    for number, (labels, part) in enumerate(zip(articles["labels"], parts, strict=True)):
        if len(labels) != count:
            raise CorpusError(f"article {number} has {len(labels)} labels; the card names {count}")
        if part not in (*_TRAINING, _TEST):
            raise CorpusError(f"article {number} is in set '{part}'; allowed: train, dev, test")
    if _TEST not in parts:
        raise CorpusError("no article is in set 'test'")
    labels = np.array([[value == 1 for value in row] for row in articles["labels"]], dtype=bool)
    return Rows(labels, np.arange(len(parts))), np.array(parts)
