"""The matrices that are fitted: which columns there are, what stands in them, and the way back to folded weights."""

from dataclasses import replace

import numpy as np
import pytest

from classifier.features import Features, Featuriser
from classifier.model import LinearModel
from classifier.pipeline import Hit, Parse
from classifier.taxonomy import load_taxonomy
from training.design import (
    Layout,
    Minimum,
    build_layout,
    build_rows,
    build_text_rows,
    cut_features,
    fit_space,
    fold_text_weights,
    fold_weights,
)
from training.prepare import parse_texts

INDICATORS = load_taxonomy().ids
TEXTS = [
    "He keeps my passport. Nobody pays us a coin. If you run, he may call the police.",
    "He keeps the passport of my cousin. We eat at noon.",
    "They did not keep a passport. He pays us well.",
    "He keeps my passport in a drawer!",
]
SCALE = {
    "word": 1.0,
    "negated": 0.7,
    "supposed": 0.5,
    "document": 0.6,
    "before": 0.3,
    "after": 0.4,
    "characters": 0.9,
    "pairs": 1.2,
    "phrases": 0.8,
    "document_phrases": 0.1,
}
EVERYTHING = Minimum(words=1, characters=1, pairs=1)


HELD = INDICATORS.index("document_retention")


def parse(*texts: str) -> list[Parse]:
    """Tokens and sentences as the pipeline finds them; how they are held is set by hand."""
    parses = parse_texts(texts, "en", INDICATORS)
    return [replace(parsed, hits=[], states=np.zeros(len(parsed.tokens), dtype=np.int8)) for parsed in parses]


PARSES = parse(*TEXTS)
PARSES[0].hits = [Hit(0, HELD, 0, 1, 4, 0)]
PARSES[0].states[5:11] = 1
PARSES[0].states[11:] = 2
PARSES[2].hits = [Hit(0, HELD, 0, 3, 6, 1)]
PARSES[2].states[2:6] = 1
FEATURISER = Featuriser(fit_space(PARSES, EVERYTHING))
SPACE = FEATURISER.space
LAYOUT = build_layout(SPACE, len(INDICATORS), SCALE)
FEATURES = [FEATURISER.featurise(parsed) for parsed in PARSES]


def dense(documents: list[Features], layout: Layout = LAYOUT) -> np.ndarray:
    """Rows written out, (n_sentences, n_columns)."""
    return np.asarray(build_rows(documents, FEATURISER, layout).toarray())


@pytest.mark.parametrize(
    ("least", "words"),
    [(4, {"passport", "he"}), (3, {"passport", "he", "keeps", "my", "a"}), (100, set())],
    ids=["in 4 sentences", "in 3 sentences", "nowhere"],
)
def test_word_gets_a_column_when_it_stands_in_enough_sentences(least: int, words: set[str]) -> None:
    space = fit_space(PARSES, Minimum(words=least, characters=1, pairs=1))
    found = {word for word in space.words if word.isalpha()}
    assert found == words


def test_vocabularies_are_sorted_so_that_columns_never_change_places() -> None:
    again = fit_space(PARSES[::-1], EVERYTHING)
    assert list(again.words) == sorted(again.words) == list(SPACE.words)
    assert list(again.characters) == sorted(again.characters) == list(SPACE.characters)
    assert again.pairs.tolist() == sorted(again.pairs.tolist()) == SPACE.pairs.tolist()


def test_idf_counts_sentences() -> None:
    """`passport` stands in 4 of 8 sentences; the artefact keeps single precision."""
    expected = np.float32(np.log((1 + 8) / (1 + 4)) + 1)
    assert SPACE.word_idf[SPACE.words.index("passport")] == expected


def test_blocks_stand_side_by_side() -> None:
    bounds = sorted((part.start, part.stop) for part in LAYOUT.slices.values())
    assert bounds[0][0] == 0
    assert [stop for _, stop in bounds[:-1]] == [start for start, _ in bounds[1:]]
    assert bounds[-1][1] == LAYOUT.width
    assert LAYOUT.slices.keys() == LAYOUT.scale.keys() == SCALE.keys()


def own_words(rows: np.ndarray) -> np.ndarray:
    """What stands in the columns of a sentence's own words, whatever their state, without block weights."""
    parts = [rows[:, LAYOUT.slices[name]] / SCALE[name] for name in ("word", "negated", "supposed")]
    return np.asarray(sum(parts))


def test_block_of_a_sentence_has_the_length_of_its_weight() -> None:
    rows = dense(FEATURES)
    assert np.linalg.norm(own_words(rows), axis=1) == pytest.approx(np.ones(8))
    assert np.linalg.norm(rows[:, LAYOUT.slices["pairs"]], axis=1) == pytest.approx(np.full(8, SCALE["pairs"]))


def test_word_has_its_share_in_the_column_of_its_role() -> None:
    column = SPACE.words.index("passport")
    idf = SPACE.word_idf
    ids = [SPACE.words.index(token) for token in ("he", "keeps", "my", "passport", ".")]
    row = dense(FEATURES)[0]
    expected = idf[column] / np.linalg.norm(idf[ids]) * SCALE["word"]
    assert row[LAYOUT.slices["word"]][column] == pytest.approx(expected)
    assert row[LAYOUT.slices["negated"]][column] == 0.0


def test_word_stands_in_the_column_of_its_state() -> None:
    column = SPACE.words.index("passport")
    rows = dense(FEATURES)
    in_state = {name: np.flatnonzero(rows[:, LAYOUT.slices[name]][:, column]).tolist() for name in ("word", "negated")}
    assert in_state == {"word": [0, 3, 7], "negated": [5]}
    assert np.flatnonzero(rows[:, LAYOUT.slices["supposed"]].any(axis=1)).tolist() == [2]


