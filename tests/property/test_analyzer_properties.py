"""What holds for any text whatever and for any mixture of realistic sentences, on the shipped model."""

import random

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier import Analysis, Analyzer, Document, DocumentError
from tests.analyses import TEXTS, check_contract

SENTENCES = st.sampled_from(
    [
        *TEXTS.values(),
        "The boss keeps our passports in his safe.",
        "he took my p4ssp0rt and my p a s s p o r t",
        "nobody took my passport, nobody owes him anything.",
        "No fees, no deductions, no locked doors.",
        "We were never paid, and if we complain he calls immigration!",
        "They said waitress; it was a bar, and the debt grows each week.",
        "Employers must not withhold wages.",
        "Does your employer keep your passport?",
        "The audit found no retained passports and no unpaid wages.",
        "Two guards stand at the gate (nobody walks out) - we sleep fourteen to a room.",
        "The boys are eleven and dive for the nets from 4 am, seven days a week.",
        "Hostesses wanted, no experience, $5,000 a month, ticket paid, write on the app 2day!!!",
        "The cotton was picked under state quotas; the shipment was detained.",
        "The bus leaves at nine and the soup was good.",
        "<p>He <b>locked</b> us &amp; hid the key.</p>",
        "boss don tek my passport since, i no fit comot",
        "1. No pay\n2. No food\n3. No phone",
    ]
)
PIECES = st.sampled_from(
    [
        *(" ", "\n", "\n\n", "\t", ", ", "; ", " - ", " but ", " and ", " if ", " not ", " no ", "? ", "! ", "... "),
        *("\u200b", "\u202e", "\ufeff", "\x00", "\xad", "\ufe0f", "e\u0301", "\u0336", "\U0001f64f", "\u0130"),
        *("\u00bd", "\u2474", "\u2488", "\ufb01", "\u2026", "\ufdfa", "\u33c2", "\u24d0", "\u1e9e", "&nbsp;", "<br>"),
        *("zxqvw", "passport", "x" * 300, "12,000", "id", "wed", "don't", "cannot", "рассport", "паспорт", "護照"),
    ]
)
ANY_TEXT = st.text()
WITH_SURROGATES = st.text(st.characters(exclude_categories=()))
MIXTURES = st.lists(st.one_of(SENTENCES, PIECES, ANY_TEXT), max_size=10).map("".join)
TEXTS_OF_ALL_KINDS = st.one_of(ANY_TEXT, MIXTURES, st.lists(SENTENCES, max_size=6).map(" ".join))
# No deadline: the first text in a new language loads the identifier.
thorough = settings(deadline=None, max_examples=150)
batches = settings(deadline=None, max_examples=25)


def analyse(analyzer: Analyzer, text: str) -> Analysis | DocumentError:
    try:
        return analyzer.analyze(text)
    except DocumentError as error:
        return error


def to_bytes(result: Analysis | DocumentError) -> bytes:
    """Every digit of an analysis, or the code of an error."""
    return orjson.dumps({"error": result.code} if isinstance(result, DocumentError) else result)


def check_any(analyzer: Analyzer, text: str) -> None:
    result = analyse(analyzer, text)
    if isinstance(result, DocumentError):
        assert result.code == "empty_text"
        assert text.strip() == ""
    else:
        check_contract(result, text)


@given(text=st.one_of(WITH_SURROGATES, MIXTURES))
@thorough
def test_any_text_gets_an_analysis_that_keeps_the_contract(analyzer: Analyzer, text: str) -> None:
    check_any(analyzer, text)


@given(sentences=st.lists(SENTENCES, min_size=1, max_size=8), gap=st.sampled_from([" ", "\n", "\n\n", ", ", " \u200b"]))
@thorough
def test_any_mixture_of_sentences_keeps_the_contract(analyzer: Analyzer, sentences: list[str], gap: str) -> None:
    check_any(analyzer, gap.join(sentences))


@given(texts=st.lists(TEXTS_OF_ALL_KINDS, max_size=8))
@batches
def test_batch_is_the_same_as_each_alone_byte_for_byte(analyzer: Analyzer, texts: list[str]) -> None:
    together = [to_bytes(result) for result in analyzer.analyze_many([Document(text) for text in texts])]
    assert together == [to_bytes(analyse(analyzer, text)) for text in texts]


@given(texts=st.lists(TEXTS_OF_ALL_KINDS, min_size=2, max_size=8), drawn=st.randoms(use_true_random=False))
@batches
def test_order_of_documents_changes_nothing(analyzer: Analyzer, texts: list[str], drawn: random.Random) -> None:
    order = drawn.sample(range(len(texts)), len(texts))
    first = [to_bytes(result) for result in analyzer.analyze_many([Document(text) for text in texts])]
    second = list(analyzer.analyze_many([Document(texts[place]) for place in order]))
    assert [to_bytes(result) for result in second] == [first[place] for place in order]


@given(texts=st.lists(TEXTS_OF_ALL_KINDS, min_size=1, max_size=6), size=st.integers(1, 6))
@batches
def test_size_of_batches_changes_nothing(analyzer: Analyzer, texts: list[str], size: int) -> None:
    documents = [Document(text) for text in texts]
    whole = [to_bytes(result) for result in analyzer.analyze_many(documents)]
    parts = [documents[start : start + size] for start in range(0, len(documents), size)]
    assert [to_bytes(result) for part in parts for result in analyzer.analyze_many(part)] == whole


@given(text=MIXTURES, name=st.text(max_size=5))
@batches
def test_id_of_a_document_changes_nothing_else(analyzer: Analyzer, text: str, name: str) -> None:
    alone, named = (next(analyzer.analyze_many([Document(text, id=chosen)])) for chosen in (None, name))
    if isinstance(alone, Analysis) and isinstance(named, Analysis):
        assert (alone.indicators, alone.review, alone.context) == (named.indicators, named.review, named.context)
        assert named.id == name
