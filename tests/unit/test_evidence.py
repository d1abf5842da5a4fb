"""Evidence: which sentences give it, which clauses of them, what never overlaps, and how shares are added up."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import pytest

from classifier.document import Assertion
from classifier.evidence import Claim, Found, Rule, best_run, build_evidence, choose_claims, collect, split_clauses
from classifier.pipeline import Hit, Parse
from classifier.preprocess import normalise

N = 2  # indicators; outputs are asserted, spoken of, negated and hypothetical, one an indicator each
RULE = Rule(asserted=0.0, held=np.array([1.0, 6.0]), price=0.1)


def build_parse(*sentences: str, hits: Sequence[Hit] = ()) -> Parse:
    """A parse of sentences whose tokens are divided by spaces."""
    rows = [sentence.split() for sentence in sentences]
    tokens = [token for row in rows for token in row]
    ends = np.cumsum([len(token) + 1 for token in tokens]) - 1
    starts = ends - np.array([len(token) for token in tokens])
    last = np.cumsum([len(row) for row in rows])
    bounds = np.column_stack([last - [len(row) for row in rows], last])
    return Parse(normalise(" ".join(tokens)), tokens, starts, ends, sentences=bounds, hits=list(hits))


def explain_by(weights: dict[str, float], parsed: Parse) -> Callable[[int, int], np.ndarray]:
    """A stand-in for the model: each word adds the same to every output."""

    def explain(sentence: int, output: int) -> np.ndarray:
        assert 0 <= output < 2 * N
        first, last = parsed.sentences[sentence].tolist()
        return np.array([weights.get(token, 0.0) for token in parsed.tokens[first:last]])

    return explain


def hit(first: int, last: int, state: int = 0, indicator: int = 0, sentence: int = 0) -> Hit:
    return Hit(pattern=0, indicator=indicator, sentence=sentence, first=first, last=last, state=state)


def outputs(*rows: tuple[float, float, float, float]) -> np.ndarray:
    """Scores of sentences for indicator 0: asserted, spoken of, negated, hypothetical; 5.0 for all of the other one."""
    return np.array([[score for own in row for score in (own, 5.0)] for row in rows])


CLAIMS: list[tuple[str, np.ndarray, int | None, list[tuple[int, int, Assertion]]]] = [
    ("nothing is held", outputs((-3, 9, 0.9, 0.9)), None, []),
    ("the deciding sentence asserts", outputs((-3, -3, 0, 0), (2, 2, -1, -1)), 1, [(1, 0, "asserted")]),
    ("even below the limit of others", outputs((-2, -3, 0, 0)), 0, [(0, 0, "asserted")]),
    (
        "others assert from the limit on",
        outputs((0.0, 2, -1, -1), (5, 5, -1, -1), (-0.1, 0, -1, -1)),
        1,
        [(1, 0, "asserted"), (0, 0, "asserted")],
    ),
    ("asserting alone is no claim where nothing is flagged", outputs((3, 3, 0, 0)), None, []),
    ("a denied sentence", outputs((-3, 2, 1.0, 0)), None, [(0, N, "negated")]),
    ("a supposed sentence", outputs((-3, 2, 0, 1.0)), None, [(0, N, "hypothetical")]),
    ("denied more than supposed", outputs((-3, 2, 4, 3)), None, [(0, N, "negated")]),
    ("however little it is spoken of", outputs((-3, -9, 3, 0)), None, [(0, N, "negated")]),
    (
        "each as it is held itself",
        outputs((-3, 2, 2, 0), (-3, 2, 0, 0), (-3, 2, 0, 2)),
        None,
        [(0, N, "negated"), (2, N, "hypothetical")],
    ),
    (
        "an asserting sentence is not also denied",
        outputs((3, 3, 2, 0), (-3, 2, 2, 0)),
        0,
        [(0, 0, "asserted"), (1, N, "negated")],
    ),
]


@pytest.mark.parametrize(
    ("sentences", "deciding", "claims"), [case[1:] for case in CLAIMS], ids=[case[0] for case in CLAIMS]
)
def test_sentences_are_claimed(
    sentences: np.ndarray, deciding: int | None, claims: list[tuple[int, int, Assertion]]
) -> None:
    found = choose_claims(sentences, 0, N, deciding=deciding, rule=RULE)
    assert [(claim.sentence, claim.output, claim.assertion) for claim in found] == claims


def test_sentences_are_claimed_by_the_limits_and_scores_of_the_indicator_itself() -> None:
    sentences = np.array([[9.0, -9.0, 9.0, 0.0, 9.0, 5.9, 9.0, 5.9], [9.0, -9.0, 9.0, 0.0, 9.0, 5.9, 9.0, 6.0]])
    assert choose_claims(sentences, 1, N, deciding=None, rule=RULE) == [Claim(1, N + 1, "hypothetical")]


CLAUSES = [
    ("one clause", "he took my passport", ["he took my passport"]),
    ("marks part clauses and are left out", "he took it , she left .", ["he took it", "she left"]),
    ("brackets and dashes", "he ( the boss ) left - late", ["he", "the boss", "left", "late"]),
    ("a joining word begins a clause", "he took it and she left us", ["he took it", "she left us"]),
    ("but not after less than three words", "he left and she left", ["he left and she left"]),
    ("counted anew after a mark", "he took it , and then she left", ["he took it", "and then she left"]),
    ("marks alone are one clause", ". . .", [". . ."]),
    ("one word", "passport", ["passport"]),
]


@pytest.mark.parametrize(("sentence", "clauses"), [case[1:] for case in CLAUSES], ids=[case[0] for case in CLAUSES])
def test_sentence_is_cut_into_clauses(sentence: str, clauses: list[str]) -> None:
    tokens = ["before", *sentence.split(), "after"]
    bounds = split_clauses(tokens, 1, len(tokens) - 1)
    assert [" ".join(tokens[first:last]) for first, last in bounds] == clauses


def run_of(sentence: str, weights: dict[str, float], price: float = 0.1) -> str:
    parsed = build_parse("the first sentence .", sentence)
    shares = explain_by(weights, parsed)(1, 0)
    first, last = best_run(parsed, shares, 1, price)
    return " ".join(parsed.tokens[first:last])


def test_span_is_the_clause_that_earns_most() -> None:
    assert run_of("we work here , he took my passport , it is late", {"passport": 5.0}) == "he took my passport"


def test_span_grows_over_clauses_that_earn_their_place() -> None:
    text = "we work here , he took my passport , he never paid , it is late"
    assert run_of(text, {"passport": 5.0, "paid": 3.0}) == "he took my passport , he never paid"


def test_span_spans_a_poor_clause_between_two_rich_ones() -> None:
    text = "he took my passport , it was late , he never paid"
    assert run_of(text, {"passport": 5.0, "paid": 3.0}) == text
    assert run_of(text, {"passport": 5.0, "paid": 0.2}) == "he took my passport"


def test_higher_price_gives_shorter_spans() -> None:
    text = "he took my passport , he never paid , it is very late here"
    weights = {"passport": 9.0, "paid": 1.5, "late": 0.9}
    lengths = [len(run_of(text, weights, price).split()) for price in (0.01, 0.3, 1.0)]
    assert lengths == sorted(lengths, reverse=True)
    assert len(set(lengths)) == 3


def test_span_is_a_clause_even_where_nothing_earns_its_price() -> None:
    assert run_of("we work here , it is late", {"we": -1.0, "late": -9.0}) == "we work here"


def test_run_of_clauses_has_at_most_25_tokens() -> None:
    text = " , ".join(["he took my passport away"] * 10)
    assert len(run_of(text, {"passport": 5.0}).split()) == 23


def test_longer_clause_is_cut_to_its_25_best_tokens() -> None:
    words = [f"w{number}" for number in range(60)]
    weights = {f"w{number}": 1.0 for number in range(20, 45)}
    assert run_of(" ".join(words), weights).split() == words[20:45]


def found_in(parsed: Parse, claims: Sequence[Claim], weights: dict[str, float]) -> list[tuple[str, Assertion, str]]:
    found = collect(explain_by(weights, parsed), parsed, indicator=0, claims=claims, price=0.1)
    assert found == sorted(found, key=lambda span: span.first)
    assert all(one.last <= other.first for one, other in pairwise(found))
    return [(" ".join(parsed.tokens[span.first : span.last]), span.assertion, span.source) for span in found]


ASSERTED_0 = Claim(0, 0, "asserted")
TEXT = "he took my passport , she said he beats us"
WEIGHTS = {"passport": 5.0}


def test_model_gives_one_span_a_claimed_sentence() -> None:
    parsed = build_parse(TEXT, "no one took my passport")
    claims = [ASSERTED_0, Claim(1, N, "negated")]
    assert found_in(parsed, claims, WEIGHTS) == [
        ("he took my passport", "asserted", "model"),
        ("no one took my passport", "negated", "model"),
    ]


def test_phrase_inside_a_model_span_is_left_out() -> None:
    parsed = build_parse(TEXT, hits=[hit(1, 4), hit(3, 6, state=1)])
    assert found_in(parsed, [ASSERTED_0], WEIGHTS) == [("he took my passport", "asserted", "model")]


def test_phrase_beside_a_model_span_is_kept() -> None:
    parsed = build_parse(TEXT, hits=[hit(7, 10)])
    assert found_in(parsed, [ASSERTED_0], WEIGHTS)[1:] == [("he beats us", "asserted", "lexicon")]


def test_longer_of_two_phrases_is_kept() -> None:
    parsed = build_parse(TEXT, hits=[hit(1, 4, state=1), hit(0, 4, state=2), hit(8, 10, state=1)])
    assert found_in(parsed, [], {}) == [
        ("he took my passport", "hypothetical", "lexicon"),
        ("beats us", "negated", "lexicon"),
    ]


def test_asserted_phrase_is_left_out_where_the_model_asserts_nothing() -> None:
    parsed = build_parse(TEXT, hits=[hit(0, 4), hit(7, 10, state=1)])
    assert found_in(parsed, [], {}) == [("he beats us", "negated", "lexicon")]
    assert found_in(parsed, [Claim(0, N, "negated")], {"us": 2.0}) == [("she said he beats us", "negated", "model")]


def test_phrase_of_another_indicator_is_left_out() -> None:
    parsed = build_parse(TEXT, hits=[hit(7, 10, state=1, indicator=1)])
    assert found_in(parsed, [ASSERTED_0], WEIGHTS) == [("he took my passport", "asserted", "model")]


def test_contributions_are_added_up_inside_and_outside_of_spans() -> None:
    parsed = build_parse("a b c d", "e f g")
    found = [
        Found(0, 2, 0, "asserted", "model"),
        Found(3, 4, 0, "negated", "lexicon"),
        Found(5, 7, 1, "asserted", "model"),
    ]
    shares = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0])
    evidence, remainder = build_evidence(found, parsed, shares)
    assert [(span.text, span.contribution, span.sentence) for span in evidence] == [
        ("a b", 3.0, 0),
        ("d", 0.0, 0),
        ("f g", 96.0, 1),
    ]
    # What is denied stays in the remainder.
    assert remainder == 4.0 + 8.0 + 16.0


def test_nothing_contributes_where_nothing_is_asserted() -> None:
    evidence, remainder = build_evidence([Found(0, 2, 0, "hypothetical", "model")], build_parse("a b c"), None)
    assert [(span.text, span.contribution) for span in evidence] == [("a b", 0.0)]
    assert remainder is None


@pytest.mark.parametrize("hidden", ["", "\u200b"], ids=["plain", "with invisible code points"])
def test_span_shows_what_was_submitted(hidden: str) -> None:
    text = f"a b{hidden}c d"
    normalised = normalise(text)
    parsed = Parse(normalised, ["a", "bc", "d"], np.array([0, 2, 5]), np.array([1, 4, 6]), np.array([[0, 3]]))
    (span,), _ = build_evidence([Found(1, 3, 0, "asserted", "model")], parsed, np.ones(3))
    assert (span.start, span.end, span.text) == (2, len(text), f"b{hidden}c d")
