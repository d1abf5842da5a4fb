"""Small experiments: recipes and samples tried against each other on one held-out fold that none of them saw.

All trials are measured on the same documents and the same resamples of their groups, so that the difference of two has
an interval of its own (paired bootstrap, Efron and Tibshirani 1993).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from classifier.pipeline import Parse
from classifier.taxonomy import load_taxonomy
from training.build import check_folds
from training.corpus import LabelledSpan, Record
from training.development import Development, draw_groups
from training.fit import FitResult, fit
from training.metrics import Interval, Measure, average_precision, draw_weights, macro, measure_interval
from training.mistakes import Judged, judge_held_out
from training.prediction import predict_parses
from training.prepare import parse_texts
from training.recipe import Recipe
from training.split import TEST

INDICATORS, REVIEW = "indicator macro AP", "review AP"
_RESAMPLES = 500


@dataclass(frozen=True, slots=True)
class Trial:
    """One fit and how it does.

    Attributes:
        name: What was tried.
        documents: That it learned from.
        result: Of training.
        held_out: Its answers about the held-out documents.
        drawn: Name of a measure to its values, (n_resamples + 1,), in resamples of these; the first is the sample.
    """

    name: str
    documents: int
    result: FitResult
    held_out: Judged
    drawn: Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Variant:
    """Something to try: a name, a recipe, and what is done to the documents to learn from."""

    name: str
    recipe: Recipe
    change: Callable[[Record], Record] = lambda record: record


def try_variants(development: Development, variants: Sequence[Variant], *, held_out: int) -> list[Trial]:
    """Fit every variant on all folds but one, and measure it there.

    Args:
        development: Documents of at least three folds.
        variants: In order.
        held_out: The fold; the last, so that the others are numbered from 0.

    Raises:
        CorpusError: there is no such fold, or an answer is too rare in the others.
    """
    learning, held = development.hold_out(held_out)
    languages = dict.fromkeys(variant.recipe.language for variant in variants)
    parses = {language: _Parses(development.records, language) for language in languages}
    return [_try(variant, learning, held, parses[variant.recipe.language]) for variant in variants]


def learning_curve(
    development: Development, recipe: Recipe, sizes: Sequence[int], *, held_out: int, seed: int = 0
) -> list[Trial]:
    """Fit on samples of growing size, each within the next, and measure all on the fold that is held out.

    Args:
        development: Documents of at least three folds.
        recipe: Of every fit.
        sizes: Documents to learn from; groups stay whole, so that it may be a few more.
        held_out: The last fold.
        seed: Of the draws.

    Raises:
        CorpusError: there is no such fold, or a sample is so small that an answer is missing from its folds.
    """
    learning, held = development.hold_out(held_out)
    parses = _Parses(development.records, recipe.language)
    samples = [draw_groups(learning, size, seed=seed) for size in sizes]
    return [_try(Variant(f"{len(one)} documents", recipe), one, held, parses) for one in samples]


def difference(better: Trial, base: Trial) -> dict[str, Interval]:
    """Give what one trial gains on another, with the interval of the difference."""
    return {name: _interval(values - base.drawn[name]) for name, values in better.drawn.items()}


def score(trial: Trial) -> dict[str, Interval]:
    """Give a trial's figures with their intervals."""
    return {name: _interval(values) for name, values in trial.drawn.items()}


def widen_spans(record: Record) -> Record:
    """Forget where a label stands: every span covers the whole text, as if only the document had been labelled."""
    labels = dict.fromkeys((span.indicator, span.assertion) for span in record.spans)
    spans = tuple(LabelledSpan(0, len(record.text), *label) for label in labels)
    return replace(record, spans=spans)


def ignore_rationales(recipe: Recipe) -> Recipe:
    """Give the recipe without labelled spans as rows of their own; sentences keep their labels."""
    return replace(recipe, estimator=replace(recipe.estimator, rationale_weight=0.0))


class _Parses:
    """Texts that are parsed once for all trials of one call; `fit` asks it as it would ask a cache on disk."""

    def __init__(self, records: Sequence[Record], language: str) -> None:
        texts = [record.text for record in records]
        self._known = dict(zip(texts, parse_texts(texts, language, load_taxonomy().ids), strict=True))

    def cache(self, parse: Callable[..., list[Parse]]) -> Callable[..., list[Parse]]:
        """Give what stands in for the function that parses."""
        del parse
        return self.recall

    def recall(self, texts: Sequence[str], *_: object) -> list[Parse]:
        """Give the parses of texts; language and indicators are those of every trial."""
        return [self._known[text] for text in texts]


def _try(variant: Variant, learning: Development, held: Development, parses: _Parses) -> Trial:
    check_sample(learning, variant.recipe)
    records = [variant.change(record) for record in learning.records]
    result = fit(records, learning.split, variant.recipe, cache=parses)
    found = predict_parses(result, parses.recall([record.text for record in held.records]))
    judged = judge_held_out(result, held.records, found)
    weights = draw_weights([record.group for record in held.records], _RESAMPLES, seed=0)
    drawn = {name: measure(weights) for name, measure in measure_answers(judged).items()}
    return Trial(variant.name, len(records), result, judged, drawn)


def check_sample(sample: Development, recipe: Recipe) -> None:
    """Refuse documents too few for the folds they lie in.

    Raises:
        CorpusError: an answer is too rare, or a fold is empty; the message names it.
    """
    # There is no test part here: a stand-in keeps the check from asking for one.
    split = sample.split
    whole = replace(split, parts=np.append(split.parts, TEST), positions=np.append(split.positions, 1.0))
    rule = replace(recipe.split, folds=int(split.parts.max()) + 1)
    check_folds([*sample.records, sample.records[0]], whole, rule)


def measure_answers(judged: Judged) -> dict[str, Measure]:
    """Give the macro average precision of the indicators and that of review as measures over weights of documents."""
    truth, probability = judged.truth, judged.probability
    present = np.flatnonzero(truth[:, :-1].any(axis=0)).tolist()
    every = macro([average_precision(truth[:, k], probability[:, k]) for k in present])
    return {INDICATORS: every, REVIEW: average_precision(truth[:, -1], probability[:, -1])}


def _interval(values: np.ndarray) -> Interval:
    return measure_interval(lambda _: values, values)
