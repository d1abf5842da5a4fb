"""The pipeline: which tokens a text has, where they stand in the submitted text, its sentences, phrases and states."""

import numpy as np
import pytest

from classifier.errors import TaxonomyError
from classifier.pipeline import Parse, Pipeline, fold_case
from classifier.taxonomy import load_taxonomy


def shown(parsed: Parse) -> list[str]:
    """What each token covers in the submitted text."""
    spans = [parsed.source_span(place, place + 1) for place in range(len(parsed.tokens))]
    return [parsed.normalised.source[start:end] for start, end in spans]


TOKENS = [
    ("words and marks", "He took it, twice.", ["he", "took", "it", ",", "twice", "."]),
    ("contractions", "don't cannot wasn't we're", ["do", "n't", "can", "not", "was", "n't", "we", "'re"]),
    ("contractions without a mark", "dont isnt", ["do", "nt", "is", "nt"]),
    ("a document of identity", "my ID is gone", ["my", "id", "is", "gone"]),
    ("the same in lower case", "took my id and iD", ["took", "my", "id", "and", "id"]),
    ("what is not a document", "I'd go", ["i", "'d", "go"]),
    ("a marriage", "She was wed at 15", ["she", "was", "wed", "at", "15"]),
    ("amounts", "$4,000 each", ["$", "4,000", "each"]),
    ("hyphens", "a day-off", ["a", "day", "-", "off"]),
    ("white space of any kind", "a\t b\n\n c\u00a0d", ["a", "b", "c", "d"]),
    ("curly marks", "doesn\u2019t pay", ["does", "n't", "pay"]),
]


@pytest.mark.parametrize(("text", "tokens"), [case[1:] for case in TOKENS], ids=[case[0] for case in TOKENS])
def test_text_is_cut_into_tokens(text: str, tokens: list[str], pipeline: Pipeline) -> None:
    assert pipeline.parse(text).tokens == tokens


WIDE = "".join(chr(ord(letter) + 0xFEE0) for letter in "passport")
STRUCK = "".join(f"{letter}\u0336" for letter in "passport")
DISGUISES = [
    ("nothing", "my passport is gone", "passport"),
    ("capitals", "MY PASSPORT IS GONE", "PASSPORT"),
    ("spaced letters", "my p a s s p o r t is gone", "p a s s p o r t"),
    ("dotted letters", "my p.a.s.s.p.o.r.t is gone", "p.a.s.s.p.o.r.t"),
    ("figures", "my p4ssp0rt is gone", "p4ssp0rt"),
    ("invisible code points", "my pass\u200b\u200dport is gone", "pass\u200b\u200dport"),
    ("look-alikes", "my p\u0430ssport is gone", "p\u0430ssport"),
    ("wide letters", f"my {WIDE} is gone", WIDE),
    ("struck-out letters", f"my {STRUCK} is gone", STRUCK),
    ("stretched letters", "my passsssport is gone", "passsssport"),
    ("markup", "my <b>pass</b>port is gone", "pass</b>port"),
    ("entities", "my pass&#112;ort is gone", "pass&#112;ort"),
]


@pytest.mark.parametrize(("text", "covered"), [case[1:] for case in DISGUISES], ids=[case[0] for case in DISGUISES])
def test_disguised_word_is_read_and_covers_what_was_submitted(text: str, covered: str, pipeline: Pipeline) -> None:
    parsed = pipeline.parse(text)
    assert parsed.tokens == ["my", "passport", "is", "gone"]
    assert shown(parsed)[1] == covered


def test_bounds_of_all_tokens_are_those_of_each(pipeline: Pipeline) -> None:
    for text in ("plain words only.", "my p a s s p o r t, &amp; <i>phone</i>"):
        parsed = pipeline.parse(text)
        starts, ends = parsed.source_bounds()
        each = [parsed.source_span(place, place + 1) for place in range(len(parsed.tokens))]
        assert list(zip(starts.tolist(), ends.tolist(), strict=True)) == each


def test_stretch_of_tokens_covers_what_stands_between_them(pipeline: Pipeline) -> None:
    text = "he <b>took</b> my  p4ssp0rt!"
    start, end = pipeline.parse(text).source_span(1, 4)
    assert text[start:end] == "took</b> my  p4ssp0rt"


@pytest.mark.parametrize("text", ["", " \n ", "\u200b\u200b", "\ufeff", "<br>", "\x00"], ids=ascii)
def test_text_without_anything_to_see_has_no_tokens(text: str, pipeline: Pipeline) -> None:
    parsed = pipeline.parse(text)
    assert parsed.tokens == []
    assert parsed.sentences.shape == (0, 2)
    assert parsed.states.shape == (0,)
    assert list(parsed.hits) == []


@pytest.mark.parametrize(
    "stretch", ["\U0001f600" * 5_000, "," * 5_000, "a.b" * 2_000, "x" * 5_000, "(?" * 2_500], ids=ascii
)
def test_long_stretch_without_a_blank_is_cut_and_loses_nothing(stretch: str, pipeline: Pipeline) -> None:
    """The tokenizer's time is quadratic in such a stretch, so it is handed over in pieces."""
    text = f"he took {stretch} my passport"
    parsed = pipeline.parse(text)
    # A row of one letter is shortened by normalisation, so the pieces are compared with what was read.
    assert "".join(parsed.tokens) == "".join(parsed.normalised.text.lower().split())
    assert parsed.tokens[:2] == ["he", "took"]
    assert parsed.tokens[-2:] == ["my", "passport"]
    assert shown(parsed)[-1] == "passport"
    pieces = zip(parsed.starts.tolist(), parsed.ends.tolist(), parsed.tokens, strict=True)
    assert all(parsed.normalised.text[start:end].lower() == token for start, end, token in pieces)


