"""From sentence scores to probabilities, states and the review decision."""

from dataclasses import replace

import numpy as np
import pytest

from classifier.artifact import build_outputs
from classifier.document import State
from classifier.scoring import (
    DocumentModel,
    DocumentScores,
    Outputs,
    Pooled,
    choose_state,
    hold,
    indicator_inputs,
    pool,
    review_inputs,
    score_document,
    sigmoid,
    softmax_log,
)
from classifier.taxonomy import load_taxonomy
from tests.small_model import draw_document_model

# Two indicators, of which the first is severe and the second is the offer; three contexts, of which two are situations.
OUTPUTS = Outputs(n_indicators=2, n_contexts=3, severe=(0,), offer=1, situations=(0, 1))
TEXT = np.array([2.0, 0.0, -1.0, 0.5])
SENTENCES = np.array(
    [
        # asserted two, spoken of two, negated two, hypothetical two
        [-2.0, 1.0, 0.0, 2.0, -1.0, -5.0, -2.0, -1.0],
        [3.0, -4.0, 4.0, -4.0, 1.0, -6.0, -3.0, -4.0],
        [1.5, 0.5, 2.0, 3.0, -2.0, -3.0, 2.0, -7.0],
    ]
)


def test_sigmoid_never_overflows() -> None:
    found = sigmoid(np.array([-1e6, -800.0, 0.0, 800.0, 1e6]))
    assert found[2] == 0.5
    assert np.isfinite(found).all()
    assert (np.diff(found) >= 0).all()
    assert found[0] == pytest.approx(0.0)
    assert found[-1] == pytest.approx(1.0)


def test_softmax_adds_up_to_one_for_scores_of_any_size() -> None:
    for scores in ([0.0, 0.0], [1e6, -1e6, 0.0], [-800.0, -799.0]):
        found = np.exp(softmax_log(np.array(scores)))
        assert found.sum() == pytest.approx(1.0)
        assert np.argmax(found) == np.argmax(scores)


def test_best_sentence_of_an_indicator_decides() -> None:
    pooled = pool(SENTENCES, TEXT, OUTPUTS)
    assert pooled.peak.tolist() == [3.0, 1.0]
    assert pooled.sentence.tolist() == [1, 0]
    assert pooled.second.tolist() == [1.5, 0.5]
    assert pooled.spoken.tolist() == [4.0, 3.0]
    assert pooled.context.tolist() == [2.0, 0.0, -1.0]
    assert pooled.review == 0.5
    assert pooled.length == pytest.approx(np.log(3))


def test_indicator_is_held_by_its_best_sentences_and_by_the_deciding_one() -> None:
    """A denial counts wherever it stands; the deciding sentence says how the assertion itself is held."""
    pooled = pool(SENTENCES, TEXT, OUTPUTS)
    assert pooled.held.tolist() == [[1.0, 2.0], [-3.0, -1.0]]
    assert pooled.held_there.tolist() == [[1.0, -3.0], [-5.0, -1.0]]


def test_first_of_equal_sentences_decides() -> None:
    assert pool(np.vstack([SENTENCES[0]] * 3), TEXT, OUTPUTS).sentence.tolist() == [0, 0]


def test_single_sentence_has_a_second_that_says_nothing() -> None:
    pooled = pool(SENTENCES[:1], TEXT, OUTPUTS)
    assert (pooled.second <= -8.0).all()
    assert np.isfinite(pooled.second).all()
    assert pooled.length == 0.0


def test_pooling_leaves_the_scores_as_they_are() -> None:
    sentences = SENTENCES.copy()
    pool(sentences, TEXT, OUTPUTS)
    assert np.array_equal(sentences, SENTENCES)


def test_inputs_of_an_indicator_are_its_own_scores_and_the_context() -> None:
    """The last context is too improbable to be told from another as improbable."""
    pooled = pool(SENTENCES, TEXT, OUTPUTS)
    inputs = indicator_inputs(pooled, np.array([-0.5, -1.0, -50.0]))
    least = np.log(1e-4)
    assert inputs.tolist() == [
        [3.0, 1.5, 1.0, -3.0, -0.5, -1.0, least],
        [1.0, 0.5, -5.0, -1.0, -0.5, -1.0, least],
    ]


