"""Which language a text is taken to be in."""

import pytest

from classifier.language import UNDETERMINED, detect_language, identify_language

ENGLISH = "the manager took my passport and he keeps it in his safe until the season ends"
SPANISH = "el patrón nos quitó los pasaportes y no nos deja salir de la casa por la noche"
FRENCH = "le patron nous a pris nos passeports et nous ne pouvons pas sortir de la maison"


def test_text_without_words_is_in_no_language() -> None:
    found = detect_language("12 345 !!", coverage=0.0, words=0, language="en")
    assert (found.code, found.probability, found.supported) == (UNDETERMINED, 0.0, False)


@pytest.mark.parametrize("text", [ENGLISH, "boss don tek my passport since"], ids=["standard", "pidgin"])
def test_text_of_known_words_is_in_the_language_that_knows_them(text: str) -> None:
    """An identifier would take much of what people write for another language."""
    found = detect_language(text, coverage=0.9, words=len(text.split()), language="en")
    assert (found.code, found.supported) == ("en", True)
    assert 0.9 < found.probability < 1.0


@pytest.mark.parametrize(("text", "code"), [(SPANISH, "es"), (FRENCH, "fr")], ids=["es", "fr"])
def test_text_of_unknown_words_is_identified(text: str, code: str) -> None:
    found = detect_language(text, coverage=0.2, words=len(text.split()), language="en")
    assert (found.code, found.supported) == (code, False)
    assert 0.0 < found.probability <= 1.0


def test_english_of_unknown_words_is_still_english() -> None:
    found = detect_language(ENGLISH, coverage=0.3, words=16, language="en")
    assert (found.code, found.supported) == ("en", True)


def test_mostly_known_words_outweigh_an_identifier_in_doubt() -> None:
    found = detect_language("we wrk n wrk in d farm no salry", coverage=0.65, words=8, language="en")
    assert (found.code, found.supported) == ("en", True)
    assert found.probability == 0.65


def test_identifier_without_doubt_outweighs_half_known_words() -> None:
    found = detect_language(SPANISH, coverage=0.65, words=17, language="en")
    assert (found.code, found.supported) == ("es", False)


ACCENTED = "thé mánager tóok my pásspórt ánd hé kéeps ít ín hís sáfe"


def test_accents_on_every_word_do_not_make_it_another_language() -> None:
    found = detect_language(ACCENTED, coverage=0.1, words=11, language="en")
    assert (found.code, found.supported) == ("en", True)
    assert identify_language(ACCENTED)[0] == "en"


VIETNAMESE = "tôi quên chìa khóa ở văn phòng"


@pytest.mark.parametrize(("text", "code"), [(VIETNAMESE, "vi"), (SPANISH, "es")], ids=["vi", "es"])
def test_text_whose_accents_are_its_own_keeps_its_language(text: str, code: str) -> None:
    assert identify_language(text)[0] == code
    assert detect_language(text, coverage=0.1, words=7, language="en").code == code


@pytest.mark.parametrize("words", [1, 2], ids=str)
def test_one_or_two_words_must_all_be_known(words: int) -> None:
    assert detect_language("hola amigos", coverage=1.0, words=words, language="en").code == "en"
    assert detect_language("hola amigos", coverage=0.5, words=words, language="en").supported is False


def test_long_text_is_judged_by_its_beginning() -> None:
    whole = detect_language(SPANISH * 500, coverage=0.1, words=8000, language="en")
    assert whole == detect_language(f"{SPANISH * 500}{ENGLISH * 100}", coverage=0.1, words=9000, language="en")


def test_identification_is_repeatable() -> None:
    assert len({detect_language(FRENCH, coverage=0.1, words=15, language="en") for _ in range(5)}) == 1
