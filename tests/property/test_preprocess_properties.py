"""What holds for any text whatever: the way back to the source, clean output, and sentences that lose nothing."""

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.preprocess import normalise
from classifier.sentences import sentence_bounds

KNOWN = frozenset({"a", "boss", "i", "money", "my", "pass", "passport", "pay", "please", "the", "took"})

# Pieces that meet the repairs far more often than random code points do.
PIECES = st.sampled_from(
    [
        *(
            "p a s s p o r t",
            "p.a.s.s.",
            "p4ssp0rt",
            "pa$$",
            "pleeease",
            "passss",
            "  ",
            "\t",
            "\r\n",
            "\n",
            "\n\n",
            " ",
        ),
        *("<b>", "</p>", "<!--", "-->", "<script>", "</script>", "<a href=", "<", "&amp;", "&#8203;", "&lt;", "&", ";"),
        *("\u200b", "\xad", "\ufe0f", "\u202e", "\ufeff", "\x00", "\x1f", "\x92", "\ud800", "\udc00", "\u2028"),
        *("e\u0301", "\u0301", "\u0323", "\u0336", "\u1112\u1161", "\u11ab", "ﬁ", "\ufdfa", "½", "ǆ", "İ", "ᴘ", "🅰"),
        *(
            "рау",
            "раy",
            "паспорт",
            "α",
            "😂",
            "👩\u200d👧",
            "é",
            "’",
            "—",
            "…",
            "Mr. ",
            "No. 5",
            "14. ",
            "a) ",
            "- ",
            "• ",
        ),
        *(
            "Ana: ",
            "10:12 Ana: ",
            "[Mon] ",
            "He left.",
            "he left",
            "?!",
            '."',
            "x" * 70,
            "word " * 70,
            "U.S. ",
            "p.m. ",
        ),
    ]
)
ANY_TEXT = st.text(st.characters(exclude_categories=()))
TEXTS = st.one_of(ANY_TEXT, st.lists(st.one_of(PIECES, ANY_TEXT), max_size=12).map("".join))

HOSTILE = {
    "no blanks": "x" * 20_000,
    "pictures": "😂" * 10_000,
    "piled marks": "a" + "\u0301\u0323" * 10_000,
    "piled marks beyond the basic plane": "\U0001d165\U0001d17b" * 5_000,
    "open brackets": "<" * 20_000,
    "open tags": "<a " * 7_000,
    "open attributes": "<a " + "=" * 20_000,
    "open comments": "<!--" * 5_000,
    "open scripts": "<script>" * 3_000,
    "ampersands": "&" * 20_000,
    "escaped ampersands": "&amp;" * 4_000,
    "spaced letters": "a b " * 5_000,
    "dotted letters": "a." * 10_000 + "ab",
    "figures and letters": "p4" * 10_000,
    "address starts": "http://" * 3_000,
    "long rows": "aaabbbccc" * 2_000,
    "full stops": ". " * 10_000,
    "numbers": "1. " * 7_000,
    "capitals on lines": "A\n" * 10_000,
    "brackets on lines": "[\n" * 10_000,
    "names without a colon": ("A" * 20 + " ") * 1_000,
}


def check_way_back(source: str) -> None:
    normalised = normalise(source, KNOWN)
    assert normalised.source == source
    before = (0, 0)
    for i in range(len(normalised.text)):
        start, end = normalised.to_source(i, i + 1)
        assert 0 <= start < end <= len(source)
        assert start >= before[0]
        assert end >= before[1]
        before = start, end


def check_sentences(text: str) -> None:
    bounds = sentence_bounds(text)
    before = 0
    for start, end in bounds:
        assert before <= start < end <= len(text)
        assert text[before:start].strip() == ""
        assert text[start:end] == text[start:end].strip()
        assert end - start <= 600
        before = end
    assert text[before:].strip() == ""


@given(TEXTS)
@settings(max_examples=400)
def test_every_code_point_maps_to_a_stretch_of_the_source_in_order(source: str) -> None:
    check_way_back(source)


@given(TEXTS, st.data())
def test_span_maps_to_a_stretch_that_is_not_empty(source: str, data: st.DataObject) -> None:
    normalised = normalise(source, KNOWN)
    size = len(normalised.text)
    start = data.draw(st.integers(0, size))
    end = data.draw(st.integers(start, size))
    first, last = normalised.to_source(start, end)
    assert 0 <= first <= last <= len(source)
    assert bool(normalised.source[first:last]) == (start < end)


@given(TEXTS)
def test_nothing_invisible_is_left(source: str) -> None:
    text = normalise(source, KNOWN).text
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff\u200b-\u200f\u202a-\u202e\ufeff]", text)
    assert "  " not in text


@given(st.text(st.characters(exclude_categories=["C", "M"], exclude_characters="\ufdfa\ufdfb"), max_size=40))
def test_text_without_marks_comes_out_in_compatibility_form(source: str) -> None:
    text = normalise(source).text
    assert unicodedata.is_normalized("NFKC", text)


@given(st.text(st.characters(codec="ascii", categories=["Lu", "Ll", "Zs"]), max_size=60))
def test_normalising_twice_changes_nothing_more(source: str) -> None:
    once = normalise(source, KNOWN).text
    assert normalise(once, KNOWN).text == once


@given(TEXTS)
@settings(max_examples=400)
def test_sentences_hold_every_code_point_that_shows_once(text: str) -> None:
    check_sentences(text)


@given(TEXTS)
def test_sentences_of_normalised_text_map_to_the_source_in_order(source: str) -> None:
    normalised = normalise(source, KNOWN)
    spans = [normalised.to_source(*bounds) for bounds in sentence_bounds(normalised.text)]
    assert all(start < end for start, end in spans)
    assert spans == sorted(spans)


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
def test_hostile_repetition_is_survived(source: str) -> None:
    """No text may cost time out of proportion: a quadratic pass would hold this test up for all to notice."""
    check_way_back(source)
    check_sentences(normalise(source, KNOWN).text)
    check_sentences(source)
