"""Growing tables: what is appended, numbered and looked up comes back the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.tables import GrowingTable, KeyIndex, Lookup, Words


def test_table_holds_all_rows_that_were_appended() -> None:
    table = GrowingTable(np.zeros((0, 2)))
    for number in range(20):
        table.extend(np.full((3, 2), number))
    assert table.rows[:, 0].tolist() == [number for number in range(20) for _ in range(3)]


def test_table_forgets_what_is_beyond_the_first_rows() -> None:
    table = GrowingTable(np.arange(6).reshape(3, 2))
    table.extend(np.array([[6, 7]]))
    table.shrink(1)
    table.extend(np.array([[8, 9]]))
    assert table.rows.tolist() == [[0, 1], [8, 9]]


def test_word_keeps_the_number_that_it_first_got() -> None:
    words = Words()
    assert words.number(["he", "took", "he"]) == [0, 1, 0]
    assert words.number(["it", "took"]) == [2, 1]
    assert words.strings == ["he", "took", "it"]


def test_lookup_asks_once_a_token() -> None:
    asked: list[str] = []

    def ask(token: str) -> int:
        asked.append(token)
        return len(token)

    words, lookup = Words(), Lookup(ask)
    for tokens in (["he", "took", "he"], ["took", "my"], ["my"]):
        numbers = np.array(words.number(tokens))
        assert lookup.find(words, numbers).tolist() == [len(token) for token in tokens]
    assert asked == ["he", "took", "my"]


def test_lookup_notices_other_words() -> None:
    lookup = Lookup(len)
    for tokens in (["a", "bcd"], ["bcd", "a"], ["ef"]):
        words = Words()
        assert lookup.find(words, np.array(words.number(tokens))).tolist() == [len(token) for token in tokens]


def test_value_that_was_set_is_found_until_it_is_forgotten() -> None:
    words, lookup = Words(), Lookup(len)
    numbers = np.array(words.number(["a", "bcd"]))
    lookup.find(words, numbers)
    lookup.set([1], [9])
    assert lookup.find(words, numbers).tolist() == [1, 9]
    lookup.forget()
    assert lookup.find(words, numbers).tolist() == [1, 3]


keys = st.lists(st.integers(0, 2**40), unique=True, max_size=200).map(sorted)


@given(keys, st.lists(st.integers(0, 2**40), max_size=50))
@settings(deadline=None)
def test_index_finds_the_keys_that_are_there_and_no_others(known: list[int], others: list[int]) -> None:
    asked = np.array([*known[::-1], *others], dtype=np.int64)
    found, places = KeyIndex(np.array(known, dtype=np.int64)).find(asked)
    assert found.tolist() == np.flatnonzero(np.isin(asked, known)).tolist()
    assert [known[place] for place in places] == asked[found].tolist()


def test_index_finds_keys_that_share_a_slot() -> None:
    """Sixty thousand keys leave a few thousand whose slot is taken."""
    known = np.unique(np.random.default_rng(0).integers(0, 2**28, 60_000))
    found, places = KeyIndex(known).find(known)
    assert np.array_equal(found, np.arange(len(known)))
    assert np.array_equal(places, found)


def test_index_refuses_keys_for_which_there_is_no_room() -> None:
    with pytest.raises(ValueError, match=r"a key is 4611686018427387904; with 2 keys it must be below 2 \*\* 61"):
        KeyIndex(np.array([1, 2**62]))
