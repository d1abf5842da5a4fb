"""The featuriser: which features a parsed text has, where they stand, and what they are worth."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from classifier.features import (
    CHARACTER_ORDERS,
    DISTANCES,
    N_STATES,
    Features,
    Featuriser,
    character_ngrams,
    first_of_document,
    pair_keys,
    phrase_column,
)
from classifier.model import ROLES
from classifier.pipeline import Hit, Pipeline
from classifier.taxonomy import load_taxonomy
from tests.small_model import TEXTS, SmallModel, build_small_model
from training.design import Layout, build_layout, build_rows

UNIT_SCALE = dict.fromkeys((*ROLES, "characters", "pairs", "phrases", "document_phrases"), 1.0)


@pytest.fixture(scope="module")
def small(pipeline: Pipeline) -> SmallModel:
    return build_small_model(pipeline)


def featurise(text: str, small: SmallModel, pipeline: Pipeline) -> Features:
    return Featuriser(small.space).featurise(pipeline.parse(text))


def build_block(text: str, block: str, small: SmallModel, pipeline: Pipeline) -> np.ndarray:
    """The columns of one block of a text's rows, (n_sentences, n_block_columns)."""
    featuriser = Featuriser(small.space)
    layout: Layout = build_layout(small.space, len(load_taxonomy().ids), UNIT_SCALE)
    rows = build_rows([featuriser.featurise(pipeline.parse(text))], featuriser, layout).toarray()
    return np.asarray(rows[:, layout.slices[block]])


def word_columns(block: np.ndarray, small: SmallModel) -> list[set[str]]:
    """The words with a value other than zero in each row of a block of words."""
    return [{small.space.words[column] for column in np.flatnonzero(row)} for row in block]


@pytest.mark.parametrize("word", ["pay", "passport", "n't", "café", "a-b", "x" * 24], ids=str)
def test_character_ngrams_are_those_of_scikit_learn(word: str) -> None:
    orders = (min(CHARACTER_ORDERS), max(CHARACTER_ORDERS))
    analyse = CountVectorizer(analyzer="char_wb", ngram_range=orders).build_analyzer()
    assert sorted(character_ngrams(word)) == sorted(analyse(word))


def test_shortest_word_has_the_ngram_of_itself() -> None:
    assert set(character_ngrams("a")) == {" a "}


def test_long_token_is_read_from_its_beginning() -> None:
    assert character_ngrams("y" * 24 + "z" * 100) == character_ngrams("y" * 24)


def test_pairs_are_words_at_one_two_and_three_places() -> None:
    ids = np.array([0, 1, 2, 3, 4])
    keys, places = pair_keys(ids, np.array([[0, 5]]), 10)
    found = {(left, right) for _, left, right in places.tolist()}
    assert found == {(a, b) for a in range(5) for b in range(a + 1, 5) if b - a <= DISTANCES}
    expected = {(ids[a] * 10 + ids[b]) * DISTANCES + b - a - 1 for a, b in found}
    assert set(keys.tolist()) == expected
    assert len(set(keys.tolist())) == len(keys)


def test_pairs_stay_in_their_sentence_and_have_no_unknown_word() -> None:
    _, places = pair_keys(np.array([0, -1, 1, 2, 3]), np.array([[0, 4], [4, 5]]), 10)
    assert sorted(places.tolist()) == [[0, 0, 2], [0, 0, 3], [0, 2, 3]]


def test_text_without_tokens_has_no_pairs() -> None:
    keys, places = pair_keys(np.zeros(0, dtype=np.int64), np.zeros((0, 2), dtype=np.int64), 10)
    assert (keys.shape, places.shape) == ((0,), (0, 3))


def hit(indicator: int, state: int, first: int, last: int, sentence: int = 0) -> Hit:
    return Hit(pattern=0, indicator=indicator, sentence=sentence, first=first, last=last, state=state)


def test_every_indicator_and_state_has_a_phrase_column() -> None:
    columns = [phrase_column(hit(i, s, 0, 1)) for i in range(4) for s in range(N_STATES)]
    assert columns == list(range(4 * N_STATES))


def test_document_says_a_thing_once() -> None:
    hits = [hit(1, 0, 0, 2), hit(1, 0, 5, 9, sentence=1), hit(1, 1, 10, 11, sentence=1), hit(2, 0, 12, 13, sentence=2)]
    assert first_of_document(hits) == [hits[0], hits[2], hits[3]]


