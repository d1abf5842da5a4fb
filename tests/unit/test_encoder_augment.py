"""Variants keep the labels of an example: other people or spellings, never another length."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer

from classifier.encoder import DEFAULT_ENCODER, TOKENIZER
from training.encoder.augment import Exchange, Forms, build_exchange, misspell, vary
from training.encoder.data import Example
from training.encoder.dialect import respell
from training.encoder.recipe import Round, load_encoder_recipe

WORDS = [
    *("he", "she", "him", "his", "her", "man", "woman", "brother", "sister", "mr", "mrs"),
    *("the", "passport", "took", "told", ".", ",", "to", "and", "hers", "they"),
    *("indian", "kenyan", "thai", "india", "kenya", "thailand", "muslim", "hindu"),
]


class Vocabulary:
    """A tokenizer's numbers of a few words; without those left out."""

    def __init__(self, *left_out: str) -> None:
        self._numbers = {word: number for number, word in enumerate(WORDS) if word not in left_out}

    def token_to_id(self, token: str) -> int | None:
        return self._numbers.get(token)


def turned(text: str, *left_out: str) -> str:
    """Turn a row of words; those left out are in the row, but unknown to the vocabulary."""
    row = np.array([WORDS.index(word) for word in text.split()], dtype=np.int64)
    found = build_exchange(Vocabulary(*left_out)).turn(row)
    assert found.shape == row.shape
    assert found.dtype == np.dtype(np.int64)
    return " ".join(WORDS[number] for number in found.tolist())


TURNED = [
    ("he and she", "he told the woman", "she told the man"),
    ("titles", "mr and mrs", "mrs and mr"),
    ("kin", "the brother and sister", "the sister and brother"),
    ("his before a noun", "he took his passport", "she took her passport"),
    ("her before a noun", "she took her passport", "he took his passport"),
    ("him", "she told him .", "he told her ."),
    ("her before a mark", "he told her .", "she told him ."),
    ("her before a joining word", "he told her to", "she told him to"),
    ("her at the end of what is read", "he told her", "she told him"),
    ("his at the end of what is read", "he took his", "she took her"),
    ("both senses in one sentence", "he told her , and took her passport", "she told him , and took his passport"),
    ("nobody", "they took the passport .", "they took the passport ."),
    ("a word that is in no pair", "hers", "hers"),
    ("nothing", "", ""),
]


@pytest.mark.parametrize(("text", "other"), [case[1:] for case in TURNED], ids=[case[0] for case in TURNED])
def test_gendered_words_are_turned_and_all_others_stay(text: str, other: str) -> None:
    assert turned(text) == other


@pytest.mark.parametrize("text", [case[1] for case in TURNED if "his" not in case[1]])
def test_turning_twice_gives_the_text_back(text: str) -> None:
    """`his` alone comes back as what `her` stands for at its place."""
    assert turned(turned(text)) == text


def test_exchange_changes_no_row_in_place() -> None:
    row = np.array([WORDS.index("he"), WORDS.index("thai")])
    kept = row.copy()
    exchange = build_exchange(Vocabulary())
    exchange.turn(row)
    exchange.move(row, np.random.default_rng(0))
    assert np.array_equal(row, kept)


def test_word_whose_other_is_no_piece_stays() -> None:
    assert turned("the brother told the man", "sister") == "the brother told the woman"
    assert turned("he took his passport", "her") == "she took his passport"
    assert turned("she took her passport", "his") == "he took her passport"
    assert turned("the passport", *WORDS) == "the passport"


