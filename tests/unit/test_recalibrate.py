"""Recalibration: known slopes come back, the new weights are exact, and small samples are left alone."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import classifier
from classifier.artifact import build_outputs, verify
from classifier.artifact import load as load_artifact
from classifier.errors import CorpusError
from classifier.pipeline import Pipeline
from classifier.scoring import (
    N_HELD,
    DocumentModel,
    indicator_inputs,
    pool,
    review_inputs,
    score_document,
    sigmoid,
    softmax_log,
)
from classifier.taxonomy import load_taxonomy
from tests.records import PRIVATE, make_row, write_rows
from tests.small_model import TEXTS, build_manifest, build_small_model, draw_document_model, save_small_model
from training import site
from training.corpus import read_records
from training.evaluate import analyze_records
from training.platt import Quality, Refit, Scaling, apply_scaling, find_shortage, fit_scaling, log_odds, refit
from training.recalibrate import Outcome, fold_scalings, recalibrate
from training.sample import Sample
from training.thresholds import Threshold

INDICATORS = load_taxonomy().ids
RULE = "maximum f1 @ precision >= 0.6"


def draw(n: int, slope: float, shift: float, seed: int = 0) -> Sample:
    """Documents whose true log-odds are `slope` times the model's plus `shift`."""
    random = np.random.default_rng(seed)
    scores = random.normal(scale=2.0, size=n)
    truth = random.random(n) < sigmoid(slope * scores + shift)
    return Sample(truth, sigmoid(scores), np.array([f"g{number // 2}" for number in range(n)]))


def test_shift_is_the_closed_form_where_all_scores_are_one() -> None:
    """Of 12 positives and 36 negatives Platt's targets are 13/14 and 1/38; their mean is the new probability."""
    truth = np.arange(48) < 12
    found = fit_scaling(truth, np.full(48, 0.7), slope=False)
    mean = (12 * 13 / 14 + 36 / 38) / 48
    assert found.slope == 1.0
    assert found.shift == pytest.approx(np.log(mean / (1 - mean)) - 0.7, abs=1e-9)


def test_known_slope_and_shift_come_back() -> None:
    sample = draw(40_000, 0.5, -1.0)
    found = fit_scaling(sample.truth, log_odds(sample.probability), slope=True)
    assert found.slope == pytest.approx(0.5, abs=0.03)
    assert found.shift == pytest.approx(-1.0, abs=0.05)


def test_sample_that_parts_cleanly_has_a_finite_fit() -> None:
    truth = np.arange(80) < 40
    found = fit_scaling(truth, np.where(truth, 3.0, -3.0), slope=True)
    high = sigmoid(np.array(found.slope * 3.0 + found.shift))
    assert float(high) == pytest.approx(41 / 42, abs=1e-3)


def test_order_is_never_turned_round() -> None:
    truth = np.arange(100) < 50
    assert fit_scaling(truth, np.where(truth, -1.0, 1.0), slope=True).slope == 1.0


@given(st.lists(st.floats(-30, 30), min_size=4, max_size=30), st.integers(1, 3))
def test_shifted_probabilities_have_the_mean_of_the_targets(scores: list[float], positives: int) -> None:
    truth = np.arange(len(scores)) < positives
    found = fit_scaling(truth, np.array(scores), slope=False)
    n = len(scores) - positives
    mean = (positives * (positives + 1) / (positives + 2) + n / (n + 2)) / len(scores)
    assert sigmoid(np.array(scores) + found.shift).mean() == pytest.approx(mean, abs=1e-6)


def test_cross_validation_shows_the_gain_of_a_wrong_slope() -> None:
    found = refit(draw(2_000, 0.4, -1.0))
    assert found.after.log_loss < found.before.log_loss
    assert found.after.error < 0.5 * found.before.error
    assert found.scaling.slope == pytest.approx(0.4, abs=0.1)


def test_probabilities_that_are_right_gain_nothing_to_speak_of() -> None:
    found = refit(draw(2_000, 1.0, 0.0))
    assert found.after.log_loss == pytest.approx(found.before.log_loss, abs=2e-3)


