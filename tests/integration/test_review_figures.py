"""How far readers agree, how right they are, and whether the model drifts, over decisions as people make them."""

from datetime import timedelta

import pytest

from service.review import checks, claims, decisions, figures
from service.review.audit import list_audit
from service.store.documents import list_spans
from service.store.errors import NotAllowedError
from service.store.store import Store
from service.store.users import UserRecord
from tests.reviewing import CALM, DEBT, PASSPORT, POLICY, Clock, decide, person, put_in

TWICE = POLICY.model_copy(update={"second_share": 1.0})


def read(store: Store, user: UserRecord, document: str, kind: str, verdict: str = "escalate") -> None:
    """Claim a document, say the same of each span, and give a verdict that a second person checks."""
    with store.write() as tx:
        claims.claim_item(tx, TWICE, user, document)
        for span in list_spans(tx, document):
            decisions.decide_span(tx, user, document, decisions.SpanDecision(kind, span=span.number, reason="Read."))
        decisions.decide_document(tx, TWICE, user, document, verdict, reason="Read.")


def of(found: figures.Agreement, indicator: str) -> tuple[int, float | None, float | None]:
    one = next(one for one in found.indicators if one.indicator == indicator)
    return (one.documents, one.kappa, one.alpha.value)


def test_two_readers_are_compared_on_verdicts_indicators_and_spans(store: Store) -> None:
    lead, anna, bela = person(store, "lena", "lead"), person(store, "anna"), person(store, "bela")
    for place in range(6):
        document = put_in(store, DEBT if place == 5 else PASSPORT).id
        read(store, anna, document, "confirm")
        read(store, bela, document, *(("reject", "no_concern") if place == 0 else ("confirm", "escalate")))
    with store.write() as tx:
        found = figures.agreement(tx, lead, with_spans=True)
    assert (found.documents, found.span_documents, found.verdict_kappa) == (6, 6, 0.0)
    assert of(found, "debt_bondage") == (6, 1.0, 1.0)
    documents, kappa, alpha = of(found, "document_retention")
    assert documents == 6
    assert kappa == pytest.approx(4 / 7)
    assert alpha == pytest.approx(1 - 11 * 2 / (2 * 9 * 3))
    assert of(found, "isolation") == (6, None, None)
    assert found.spans is not None
    assert found.spans.score == pytest.approx(5 / 6)
    with store.read() as tx:
        assert [entry.action for entry in list_audit(tx, subject="span_agreement").items] == ["texts.measured"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("verdict", "compared"), [("escalate", 0), ("no_concern", 1)], ids=["escalated in silence", "no concern"]
)
def test_escalation_without_a_word_on_spans_says_nothing_of_indicators(
    store: Store, verdict: str, compared: int
) -> None:
    lead, document = person(store, "lena", "lead"), put_in(store).id
    read(store, person(store, "anna"), document, "confirm")
    decide(store, person(store, "bela"), document, verdict, policy=TWICE)
    with store.read() as tx:
        found = figures.agreement(tx, lead)
    assert (found.documents, {one.documents for one in found.indicators}) == (1, {compared})


def test_model_is_held_against_verdicts_week_by_week(store: Store, clock: Clock) -> None:
    lead, anna = person(store, "lena", "lead"), person(store, "anna")
    decide(store, anna, put_in(store).id, "escalate")
    clock.advance(days=8)
    decide(store, anna, put_in(store, DEBT).id, "no_concern")
    decide(store, anna, put_in(store, CALM).id, "no_concern")
    with store.read() as tx:
        windows = figures.drift_figures(tx, lead)
    assert [(window.judgements, window.agreement.value) for window in windows] == [(1, 1.0), (2, 0.5)]
    assert [window.upheld.value for window in windows] == [1.0, 0.0]
    assert windows[0].start == clock.now - timedelta(days=8)


def test_readers_are_held_against_check_items(store: Store) -> None:
    lead, anna, bela = person(store, "lena", "lead"), person(store, "anna"), person(store, "bela")
    document = put_in(store).id
    with store.write() as tx:
        checks.make_check(tx, lead, document, verdict="escalate", indicators=("document_retention", "debt_bondage"))
    read(store, anna, document, "confirm")
    read(store, bela, document, "reject", "no_concern")
    with store.read() as tx:
        scores = {score.reviewer: score for score in figures.check_figures(tx, lead)}
        given = figures.verdict_counts(tx, lead)
    assert (scores[anna.id].items, scores[anna.id].accuracy.value, scores[anna.id].missed.value) == (1, 1.0, 0.5)
    assert (scores[bela.id].accuracy.value, scores[bela.id].missed.value) == (0.0, 1.0)
    assert given[bela.id] == {"escalate": 0, "needs_second_look": 0, "no_concern": 1}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_figures_on_people_are_for_leads(store: Store) -> None:
    anna = person(store, "anna")
    for step in (figures.agreement, figures.check_figures, figures.drift_figures, figures.verdict_counts):
        with store.read() as tx, pytest.raises(NotAllowedError):
            step(tx, anna)
