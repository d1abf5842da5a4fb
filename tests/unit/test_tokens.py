"""The reader of tokens: it gives what spaCy's tokenizer gives, whatever it remembers."""

from collections.abc import Callable

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokenizer import Tokenizer

from classifier.tokens import TokenReader, fold_case

Row = list[tuple[str, int, int]]


@pytest.fixture(scope="module")
def reader() -> TokenReader:
    return TokenReader("en")


@pytest.fixture(scope="module")
def cut_by_spacy() -> Callable[[str], Row]:
    """Tokens and their bounds as spaCy gives them, but for the two words that it misreads."""
    tokenizer: Tokenizer = spacy.blank("en").tokenizer
    tokenizer.rules = {form: rule for form, rule in tokenizer.rules.items() if form.lower() not in {"id", "wed"}}

    def read(text: str) -> Row:
        bounds = [(token.idx, token.idx + len(token)) for token in tokenizer(text) if not token.is_space]
        return [(fold_case(text)[start:end], start, end) for start, end in bounds]

    return read


def cut(text: str, reader: TokenReader) -> Row:
    row = reader.read(text)
    tokens = [row.words.strings[number] for number in row.numbers.tolist()]
    return list(zip(tokens, row.starts.tolist(), row.ends.tolist(), strict=True))


TEXTS = {
    "words and marks": "He took it, twice. He didn't (ever) pay us $4,000!",
    "white space of all kinds": "  a\n\nb \t c\u00a0d\u2003e \n",
    "nothing": "",
    "white space alone": " \n ",
    "abbreviations": "Mr. Smith of the U.S. left at 5 p.m. or 6a.m. and/or later, i.e. never.",
    "capital sigma at the end of a word": "\u039f\u0394\u039f\u03a3 \u039f\u0394\u039f\u03a3'\u0391",
    "a letter that grows": "\u0130zmir and \u0130stanbul's",
    "pictures": "pay \U0001f600\U0001f600 me :) :-( 8-) <3",
    "a special case in two halves": ": ) and 8 ) and : -( and :'(",
    "halves that keep a special case from being found": "P 3 !\n) -:> 's ){3 o( o:( / ^_^ :( -:)",
    "a picture beside its own half": "no :( ( and :'( ' and ) : :)",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_tokens_are_those_of_spacy(text: str, reader: TokenReader, cut_by_spacy: Callable[[str], Row]) -> None:
    expected = cut_by_spacy(text)
    assert cut(text, reader) == expected
    # And once more, from memory.
    assert cut(text, reader) == expected


parts = st.sampled_from(
    [
        ":",
        ")",
        "(",
        "-",
        "'",
        "8",
        ".",
        "o",
        "D",
        "a",
        "m",
        "Mr",
        "it",
        "'s",
        "can",
        "not",
        ":)",
        ":(",
        "a.m.",
        ":'(",
        "n't",
    ]
)


@given(row=st.lists(st.tuples(parts, st.sampled_from(["", " ", " ", "\n"])), max_size=12))
@settings(deadline=None, max_examples=150)
def test_marks_beside_blanks_are_cut_as_by_spacy(
    row: list[tuple[str, str]], reader: TokenReader, cut_by_spacy: Callable[[str], Row]
) -> None:
    text = "".join(part + gap for part, gap in row)
    assert cut(text, reader) == cut_by_spacy(text)


def test_stretch_without_end_is_not_remembered(reader: TokenReader) -> None:
    text = "he took " + "(?" * 150 + " it"
    tokens = [token for token, _, _ in cut(text, reader)]
    assert "".join(tokens) == "".join(text.split())
    assert cut(text, reader) == cut(text, reader)


def test_memory_that_starts_anew_changes_nothing() -> None:
    kept = TokenReader("en")
    forgetful = TokenReader("en", kept_chunks=3)
    for number in range(6):
        text = f"He took {number} things, didn't he? wug{number} :)"
        assert cut(text, forgetful) == cut(text, kept)


def test_same_word_has_the_same_number_in_all_texts(reader: TokenReader) -> None:
    first, second = reader.read("Passports, passports"), reader.read("my PASSPORTS!")
    assert first.words is second.words
    assert first.numbers[0] == first.numbers[2] == second.numbers[1]


def test_starts_ascend_and_lie_in_the_text(reader: TokenReader) -> None:
    text = "a  b\n\nc's  day."
    row = reader.read(text)
    assert (np.diff(row.starts) > 0).all()
    assert [text[a:b] for a, b in zip(row.starts.tolist(), row.ends.tolist(), strict=True)] == [
        "a",
        "b",
        "c",
        "'s",
        "day",
        ".",
    ]