def test_no_document_is_scored_by_a_fit_that_saw_its_group() -> None:
    """Swapping the labels inside one group leaves the folds alone: its own probabilities stay, those of others move."""
    sample = draw(200, 1.0, 0.0)
    mixed = next(number for number in range(100) if sample.truth[2 * number : 2 * number + 2].sum() == 1)
    group = sample.groups == f"g{mixed}"
    other = Sample(np.where(group, ~sample.truth, sample.truth), sample.probability, sample.groups)
    first, second = refit(sample), refit(other)
    assert (first.probability[group] == second.probability[group]).all()
    assert (first.probability != second.probability).any()


def test_few_positives_move_the_shift_alone() -> None:
    sample = draw(4_000, 0.5, -6.0)
    few = np.concatenate([np.flatnonzero(sample.truth)[:29], np.flatnonzero(~sample.truth)[:300]])
    assert refit(Sample(sample.truth[few], sample.probability[few], sample.groups[few])).scaling.slope == 1.0


@pytest.mark.parametrize(
    ("positives", "negatives", "groups", "message"),
    [
        (9, 50, 59, "9 positives in 9 groups; at least 10 of each in 2 groups are needed"),
        (9, 3, 12, "9 positives in 9 groups and 3 negatives in 3 groups; at least 10"),
        (20, 20, 1, "20 positives in 1 groups and 20 negatives in 1 groups; at least"),
        (10, 10, 20, None),
    ],
    ids=["positives", "both", "groups", "enough"],
)
def test_shortage_says_what_is_needed(positives: int, negatives: int, groups: int, message: str | None) -> None:
    n = positives + negatives
    names = np.array([f"g{number % groups}" for number in range(n)])
    found = find_shortage(Sample(np.arange(n) < positives, np.full(n, 0.5), names))
    assert found is None if message is None else (found or "").startswith(message)


def outcome(question: str, scaling: Scaling, cut: float, kept: str | None = None) -> Outcome:
    quality = Quality(0.0, 0.0, 0.0)
    found = Refit(scaling, 10, 10, quality, quality, np.zeros(0))
    return Outcome(question, kept, found, Threshold(cut, RULE, 10, 0.6, 0.5, met=True))


