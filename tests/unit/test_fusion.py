"""Two linear readings add up to one that explains itself the same way; what was not read keeps the linear score."""

import numpy as np
import pytest

from classifier.artifact import build_outputs
from classifier.encoder import Encoded
from classifier.features import Featuriser
from classifier.fusion import (
    MAX_LOOKS,
    UNGATED,
    FusedReading,
    Fusion,
    Reading,
    fuse_sentences,
    look,
    pool_texts,
    sentence_priority,
    spread,
)
from classifier.model import LinearModel
from classifier.pipeline import Parse, Pipeline
from classifier.scoring import sigmoid
from tests.small_model import TEXTS, build_small_model, draw_fusion

N = build_outputs().n_indicators


def draw_encoded(parsed: Parse, n_outputs: int, n_text: int, bias: np.ndarray) -> Encoded:
    """An encoding of all sentences but the last."""
    drawn = np.random.default_rng(4)
    shares = drawn.normal(size=(len(parsed.tokens), n_outputs)).astype(np.float32)
    sentences = bias + np.add.reduceat(shares.astype(float), parsed.sentences[:, 0], axis=0)
    sentences[-1] = np.nan
    windows = np.array([[0, len(parsed.sentences) - 1]])
    return Encoded(sentences, shares, windows, drawn.normal(size=(1, n_text)), wanted=1)


@pytest.fixture(scope="module")
def fused(pipeline: Pipeline) -> tuple[Reading, FusedReading, Parse]:
    parsed = pipeline.parse("\n\n".join(TEXTS))
    model = build_small_model(pipeline)
    featuriser = Featuriser(model.space)
    linear = LinearModel(featuriser, model.weights, model.text)
    features = featuriser.featurise(parsed)
    base = Reading(linear, features, linear.score(features))
    bias = np.linspace(-3.0, 1.0, 4 * N)
    encoded = draw_encoded(parsed, 4 * N, build_outputs().n_contexts + 1, bias)
    reading = FusedReading(base, encoded, draw_fusion(np.random.default_rng(3)), bias)
    return base, reading, parsed


def test_intercept_and_all_shares_add_up_whether_a_sentence_was_read_or_not(
    fused: tuple[Reading, FusedReading, Parse],
) -> None:
    """Of the outputs that evidence is shown for: asserted and spoken of."""
    _, reading, parsed = fused
    for sentence in range(len(parsed.sentences)):
        for output in (0, N - 1, N, 2 * N - 1):
            total = reading.intercept(sentence, output) + reading.explain(sentence, output).sum()
            total += reading.surroundings(sentence, output).sum()
            assert total == pytest.approx(reading.sentences[sentence, output], abs=1e-6)


def test_reading_without_an_encoder_is_the_linear_model(fused: tuple[Reading, FusedReading, Parse]) -> None:
    base, reading, _ = fused
    assert (base.deep, reading.deep) == (False, True)
    assert base.sentences is not reading.sentences
    total = base.intercept(0, 3) + base.explain(0, 3).sum() + base.surroundings(0, 3).sum()
    assert total == pytest.approx(base.sentences[0, 3], abs=1e-6)
    assert np.array_equal(base.sentences, spread(base.scores.sentences))
    assert np.array_equal(base.text, base.scores.text)


def test_reading_has_four_scores_an_indicator(fused: tuple[Reading, FusedReading, Parse]) -> None:
    base, reading, parsed = fused
    assert base.sentences.shape == reading.sentences.shape == (len(parsed.sentences), 4 * N)
    assert np.isfinite(reading.sentences).all()


def test_text_is_added_up_like_its_sentences(fused: tuple[Reading, FusedReading, Parse]) -> None:
    base, reading, _ = fused
    fusion, (text,) = draw_fusion(np.random.default_rng(3)), reading.encoded.texts
    expected = fusion.text_intercept + fusion.text_linear * base.text + fusion.text_encoder * text
    assert reading.text == pytest.approx(expected)


