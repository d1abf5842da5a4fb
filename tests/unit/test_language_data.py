"""What a lexicon may say of a language that is not English: endings, folded letters, lists and double denials."""

from collections.abc import Mapping
from typing import Any

import pytest

from classifier.assertion import NEGATED, choose_state, find_scopes, mark_tokens
from classifier.errors import TaxonomyError
from classifier.lexicon import Lexicon, build_lexicon, load_lexicon
from classifier.patterns import PatternCompiler, inflect
from classifier.tokens import TokenReader

FILE = "lexicon/xx.toml"
ENDINGS = {"ar": ["ar", "o", "an", "ó"], "car": ["car", "co", "qué"], "o": ["o", "a", "os", "as"], "": ["", "es"]}
NO: Mapping[str, Any] = {
    "id": "no",
    "assertion": "negated",
    "pattern": "(=no|=nadie|=sin)",
    "scope": "after",
    "reach": 9,
    "match": ["no"],
    "reject": ["si"],
}


def build(**changes: object) -> Lexicon:
    return build_lexicon({"version": "1.0", "language": "xx", "cue": [NO]} | changes, FILE)


ENDED = [
    ("its ending", "quitar", {"quitar", "quito", "quitan", "quitó"}),
    ("its longest ending", "sacar", {"sacar", "saco", "saqué"}),
    ("the ending of every other word", "papel", {"papel", "papeles"}),
    ("a noun", "hijo", {"hijo", "hija", "hijos", "hijas"}),
]


@pytest.mark.parametrize(("word", "forms"), [case[1:] for case in ENDED], ids=[case[0] for case in ENDED])
def test_word_is_inflected_by_the_endings_of_the_lexicon(word: str, forms: set[str]) -> None:
    assert inflect(word, {}, ENDINGS) == forms


def test_irregular_forms_come_on_top_of_the_endings() -> None:
    assert inflect("contar", {"contar": ["cuenta"]}, ENDINGS) == {"contar", "conto", "contan", "contó", "cuenta"}


def test_word_without_an_ending_of_the_table_stands_for_itself() -> None:
    assert inflect("jefe", {}, {"ar": ["o"]}) == {"jefe"}


def test_forms_and_sets_are_folded_as_tokens_are() -> None:
    compiler = PatternCompiler({"x": ["=patrón"]}, {}, ["está"], endings=ENDINGS, folds={ord("ó"): "o", ord("á"): "a"})
    assert compiler.compile("quitar").words == {"quitar", "quito", "quitan"}
    assert compiler.compile("@x =está").words == {"patron", "esta"}


def test_tokens_are_folded_and_keep_their_places() -> None:
    reader = TokenReader("es", folds={ord("ó"): "o", ord("í"): "i"})
    row = reader.read("Él quitÓ así")
    assert [row.words.strings[number] for number in row.numbers] == ["él", "quito", "asi"]
    assert (row.starts.tolist(), row.ends.tolist()) == ([0, 3, 9], [2, 8, 12])


def test_endless_stretch_is_folded_too() -> None:
    reader = TokenReader("es", folds={ord("ó"): "o"})
    row = reader.read("ó" * 500)
    assert {row.words.strings[number] for number in row.numbers} == {"o" * 200, "o" * 100}


@pytest.mark.parametrize(("letter", "other"), [("ß", "ss"), ("ae", "a"), ("", "a"), ("a", "")], ids=repr)
def test_fold_that_would_move_offsets_is_refused(letter: str, other: str) -> None:
    with pytest.raises(
        TaxonomyError, match=f"{FILE}: folds '{letter}' to '{other}'; allowed: one letter to one letter"
    ):
        build(folds={letter: other})


def read_states(lexicon: Lexicon, text: str) -> tuple[int, list[int]]:
    """How the last word is held as a phrase, and how each token is."""
    tokens = text.split()
    scopes = find_scopes(lexicon.matcher.match(tokens, 0, len(tokens)), tokens, (0, len(tokens)), lexicon)
    last = len(tokens)
    return choose_state(tokens, last - 1, last, scopes=scopes, named=frozenset()), mark_tokens(last, scopes).tolist()


def test_two_denials_cancel_out_where_the_lexicon_says_no_more() -> None:
    state, tokens = read_states(build(), "no sale nadie deudas")
    assert state != NEGATED
    assert tokens[-1] != NEGATED


def test_word_of_concord_denies_nothing_more() -> None:
    lexicon = build(concord=["nadie"])
    assert read_states(lexicon, "no sale nadie deudas") == (NEGATED, [NEGATED] * 4)
    assert read_states(lexicon, "no sale sin deudas")[0] != NEGATED


def test_words_that_part_a_list_are_those_of_the_lexicon() -> None:
    text = "sin comida y sin deudas"
    assert read_states(build(), text)[0] != NEGATED
    assert read_states(build(listing=["y"]), text)[0] == NEGATED


def test_english_says_none_of_it_and_keeps_its_own() -> None:
    lexicon = load_lexicon("en")
    assert lexicon.listing == {",", ";", "and", "or", "nor", "either", "neither"}
    assert (lexicon.concord, lexicon.folds) == (frozenset(), {})
    assert inflect("stop", {}) == {"stop", "stops", "stoped", "stoping", "stopped", "stopping"}
