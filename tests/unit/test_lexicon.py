"""The lexicon: a broken file is refused by entry and field, and every English entry does as its examples say."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, get_args

import pytest

from classifier.errors import TaxonomyError
from classifier.lexicon import (
    Cue,
    CueKind,
    CueScope,
    LexiconPattern,
    available_languages,
    build_lexicon,
    load_lexicon,
)
from classifier.pipeline import Pipeline
from classifier.taxonomy import load_taxonomy

FILE = "lexicon/xx.toml"
LEXICON = load_lexicon("en")
ENTRIES: list[LexiconPattern | Cue] = [*LEXICON.patterns, *LEXICON.cues]
LEAST_PATTERNS = 25

PATTERN: Mapping[str, Any] = {
    "id": "keeps-passport",
    "indicator": "document_retention",
    "pattern": "keep ..2 @papers",
    "match": ["he keeps my passport"],
    "reject": ["keep the change"],
}
CUE: Mapping[str, Any] = {
    "id": "neg-no",
    "assertion": "negated",
    "pattern": "=no",
    "scope": "after",
    "reach": 9,
    "match": ["no debt"],
    "reject": ["a debt"],
}


def build_data(pattern: Mapping[str, Any] = PATTERN, cue: Mapping[str, Any] = CUE, **changes: object) -> dict[str, Any]:
    """A lexicon file of one pattern and one cue, as TOML is read."""
    data = {"version": "1.0", "language": "xx", "sets": {"papers": ["passport"]}, "irregular": {"keep": ["kept"]}}
    return {**data, "common": ["the"], "terminators": ["but"], "pattern": [pattern], "cue": [cue]} | changes


def without(entry: Mapping[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != field}


def test_lexicon_holds_what_its_file_says() -> None:
    lexicon = build_lexicon(build_data(), FILE)
    assert (lexicon.language, lexicon.version, lexicon.terminators) == ("xx", "1.0", frozenset({"but"}))
    assert [pattern.id for pattern in lexicon.patterns] == ["keeps-passport"]
    assert [(cue.id, cue.assertion, cue.scope, cue.reach) for cue in lexicon.cues] == [
        ("neg-no", "negated", "after", 9)
    ]
    assert {"kept", "passports", "no", "the"} <= lexicon.words


def test_matches_are_numbered_by_patterns_and_then_cues() -> None:
    matches = build_lexicon(build_data(), FILE).matcher.match(["no", "he", "kept", "my", "passport"], 0, 5)
    assert [(match.pattern, match.first, match.last) for match in matches] == [(0, 2, 5), (1, 0, 1)]


BROKEN = [
    ("pattern lacks a field", build_data(without(PATTERN, "reject")), "'keeps-passport' lacks reject"),
    ("entry lacks its id", build_data(without(PATTERN, "id")), r"'\(no id\)' lacks id"),
    ("cue lacks fields", build_data(cue=without(without(CUE, "reach"), "scope")), "'neg-no' lacks reach, scope"),
    (
        "pattern has a cue's field",
        build_data({**PATTERN, "scope": "after"}),
        "'keeps-passport' has unknown scope; allow",
    ),
    (
        "unknown indicator",
        build_data({**PATTERN, "indicator": "debts"}),
        "indicator 'debts' is unknown; allowed: abuse_",
    ),
    ("unknown assertion", build_data(cue={**CUE, "assertion": "maybe"}), "assertion is 'maybe'; allowed: negated, hyp"),
    (
        "unknown scope",
        build_data(cue={**CUE, "scope": "around"}),
        "scope is 'around'; allowed: after, before, sentence",
    ),
    ("reach of nothing", build_data(cue={**CUE, "reach": 0}), "reach is 0; allowed: whole numbers from 1"),
    ("reach in words", build_data(cue={**CUE, "reach": "nine"}), "reach is 'nine'; allowed: whole numbers from 1"),
    ("no example", build_data({**PATTERN, "match": []}), "'keeps-passport' needs at least one example in match"),
    ("example outside a list", build_data({**PATTERN, "reject": "keep it"}), "reject is 'keep it'; allowed: a list"),
    ("id used twice", build_data(cue={**CUE, "id": "keeps-passport"}), "ids used twice: keeps-passport"),
    (
        "unknown set",
        build_data({**PATTERN, "pattern": "@cards"}),
        "'keeps-passport': pattern '@cards' uses set '@cards'",
    ),
    ("broken element", build_data(cue={**CUE, "pattern": "(no"}), r"'neg-no': pattern '\(no' has element '\(no'"),
    ("misspelt table", build_data(patern=[PATTERN]), r"lexicon/xx.toml has unknown patern; allowed: \['common'"),
    ("no language", without(build_data(), "language"), "lexicon/xx.toml lacks language"),
]


@pytest.mark.parametrize(("data", "message"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_broken_lexicon_is_refused_with_file_and_field(data: Mapping[str, Any], message: str) -> None:
    with pytest.raises(TaxonomyError, match=message) as caught:
        build_lexicon(data, FILE)
    assert str(caught.value).startswith(FILE)


def test_language_without_lexicon_is_refused_with_those_that_have_one() -> None:
    with pytest.raises(TaxonomyError, match=r"no lexicon for language 'xx'; there are .*\ben\b"):
        load_lexicon("xx")


def test_english_is_available() -> None:
    assert "en" in available_languages()


def found_in(pipeline: Pipeline, number: int, text: str) -> bool:
    """Whether entry `number` is met in a text that went through normalisation, tokenizer and sentences."""
    parsed = pipeline.parse(text)
    return any(
        match.pattern == number
        for first, last in parsed.sentences.tolist()
        for match in LEXICON.matcher.match(parsed.tokens, first, last)
    )


@pytest.mark.parametrize("number", range(len(ENTRIES)), ids=[entry.id for entry in ENTRIES])
def test_entry_matches_and_rejects_its_examples(number: int, pipeline: Pipeline) -> None:
    entry = ENTRIES[number]
    assert [text for text in entry.match if not found_in(pipeline, number, text)] == [], "examples in match not met"
    assert [text for text in entry.reject if found_in(pipeline, number, text)] == [], "examples in reject met"


def test_every_entry_has_a_look_alike_that_it_must_not_match() -> None:
    assert [entry.id for entry in ENTRIES if not entry.reject] == []


@pytest.mark.parametrize("indicator", load_taxonomy().ids)
def test_indicator_has_enough_patterns(indicator: str) -> None:
    assert Counter(pattern.indicator for pattern in LEXICON.patterns)[indicator] >= LEAST_PATTERNS


@pytest.mark.parametrize("kind", get_args(CueKind))
def test_there_are_cues_of_each_kind(kind: str) -> None:
    assert [cue.id for cue in LEXICON.cues if cue.assertion == kind]


@pytest.mark.parametrize("scope", get_args(CueScope))
def test_there_are_cues_of_each_scope(scope: str) -> None:
    assert [cue.id for cue in LEXICON.cues if cue.scope == scope]


def test_words_are_lower_case_as_tokens_are() -> None:
    assert {word for word in LEXICON.words if word != word.lower()} == set()
