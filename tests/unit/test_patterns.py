"""The pattern language: what an element means, what is refused, and that the search finds what a plain one does."""

import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.errors import TaxonomyError
from classifier.matcher import Match, PatternMatcher
from classifier.patterns import Element, Pattern, PatternCompiler, inflect

IRREGULAR = {"take": ["took", "taken", "taking"], "hold": ["held"]}
SETS = {"papers": ["passport", "=id"]}
COMMON = ["the", "my", "he"]


def build_compiler() -> PatternCompiler:
    return PatternCompiler(SETS, IRREGULAR, COMMON)


def find(pattern: str, text: str) -> list[tuple[int, int]]:
    """The bounds of all matches of one pattern in a sentence of plain words."""
    tokens = text.split()
    matches = PatternMatcher([build_compiler().compile(pattern)]).match(tokens, 0, len(tokens))
    return [(match.first, match.last) for match in matches]


INFLECTED = [
    ("lock", {"lock", "locks", "locked", "locking"}),
    ("take", {"take", "takes", "took", "taken", "taking"}),
    ("refuse", {"refuse", "refuses", "refused", "refusing"}),
    ("deny", {"deny", "denies", "denied", "denying"}),
    ("stay", {"stay", "stays", "stayed", "staying"}),
    ("watch", {"watch", "watches", "watched", "watching"}),
    ("slap", {"slap", "slaps", "slapped", "slapping"}),
    ("hold", {"hold", "holds", "held", "holding"}),
]


@pytest.mark.parametrize(("word", "forms"), INFLECTED, ids=[word for word, _ in INFLECTED])
def test_word_is_inflected_by_its_ending(word: str, forms: set[str]) -> None:
    assert forms <= inflect(word, IRREGULAR)


@pytest.mark.parametrize("word", ["x-ray", "id", "'s", "24h"], ids=str)
def test_what_is_no_plain_word_is_not_inflected(word: str) -> None:
    assert inflect(word, IRREGULAR) == {word}


FITS = [
    ("any form of a word", "take", "he took it", [(1, 2)]),
    ("this form only", "=take", "they take what he took", [(1, 2)]),
    ("one of several", "(take|=held) my", "he held my bag", [(1, 3)]),
    ("one of a set, inflected", "take my @papers", "taken my passports", [(0, 3)]),
    ("one of a set, as it stands", "my @papers", "my id", [(0, 2)]),
    ("an optional element that is there", "take my? =passport", "took my passport", [(0, 3)]),
    ("an optional element that is not", "take my? =passport", "took passport", [(0, 2)]),
    ("an optional first element is taken in", "my? =passport", "my passport", [(0, 2)]),
    ("an optional last element is taken in", "=passport away?", "passport away", [(0, 2)]),
    ("an empty gap", "take ..2 =passport", "took passport", [(0, 2)]),
    ("a full gap", "take ..2 =passport", "took all my passport", [(0, 4)]),
    ("a gap before the rarer word", "=he ..2 =passport", "he took my passport", [(0, 4)]),
    ("a gap kept where an optional element is missing", "take ..2 my? =passport", "took a b passport", [(0, 4)]),
    ("the wider of two gaps there", "take ..1 my? ..3 =passport", "took a b c passport", [(0, 5)]),
    ("the shortest fit from each anchor", "take ..4 =passport", "took took a passport a", [(1, 4)]),
    ("every place", "take", "took or take or taken", [(0, 1), (2, 3), (4, 5)]),
]
MISSES = [
    ("another form", "=take", "he took it"),
    ("a gap too wide", "take ..2 =passport", "took a b c passport"),
    ("another order", "take =passport", "passport taken"),
    ("a word too few", "take my =passport", "took passport"),
    ("an uninflected set word", "my @papers", "my ids"),
]


@pytest.mark.parametrize(("pattern", "text", "bounds"), [fit[1:] for fit in FITS], ids=[fit[0] for fit in FITS])
def test_pattern_fits(pattern: str, text: str, bounds: list[tuple[int, int]]) -> None:
    assert find(pattern, text) == bounds