def test_pieces_of_the_tokenizer_that_ships_are_turned() -> None:
    tokenizer = Tokenizer.from_file(str(Path(DEFAULT_ENCODER) / TOKENIZER))
    turn = build_exchange(tokenizer).turn
    for text, other in (
        (
            "His wife told him that her brother, a gentleman, left.",
            "her husband told her that his sister, a lady, left.",
        ),
        ("The boys and their mother left her.", "the girls and their father left him."),
        ("Mr. Ode is an undocumented migrant worker.", "mrs. ode is an undocumented migrant worker."),
        ("She keeps it to herself; her sons know.", "he keeps it to himself; his daughters know."),
    ):
        row, expected = (tokenizer.encode(words, add_special_tokens=False).ids for words in (text, other))
        assert turn(np.array(row, dtype=np.int64)).tolist() == expected


def moved(text: str, seed: int) -> str:
    row = np.array([WORDS.index(word) for word in text.split()], dtype=np.int64)
    found = build_exchange(Vocabulary()).move(row, np.random.default_rng(seed))
    return " ".join(WORDS[number] for number in found.tolist())


def test_nationalities_and_faiths_are_moved_within_their_kind_and_the_same_all_through() -> None:
    seen = {moved("the thai man told the indian , the muslim and the thai woman", s) for s in range(40)}
    words = [text.split() for text in seen]
    assert {row[1] for row in words} == {"indian", "kenyan", "thai"}
    assert {row[8] for row in words} == {"muslim", "hindu"}
    assert all(row[1] == row[11] != row[5] for row in words)
    assert {" ".join(row[i] for i in (0, 2, 3, 4, 6, 7, 9, 10, 12)) for row in words} == {
        "the man told the , the and the woman"
    }
    assert moved("he took the passport", 1) == "he took the passport"


def test_every_row_of_the_exchange_has_words_in_the_tokenizer_that_ships() -> None:
    tokenizer = Tokenizer.from_file(str(Path(DEFAULT_ENCODER) / TOKENIZER))
    row = np.array(tokenizer.encode("thai india sikh mosque asian", add_special_tokens=False).ids)
    found = [build_exchange(tokenizer).move(row, np.random.default_rng(seed)) for seed in range(20)]
    assert [len({int(one[place]) for one in found}) > 1 for place in range(5)] == [True] * 5


SPOKEN = "They are not going to give them the passports, and nothing is paid. WORKING for you doesn't help; sing."


@pytest.mark.parametrize("seed", range(5))
def test_respelling_keeps_the_length_of_a_text_and_where_its_words_begin(seed: int) -> None:
    found = respell(SPOKEN, np.random.default_rng(seed))
    assert len(found) == len(SPOKEN)
    assert found != SPOKEN
    for word in ("give", "passports,", "paid.", "help;", "sing."):
        assert found[SPOKEN.index(word) :].startswith(word)


def test_every_kind_of_respelling_occurs() -> None:
    texts = {" ".join(respell(SPOKEN, np.random.default_rng(seed)).lower().split()) for seed in range(60)}
    for part in (
        "dey ain't",
        "gonna",
        "give dem",
        "da passports",
        "nuttin be paid",
        "nuttin paid",
        "workin'",
        "don't help",
    ):
        assert any(part in text for text in texts), part
    assert respell("He left on Tuesday", np.random.default_rng(0)) == "He left on Tuesday"


def slip(text: str, share: float, seed: int = 0) -> str:
    return misspell(text, share, np.random.default_rng(seed))


TEXT = "The foreman keeps my passport, and we weren't paid: 4,000 owed since Tuesday! Café wörkers \U0001f600 left."


