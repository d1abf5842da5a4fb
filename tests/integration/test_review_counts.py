"""The figures of the dashboard, over decisions as people make them, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from service.review import checks, claims, counts, decisions
from service.review.policy import ReviewPolicy
from service.review.undo import undo
from service.store.documents import list_spans
from service.store.erasure import erase_words
from service.store.review_tables import items
from service.store.store import Store
from service.store.users import UserRecord
from tests.reviewing import DEBT, OFFER, PASSPORT, POLICY, Clock, decide, person, put_in

TWICE = ReviewPolicy(second_share=1.0, second_verdicts=frozenset(), check_share=0)


def read(
    store: Store,
    user: UserRecord,
    document: str,
    kind: str,
    verdict: str = "escalate",
    *,
    policy: ReviewPolicy = POLICY,
) -> None:
    """Claim a document, say the same of each span, and give a verdict."""
    with store.write() as tx:
        claims.claim_item(tx, policy, user, document)
        for span in list_spans(tx, document):
            said = decisions.SpanDecision(kind, span=span.number, reason="As read.")
            decisions.decide_span(tx, user, document, said)
        decisions.decide_document(tx, policy, user, document, verdict, reason="As read.")


def test_queue_is_counted_by_state_and_age(store: Store, clock: Clock) -> None:
    first = put_in(store)
    clock.advance(days=2)
    put_in(store, DEBT)
    clock.advance(hours=5)
    put_in(store, OFFER)
    lead = person(store, "lena", "lead")
    hidden = put_in(store, PASSPORT)
    with store.write() as tx:
        checks.make_check(tx, lead, hidden.id, verdict="escalate", indicators=("document_retention",))
    with store.read() as tx:
        waiting, second, adjudication = counts.count_queue(tx)
    assert (waiting.number, waiting.oldest, waiting.ages) == (3, first.created, (1, 1, 1, 0, 0))
    assert (second.number, adjudication.number, adjudication.oldest) == (0, 0, None)


def test_days_have_what_came_and_what_was_decided(store: Store, clock: Clock) -> None:
    anna = person(store, "anna")
    read(store, anna, put_in(store).id, "confirm")
    clock.advance(days=2)
    later = put_in(store, DEBT)
    read(store, anna, later.id, "confirm")
    put_in(store, OFFER)
    with store.read() as tx:
        days = counts.count_days(tx, days=4)
    assert [(day.came, day.decided) for day in days] == [(0, 0), (1, 1), (0, 0), (2, 1)]
    assert days[-1].day == clock.now.date()


def test_last_word_on_a_span_counts_and_undone_ones_do_not(store: Store) -> None:
    anna, document = person(store, "anna"), put_in(store)
    with store.write() as tx:
        claims.claim_item(tx, POLICY, anna, document.id)
        (span,) = list_spans(tx, document.id)
        for kind in ("reject", "confirm"):
            decisions.decide_span(tx, anna, document.id, decisions.SpanDecision(kind, span=span.number, reason="Yes."))
        added = decisions.SpanDecision("add", indicator="debt_bondage", start=0, end=3, assertion="asserted")
        decisions.decide_span(tx, anna, document.id, added)
        decisions.decide_span(tx, anna, document.id, added)
    with store.write() as tx:
        undo(tx, POLICY, anna, document.id)
    with store.read() as tx:
        found = {figure.indicator: figure.kinds for figure in counts.count_decisions(tx)}
    nothing = dict.fromkeys(("confirm", "reject", "change", "add", "insufficient"), 0)
    assert found == {"document_retention": nothing | {"confirm": 1}, "debt_bondage": nothing | {"add": 1}}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("kinds", "judged", "upheld"),
    [
        (("confirm",), 1, 1.0),
        (("reject",), 1, 0.0),
        (("insufficient",), 0, None),
        (("confirm", "reject"), 1, 0.0),
        (("reject", "confirm"), 1, 1.0),
    ],
    ids=["upheld", "rejected", "not judged", "second reader rejects", "second reader confirms"],
)
def test_flag_is_judged_by_the_last_round(
    store: Store, kinds: tuple[str, ...], judged: int, upheld: float | None
) -> None:
    document = put_in(store)
    policy = TWICE if len(kinds) > 1 else POLICY
    for place, kind in enumerate(kinds):
        read(store, person(store, f"reader{place}"), document.id, kind, policy=policy)
    with store.read() as tx:
        found = counts.count_flags(tx)
    assert [(figure.indicator, figure.judged, figure.upheld.value) for figure in found] == (
        [("document_retention", judged, upheld)] if judged else []
    )


def test_span_that_moves_to_another_indicator_does_not_uphold_its_own(store: Store) -> None:
    anna, document = person(store, "anna"), put_in(store)
    with store.write() as tx:
        claims.claim_item(tx, POLICY, anna, document.id)
        (span,) = list_spans(tx, document.id)
        moved = decisions.SpanDecision("change", span=span.number, indicator="debt_bondage", reason="A debt.")
        decisions.decide_span(tx, anna, document.id, moved)
        decisions.decide_document(tx, POLICY, anna, document.id, "escalate")
    with store.read() as tx:
        (figure,) = counts.count_flags(tx)
        (counted,) = counts.count_decisions(tx)
    assert (figure.indicator, figure.judged, figure.upheld.value) == ("document_retention", 1, 0.0)
    assert (counted.indicator, counted.number) == ("document_retention", 1)


def test_period_leaves_out_what_was_decided_before_it(store: Store, clock: Clock) -> None:
    anna = person(store, "anna")
    read(store, anna, put_in(store).id, "confirm")
    clock.advance(days=10)
    since = clock.now
    read(store, anna, put_in(store, DEBT).id, "confirm")
    with store.read() as tx:
        assert [figure.indicator for figure in counts.count_decisions(tx, since=since)] == ["debt_bondage"]
        assert [figure.indicator for figure in counts.count_flags(tx, since=since)] == ["debt_bondage"]
        assert counts.count_models(tx, since=since) == [("fake 0.0.1", 1)]


def test_check_items_are_not_counted(store: Store) -> None:
    lead, anna, bela = person(store, "lena", "lead"), person(store, "anna"), person(store, "bela")
    document = put_in(store)
    with store.write() as tx:
        checks.make_check(tx, lead, document.id, verdict="escalate", indicators=("document_retention", "debt_bondage"))
    read(store, anna, document.id, "confirm")
    read(store, bela, document.id, "reject", "no_concern")
    with store.read() as tx:
        assert (counts.count_decisions(tx), counts.count_flags(tx)) == ([], [])


def test_exposure_is_summed_for_each_person(store: Store, clock: Clock) -> None:
    anna, bela = person(store, "anna"), person(store, "bela")
    heavy, light = put_in(store, DEBT), put_in(store)
    with store.write() as tx:
        number = items.c.document == heavy.number
        tx.execute(update(items).where(number).values(heavy=True))
    decide(store, anna, heavy.id)
    clock.advance(days=1)
    decide(store, anna, light.id)
    with store.read() as tx:
        assert counts.count_exposure(tx, days=7, reviewer=bela.id) == []
        assert counts.count_exposure(tx, days=1) == [counts.ExposureCount(anna.id, 1, 0, 0, 1, 0)]
        assert counts.count_exposure(tx, days=7) == [counts.ExposureCount(anna.id, 2, 1, 1, 1, 0)]
        assert counts.name_people(tx, [anna.id, "key-test"]) == {anna.id: "anna", "key-test": "key-test"}


def test_texts_that_retention_would_erase_are_counted(store: Store, clock: Clock) -> None:
    old = put_in(store)
    gone = put_in(store, DEBT)
    clock.advance(days=31)
    put_in(store, OFFER)
    with store.write() as tx:
        erase_words(tx, gone.id)
    with store.read() as tx:
        found = counts.count_erasures(tx, days=30)
        none = counts.count_erasures(tx, days=60)
    assert (found.number, found.oldest, found.before) == (1, old.created, clock.now - timedelta(days=30))
    assert (none.number, none.oldest) == (0, None)
