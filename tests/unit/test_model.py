"""The folded model is the linear model that training fitted: the same sums, and shares that add up to them."""

import numpy as np
import pytest

from classifier.features import Features, Featuriser
from classifier.model import ROLES, LinearModel
from classifier.pipeline import Parse, Pipeline
from classifier.taxonomy import load_taxonomy
from tests.small_model import TEXTS, SmallModel, build_small_model
from training.design import (
    Layout,
    build_layout,
    build_rows,
    build_text_rows,
    cut_features,
    fold_text_weights,
    fold_weights,
)

SCALE = {
    **{role: 0.3 + 0.1 * place for place, role in enumerate(ROLES)},
    "characters": 0.9,
    "pairs": 1.2,
    "phrases": 0.4,
    "document_phrases": 0.1,
}
CASES = {
    **{f"text of the corpus {number}": text for number, text in enumerate(TEXTS)},
    "all of them": "\n\n".join(TEXTS),
    "unknown words beside known ones": "The zxqvw took our glorp passports. Blimfy, he never paid us!",
    "unknown words only": "Zxqvw glorp blimfy. Quonk!",
    "one word": "passports",
    "one unknown mark": "\u2603",
    "a word many times": "our our our our our",
    "denied and supposed": "Nobody took our passports. If he took our passports, we owe him. We were not paid.",
    "phrases in every state": "He took our passports. No one was locked in the house. Do they withhold your wages?",
}


@pytest.fixture(scope="module")
def small(pipeline: Pipeline) -> SmallModel:
    return build_small_model(pipeline)


def layout_of(small: SmallModel) -> Layout:
    return build_layout(small.space, len(load_taxonomy().ids), SCALE)


def unfold(small: SmallModel, layout: Layout) -> np.ndarray:
    """Coefficients (n_outputs, n_columns) that give the model's weights when folded."""
    space, weights = small.space, small.weights
    blocks = {role: weights.words[place] / space.word_idf[:, None] for place, role in enumerate(ROLES)}
    blocks["characters"] = weights.characters / space.character_idf[:, None]
    blocks["pairs"] = weights.pairs / space.pair_idf[:, None]
    blocks |= {"phrases": weights.phrases, "document_phrases": weights.document_phrases}
    return np.vstack([blocks[name] / SCALE[name] for name in layout.slices]).T


def unfold_text(small: SmallModel, layout: Layout) -> np.ndarray:
    """Coefficients (n_text_outputs, n_columns); columns that whole texts do not have stay empty."""
    space, text = small.space, small.text
    coefficients = np.zeros((len(text.intercept), layout.width))
    coefficients[:, layout.slices["document"]] = (text.words / space.word_idf[:, None]).T / SCALE["document"]
    coefficients[:, layout.slices["pairs"]] = (text.pairs / space.pair_idf[:, None]).T / SCALE["pairs"]
    coefficients[:, layout.slices["document_phrases"]] = text.phrases.T / SCALE["document_phrases"]
    return coefficients


def check_scores(model: LinearModel, featuriser: Featuriser, small: SmallModel, parsed: Parse) -> Features:
    """Hold the scores of one document against the products of its written-out rows."""
    layout = layout_of(small)
    features = featuriser.featurise(parsed)
    scores = model.score(features)
    expected = build_rows([features], featuriser, layout) @ unfold(small, layout).T + small.weights.intercept
    np.testing.assert_allclose(scores.sentences, expected, rtol=0, atol=1e-9)
    texts = build_text_rows([features], small.space, layout) @ unfold_text(small, layout).T + small.text.intercept
    np.testing.assert_allclose(scores.text, texts[0], rtol=0, atol=1e-9)
    return features


def test_folding_undoes_unfolding(small: SmallModel) -> None:
    layout = layout_of(small)
    folded = fold_weights(unfold(small, layout), small.weights.intercept, small.space, layout)
    for name in ("words", "characters", "pairs", "phrases", "document_phrases", "intercept"):
        np.testing.assert_allclose(getattr(folded, name), getattr(small.weights, name), rtol=1e-12)
    text = fold_text_weights(unfold_text(small, layout), small.text.intercept, small.space, layout)
    for name in ("words", "pairs", "phrases", "intercept"):
        np.testing.assert_allclose(getattr(text, name), getattr(small.text, name), rtol=1e-12)


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
def test_score_is_the_product_of_rows_and_coefficients(text: str, small: SmallModel, pipeline: Pipeline) -> None:
    featuriser = Featuriser(small.space)
    model = LinearModel(featuriser, small.weights, small.text)
    check_scores(model, featuriser, small, pipeline.parse(text))


def test_score_holds_while_the_memory_of_unknown_words_starts_anew(small: SmallModel, pipeline: Pipeline) -> None:
    featuriser = Featuriser(small.space, remembered=3)
    model = LinearModel(featuriser, small.weights, small.text)
    generations = set()
    for number in range(12):
        text = f"He took zx{number}q our passports. Glorp{number % 4}ed blim{number}fy paid wug us {'xyz' * number}."
        check_scores(model, featuriser, small, pipeline.parse(text))
        generations.add(featuriser.generation)
    assert len(generations) >= 3