@pytest.mark.parametrize("seed", range(5))
def test_slips_swap_two_neighbours_inside_longer_words(seed: int) -> None:
    found = slip(TEXT, 1.0, seed)
    assert len(found) == len(TEXT)
    for before, after in zip(TEXT.split(), found.split(), strict=True):
        different = [place for place, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
        assert sorted(before) == sorted(after)
        assert len(different) in {0, 2}
        if different:
            first, second = different
            assert second == first + 1
            assert len(before[first - 1 : second + 2]) == 4
            assert before[first - 1 : second + 2].isalpha()


def test_every_longer_word_slips_when_all_shall() -> None:
    text = "foreman gate left unpaid workers"
    changed = [a != b for a, b in zip(text.split(), slip(text, 1.0).split(), strict=True)]
    assert changed == [True] * 5
    assert slip("gate", 1.0) == "gtae"


@pytest.mark.parametrize("text", ["he was not fed a bit", "", "4,000 & 12345!"])
def test_short_words_and_figures_never_slip(text: str) -> None:
    assert slip(text, 1.0) == text


def test_share_decides_how_many_words_slip() -> None:
    text = "workers " * 1_000
    assert slip(text, 0.0) == text
    count = sum(word != "workers" for word in slip(text, 0.2).split())
    assert 150 <= count <= 250


def test_seed_decides_the_slips() -> None:
    assert slip(TEXT, 0.5, 1) == slip(TEXT, 0.5, 1) != slip(TEXT, 0.5, 2)


PLAIN = Example(
    pieces=np.array([1, 2, 3]),
    bounds=np.array([[0, 2], [2, 3]]),
    sentence_labels=np.zeros((2, 8), dtype=bool),
    tag_labels=np.zeros((3, 2), dtype=bool),
    genre=1,
    review=True,
)
# Slips cut words into other pieces: an example of its own, with labels of its own.
SLIPPED = replace(PLAIN, pieces=np.array([1, 7, 8, 3]), bounds=np.array([[0, 3], [3, 4]]))


SPOKEN_FORM = replace(PLAIN, pieces=np.array([1, 9, 9, 9, 3]))
QUIET = replace(load_encoder_recipe("minilm").rounds[0], turned=0.0, moved=0.0, slipped=0.0, spoken=0.0)


def drawn(options: Round, random: np.random.Generator) -> Example:
    exchange = Exchange(lambda pieces: pieces + 100, lambda pieces, random: pieces + 1_000 + 0 * random.integers(2))
    return vary(Forms(PLAIN, SLIPPED, SPOKEN_FORM), exchange, options, random)


@pytest.mark.parametrize(
    ("chances", "pieces"),
    [
        pytest.param({}, [1, 2, 3], id="as it is"),
        pytest.param({"turned": 1.0}, [101, 102, 103], id="turned"),
        pytest.param({"moved": 1.0}, [1_001, 1_002, 1_003], id="moved"),
        pytest.param({"slipped": 1.0}, [1, 7, 8, 3], id="slipped"),
        pytest.param({"spoken": 1.0}, [1, 9, 9, 9, 3], id="spoken"),
        pytest.param({"slipped": 1.0, "turned": 1.0}, [101, 107, 108, 103], id="slipped and turned"),
        pytest.param({"turned": 1.0, "moved": 1.0, "spoken": 1.0}, [1_101, 1_109, 1_109, 1_109, 1_103], id="most"),
    ],
)
def test_example_is_varied(chances: dict[str, Any], pieces: list[int]) -> None:
    found = drawn(replace(QUIET, **chances), np.random.default_rng(0))
    source = SLIPPED if "slipped" in chances else SPOKEN_FORM if "spoken" in chances else PLAIN
    assert found.pieces.tolist() == pieces
    assert (found.bounds is source.bounds, found.sentence_labels is source.sentence_labels) == (True, True)
    assert (found.genre, found.review) == (1, True)


def test_turned_and_slipped_are_chosen_apart_from_each_other() -> None:
    """Of many draws about as many are of each kind as the chances say."""
    random, options = np.random.default_rng(0), replace(QUIET, turned=0.4, slipped=0.25)
    kinds = [tuple(drawn(options, random).pieces[:2].tolist()) for _ in range(2_000)]
    shares = [kinds.count(kind) / len(kinds) for kind in ((1, 2), (101, 102), (1, 7), (101, 107))]
    assert shares == pytest.approx([0.45, 0.3, 0.15, 0.1], abs=0.03)