@pytest.mark.parametrize(("pattern", "text"), [miss[1:] for miss in MISSES], ids=[miss[0] for miss in MISSES])
def test_pattern_does_not_fit(pattern: str, text: str) -> None:
    assert find(pattern, text) == []


REFUSED = [
    ("an unknown set", "take @things", r"uses set '@things'; the sets are \['papers'\]"),
    ("an empty group", "take ()", r"has element '\(\)'; allowed: word, =word, \(a\|b\), @set, x\?, \.\.N"),
    ("an open group", "take (a|b", r"has element '\(a\|b'"),
    ("a group without marks", "a|b", r"has element 'a\|b'"),
    ("a wide gap", "take ..12 it", r"has element '\.\.12'; allowed"),
    ("a gap at the end", "take it ..2", r"must not end in a gap"),
    ("optional elements only", "my? own?", r"needs an element that is not optional"),
    ("nothing at all", "", r"needs an element that is not optional"),
]


@pytest.mark.parametrize(("pattern", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_broken_pattern_is_refused_with_what_is_allowed(pattern: str, message: str) -> None:
    with pytest.raises(TaxonomyError, match=message):
        build_compiler().compile(pattern)


def test_pattern_never_leaves_its_sentence() -> None:
    tokens = ["he", "took", "the", "money", ".", "passport"]
    matcher = PatternMatcher([build_compiler().compile("take ..6 =passport")])
    assert matcher.match(tokens, 0, 5) == []
    assert matcher.match(tokens, 0, 6) == [Match(0, 1, 6)]


def test_matches_come_by_pattern_then_from_left_to_right() -> None:
    compiler = build_compiler()
    matcher = PatternMatcher([compiler.compile(text) for text in ("=b", "=a", "=never", "=a =b")])
    tokens = ["a", "b", "a"]
    assert matcher.match(tokens, 0, 3) == [Match(0, 1, 2), Match(1, 0, 1), Match(1, 2, 3), Match(3, 0, 2)]


def test_matcher_knows_every_word_form_of_its_patterns() -> None:
    matcher = PatternMatcher([build_compiler().compile("take my? @papers")])
    assert {"took", "taking", "my", "passports", "id"} <= matcher.words


def test_common_word_is_not_where_a_search_starts() -> None:
    assert build_compiler().compile("=the take =he").anchor == 1


elements = st.builds(
    Element,
    forms=st.sets(st.sampled_from("abc"), min_size=1, max_size=2).map(frozenset),
    optional=st.booleans(),
    gap=st.integers(0, 2),
)


@st.composite
def patterns(draw: st.DrawFn) -> Pattern:
    """Any pattern over three words, with any of its required elements as the anchor."""
    chosen = draw(st.lists(elements, min_size=1, max_size=5).filter(lambda found: not all(e.optional for e in found)))
    first = Element(chosen[0].forms, chosen[0].optional, 0)
    anchors = [place for place, element in enumerate(chosen) if not element.optional]
    return Pattern((first, *chosen[1:]), draw(st.sampled_from(anchors)))


def as_expression(row: Sequence[Element]) -> str:
    """The pattern as a regular expression over words of one letter each: the plain search to compare with."""
    if not row:
        return ""
    head, rest = row[0], row[1:]
    here = f".{{0,{head.gap}}}[{''.join(sorted(head.forms))}]{as_expression(rest)}"
    if not head.optional:
        return here
    if rest:
        rest = (Element(rest[0].forms, rest[0].optional, max(head.gap, rest[0].gap)), *rest[1:])
    return f"(?:{here}|{as_expression(rest)})"


@given(st.lists(patterns(), min_size=1, max_size=4), st.text("abcd", max_size=12))
@settings(deadline=None, max_examples=300)
def test_search_finds_what_a_plain_search_finds(chosen: list[Pattern], text: str) -> None:
    found = PatternMatcher(chosen).match(list(text), 0, len(text))
    for number, pattern in enumerate(chosen):
        expression = re.compile(as_expression(pattern.elements))
        mine = [match for match in found if match.pattern == number]
        assert bool(mine) == bool(expression.search(text))
        assert all(expression.fullmatch(text[match.first : match.last]) for match in mine)