def test_review_is_asked_how_the_text_holds_what_it_holds_most() -> None:
    pooled = pool(SENTENCES, TEXT, OUTPUTS)
    log_context = softmax_log(pooled.context)
    inputs = review_inputs(pooled, log_context, OUTPUTS)
    denied = pool(np.vstack([SENTENCES, [-9.0] * 5 + [7.0] + [-9.0] * 2]), TEXT, OUTPUTS)
    changed = review_inputs(replace(denied, length=pooled.length), log_context, OUTPUTS)
    (place,) = np.flatnonzero(inputs != changed).tolist()
    assert (inputs[place], changed[place], inputs[place + 1]) == (1.0, 7.0, 2.0)


@pytest.mark.parametrize("size", [1.0, 1e3, 1e6], ids=str)
def test_inputs_stay_finite_for_scores_of_any_size(size: float) -> None:
    pooled = pool(SENTENCES * size, TEXT * size, OUTPUTS)
    log_context = softmax_log(pooled.context)
    assert np.isfinite(indicator_inputs(pooled, log_context)).all()
    assert np.isfinite(review_inputs(pooled, log_context, OUTPUTS)).all()


def rule_of(asserted: tuple[float, float], context: tuple[float, float, float]) -> np.ndarray:
    """The review rule's log-odds: severe, two, either, situation, either in a situation, offer."""
    sentence = np.array([[*asserted, *[0.0] * 6]])
    pooled = pool(sentence, np.array([*context, 0.0]), OUTPUTS)
    return review_inputs(pooled, softmax_log(pooled.context), OUTPUTS)[:6]


def test_review_rule_knows_severe_indicators_pairs_offers_and_situations() -> None:
    nothing = rule_of((-9.0, -9.0), (0.0, 0.0, 9.0))
    severe = rule_of((9.0, -9.0), (9.0, 0.0, 0.0))
    offer = rule_of((-9.0, 9.0), (0.0, 9.0, 0.0))
    both = rule_of((9.0, 9.0), (0.0, 0.0, 9.0))
    assert (nothing < 0.0).all()
    assert (severe > 0.0).tolist() == [True, False, True, True, True, False]
    assert (offer > 0.0).tolist() == [False, False, False, True, False, True]
    # Two indicators in a guide: no situation is told.
    assert (both > 0.0).tolist() == [True, True, True, False, False, True]


def test_probabilities_are_probabilities() -> None:
    outputs = build_outputs()
    drawn = np.random.default_rng(3)
    model = draw_document_model(drawn)
    for size in (1.0, 50.0):
        sentences = drawn.normal(scale=size, size=(4, 4 * outputs.n_indicators))
        pooled = pool(sentences, drawn.normal(scale=size, size=outputs.n_contexts + 1), outputs)
        scores = score_document(pooled, model, outputs)
        assert scores.context.shape == (outputs.n_contexts,)
        assert scores.context.sum() == pytest.approx(1.0)
        assert scores.indicators.shape == scores.held.shape == (outputs.n_indicators,)
        for probability in (*scores.context, *scores.indicators, *scores.held, scores.review):
            assert 0.0 <= probability <= 1.0


def test_probability_rises_with_a_score_of_positive_weight() -> None:
    outputs = build_outputs()
    model = draw_document_model(np.random.default_rng(3))
    weights = np.zeros_like(model.indicator_weights)
    weights[:, 0] = 1.0
    model = replace(model, indicator_weights=weights)
    found = []
    for score in (-3.0, 0.0, 3.0):
        sentences = np.full((2, 4 * outputs.n_indicators), -4.0)
        sentences[1, 5] = score
        scores = score_document(pool(sentences, np.zeros(outputs.n_contexts + 1), outputs), model, outputs)
        found.append(float(scores.indicators[5]))
    assert found == sorted(set(found))


