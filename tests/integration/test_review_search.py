"""Search finds the same on both databases, with plain and with sealed texts."""

import base64

import pytest

from service.review.filters import Filters
from service.review.search import search
from service.store.errors import RefusedError
from service.store.store import Store
from service.store.users import UserRecord
from tests.reviewing import POLICY, MakeStore, decide, person, put_in

KEY = "a:" + base64.b64encode(b"a" * 32).decode()
TEXTS = {
    "ferry": "The ferry leaves at six; the ferryman keeps our passports.",
    "cafe": "In the Café of Łódź nobody holds their passports, ﬁne.",
    "dots": "Pre-paid wages, un_paid leave; e-mail me at help@example.org, 555-0134.",
    "greek": "ΣΊΣΥΦΟΣ works in the harbour, and the harbour works.",
}


@pytest.fixture(params=["", KEY], ids=["plain", "sealed"])
def stored(request: pytest.FixtureRequest, make_store: MakeStore) -> tuple[Store, UserRecord]:
    store = make_store(text_keys=request.param)
    for name, words in TEXTS.items():
        put_in(store, words, external_id=name)
    return store, person(store, "anna")


@pytest.fixture
def plain(store: Store) -> tuple[Store, UserRecord]:
    for name, words in TEXTS.items():
        put_in(store, words, external_id=name)
    return store, person(store, "anna")


def names(store: Store, user: UserRecord, query: str, **filters: object) -> list[str | None]:
    with store.read() as tx:
        page = search(tx, POLICY, user, query, filters=Filters(**filters))  # type: ignore[arg-type]
    return [item.external_id for item in page.items]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("ferry", ["ferry"]),
        ("FERRY", ["ferry"]),
        ("passports", ["cafe", "ferry"]),
        ("passports -ferry", ["cafe"]),
        ("passports harbour", []),
        ("cafe", ["cafe"]),
        ("CAFÉ", ["cafe"]),
        ("fine", ["cafe"]),
        ("pre-paid", ["dots"]),
        ("unpaid", []),
        ("555-0134", ["dots"]),
        ("help@example.org", ["dots"]),
        ("σίσυφος", ["greek"]),
        ("ferr", []),
        ("'; DROP TABLE documents; --", []),
        ("AND", ["greek"]),
        ("", ["greek", "dots", "cafe", "ferry"]),
    ],
)
def test_words_are_found(stored: tuple[Store, UserRecord], query: str, expected: list[str]) -> None:
    assert names(*stored, query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('"keeps our passports"', ["ferry"]),
        ('"passports our keeps"', []),
        ("ferr*", ["ferry"]),
        ("harb* -ferry*", ["greek"]),
        ('"paid wages', ["dots"]),
        ("paid-pre", []),
    ],
)
def test_phrases_and_beginnings_are_found_in_plain_texts(
    plain: tuple[Store, UserRecord], query: str, expected: list[str]
) -> None:
    assert names(*plain, query) == expected


@pytest.mark.parametrize("query", ['"keeps our passports"', "ferr*"])
def test_sealed_texts_say_what_they_cannot_answer(make_store: MakeStore, query: str) -> None:
    store = make_store(text_keys=KEY)
    with pytest.raises(RefusedError, match=r"^query: texts are sealed"):
        names(store, person(store, "anna"), query)


def test_texts_from_before_the_key_are_found_too(make_store: MakeStore) -> None:
    put_in(make_store(), TEXTS["ferry"], external_id="before")
    store = make_store(text_keys=KEY)
    put_in(store, TEXTS["ferry"], external_id="after")
    assert names(store, person(store, "anna"), "ferry") == ["after", "before"]


def test_without_an_index_only_filters_answer(make_store: MakeStore) -> None:
    store = make_store(search="off")
    put_in(store, TEXTS["ferry"], external_id="ferry")
    anna = person(store, "anna")
    assert names(store, anna, "", context="disclosure") == ["ferry"]
    with pytest.raises(RefusedError, match="TELLSIGN_SEARCH=off"):
        names(store, anna, "ferry")


@pytest.mark.parametrize("query", ["x" * 401, " ".join("abcdefghijklmnopq"), "-ferry", "***", "- -"])
def test_query_that_cannot_be_answered_is_refused(plain: tuple[Store, UserRecord], query: str) -> None:
    with pytest.raises(RefusedError, match=r"^query: "):
        names(*plain, query)


def test_words_and_filters_go_together(plain: tuple[Store, UserRecord]) -> None:
    store, anna = plain
    assert names(store, anna, "passports", indicator="document_retention", assertion="negated") == ["cafe"]
    with store.read() as tx:
        ferry = search(tx, POLICY, anna, "ferryman").items[0].document
    decide(store, anna, ferry)
    assert names(store, anna, "passports", state="done", verdict="escalate") == ["ferry"]
    assert names(store, anna, "passports", verdict="no_concern") == []


def test_pages_follow_each_other(plain: tuple[Store, UserRecord]) -> None:
    store, anna = plain
    for query in ("", "the"):
        seen, cursor = [], None
        while True:
            with store.read() as tx:
                page = search(tx, POLICY, anna, query, cursor=cursor, limit=1)
            seen += [item.external_id for item in page.items]
            if (cursor := page.cursor) is None:
                break
        assert seen == names(store, anna, query)
        assert seen
