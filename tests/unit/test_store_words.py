"""Words, cursors, moments and settings of the store."""

import base64
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.review.policy import load_review_policy
from service.review.priority import shown_priority, stored_priority
from service.settings import SettingsError
from service.store.cipher import Cipher, Sealed, read_keys
from service.store.columns import milliseconds, moment
from service.store.errors import RefusedError, StoreError
from service.store.rows import read_cursor, write_cursor
from service.store.settings import load_store_settings
from service.store.words import hash_words, read_query, split_words

KEYS = {"new": b"n" * 32, "old": b"o" * 32}
ENCODED = base64.b64encode(b"n" * 32).decode()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The Ferry, the FERRY!", ["the", "ferry", "the", "ferry"]),
        ("Café e\u0301te\u0301 Łódź", ["cafe", "ete", "łodz"]),
        ("ﬁne ① ½", ["fine", "1", "1", "2"]),
        ("snake_case pre-paid", ["snake", "case", "pre", "paid"]),
        ("\x00\ud800 a\u200bb", ["a", "b"]),
        ("x" * 100, ["x" * 64]),
        ("…", []),
    ],
    ids=["case", "accents", "compatibility", "joints", "odd", "long", "none"],
)
def test_text_is_split_into_folded_words(text: str, words: list[str]) -> None:
    assert split_words(text) == words


@given(st.text(max_size=200))
def test_words_of_any_text_are_found_by_themselves(text: str) -> None:
    for word in split_words(text)[:5]:
        assert split_words(word) == [word]
        assert read_query(word, hashed=True)[0].words == (word,)


def test_hashes_keep_neither_order_nor_number() -> None:
    assert hash_words(["b", "a", "b"], b"k") == hash_words(["a", "b"], b"k")
    assert hash_words(["a"], b"k") != hash_words(["a"], b"l")


def test_query_is_read_term_by_term() -> None:
    terms = read_query('ferry "keeps our" -gate harb*', hashed=False)
    assert [(term.words, term.prefix, term.excluded) for term in terms] == [
        (("ferry",), False, False),
        (("keeps", "our"), False, False),
        (("gate",), False, True),
        (("harb",), True, False),
    ]


@given(st.integers(0, 4_000_000_000_000))
def test_moment_survives_being_kept(value: int) -> None:
    assert milliseconds(moment(value)) == value


def test_moment_is_the_same_in_every_time_zone() -> None:
    east = datetime(2030, 1, 1, 9, tzinfo=timezone(timedelta(hours=9)))
    assert moment(milliseconds(east)) == datetime(2030, 1, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="time zone"):
        milliseconds(datetime(2030, 1, 1))  # noqa: DTZ001 - the fault under test


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 2**60))
def test_cursor_leads_to_its_place(priority: float, number: int) -> None:
    assert read_cursor(write_cursor([priority, number]), float, int) == [priority, number]


@given(st.text(max_size=50))
def test_anything_as_a_cursor_is_a_place_or_refused(cursor: str) -> None:
    with suppress(RefusedError):
        assert [type(part) for part in read_cursor(cursor, int)] == [int]


def test_sealed_bytes_open_in_their_place_with_their_key() -> None:
    sealed = Cipher(KEYS).seal(b"words", "doc-1:text")
    assert (sealed.key_id, b"words" in sealed.data) == ("new", False)
    assert Cipher({"other": b"x" * 32, **KEYS}).open(sealed, "doc-1:text") == b"words"
    assert Cipher({}).open(Sealed(b"plain", None), "doc-1:text") == b"plain"


@pytest.mark.parametrize(
    ("cipher", "place", "change"),
    [
        (Cipher(KEYS), "doc-2:text", 0),
        (Cipher(KEYS), "doc-1:text", 1),
        (Cipher({"new": b"z" * 32}), "doc-1:text", 0),
        (Cipher({}), "doc-1:text", 0),
    ],
    ids=["another place", "changed bytes", "another key", "no key"],
)
def test_bytes_that_do_not_fit_are_refused(cipher: Cipher, place: str, change: int) -> None:
    sealed = Cipher(KEYS).seal(b"words", "doc-1:text")
    data = sealed.data[:-1] + bytes([sealed.data[-1] ^ change])
    with pytest.raises(StoreError):
        cipher.open(Sealed(data, sealed.key_id), place)


@pytest.mark.parametrize(
    "value",
    ["nocolon", f":{ENCODED}", "a:!!!", "a:c2hvcnQ=", f"a:{ENCODED},a:{ENCODED}"],
    ids=["no id", "empty id", "not base64", "too short", "twice"],
)
def test_key_that_cannot_be_is_refused_without_showing_it(value: str) -> None:
    with pytest.raises(ValueError, match=r"entry|twice") as refused:
        read_keys(value)
    assert value.partition(":")[2] not in str(refused.value) or not value.partition(":")[2]


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"database_url": "mysql://root:secret@db/x"}, "TELLSIGN_DATABASE_URL"),
        ({"database_url": "secret"}, "TELLSIGN_DATABASE_URL"),
        ({"text_keys": "secret"}, "TELLSIGN_TEXT_KEYS"),
        ({"audit_key": f"a:{ENCODED},b:{ENCODED}"}, "TELLSIGN_AUDIT_KEY"),
        ({"retention_days": 0}, "TELLSIGN_RETENTION_DAYS"),
        ({"search": "some"}, "TELLSIGN_SEARCH"),
    ],
)
def test_setting_that_cannot_be_is_named_and_not_shown(given: dict[str, object], name: str) -> None:
    with pytest.raises(SettingsError, match=name) as refused:
        load_store_settings(**given)
    assert "secret" not in str(refused.value)
    assert ENCODED not in str(refused.value)


def test_policy_names_its_variables() -> None:
    with pytest.raises(SettingsError, match="TELLSIGN_REVIEW_SECOND_VERDICTS"):
        load_review_policy(second_verdicts=["guilty"])
    assert load_review_policy(check_share=0.25).check_share == 0.25


class TestPriority:
    POLICY = load_review_policy()
    START = datetime(2030, 1, 1, tzinfo=UTC)

    def priority(self, *, days: float = 0, probability: float | None = 0.5, indicators: tuple[str, ...] = ()) -> float:
        return stored_priority(
            self.POLICY,
            probability=probability,
            indicators=indicators,
            disagreement=0.0,
            queued=self.START + timedelta(days=days),
        )

    def test_each_part_makes_an_item_more_urgent(self) -> None:
        plain = self.priority()
        assert self.priority(probability=0.9) > plain
        assert self.priority(indicators=("isolation",)) > plain
        assert self.priority(indicators=("child_exploitation",)) > self.priority(indicators=("isolation",))
        assert self.priority(days=-1) > plain

    def test_abstention_is_no_all_clear(self) -> None:
        assert self.priority(probability=None) == self.priority(probability=0.5)

    def test_shown_priority_grows_with_waiting_and_keeps_the_order(self) -> None:
        stored = self.priority()
        now = self.START + timedelta(days=3)
        assert shown_priority(self.POLICY, stored, self.START) == pytest.approx(0.5)
        assert shown_priority(self.POLICY, stored, now) == pytest.approx(0.5 + 3 * self.POLICY.weight_age_per_day)