def test_score_does_not_depend_on_what_was_scored_before(small: SmallModel, pipeline: Pipeline) -> None:
    parsed = pipeline.parse(CASES["unknown words beside known ones"])
    fresh, used = (Featuriser(small.space, remembered=2) for _ in range(2))
    expected = LinearModel(fresh, small.weights, small.text).score(fresh.featurise(parsed))
    model = LinearModel(used, small.weights, small.text)
    for number in range(5):
        model.score(used.featurise(pipeline.parse(f"wug{number} zib{number} glorp passports, wug{number}")))
    found = model.score(used.featurise(parsed))
    assert np.array_equal(found.sentences, expected.sentences)
    assert np.array_equal(found.text, expected.text)


def test_memory_that_started_anew_between_two_scores_is_noticed(small: SmallModel, pipeline: Pipeline) -> None:
    """Several texts may be featurised, and forgotten, before the next is scored."""
    featuriser = Featuriser(small.space, remembered=1)
    model = LinearModel(featuriser, small.weights, small.text)
    check_scores(model, featuriser, small, pipeline.parse("wugs zibs glorps"))
    for number in range(4):
        featuriser.featurise(pipeline.parse(f"quonk{number} blimfy{number}"))
    check_scores(model, featuriser, small, pipeline.parse("zibs passports glorps wugs"))


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
def test_contributions_and_intercept_make_the_score(text: str, small: SmallModel, pipeline: Pipeline) -> None:
    featuriser = Featuriser(small.space)
    model = LinearModel(featuriser, small.weights, small.text)
    features = featuriser.featurise(pipeline.parse(text))
    scores = model.score(features)
    for sentence in range(len(features.sentences)):
        for output in range(0, model.n_outputs, 5):
            shares = model.contributions(features, scores, sentence, output)
            assert shares.shape == (len(features.tokens),)
            total = model.intercept[output] + shares.sum()
            assert total == pytest.approx(scores.sentences[sentence, output], abs=1e-9)


def score_of(text: str, small: SmallModel, pipeline: Pipeline) -> np.ndarray:
    """The scores of a text of one sentence."""
    featuriser = Featuriser(small.space)
    features = featuriser.featurise(pipeline.parse(text))
    (scores,) = LinearModel(featuriser, small.weights, small.text).score(features).sentences
    return np.asarray(scores)


@pytest.mark.parametrize("word", ["the", "zxqvw"], ids=["known", "unknown"])
def test_word_said_over_and_over_scores_no_higher_than_said_once(
    word: str, small: SmallModel, pipeline: Pipeline
) -> None:
    """No filler outgrows its divisor: `the` twenty times would else be flagged for what one `the` is not."""
    np.testing.assert_allclose(
        score_of(f"{word} " * 20, small, pipeline), score_of(word, small, pipeline), rtol=0, atol=1e-9
    )


def test_words_repeated_among_others_stay_within_what_words_can_give(small: SmallModel, pipeline: Pipeline) -> None:
    """A block of norm one gives at most the length of its weights, however long the sentence drones on."""
    sizes = [np.abs(score_of("took our passports " * count, small, pipeline)).max() for count in (1, 4, 12)]
    assert max(sizes) < 3 * sizes[0]


def test_texts_featurised_together_are_scored_as_each_alone(small: SmallModel, pipeline: Pipeline) -> None:
    featuriser = Featuriser(small.space, remembered=2)
    model = LinearModel(featuriser, small.weights, small.text)
    texts = [*CASES.values(), "wug zib quonk blimfy", "\u200b"]
    # Read twice: the second batch finds a memory that starts anew.
    for _ in range(2):
        batch = featuriser.featurise_many(pipeline.parse_many(texts))
        together = [model.score(features) for features in batch]
        for text, found in zip(texts, together, strict=True):
            fresh = Featuriser(small.space)
            alone = LinearModel(fresh, small.weights, small.text).score(fresh.featurise(pipeline.parse(text)))
            assert np.array_equal(found.sentences, alone.sentences)
            assert np.array_equal(found.text, alone.text)
    assert featuriser.generation == 1


def test_token_that_nothing_is_known_of_adds_nothing(small: SmallModel, pipeline: Pipeline) -> None:
    featuriser = Featuriser(small.space)
    model = LinearModel(featuriser, small.weights, small.text)
    features = featuriser.featurise(pipeline.parse("the gate \u2603 at night. We owe him."))
    shares = model.contributions(features, model.score(features), 0, 3)
    assert shares[list(features.tokens).index("\u2603")] == 0.0
    assert np.count_nonzero(shares) == len(features.tokens) - 1


def test_document_without_tokens_scores_its_text_alone(small: SmallModel, pipeline: Pipeline) -> None:
    featuriser = Featuriser(small.space)
    model = LinearModel(featuriser, small.weights, small.text)
    scores = model.score(featuriser.featurise(pipeline.parse("\u200b")))
    assert scores.sentences.shape == (0, model.n_outputs)
    assert np.array_equal(scores.text, small.text.intercept)


def test_span_cut_out_is_a_document_of_its_own(small: SmallModel, pipeline: Pipeline) -> None:
    """A row of a labelled span has what the span has alone, but keeps the states that its sentence gave it."""
    featuriser = Featuriser(small.space)
    model = LinearModel(featuriser, small.weights, small.text)
    whole = featuriser.featurise(pipeline.parse("We said that the gate is locked at night."))
    alone = featuriser.featurise(pipeline.parse("the gate is locked"))
    cut = cut_features(whole, featuriser, 3, 7)
    assert list(cut.tokens) == list(alone.tokens)
    np.testing.assert_allclose(model.score(cut).sentences, model.score(alone).sentences, rtol=0, atol=1e-9)