def test_document_is_held_as_probably_as_its_most_probable_denial_or_supposition() -> None:
    outputs = build_outputs()
    sentences = np.full((2, 4 * outputs.n_indicators), -6.0)
    sentences[0, 2 * outputs.n_indicators + 4] = 1.0
    sentences[1, 3 * outputs.n_indicators + 5] = 2.0
    pooled = pool(sentences, np.zeros(outputs.n_contexts + 1), outputs)
    found = score_document(pooled, draw_document_model(np.random.default_rng(3)), outputs).held
    expected = np.full(outputs.n_indicators, -6.0)
    expected[[4, 5]] = 1.0, 2.0
    assert found == pytest.approx(sigmoid(expected))


def test_output_columns_follow_the_taxonomy() -> None:
    outputs, taxonomy = build_outputs(), load_taxonomy()
    assert (outputs.n_indicators, outputs.n_contexts) == (17, 5)
    assert taxonomy.ids[outputs.offer] == "suspicious_recruitment"
    assert [taxonomy.contexts[column].id for column in outputs.situations] == ["disclosure", "solicitation", "report"]
    assert {taxonomy.ids[column] for column in outputs.severe} == {
        "restriction_of_movement",
        "document_retention",
        "debt_bondage",
        "sexual_exploitation",
        "child_exploitation",
        "transport_harbouring",
        "physical_sexual_violence",
    }


STATES: list[tuple[str, float, float, tuple[float, float], State]] = [
    ("flagged at its threshold", 0.5, 0.9, (9.0, 0.0), "asserted"),
    ("flagged above it", 0.6, 0.0, (9.0, 0.0), "asserted"),
    ("denied", 0.4999, 0.7, (1.0, 0.0), "negated"),
    ("denied at its threshold", 0.1, 0.3, (1.0, 0.0), "negated"),
    ("supposed", 0.1, 0.7, (0.0, 1.0), "hypothetical"),
    ("supposed below even odds", 0.1, 0.3, (-3.0, -1.0), "hypothetical"),
    ("hardly denied or supposed", 0.1, 0.2999, (9.0, 9.0), "absent"),
]


def build_thresholds(indicator: float, held: float) -> DocumentModel:
    model = draw_document_model(np.random.default_rng(0))
    return replace(model, thresholds=np.array([0.99, indicator]), held_thresholds=np.array([0.99, held]))


@pytest.mark.parametrize(
    ("probability", "held", "scores", "state"), [case[1:] for case in STATES], ids=[case[0] for case in STATES]
)
def test_state_is_chosen(probability: float, held: float, scores: tuple[float, float], state: State) -> None:
    pooled: Pooled = pool(np.zeros((2, 8)), TEXT, OUTPUTS)
    # Each indicator is held as its own scores say.
    pooled = replace(pooled, held=np.array([scores[::-1], scores]))
    found = DocumentScores(np.ones(3) / 3, np.array([0.0, probability]), np.array([0.0, held]), 0.5)
    assert choose_state(1, pooled, found, build_thresholds(0.5, 0.3)) == state


def test_chance_of_both_is_the_product_of_their_chances() -> None:
    spoken, state = np.array([[-3.0, 0.0, 2.0], [1.0, 5.0, -0.5]]), np.array([[0.7], [-2.0]])
    assert sigmoid(hold(spoken, state)) == pytest.approx(sigmoid(spoken) * sigmoid(state))


@pytest.mark.parametrize("size", [1e2, 1e4, 1e6], ids=str)
def test_log_odds_of_both_never_overflow(size: float) -> None:
    """Where one is certain, the other decides; two certainties are one."""
    found = hold(np.array([[size, -size, 1.5], [size, -size, 1.5]]), np.array([[size], [-size]]))
    assert np.isfinite(found).all()
    assert found[0] == pytest.approx([size, -size, 1.5], abs=1.0)
    assert found[0, 2] == pytest.approx(1.5)
    assert (found[1] <= -size).all()
