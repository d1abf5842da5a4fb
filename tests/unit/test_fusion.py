"""Two linear readings add up to one that explains itself the same way; what was not read keeps the linear score."""

import numpy as np
import pytest

from classifier.artifact import build_outputs
from classifier.encoder import Encoded
from classifier.features import Featuriser
from classifier.fusion import FusedReading, Fusion, Reading, fuse_sentences, pool_texts, sentence_priority
from classifier.model import LinearModel
from classifier.pipeline import Parse, Pipeline
from tests.small_model import TEXTS, build_small_model


def draw_fusion(n_outputs: int, n_text: int) -> Fusion:
    drawn = np.random.default_rng(3)
    both, encoder, shift, alone, alone_shift = drawn.normal(size=(5, n_outputs))
    linear_text, encoder_text, text_shift = drawn.normal(size=(3, n_text))
    return Fusion(both, encoder, shift, alone, alone_shift, linear_text, encoder_text, text_shift, gate=-2.0)


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
    outputs = build_outputs()
    n, n_text = 2 * outputs.n_indicators + 2, outputs.n_contexts + 1
    bias = np.linspace(-3.0, 1.0, n)
    reading = FusedReading(base, draw_encoded(parsed, n, n_text, bias), draw_fusion(n, n_text), bias)
    return base, reading, parsed


def test_intercept_and_all_shares_add_up_whether_a_sentence_was_read_or_not(
    fused: tuple[Reading, FusedReading, Parse],
) -> None:
    _, reading, parsed = fused
    for sentence in range(len(parsed.sentences)):
        for output in (0, 16, 20, 35):
            total = reading.intercept(sentence, output) + reading.explain(sentence, output).sum()
            total += reading.surroundings(sentence, output).sum()
            assert total == pytest.approx(reading.sentences[sentence, output], abs=1e-6)


def test_reading_without_an_encoder_is_the_linear_model(fused: tuple[Reading, FusedReading, Parse]) -> None:
    base, reading, _ = fused
    assert (base.deep, reading.deep) == (False, True)
    assert base.sentences is not reading.sentences
    total = base.intercept(0, 3) + base.explain(0, 3).sum() + base.surroundings(0, 3).sum()
    assert total == pytest.approx(base.sentences[0, 3], abs=1e-6)


def test_unread_sentence_gets_the_linear_score_on_the_common_scale() -> None:
    one, none = np.ones(1), np.zeros(1)
    fusion = Fusion(one, 2 * one, 3 * one, 4 * one, 5 * one, none, none, none, gate=0.0)
    fused = fuse_sentences(np.array([[1.0], [1.0]]), np.array([[10.0], [np.nan]]), fusion)
    assert fused.tolist() == [[24.0], [9.0]]


def test_windows_are_pooled_by_mean_context_and_highest_review() -> None:
    assert pool_texts(np.array([[1.0, 5.0], [3.0, -5.0]])).tolist() == [2.0, 5.0]


def test_priority_is_the_best_spoken_score_at_or_above_the_gate() -> None:
    linear = np.array([[9.0, 9.0, -1.0, -3.0], [9.0, 9.0, -2.5, -2.0], [9.0, 9.0, -4.0, -3.0]])
    assert sentence_priority(linear, 2, -2.0).tolist() == [-1.0, -2.0, -np.inf]