def log_odds_of(outcomes: Sequence[Outcome], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Log-odds of indicators and review of a drawn document, before and after folding.

    Taken from the weights and not back from the probabilities, which near 0 and 1 no longer hold them.
    """
    random, outputs = np.random.default_rng(seed), build_outputs()
    model = draw_document_model(random)
    sentences = random.normal(size=(4, (2 + N_HELD) * outputs.n_indicators))
    pooled = pool(sentences, random.normal(size=outputs.n_contexts + 1), outputs)
    log_context = softmax_log(model.context_weights @ pooled.context + model.context_intercept)
    inputs, reviewed = indicator_inputs(pooled, log_context), review_inputs(pooled, log_context, outputs)

    def score(one: DocumentModel) -> np.ndarray:
        indicators = np.einsum("ij,ij->i", inputs, one.indicator_weights) + one.indicator_intercept
        found = np.append(indicators, reviewed @ one.review_weights + one.review_intercept)
        served = score_document(pooled, one, outputs)
        assert np.append(served.indicators, served.review) == pytest.approx(sigmoid(found), rel=1e-9)
        return found

    return score(model), score(fold_scalings(model, outcomes))


@given(st.integers(0, 50), st.floats(0.1, 3.0), st.floats(-3.0, 3.0))
def test_folding_is_exact(seed: int, slope: float, shift: float) -> None:
    outcomes = [outcome("review", Scaling(slope, shift), 0.3), outcome(INDICATORS[2], Scaling(slope, -shift), 0.2)]
    before, after = log_odds_of(outcomes, seed)
    expected = before.copy()
    expected[-1] = slope * before[-1] + shift
    expected[2] = slope * before[2] - shift
    assert after == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_question_without_a_gain_keeps_its_probability_and_gets_a_threshold() -> None:
    model = draw_document_model(np.random.default_rng(0))
    folded = fold_scalings(model, [outcome(INDICATORS[1], Scaling(2.0, 1.0), 0.25, kept="no gain")])
    assert (folded.indicator_weights == model.indicator_weights).all()
    assert (folded.indicator_intercept == model.indicator_intercept).all()
    assert folded.thresholds.tolist() == [0.5, 0.25, *[0.5] * 15]
    assert folded.review_threshold == model.review_threshold


def rows(positives: int, negatives: int) -> list[dict[str, Any]]:
    made = []
    for number in range(positives + negatives):
        text = f"{TEXTS[number % len(TEXTS)]} {TEXTS[(number // 4) % len(TEXTS)]}"
        changes = {"needs_review": number < positives, "spans": [], "text": text}
        made.append(make_row(id=f"r{number}", group=f"g{number}", **changes))
    return made


@pytest.fixture
def folder(tmp_path: Path, pipeline: Pipeline) -> Path:
    thresholds = {name: {"value": 0.5, "rule": RULE} for name in ("review", *INDICATORS)}
    manifest = build_manifest(thresholds=thresholds, metrics={"test": {"review AP": 0.5}})
    save_small_model(tmp_path / "model", build_small_model(pipeline), manifest)
    return tmp_path / "model"


def test_new_folder_scores_by_the_fitted_scaling(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, output = write_rows(tmp_path / "site.jsonl", rows(12, 60)), tmp_path / "site"
    assert site.recalibrate([str(path), "--output", str(output), "--model", str(folder)]) == 0
    assert "deception: all is left as it was; 0 positives in 0 groups" in capsys.readouterr().out
    assert verify(output) == []
    manifest = json.loads((output / "manifest.json").read_text(encoding="utf-8"))
    said = manifest["recalibration"]
    assert manifest["version"] == f"0.0.1+site.{said['sample']['sha256'][:8]}"
    assert (said["sample"]["documents"], said["sample"]["groups"]) == (72, 72)
    assert said["from"]["sha256"] == load_artifact(folder).info.sha256
    assert said["metrics_of_the_old_model"] == {"test": {"review AP": 0.5}}
    assert manifest["metrics"]["site"]["review"]["after"]["log_loss"] > 0.0
    before, after = (classifier.load(one).analyze(TEXTS[0]) for one in (folder, output))
    review = said["questions"]["review"]
    assert review["kept"] is None
    scaled = apply_scaling(Scaling(review["slope"], review["shift"]), np.array([before.review.probability]))
    assert after.review.probability == pytest.approx(float(scaled[0]), abs=1e-9)
    assert after.review.threshold == manifest["thresholds"]["review"]["value"]
    assert manifest["thresholds"]["review"]["rule"] == RULE
    assert after.indicators == before.indicators


def test_recalibrating_again_keeps_one_mark_in_the_version(folder: Path, tmp_path: Path) -> None:
    path, first, second = write_rows(tmp_path / "site.jsonl", rows(12, 60)), tmp_path / "one", tmp_path / "two"
    for source, output in ((folder, first), (first, second)):
        assert site.recalibrate([str(path), "--output", str(output), "--model", str(source), "--quiet"]) == 0
    assert load_artifact(second).info.version.count("+site.") == 1


def test_json_is_the_only_output(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_rows(tmp_path / "site.jsonl", rows(12, 60))
    arguments = [str(path), "--output", str(tmp_path / "site"), "--model", str(folder), "--json", "--quiet"]
    assert site.recalibrate(arguments) == 0
    shown = capsys.readouterr()
    questions = json.loads(shown.out)["questions"]
    assert set(questions) == {"review", *INDICATORS}
    assert questions["isolation"] == {
        "kept": "0 positives in 0 groups; at least 10 of each in 2 groups are needed",
        "threshold": None,
        "before": None,
        "after": None,
    }
    assert shown.err == ""


def test_sample_too_small_for_anything_is_refused_and_nothing_written(folder: Path, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "site.jsonl", rows(9, 60))
    records = read_records(path)
    with pytest.raises(CorpusError, match="for review it has 9 positives in 9 groups; at least 10 of each"):
        recalibrate(load_artifact(folder), records, analyze_records(classifier.load(folder), records))
    assert site.recalibrate([str(path), "--output", str(tmp_path / "site"), "--model", str(folder)]) == 3
    assert not (tmp_path / "site").exists()


def test_model_is_not_written_over_itself(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_rows(tmp_path / "site.jsonl", [make_row()])
    assert site.recalibrate([str(path), "--output", str(folder), "--model", str(folder)]) == 2
    shown = capsys.readouterr()
    assert "--output is the model that is read" in shown.err
    assert PRIVATE not in shown.err
