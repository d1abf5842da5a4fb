"""Trials on a sample of the corpus: what is drawn, what is fitted, and that a trial says what the saved model would."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import classifier
from classifier.artifact import save
from classifier.document import Document
from classifier.errors import CorpusError
from classifier.taxonomy import load_taxonomy
from training.development import Development, draw_groups, load_development
from training.fit import FitResult, fit
from training.manifest import build_manifest
from training.mistakes import judge
from training.prediction import predict_parses
from training.prepare import parse_texts
from training.recipe import Recipe, load_recipe
from training.trials import (
    INDICATORS,
    REVIEW,
    Trial,
    Variant,
    check_sample,
    difference,
    ignore_rationales,
    learning_curve,
    score,
    try_variants,
    widen_spans,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return load_recipe("small")


@pytest.fixture(scope="module")
def development(recipe: Recipe) -> Development:
    return load_development(recipe)


@pytest.fixture(scope="module")
def sample(development: Development) -> Development:
    """Some 260 documents, of whose folds each holds every answer."""
    return draw_groups(development, 260, seed=3)


@pytest.fixture(scope="module")
def fitted(sample: Development, recipe: Recipe) -> FitResult:
    return fit(sample.records, sample.split, recipe)


@pytest.fixture(scope="module")
def trials(sample: Development, recipe: Recipe) -> list[Trial]:
    variants = [Variant("documents", ignore_rationales(recipe), widen_spans), Variant("spans", recipe)]
    return try_variants(sample, variants, held_out=2)


def test_small_recipe_never_meets_the_frozen_test_part(development: Development) -> None:
    allowed = load_development(load_recipe("default"))
    assert {record.id for record in development.records} == {record.id for record in allowed.records}
    assert min(allowed.split.positions) >= 0.5


def test_prediction_is_what_the_saved_model_says(
    development: Development, fitted: FitResult, recipe: Recipe, tmp_path: Path
) -> None:
    save(
        tmp_path / "model",
        build_manifest("small", fitted, recipe, data={}, metrics={}),
        space=fitted.space,
        weights=fitted.weights,
        text=fitted.text,
        document=fitted.document,
    )
    texts = [record.text for record in development.records[:40]]
    found = predict_parses(fitted, parse_texts(texts, "en", load_taxonomy().ids))
    analyses = list(classifier.load(tmp_path / "model").analyze_many(Document(text, language="en") for text in texts))
    said = [[score.probability for score in one.indicators] for one in analyses if isinstance(one, classifier.Analysis)]
    assert np.array(said) == pytest.approx(found.indicators, abs=1e-9)
    reviews = [one.review.probability for one in analyses if isinstance(one, classifier.Analysis)]
    assert np.array(reviews) == pytest.approx(found.review, abs=1e-9)


def test_judged_documents_are_the_fair_ones_read_out_of_fold(fitted: FitResult, sample: Development) -> None:
    judged = judge(fitted)
    assert len(judged.records) == len(sample)
    assert judged.truth.shape == judged.flagged.shape == (len(sample), len(load_taxonomy().ids) + 1)
    assert (judged.probability[:, -1] == fitted.probabilities.review).all()
    kept = judged.take(judged.truth[:, -1])
    assert all(record.needs_review for record in kept.records)
    assert kept.truth[:, -1].all()


def test_trials_are_measured_on_the_fold_that_none_saw(trials: list[Trial], sample: Development) -> None:
    learning, held = sample.hold_out(2)
    for trial in trials:
        assert trial.documents == len(learning)
        assert [record.id for record in trial.held_out.records] == [record.id for record in held.records]
        assert not {r.id for r in trial.result.prepared.records} & {r.id for r in held.records}
    assert set(score(trials[0])) == {INDICATORS, REVIEW}


def test_marking_the_words_of_a_label_changes_what_is_learned(trials: list[Trial]) -> None:
    documents, spans = trials
    gain = difference(spans, documents)
    assert gain[INDICATORS].low < gain[INDICATORS].value < gain[INDICATORS].high
    assert gain[INDICATORS].value == pytest.approx(
        score(spans)[INDICATORS].value - score(documents)[INDICATORS].value, abs=1e-12
    )
    # Without the place of a label, more sentences carry it.
    assert documents.result.prepared.labels.sum() > spans.result.prepared.labels.sum()
    # Documents carry the same labels either way.
    assert (documents.held_out.truth == spans.held_out.truth).all()


def test_trial_against_itself_gains_nothing(trials: list[Trial]) -> None:
    for gain in difference(trials[0], trials[0]).values():
        assert (gain.value, gain.low, gain.high) == (0.0, 0.0, 0.0)


def test_learning_curve_learns_from_no_more_than_asked_and_measures_alike(
    sample: Development, recipe: Recipe, trials: list[Trial]
) -> None:
    (whole,) = learning_curve(sample, recipe, [10_000], held_out=2)
    assert whole.documents == trials[1].documents
    assert whole.drawn[INDICATORS] == pytest.approx(trials[1].drawn[INDICATORS], abs=1e-12)


def test_sample_too_small_for_its_folds_is_refused(sample: Development, recipe: Recipe) -> None:
    with pytest.raises(CorpusError, match=r"a document that .* stands in \d development folds; 2 must have one"):
        check_sample(draw_groups(sample, 20), recipe)


def test_widened_span_covers_the_text_once_for_each_label(development: Development) -> None:
    record = next(one for one in development.records if len(one.spans) > 2)
    twice = replace(record, spans=(*record.spans, *record.spans))
    for changed in (widen_spans(record), widen_spans(twice)):
        assert {(span.start, span.end) for span in changed.spans} == {(0, len(record.text))}
        labels = [(span.indicator, span.assertion) for span in changed.spans]
        assert sorted(labels) == sorted({(span.indicator, span.assertion) for span in record.spans})
