"""The lexicons of other languages than English: every entry does as its examples say, and no indicator is left out."""

from collections import Counter
from functools import cache
from typing import get_args

import pytest

from classifier.lexicon import Cue, CueKind, CueScope, LexiconPattern, available_languages, load_lexicon
from classifier.pipeline import Parse, Pipeline
from classifier.taxonomy import load_taxonomy

OTHERS = [language for language in available_languages() if language != "en"]
LEAST_PATTERNS = 12


def entries(language: str) -> list[LexiconPattern | Cue]:
    lexicon = load_lexicon(language)
    return [*lexicon.patterns, *lexicon.cues]


@cache
def pipeline_of(language: str) -> Pipeline:
    return Pipeline(language, load_taxonomy().ids)


def found_in(language: str, number: int, parsed: Parse) -> bool:
    matcher = load_lexicon(language).matcher
    return any(
        match.pattern == number
        for first, last in parsed.sentences.tolist()
        for match in matcher.match(parsed.tokens, first, last)
    )


CASES = [(language, number) for language in OTHERS for number in range(len(entries(language)))]


@pytest.mark.parametrize(
    ("language", "number"), CASES, ids=[f"{language} {entries(language)[number].id}" for language, number in CASES]
)
def test_entry_matches_and_rejects_its_examples(language: str, number: int) -> None:
    entry, parse = entries(language)[number], pipeline_of(language).parse
    assert [text for text in entry.match if not found_in(language, number, parse(text))] == [], "in match, not met"
    assert [text for text in entry.reject if found_in(language, number, parse(text))] == [], "in reject, met"


@pytest.mark.parametrize("language", OTHERS)
def test_every_entry_has_a_look_alike_that_it_must_not_match(language: str) -> None:
    assert [entry.id for entry in entries(language) if not entry.reject] == []


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("indicator", load_taxonomy().ids)
def test_indicator_has_enough_patterns(language: str, indicator: str) -> None:
    count = Counter(pattern.indicator for pattern in load_lexicon(language).patterns)
    assert count[indicator] >= LEAST_PATTERNS


@pytest.mark.parametrize("language", OTHERS)
def test_there_are_cues_of_each_kind_and_scope(language: str) -> None:
    cues = load_lexicon(language).cues
    assert {cue.assertion for cue in cues} == set(get_args(CueKind))
    assert {cue.scope for cue in cues} == set(get_args(CueScope))


HELD = [
    ("denied", "nadie nos quitó los pasaportes", 1),
    ("denied twice in one breath", "no nos quitó nunca nadie los pasaportes", 1),
    ("denied in a list", "ni nos encierran ni nos quitan los pasaportes", 1),
    ("said for the case that", "si alguien les quita el pasaporte, llamen", 2),
    ("asked", "¿les quitaron los pasaportes?", 2),
    ("asked without the first mark", "les quitaron los pasaportes?", 2),
    ("forbidden", "queda prohibido retener los pasaportes", 2),
    ("told", "el patrón nos quitó los pasaportes", 0),
    ("confirmed", "sí, el patrón nos quitó los pasaportes", 0),
    ("without accents", "si, el patron nos quito los pasaportes", 0),
]


@pytest.mark.parametrize(("text", "state"), [case[1:] for case in HELD], ids=[case[0] for case in HELD])
def test_spanish_is_held_as_it_says(text: str, state: int) -> None:
    column = load_taxonomy().ids.index("document_retention")
    hits = [hit for hit in pipeline_of("es").parse(text).hits if hit.indicator == column]
    assert {hit.state for hit in hits} == {state}


KEPT = [
    ("wages", "wage_withholding", "no nos pagaron las horas extra"),
    ("leaving", "restriction_of_movement", "no nos deja salir de la casa"),
    ("nobody", "restriction_of_movement", "nadie sale sin permiso del encargado"),
    ("a threat", "intimidation_threats", "si me voy llama a la migra"),
]


@pytest.mark.parametrize(("indicator", "text"), [case[1:] for case in KEPT], ids=[case[0] for case in KEPT])
def test_spanish_no_that_is_part_of_what_is_said_denies_nothing(indicator: str, text: str) -> None:
    column = load_taxonomy().ids.index(indicator)
    assert 0 in {hit.state for hit in pipeline_of("es").parse(text).hits if hit.indicator == column}


def test_spanish_is_read_alike_with_and_without_accents() -> None:
    text = "Él nos quitó el pasaporte, está en el cajón y así no podrá salir nadie de aquí."
    plain = text.translate(str.maketrans("éóáí", "eoai")).replace("Él", "El")
    with_accents, without = (pipeline_of("es").parse(one) for one in (text, plain))
    assert with_accents.tokens == without.tokens
    assert with_accents.hits == without.hits


def test_the_n_with_a_tilde_stays_a_letter_of_its_own() -> None:
    assert pipeline_of("es").parse("Hace años").tokens == ["hace", "años"]