def test_case_is_folded_without_moving_an_offset() -> None:
    assert fold_case("ABC\u0130D \u1e9e") == "abcid \u00df"


def test_sentences_hold_every_token_once(pipeline: Pipeline) -> None:
    parsed = pipeline.parse("He took my passport. I was locked in!\n- no pay\n- no food\n\nHelp \U0001f64f\U0001f64f")
    rows = [parsed.tokens[first:last] for first, last in parsed.sentences.tolist()]
    assert [token for row in rows for token in row] == parsed.tokens
    assert all(rows)
    assert len(rows) >= 4


def test_pattern_does_not_reach_into_the_next_sentence(pipeline: Pipeline) -> None:
    assert list(pipeline.parse("I was locked. In the house it is warm.").hits) == []
    assert list(pipeline.parse("I was locked in the house. It is warm.").hits) != []


def test_hits_stand_in_reading_order_within_their_sentences(pipeline: Pipeline) -> None:
    parsed = pipeline.parse("He took my passport. We owe him and were never paid. Nobody locked us in the house.")
    places = [(hit.first, hit.last) for hit in parsed.hits]
    assert places == sorted(places)
    for hit in parsed.hits:
        first, last = parsed.sentences[hit.sentence].tolist()
        assert first <= hit.first < hit.last <= last


def test_hit_names_indicator_and_state(pipeline: Pipeline) -> None:
    parsed = pipeline.parse("Nobody locked us in, but he kept our passports.")
    ids = load_taxonomy().ids
    found = {(ids[hit.indicator], " ".join(parsed.tokens[hit.first : hit.last]), hit.state) for hit in parsed.hits}
    assert ("document_retention", "he kept our passports", 0) in found
    assert ("restriction_of_movement", "locked us in", 1) in found


def test_tokens_are_marked_by_the_cues_that_govern_them(pipeline: Pipeline) -> None:
    parsed = pipeline.parse("We were not beaten. If asked, say so.")
    states = dict(zip(parsed.tokens, parsed.states.tolist(), strict=True))
    assert (states["were"], states["beaten"], states["asked"]) == (0, 1, 2)
    assert len(parsed.states) == len(parsed.tokens)


def test_parse_does_not_depend_on_what_was_parsed_before() -> None:
    """Not even when spaCy starts anew in between, as it does once it has learned enough strings."""
    pipeline = Pipeline("en", load_taxonomy().ids, kept_strings=1400)
    text = "The b0ss keeps my p a s s p o r t, and zxqvw is gone."
    before = pipeline.parse(text)
    for number in range(4):
        pipeline.parse(f"word{number} other{number}'s thing-{number}")
    after = pipeline.parse(text)
    assert (after.tokens, after.hits) == (before.tokens, before.hits)
    assert np.array_equal(after.states, before.states)
    assert np.array_equal(after.sentences, before.sentences)


BATCH = [
    "Nobody locked us in, but he kept our passports.",
    "",
    "If asked, say so. The b0ss keeps my p a s s p o r t, and zxqvw is gone.",
    "\u200b",
    # A cue or phrase that reaches for the next text finds none: it is another document.
    "We were not",
    "beaten. I was locked",
    "in the house. We owe him. Never",
    "Nobody locked us in, but he kept our passports.",
]


def check_same(found: Parse, expected: Parse) -> None:
    assert (found.tokens, found.hits, found.normalised.text) == (
        expected.tokens,
        expected.hits,
        expected.normalised.text,
    )
    for name in ("starts", "ends", "sentences", "states", "alphabetic"):
        assert np.array_equal(getattr(found, name), getattr(expected, name)), name
    assert found.source_bounds()[0].tolist() == expected.source_bounds()[0].tolist()


def test_texts_parsed_together_are_parsed_as_each_alone(pipeline: Pipeline) -> None:
    together = pipeline.parse_many(BATCH)
    assert len(together) == len(BATCH)
    assert sum(len(parsed.hits) for parsed in together) >= 3
    for text, found in zip(BATCH, together, strict=True):
        check_same(found, pipeline.parse(text))


def test_order_of_texts_parsed_together_changes_nothing(pipeline: Pipeline) -> None:
    backwards = pipeline.parse_many(BATCH[::-1])
    for found, expected in zip(backwards[::-1], pipeline.parse_many(BATCH), strict=True):
        check_same(found, expected)


@pytest.mark.parametrize("texts", [[], [""], ["", "\u200b", "<br>"]], ids=["none", "an empty one", "nothing to see"])
def test_texts_without_tokens_are_parsed_together(texts: list[str], pipeline: Pipeline) -> None:
    found = pipeline.parse_many(texts)
    assert [(parsed.tokens, parsed.hits, len(parsed.sentences)) for parsed in found] == [([], [], 0)] * len(texts)


def test_texts_parsed_together_stand_when_spacy_starts_anew_between_them() -> None:
    """Each parse keeps the words it was numbered by."""
    ids = load_taxonomy().ids
    texts = [f"word{number} other{number}'s thing-{number} is not gone." for number in range(4)]
    few, many = Pipeline("en", ids, kept_strings=1400), Pipeline("en", ids)
    for found, expected in zip(few.parse_many(texts), many.parse_many(texts), strict=True):
        check_same(found, expected)
        assert found.words is not None
        assert [found.words.strings[number] for number in found.numbers.tolist()] == found.tokens


def test_language_without_lexicon_has_no_pipeline() -> None:
    with pytest.raises(TaxonomyError, match="no lexicon for language 'xx'"):
        Pipeline("xx", load_taxonomy().ids)
