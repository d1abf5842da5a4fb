"""The analyzer's contract, held on the shipped model: what is in an analysis, and what is refused or abstained from."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from classifier import Analysis, Analyzer, Document, DocumentError, load
from classifier.artifact import DEFAULT_MODEL
from classifier.artifact import load as load_artifact
from classifier.errors import ArtifactError
from classifier.taxonomy import load_taxonomy
from tests.analyses import DENIAL, DISCLOSURE, GUIDANCE, OFFER, RECIPE, SPANISH, TEXTS, check_contract, score_of

MAX = 100_000
# No model of its language ships.
GERMAN = "Der Chef hat uns die Pässe weggenommen und lässt uns nachts nicht aus dem Haus."


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_analysis_keeps_its_contract(text: str, analyzer: Analyzer) -> None:
    check_contract(analyzer.analyze(text), text)


ASSERTED = [
    ("document_retention", "The manager took my passport and keeps it in his safe"),
    ("debt_bondage", "it goes up each week"),
    ("restriction_of_movement", "locked in the dormitory"),
]


@pytest.mark.parametrize(("indicator", "words"), ASSERTED, ids=[indicator for indicator, _ in ASSERTED])
def test_asserted_indicator_is_flagged_and_shown(indicator: str, words: str, analyzer: Analyzer) -> None:
    score = score_of(analyzer.analyze(DISCLOSURE), indicator)
    assert score.state == "asserted"
    assert any(words in span.text and span.assertion == "asserted" for span in score.spans)
    assert sum(span.contribution for span in score.spans) > 0.0


def test_told_situation_is_for_review_by_its_strongest_indicators(analyzer: Analyzer) -> None:
    analysis = analyzer.analyze(DISCLOSURE)
    assert analysis.context.label == "disclosure"
    assert analysis.review.flagged
    assert {"document_retention", "debt_bondage", "restriction_of_movement"} <= set(analysis.review.reasons)


def test_denied_indicator_is_shown_and_not_flagged(analyzer: Analyzer) -> None:
    analysis = analyzer.analyze(DENIAL)
    score = score_of(analysis, "document_retention")
    assert (score.state, score.flagged) == ("negated", False)
    assert {span.assertion for span in score.spans} == {"negated"}
    assert (analysis.review.flagged, analysis.review.reasons) == (False, ())


def test_supposed_indicator_is_shown_and_not_flagged(analyzer: Analyzer) -> None:
    analysis = analyzer.analyze(GUIDANCE)
    assert analysis.context.label == "guidance"
    score = score_of(analysis, "document_retention")
    assert (score.state, score.flagged) == ("hypothetical", False)
    assert {span.assertion for span in score.spans} == {"hypothetical"}
    assert analysis.review.reasons == ()


def test_unrelated_text_speaks_of_nothing(analyzer: Analyzer) -> None:
    analysis = analyzer.analyze(RECIPE)
    assert analysis.context.label == "unrelated"
    assert {score.state for score in analysis.indicators} == {"absent"}
    assert not any(score.spans for score in analysis.indicators)
    assert not analysis.review.flagged


def test_offer_is_read_as_one(analyzer: Analyzer) -> None:
    analysis = analyzer.analyze(OFFER)
    assert analysis.context.label == "solicitation"
    assert analysis.review.reasons[:1] == ("suspicious_recruitment",)


def test_context_probabilities_follow_the_taxonomy_and_add_up(analyzer: Analyzer) -> None:
    context = analyzer.analyze(OFFER).context
    assert list(context.probabilities) == [label.id for label in load_taxonomy().contexts]
    assert sum(context.probabilities.values()) == pytest.approx(1.0)
    assert context.label == max(context.probabilities, key=context.probabilities.__getitem__)


ABSTENTIONS = [
    ("German", Document(GERMAN), "de", "unsupported_language"),
    ("pictures", Document("\U0001f600\U0001f600 \U0001f389"), "und", "no_words"),
    ("figures", Document("12,345 - 678"), "und", "no_words"),
    ("nothing once normalised", Document("\u200b\u200b"), "und", "no_words"),
    ("markup alone", Document("<br><hr>"), "und", "no_words"),
    ("English by claim, nothing once normalised", Document("\u200b", language="en"), "en", "no_words"),
    ("another language by claim", Document(DISCLOSURE, language="de"), "de", "unsupported_language"),
]


@pytest.mark.parametrize(
    ("document", "language", "warning"), [case[1:] for case in ABSTENTIONS], ids=[case[0] for case in ABSTENTIONS]
)
def test_what_cannot_be_read_is_abstained_from(
    document: Document, language: str, warning: str, analyzer: Analyzer
) -> None:
    """An abstention is not an all-clear, and says so."""
    analysis = analyzer.analyze(document)
    check_contract(analysis, document.text)
    assert {score.state for score in analysis.indicators} == {"abstained"}
    assert analysis.language.code == language
    assert (analysis.context.label, dict(analysis.context.probabilities)) == (None, {})
    assert (analysis.review.probability, analysis.review.flagged, analysis.review.reasons) == (None, False, ())
    assert [found.code for found in analysis.warnings] == [warning]
    assert "not an all-clear" in analysis.warnings[0].detail


def test_claimed_language_is_taken_at_its_word(analyzer: Analyzer) -> None:
    analysis = analyzer.analyze(Document(SPANISH, language="en"))
    assert (analysis.language.code, analysis.language.probability, analysis.language.supported) == ("en", 1.0, True)
    assert "abstained" not in {score.state for score in analysis.indicators}


WARNED = [
    ("short text", "passport", ["short_text"]),
    ("hidden characters", "my boss took my pass\u200bport", ["hidden_characters"]),
    ("a change of direction", "my boss \u202etook my passport", ["hidden_characters"]),
    ("both", "pass\u200bport", ["short_text", "hidden_characters"]),
    ("none", "my boss took my passport", []),
]


@pytest.mark.parametrize(("text", "codes"), [case[1:] for case in WARNED], ids=[case[0] for case in WARNED])
def test_reader_is_warned(text: str, codes: list[str], analyzer: Analyzer) -> None:
    assert [warning.code for warning in analyzer.analyze(text).warnings] == codes


REFUSED: list[tuple[str, object, str, str]] = [
    ("empty", "", "empty_text", "the text is empty or blank"),
    ("blank", " \n\t\u00a0\u2003 ", "empty_text", "at least one visible character"),
    ("too long", "x" * (MAX + 1), "text_too_long", f"has {MAX + 1} code points; at most {MAX} are allowed"),
    ("bytes", b"passport", "not_text", "the text is a bytes; it must be a string"),
    ("nothing", None, "not_text", "the text is a NoneType; it must be a string"),
]


@pytest.mark.parametrize(("text", "code", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_document_is_refused_by_code_and_without_its_text(
    text: str, code: str, message: str, analyzer: Analyzer
) -> None:
    with pytest.raises(DocumentError, match=message) as caught:
        analyzer.analyze(Document(text))
    assert caught.value.code == code
    assert "passport" not in str(caught.value)


def test_limit_of_characters_is_a_choice() -> None:
    small = Analyzer(load_artifact(DEFAULT_MODEL), max_characters=10)
    assert small.analyze("x" * 10).characters == 10
    with pytest.raises(DocumentError, match="has 11 code points; at most 10 are allowed"):
        small.analyze("x" * 11)


def test_batch_keeps_order_and_answers_a_bad_document_with_its_error(analyzer: Analyzer) -> None:
    documents = [Document(DISCLOSURE, id="a"), Document("", id="b"), Document(SPANISH, id="c"), Document(OFFER, id="d")]
    results = list(analyzer.analyze_many(documents))
    assert isinstance(results[1], DocumentError)
    assert results[1].code == "empty_text"
    for place in (0, 2, 3):
        assert results[place] == analyzer.analyze(documents[place])


def test_batch_reads_its_documents_as_it_goes(analyzer: Analyzer) -> None:
    """A file of any size may be scored: only a bounded number of documents is read ahead."""
    taken = 0

    def read() -> Iterator[Document]:
        nonlocal taken
        for number in range(1_000):
            taken += 1
            yield Document(RECIPE, id=str(number))

    results = analyzer.analyze_many(read())
    first = next(results)
    assert isinstance(first, Analysis)
    assert first.id == "0"
    assert taken <= 64


def test_empty_batch_has_no_results(analyzer: Analyzer) -> None:
    assert list(analyzer.analyze_many([])) == []


def test_id_comes_back_and_metadata_changes_nothing(analyzer: Analyzer) -> None:
    analysis = analyzer.analyze(Document(DISCLOSURE, id="case-7", metadata={"note": "passport"}))
    assert analysis.id == "case-7"
    assert analyzer.analyze(DISCLOSURE).id is None
    assert analysis.indicators == analyzer.analyze(DISCLOSURE).indicators


def test_model_says_which_one_it_is(analyzer: Analyzer) -> None:
    info = analyzer.analyze(RECIPE).model
    assert info == analyzer.info
    assert (info.name, info.taxonomy) == ("default", load_taxonomy().version)
    assert analyzer.card["sha256"] == info.sha256
    assert {"data", "metrics", "thresholds"} <= set(analyzer.card)


def test_two_analyzers_of_one_model_agree(analyzer: Analyzer) -> None:
    other = load()
    assert [other.analyze(text) for text in TEXTS.values()] == [analyzer.analyze(text) for text in TEXTS.values()]


def test_numbers_are_plain_python_numbers(analyzer: Analyzer) -> None:
    """Numpy numbers would leak into every format that an analysis is written to."""
    analysis = analyzer.analyze(DISCLOSURE)
    numbers = [analysis.review.probability, *analysis.context.probabilities.values()]
    for score in analysis.indicators:
        numbers += [score.probability, score.threshold, score.log_odds, score.intercept, score.remainder]
        numbers += [span.contribution for span in score.spans]
    assert {type(number) for number in numbers} == {float}
    assert not any(isinstance(span.start, np.integer) for score in analysis.indicators for span in score.spans)


def test_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no model in"):
        load(tmp_path)