def test_sentence_says_a_thing_once_and_by_the_longest_phrase(small: SmallModel, pipeline: Pipeline) -> None:
    parsed = pipeline.parse(
        "The boss keeps our passports. The boss keeps our passports in his safe and keeps our passports."
    )
    features = Featuriser(small.space).featurise(parsed)
    kept = [(found.sentence, found.indicator, found.state) for found in features.phrases]
    assert len(kept) == len(set(kept)) < len(parsed.hits)
    for found in features.phrases:
        rivals = [
            other.last - other.first
            for other in parsed.hits
            if (other.sentence, other.indicator, other.state) == (found.sentence, found.indicator, found.state)
        ]
        assert found.last - found.first == max(rivals)


def test_known_words_have_their_number_and_unknown_ones_a_row_of_their_own(
    small: SmallModel, pipeline: Pipeline
) -> None:
    features = featurise("our zxqvw passports glorp zxqvw", small, pipeline)
    assert features.known.tolist() == [True, False, True, False, False]
    assert [small.space.words[row] for row in features.rows[features.known].tolist()] == ["our", "passports"]
    assert features.rows[1] == features.rows[4] != features.rows[3]
    assert features.rows[~features.known].min() >= len(small.space.words)


def test_memory_of_unknown_words_is_bounded(small: SmallModel, pipeline: Pipeline) -> None:
    featuriser = Featuriser(small.space, remembered=10)
    for number in range(30):
        featuriser.featurise(pipeline.parse(f"zib{number} wug{number} glorp{number}"))
        assert len(featuriser.columns) <= len(small.space.words) + 10 + 3
    assert featuriser.generation >= 2


def test_features_do_not_depend_on_what_was_read_before(small: SmallModel, pipeline: Pipeline) -> None:
    parsed = pipeline.parse("He took our zxqvw passports. Glorp never paid us.")
    layout = build_layout(small.space, len(load_taxonomy().ids), UNIT_SCALE)
    fresh, used = Featuriser(small.space), Featuriser(small.space, remembered=2)
    for number in range(5):
        used.featurise(pipeline.parse(f"zib{number} wug{number} zxqvw{number} glorp passports"))
    found, expected = used.featurise(parsed), fresh.featurise(parsed)
    assert np.array_equal(found.known, expected.known)
    rows = [build_rows([features], by, layout).toarray() for features, by in ((found, used), (expected, fresh))]
    assert np.array_equal(*rows)


def test_pairs_name_the_tokens_they_stand_on(small: SmallModel, pipeline: Pipeline) -> None:
    features = featurise("He took our passports. The gate is locked at night.", small, pipeline)
    assert len(features.pairs)
    for sentence, column, left, right in features.pairs.tolist():
        first, last = features.sentences[sentence].tolist()
        assert first <= left < right < last
        words = [small.space.words.index(features.tokens[place]) for place in (left, right)]
        key = (words[0] * len(small.space.words) + words[1]) * DISTANCES + right - left - 1
        assert small.space.pairs[column] == key


def test_asserted_denied_and_supposed_words_stand_in_blocks_of_their_own(small: SmallModel, pipeline: Pipeline) -> None:
    text = "He took our passports. Nobody took our passports. Employers must not keep passports."
    asserted, negated, supposed = (
        word_columns(build_block(text, role, small, pipeline), small) for role in ("word", "negated", "supposed")
    )
    assert {"took", "our", "passports"} <= asserted[0]
    assert {"nobody", "took", "our", "passports"} <= negated[1]
    assert {"employers", "must", "not", "keep", "passports"} <= supposed[2]
    assert negated[0] == supposed[0] == asserted[1] == supposed[1] == asserted[2] == negated[2] == set()


def test_words_of_the_neighbours_and_of_the_document_are_features(small: SmallModel, pipeline: Pipeline) -> None:
    text = "He took our passports. The gate is locked. They pay us."
    before, after, document = (
        word_columns(build_block(text, role, small, pipeline), small) for role in ("before", "after", "document")
    )
    assert before[0] == after[2] == set()
    assert "passports" in before[1]
    assert "locked" in before[2]
    assert "locked" in after[0]
    assert {"passports", "locked", "pay"} <= document[0]
    assert document[0] == document[1] == document[2]


@pytest.mark.parametrize(
    ("block", "text"),
    [
        ("word", "took our passports. gate is locked at night"),
        ("document", "took our passports. gate is locked at night"),
        ("pairs", "took our passports. gate is locked at night"),
        ("characters", "passports"),
        ("word", "our our took our passports our"),
        ("document", "our our took our. passports our"),
        ("pairs", "took our passports took our passports took our passports"),
        ("characters", "passports passports passports"),
    ],
)
def test_block_has_norm_one_in_every_sentence(block: str, text: str, small: SmallModel, pipeline: Pipeline) -> None:
    np.testing.assert_allclose(np.linalg.norm(build_block(text, block, small, pipeline), axis=1), 1.0)