def test_linear_scores_are_spread_over_the_indicators() -> None:
    """Negated is what is spoken of in a sentence that denies; the same for hypothetical."""
    asserted, spoken, states = np.array([[1.0, -1.0]]), np.array([[3.0, -2.0]]), np.array([[0.5, -4.0]])
    found = spread(np.hstack([asserted, spoken, states]))
    assert found[:, :4].tolist() == [[1.0, -1.0, 3.0, -2.0]]
    assert sigmoid(found[:, 4:6]) == pytest.approx(sigmoid(spoken) * sigmoid(states[:, :1]))
    assert sigmoid(found[:, 6:]) == pytest.approx(sigmoid(spoken) * sigmoid(states[:, 1:]))


def test_spreading_keeps_the_rows_of_sentences_apart() -> None:
    rows = np.random.default_rng(0).normal(size=(5, 2 * N + 2))
    assert np.array_equal(spread(rows), np.vstack([spread(row[None]) for row in rows]))
    assert spread(rows[:0]).shape == (0, 4 * N)


def test_unread_sentence_gets_the_linear_score_on_the_common_scale() -> None:
    one, none = np.ones(1), np.zeros(1)
    fusion = Fusion(one, 2 * one, 3 * one, 4 * one, 5 * one, none, none, none, gate=0.0, further=0.0, glance=0.0)
    fused = fuse_sentences(np.array([[1.0], [1.0]]), np.array([[10.0], [np.nan]]), fusion)
    assert fused.tolist() == [[24.0], [9.0]]


def test_windows_are_pooled_by_mean_context_and_highest_review() -> None:
    assert pool_texts(np.array([[1.0, 5.0], [3.0, -5.0]])).tolist() == [2.0, 5.0]


@pytest.mark.parametrize(
    ("gate", "further", "expected"),
    [
        pytest.param(-2.0, -2.0, [-1.0, -2.0, -np.inf], id="one for all"),
        pytest.param(-2.0, -0.5, [-1.0, -np.inf, -np.inf], id="the most telling sentence alone"),
        pytest.param(-0.5, -0.5, [-np.inf] * 3, id="nothing tells enough"),
        pytest.param(-np.inf, -np.inf, [-1.0, -2.0, -3.0], id="everything"),
    ],
)
def test_priority_is_the_best_spoken_score_at_or_above_its_gate(
    gate: float, further: float, expected: list[float]
) -> None:
    rows = [[9.0, 9.0, -1.0, -3.0], [9.0, 9.0, -2.5, -2.0], [9.0, 9.0, -4.0, -3.0]]
    linear = np.array([[*row, *[9.0] * 4] for row in rows])
    assert sentence_priority(linear, 2, gate, further).tolist() == expected


NO = -np.inf


@pytest.mark.parametrize(
    ("priority", "heard", "least", "expected"),
    [
        pytest.param([1.0, NO, 2.0], {2: 0.5}, 0.0, (True, [2]), id="the likeliest says something"),
        pytest.param([1.0, NO, 2.0], {2: -1.0, 0: 0.0}, 0.0, (True, [2, 0]), id="the next does"),
        pytest.param([1.0, NO, 2.0], {2: -1.0, 0: -2.0}, 0.0, (False, [2, 0]), id="none does"),
        pytest.param([1.0, 1.0], {0: -1.0, 1: -1.0}, 0.0, (False, [0, 1]), id="in reading order where alike"),
        pytest.param([NO, NO], {}, 0.0, (False, []), id="none is worth a look"),
        pytest.param([3.0], {}, 0.0, (True, []), id="an only sentence is its window"),
        pytest.param([1.0, 2.0], {}, UNGATED, (True, []), id="nothing is asked"),
        pytest.param([NO, NO], {}, UNGATED, (False, []), id="nothing is asked of nothing"),
    ],
)
def test_first_look_goes_on_until_a_sentence_says_something(
    priority: list[float], heard: dict[int, float], least: float, expected: tuple[bool, list[int]]
) -> None:
    asked: list[int] = []

    def hear(sentence: int) -> float:
        asked.append(sentence)
        return heard[sentence]

    worth, count = look(np.array(priority), hear, least)
    assert (worth, asked) == expected
    assert count == len(asked)


def test_first_look_ends_after_a_few_sentences() -> None:
    assert look(np.zeros(1_000), lambda _: -1.0, 0.0) == (False, MAX_LOOKS)
