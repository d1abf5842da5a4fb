"""What the desk shows, from plain records: rows of the queue, spans after decisions, pieces of the text, disputes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from classifier.taxonomy import load_taxonomy
from service.review.adjudication import Dispute, Side
from service.review.masking import find_masks, hide
from service.review.policy import ReviewPolicy
from service.review.records import DecisionRecord
from service.review.views import ItemView
from service.store.documents import SpanRecord
from service.store.errors import RefusedError
from service.web.desk.dispute_view import view_dispute
from service.web.desk.narrowing import read_narrowing, read_within
from service.web.desk.queue_page import say_together
from service.web.desk.queue_view import build_row, explain_priority, say_age
from service.web.desk.review_text import build_pieces, build_spans, own_decisions
from service.web.desk.review_view import indicator_choices, verdict_choices

NOW = datetime(2030, 1, 7, 12, tzinfo=UTC)
TEXT = "\N{FACE WITH TEARS OF JOY} Ana Example keeps our passports. It goes up each week."
SPANS = (
    SpanRecord(11, "document_retention", 2, 33, "asserted", "model", 4.7, 0),
    SpanRecord(12, "debt_bondage", 14, 20, "asserted", "lexicon", 0.0, 0),
    SpanRecord(13, "debt_bondage", 35, 53, "negated", "model", 0.0, 1),
)
POLICY = ReviewPolicy()


def item(**given: Any) -> ItemView:
    values: dict[str, Any] = {
        "number": 1,
        "document": "doc-0123456789abcdef",
        "external_id": None,
        "state": "waiting",
        "priority": 1.4,
        "review_probability": 0.9,
        "flagged": True,
        "context": "disclosure",
        "language": "en",
        "source": "api",
        "characters": 60,
        "cluster": "cl-1",
        "created": NOW - timedelta(days=4),
        "erased_at": None,
        "indicators": ("debt_bondage",),
        "heavy": False,
        "holder": None,
        "lease_until": None,
        "verdict": None,
        "reviewers": (),
        "queued": NOW - timedelta(days=2),
        "decided": None,
    }
    return ItemView(**{**values, **given})


def decision(kind: str, span: int | None = None, *, reviewer: str = "ana", **given: Any) -> DecisionRecord:
    values: dict[str, Any] = {
        "id": f"dec-{kind}-{span}-{reviewer}",
        "document": "doc",
        "reviewer": reviewer,
        "round": "first",
        "kind": kind,
        "span": span,
        "indicator": None,
        "start": None,
        "end": None,
        "assertion": None,
        "verdict": None,
        "reason": None,
        "batch": None,
        "at": NOW,
        "undone": False,
    }
    return DecisionRecord(**{**values, **given})


ADDED: dict[str, Any] = {"indicator": "isolation", "start": 2, "end": 5, "assertion": "asserted"}
AGES = {
    "none": (timedelta(seconds=20), "just now"),
    "minutes": (timedelta(minutes=12), "12 min"),
    "hours": (timedelta(hours=47), "47 h"),
    "days": (timedelta(days=3, hours=1), "3 days"),
}


@pytest.mark.parametrize(("age", "said"), AGES.values(), ids=AGES)
def test_age_is_said_in_the_unit_that_fits(age: timedelta, said: str) -> None:
    assert say_age(age) == said


def test_priority_is_explained_by_parts_that_add_up_to_it() -> None:
    parts = explain_priority(item(), POLICY, NOW)
    assert [part.label for part in parts] == ["review probability", "models differ", "indicators", "time waited"]
    assert sum(part.amount for part in parts) == pytest.approx(1.4)


def test_priority_of_an_abstention_counts_one_half() -> None:
    parts = explain_priority(item(review_probability=None, indicators=(), priority=0.6), POLICY, NOW)
    assert [(part.label, round(part.amount, 6)) for part in parts] == [
        ("review probability", 0.5),
        ("time waited", 0.1),
    ]


def test_row_names_the_first_indicators_and_counts_the_rest() -> None:
    shown = build_row(item(indicators=load_taxonomy().ids[:5]), POLICY, load_taxonomy(), viewer="ana", now=NOW)
    assert shown.indicators == ("Abuse of vulnerability", "Deception", "Restriction of movement")
    assert (shown.more, shown.age, shown.review, shown.name) == (2, "2 days", "90 %", "…89abcdef")


@pytest.mark.parametrize(("holder", "held"), [(None, ""), ("ana", "you"), ("bo", "another person")])
def test_row_says_who_holds_it_without_a_name(holder: str | None, held: str) -> None:
    assert build_row(item(holder=holder), POLICY, load_taxonomy(), viewer="ana", now=NOW).held == held


def test_last_word_on_a_span_counts_and_others_words_do_not() -> None:
    said = [
        decision("confirm", 11),
        decision("reject", 11, id="dec-9"),
        decision("confirm", 12, undone=True),
        decision("confirm", 13, reviewer="bo"),
        decision("verdict", verdict="escalate"),
    ]
    assert [(one.kind, one.span) for one in own_decisions(said, "ana")] == [("reject", 11)]


def test_changed_and_added_spans_stand_where_the_reader_put_them() -> None:
    change = decision("change", 12, indicator="isolation", start=40, end=45, assertion="hypothetical", reason="Why")
    spans = build_spans(SPANS, [change, decision("add", **ADDED)])
    assert [(one.mark, one.span, one.indicator, one.start, one.assertion, one.said) for one in spans] == [
        (1, 11, "document_retention", 2, "asserted", ""),
        (2, None, "isolation", 2, "asserted", "added by you"),
        (3, 13, "debt_bondage", 35, "negated", ""),
        (4, 12, "isolation", 40, "hypothetical", "changed"),
    ]
    assert spans[3].was == SPANS[1]


def test_pieces_are_the_text_and_cut_at_spans_and_at_what_is_hidden() -> None:
    masks = find_masks(TEXT)
    pieces = build_pieces(hide(TEXT, masks), build_spans(SPANS, []), masks)
    assert "".join(piece.segment.text for piece in pieces) == hide(TEXT, masks)
    assert [(piece.segment.start, piece.mask_name) for piece in pieces if piece.mask] == [(2, "name 1")]
    assert {number for piece in pieces for number in [mark.number for mark in piece.segment.marks]} == {1, 2, 3}
    assert sum(piece.closes for piece in pieces) == len(masks) == 1


def test_text_of_controls_and_broken_pairs_is_shown_sign_for_sign() -> None:
    pieces = build_pieces("a\x00\ud800\r\nb", [], ())
    assert "".join(piece.segment.text for piece in pieces) == "a\N{SYMBOL FOR NULL}\N{REPLACEMENT CHARACTER}\n\nb"


def test_every_indicator_has_a_key_of_its_own() -> None:
    keys = [choice.key for choice in indicator_choices(load_taxonomy())]
    assert keys[:10] == ["1", "2", "3", "4", "5", "6", "7", "8", "9", "Shift+1"]
    assert len(set(keys)) == len(load_taxonomy().ids)


NEEDS = {
    "flagged": ({}, {"needs_second_look", "no_concern"}),
    "not flagged": ({"flagged": False}, {"needs_second_look", "escalate"}),
    "disputed": ({"state": "adjudication"}, {"escalate", "no_concern"}),
}


@pytest.mark.parametrize(("given", "needed"), NEEDS.values(), ids=NEEDS)
def test_verdicts_say_when_they_need_a_reason(given: dict[str, Any], needed: set[str]) -> None:
    assert {choice.id for choice in verdict_choices(item(**given)) if choice.needs_reason} == needed


def test_dispute_shows_what_differs_first_and_names_nobody() -> None:
    first = Side("ana", "escalate", (decision("confirm", 11), decision("add", **ADDED), decision("confirm", 13)))
    second = Side(
        "bo",
        "no_concern",
        (
            decision("confirm", 11, reviewer="bo"),
            decision("reject", 13, reviewer="bo", reason="Not so"),
            decision("verdict", reviewer="bo", verdict="no_concern", reason="Ordinary"),
        ),
    )
    view = view_dispute(Dispute("doc", first, second, (13,)), SPANS, TEXT, load_taxonomy())
    assert [(row.span, row.first.text, row.second.text, row.differs) for row in view.rows] == [
        (13, "confirmed", "rejected", True),
        (None, "added “Ana”, Isolation, asserted", "–", True),
        (11, "confirmed", "confirmed", False),
    ]
    assert (view.first.text, view.second.text, view.second.reason) == ("Escalate", "No concern", "Ordinary")
    assert view.differing == 2


def test_narrowing_survives_the_way_through_an_address() -> None:
    given = {"state": "second", "indicator": "debt_bondage", "assertion": "negated", "score_from": "40", "other": "x"}
    narrowing = read_narrowing(given)
    assert read_within(narrowing.query) == narrowing
    filters = narrowing.filters(state="second")
    assert (filters.indicator, filters.assertion, filters.score_from, filters.state) == (
        "debt_bondage",
        "negated",
        0.4,
        "second",
    )


@pytest.mark.parametrize("score", ["much", "101", "-1", "nan"])
def test_score_that_is_no_percentage_is_refused(score: str) -> None:
    with pytest.raises(RefusedError, match="score_from"):
        read_narrowing({"score_from": score}).filters()


def test_assertion_alone_narrows_nothing() -> None:
    assert read_narrowing({"assertion": "negated"}).values == {}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, ""),
        ({"together": "3", "left": "0"}, "3 documents decided together."),
        (
            {"together": "2", "left": "1"},
            "2 documents decided together. 1 left out: held by somebody, done or erased in the meantime.",
        ),
        ({"together": "<b>", "left": "0"}, ""),
    ],
)
def test_what_became_of_a_cluster_is_said_from_numbers_alone(given: dict[str, str], said: str) -> None:
    assert say_together(given) == said


def test_item_with_a_name_of_its_own_is_called_by_it() -> None:
    named = replace(item(), external_id="case 7")
    assert build_row(named, POLICY, load_taxonomy(), viewer="ana", now=NOW).name == "case 7"