def test_longer_sentence_gives_each_word_less(small: SmallModel, pipeline: Pipeline) -> None:
    column = small.space.words.index("passports")
    short = build_block("passports", "word", small, pipeline)
    long = build_block("the manager took our passports at night", "word", small, pipeline)
    assert short[0, column] == pytest.approx(1.0)
    assert 0.0 < long[0, column] < short[0, column]


@pytest.mark.parametrize("block", ["word", "document", "characters"])
def test_word_said_over_and_over_is_worth_what_it_is_said_once(
    block: str, small: SmallModel, pipeline: Pipeline
) -> None:
    once = build_block("the", block, small, pipeline)
    assert once.any()
    np.testing.assert_allclose(build_block("the " * 20, block, small, pipeline), once)


@pytest.mark.parametrize(("block", "place"), [("before", 1), ("after", 0)])
def test_neighbour_that_repeats_itself_gives_at_most_its_whole_weight(
    block: str, place: int, small: SmallModel, pipeline: Pipeline
) -> None:
    column = small.space.words.index("passports")
    found = []
    for words in ("Passports!", "Passports passports passports!"):
        text = f"{words} We left." if place else f"We left. {words}"
        found.append(build_block(text, block, small, pipeline)[place, column])
    assert 0.0 < found[0] < found[1] <= 1.0


def test_word_counts_in_each_sentence_by_how_often_it_comes_there(small: SmallModel, pipeline: Pipeline) -> None:
    features = featurise("our our our took. our our took. our took.", small, pipeline)
    idf = {word: small.space.word_idf[small.space.words.index(word)] for word in ("our", "took", ".")}
    expected = [np.sqrt((k * idf["our"]) ** 2 + idf["took"] ** 2 + idf["."] ** 2) for k in (3, 2, 1)]
    np.testing.assert_allclose(features.norms.word, expected)
    whole = np.sqrt((6 * idf["our"]) ** 2 + (3 * idf["took"]) ** 2 + (3 * idf["."]) ** 2)
    assert features.norms.document == pytest.approx(whole)


@pytest.mark.parametrize("text", ["\u200b", "<br>"], ids=ascii)
def test_text_without_tokens_has_no_sentences(text: str, small: SmallModel, pipeline: Pipeline) -> None:
    features = featurise(text, small, pipeline)
    assert len(features.tokens) == len(features.sentences) == len(features.pairs) == 0
    assert features.norms.document == 1.0


def test_rows_of_several_documents_are_those_of_each(small: SmallModel, pipeline: Pipeline) -> None:
    featuriser = Featuriser(small.space)
    layout = build_layout(small.space, len(load_taxonomy().ids), UNIT_SCALE)
    documents = [featuriser.featurise(pipeline.parse(text)) for text in TEXTS]
    together = build_rows(documents, featuriser, layout).toarray()
    alone = np.vstack([build_rows([document], featuriser, layout).toarray() for document in documents])
    assert np.array_equal(together, alone)


BATCH = [*TEXTS, "", "\u200b", "Zxqvw glorp zxqvw passports.", "the " * 20, TEXTS[0]]


@pytest.mark.parametrize("remembered", [8192, 1], ids=["with room", "with room for one unknown word"])
def test_texts_featurised_together_are_featurised_as_each_alone(
    remembered: int, small: SmallModel, pipeline: Pipeline
) -> None:
    layout = build_layout(small.space, len(load_taxonomy().ids), UNIT_SCALE)
    featuriser = Featuriser(small.space, remembered=remembered)
    featuriser.featurise_many(pipeline.parse_many(["wug quonk blimfy"]))
    together = featuriser.featurise_many(pipeline.parse_many(BATCH))
    assert len(together) == len(BATCH)
    for text, found in zip(BATCH, together, strict=True):
        fresh = Featuriser(small.space)
        alone = fresh.featurise(pipeline.parse(text))
        rows = [build_rows([one], by, layout).toarray() for one, by in ((found, featuriser), (alone, fresh))]
        assert np.array_equal(*rows)
        assert found.norms.document == alone.norms.document
        assert (list(found.tokens), found.phrases) == (list(alone.tokens), alone.phrases)


def test_memory_is_kept_while_a_batch_is_featurised(small: SmallModel, pipeline: Pipeline) -> None:
    """All of a batch can be scored, however many unknown words it brings."""
    featuriser = Featuriser(small.space, remembered=2)
    texts = [f"zib{number}a wug{number}b" for number in range(20)]
    documents = featuriser.featurise_many(pipeline.parse_many(texts))
    assert featuriser.generation == 0
    assert len({int(row) for document in documents for row in document.rows}) == 40
    assert featuriser.featurise_many([]) == []
    assert featuriser.generation == 1
    assert len(featuriser.columns) == len(small.space.words)
