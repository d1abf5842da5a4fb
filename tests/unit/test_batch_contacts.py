"""Contact points are found in every spelling, hidden one for one, and kept as keyed hashes alone."""

import pytest

from service.batch.contacts import (
    ContactHasher,
    ContactKeyError,
    find_contacts,
    load_hasher,
    mask_contacts,
    show_hash,
)

HASHER = ContactHasher(b"a key of a test", "environment")

FOUND = [
    pytest.param("Call +1 (202) 555-0143 now.", [("phone", "2025550143")], id="phone"),
    pytest.param("202.555.0143", [("phone", "2025550143")], id="phone with dots"),
    pytest.param("(202) 555-0143", [("phone", "2025550143")], id="phone with brackets"),
    pytest.param("1-202-555-0143", [("phone", "2025550143")], id="phone with the 1 of North America"),
    pytest.param("555-0143", [("phone", "5550143")], id="local phone"),
    pytest.param("two oh two five five five zero one four three", [("phone", "2025550143")], id="phone in words"),
    pytest.param("five five five, zero one four three", [("phone", "5550143")], id="phone in words with a comma"),
    pytest.param("5five5 01four3", [("phone", "5550143")], id="phone in words and digits"),
    pytest.param("2o2 555 o143", [("phone", "2025550143")], id="phone with letters for zeros"),
    pytest.param("2*0*2*5*5*5*0*1*4*3", [("phone", "2025550143")], id="phone with stars"),
    pytest.param("+44 (0)20 7946 0018", [("phone", "442079460018")], id="phone with the zero of home"),
    pytest.param("0044 20 7946 0018", [("phone", "442079460018")], id="phone with the prefix of abroad"),
    pytest.param("Write to A.B+c@Example.org.", [("email", "a.b+c@example.org")], id="e-mail"),
    pytest.param("a.b (at) example [dot] org", [("email", "a.b@example.org")], id="e-mail with brackets"),
    pytest.param("write to job at example dot org", [("email", "job@example.org")], id="e-mail in words"),
    pytest.param("see https://www.Example.org/a/?b=c,", [("url", "example.org/a")], id="address of a page"),
    pytest.param("hxxp://example[.]com", [("url", "example.com")], id="address made harmless"),
    pytest.param("at example.org/jobs today", [("url", "example.org/jobs")], id="address without a scheme"),
    pytest.param("find @some_name.", [("handle", "some_name")], id="handle"),
    pytest.param("Telegram: Other.Name", [("handle", "other.name")], id="handle of a named app"),
    pytest.param("0x" + "aB" * 20, [("wallet", "0x" + "ab" * 20)], id="wallet in hexadecimal"),
    pytest.param("1111111111111111111114oLvT2", [("wallet", "1111111111111111111114oLvT2")], id="wallet in base 58"),
    pytest.param(
        "a@example.org or 555-0143", [("email", "a@example.org"), ("phone", "5550143")], id="several in reading order"
    ),
]
NONE = [
    pytest.param("on 2021-05-14 we left", id="date"),
    pytest.param("on 14.05.2021", id="date the other way round"),
    pytest.param("100 150 200", id="prices"),
    pytest.param("from 1998 2004 2010", id="years"),
    pytest.param("I owe 4,000,000 for it", id="large number"),
    pytest.param("ages 15, 16, 17, 18", id="listed numbers"),
    pytest.param("12345678901234567890", id="too many digits"),
    pytest.param("no one, one by one, o no", id="words that are digits too"),
    pytest.param("at ten a.m. we met. Then home.", id="sentences"),
    pytest.param("1111111111111111111114oLvT3", id="wallet with a wrong checksum"),
    pytest.param("x@y", id="too short for an address"),
    pytest.param("", id="nothing"),
]


@pytest.mark.parametrize(("text", "expected"), FOUND)
def test_contact_point_is_found(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(contact.kind, contact.value) for contact in find_contacts(text)] == expected


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_contact_point_is_left_alone(text: str) -> None:
    assert find_contacts(text) == []
    assert mask_contacts(text) == text


@pytest.mark.parametrize(("text", "expected"), FOUND)
def test_mask_keeps_every_place_and_hides_every_letter(text: str, expected: list[tuple[str, str]]) -> None:
    masked = mask_contacts(text)
    assert len(masked) == len(text)
    assert all(value not in masked.casefold() for _, value in expected)
    for contact in find_contacts(text):
        assert not any(letter.isalnum() for letter in masked[contact.start : contact.end])


SAME = ["+1 (202) 555-0143", "two oh two five five five zero one four three", "202.555.0143", "1 202 555 0143"]


def test_spellings_of_one_number_share_a_hash() -> None:
    assert len({HASHER.hashes(f"Call {spelling} today") for spelling in SAME}) == 1


def test_hash_depends_on_the_key_and_does_not_hold_the_number() -> None:
    (one,), (other,) = (ContactHasher(key, "random").hashes(SAME[0]) for key in (b"one key", b"another"))
    assert one != other
    assert show_hash(one).startswith("phone:")
    assert "2025550143" not in show_hash(one)
    assert len(show_hash(one)) == len("phone:") + 14


def test_contact_point_and_key_are_not_in_representations() -> None:
    assert "5550143" not in repr(find_contacts("555-0143"))
    assert "a key of a test" not in repr(HASHER)


def test_key_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELLSIGN_CONTACT_KEY", "sixteen characters")
    hashers = [load_hasher(), load_hasher()]
    assert [hasher.origin for hasher in hashers] == ["environment", "environment"]
    assert hashers[0].hashes(SAME[0]) == hashers[1].hashes(SAME[0])


def test_without_a_key_every_run_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TELLSIGN_CONTACT_KEY", raising=False)
    hashers = [load_hasher(), load_hasher()]
    assert [hasher.origin for hasher in hashers] == ["random", "random"]
    assert hashers[0].hashes(SAME[0]) != hashers[1].hashes(SAME[0])


def test_short_key_is_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELLSIGN_CONTACT_KEY", "secret")
    with pytest.raises(ContactKeyError, match="has 6 characters; allowed: 16 or more") as caught:
        load_hasher()
    assert "secret" not in str(caught.value)


HOSTILE = ["1 ", "a@", "a.", "one ", "@", "www.", "a at dot ", "1", "bc1", "a-", "((((", "0x", "at [dot] ", "+"]


@pytest.mark.parametrize("piece", HOSTILE)
def test_long_text_of_nearly_contact_points_is_searched(piece: str) -> None:
    text = (piece * 100_000)[:100_000]
    assert len(mask_contacts(text)) == len(text)