def test_neighbours_are_the_sentences_before_and_after() -> None:
    rows = dense(FEATURES[:1])
    own = own_words(rows)
    before, after = (rows[:, LAYOUT.slices[name]] / SCALE[name] for name in ("before", "after"))
    assert before[1:] == pytest.approx(own[:-1])
    assert after[:-1] == pytest.approx(own[1:])
    assert not before[0].any()
    assert not after[-1].any()


def test_document_words_are_the_same_in_each_sentence() -> None:
    part = dense(FEATURES[:1])[:, LAYOUT.slices["document"]]
    assert part[0].any()
    assert (part == part[0]).all()


def test_sentences_of_one_document_see_nothing_of_another() -> None:
    apart = np.vstack([dense([features]) for features in FEATURES])
    assert (dense(FEATURES) == apart).all()


def test_block_of_weight_zero_keeps_its_columns_and_stays_empty() -> None:
    layout = build_layout(SPACE, len(INDICATORS), SCALE | {"characters": 0.0})
    rows = dense(FEATURES, layout)
    assert rows.shape[1] == LAYOUT.width
    assert not rows[:, layout.slices["characters"]].any()


def test_lexicon_hit_stands_in_the_column_of_indicator_and_state() -> None:
    phrases = dense(FEATURES)[:, LAYOUT.slices["phrases"]]
    assert phrases[0, HELD * 3] == SCALE["phrases"]
    assert phrases[5, HELD * 3 + 1] == SCALE["phrases"]
    assert not phrases[6].any()
    everywhere = dense(FEATURES)[:, LAYOUT.slices["document_phrases"]]
    assert everywhere[:3, HELD * 3].tolist() == [SCALE["document_phrases"]] * 3


def hold_at_random(parsed: Parse, seed: int) -> Parse:
    """Some hits, of which two share a sentence, indicator and state, and tokens in every state."""
    generator = np.random.default_rng(seed)
    states = generator.integers(0, 3, size=len(parsed.tokens)).astype(np.int8)
    hits = [
        Hit(0, indicator, number, first, int(generator.integers(first, last)) + 1, state)
        for number, (first, last) in enumerate(parsed.sentences.tolist())
        for indicator, state in ((0, 0), (0, 0), (16, 2), (3, int(generator.integers(3))))
    ]
    return replace(parsed, states=states, hits=hits)


UNSEEN = [
    *TEXTS,
    "Qwib keeps the blorfed passport; nobody pays. Never! If he calls, run.",
    "blorfed",
    "We eat. We eat. We eat at noon, he said, and the passport of my cousin is kept.",
]


@pytest.mark.parametrize("held", [False, True], ids=["plain", "with hits and scopes"])
@pytest.mark.parametrize("text", UNSEEN, ids=range(len(UNSEEN)))
def test_folded_model_scores_as_the_matrix_product(text: str, held: bool) -> None:
    """What serving looks up in tables is what training multiplied."""
    generator = np.random.default_rng(0)
    coefficients, intercept = generator.normal(size=(5, LAYOUT.width)), generator.normal(size=5)
    whole, whole_intercept = generator.normal(size=(3, LAYOUT.width)), generator.normal(size=3)
    model = LinearModel(
        FEATURISER,
        fold_weights(coefficients, intercept, SPACE, LAYOUT),
        fold_text_weights(whole, whole_intercept, SPACE, LAYOUT),
    )
    (parsed,) = parse(text)
    features = FEATURISER.featurise(hold_at_random(parsed, 1) if held else parsed)
    scores = model.score(features)
    # The tables keep single precision: exact for stored weights, which have half of it, and near for these.
    assert scores.sentences == pytest.approx(dense([features]) @ coefficients.T + intercept, abs=1e-6)
    row = build_text_rows([features], SPACE, LAYOUT).toarray()[0]
    assert scores.text == pytest.approx(whole @ row + whole_intercept, abs=1e-6)


def test_cut_of_a_whole_document_is_the_document() -> None:
    features = FEATURES[3]
    cut = cut_features(features, FEATURISER, 0, len(features.tokens))
    assert (dense([cut]) == dense([features])).all()


def test_cut_sentence_is_featurised_as_if_it_stood_alone() -> None:
    features = FEATURES[0]
    first, last = features.sentences[1].tolist()
    (parsed,) = parse("Nobody pays us a coin.")
    alone = FEATURISER.featurise(replace(parsed, states=np.ones(6, dtype=np.int8)))
    cut = cut_features(features, FEATURISER, first, last)
    assert cut.tokens == alone.tokens
    assert dense([cut]) == pytest.approx(dense([alone]))


def test_cut_keeps_only_pairs_and_hits_that_lie_inside() -> None:
    features = FEATURES[0]
    cut = cut_features(features, FEATURISER, 1, 3)
    assert cut.tokens == ["keeps", "my"]
    assert cut.sentences.tolist() == [[0, 2]]
    assert cut.pairs[:, [0, 2, 3]].tolist() == [[0, 0, 1]]
    assert cut.phrases == []
    whole = cut_features(features, FEATURISER, 0, 5)
    assert [(hit.sentence, hit.first) for hit in whole.phrases] == [(0, features.phrases[0].first)]
    assert np.linalg.norm(dense([cut])[0, LAYOUT.slices["word"]]) == pytest.approx(SCALE["word"])
