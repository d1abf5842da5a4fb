"""What the HTTP interface asks of the store, on both databases: documents sent again, pages, figures."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from service.review import figures
from service.review.decision_list import DecisionFilters, list_all_decisions, list_checks
from service.review.opening import show_masked
from service.review.stored import StoredReviews
from service.review.suggestions import suggest_next
from service.store.documents import NewDocument, add_document
from service.store.resent import find_resent
from service.store.store import Store, Transaction
from service.store.webhooks import add_webhook, drop_delivered, emit, mark_delivered, page_deliveries, remove_webhook
from tests.reviewing import CALM, DEBT, PASSPORT, POLICY, Clock, analyse, decide, person, put_in

TWICE = POLICY.model_copy(update={"second_share": 1.0})


def test_document_sent_at_once_by_many_is_stored_once(store: Store) -> None:
    new = NewDocument(CALM, analyse(CALM), "case-7", source="intake")

    def take(_: int) -> str:
        def step(tx: Transaction) -> str:
            there = find_resent(tx, CALM, source="intake", external_id="case-7")
            return (there or add_document(tx, new, submitted_by="key-1")).id

        return store.run(step)

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(take, range(8)))) == 1
    with store.write() as tx:
        assert find_resent(tx, PASSPORT, source="intake", external_id="case-7") is None
        assert find_resent(tx, CALM, source="mailbox", external_id="case-7") is None
        assert find_resent(tx, CALM, source="intake", external_id="case-8") is None


def test_figures_and_lists_hold_on_either_database(store: Store, clock: Clock) -> None:
    ana, ben, lead = person(store, "ana"), person(store, "ben"), person(store, "lea", "lead")
    for text in (PASSPORT, DEBT, CALM):
        name = put_in(store, text).id
        for who in (ana, ben):
            assert decide(store, who, name, "no_concern", policy=TWICE) in {"second", "done"}
            clock.advance(minutes=1)
    waiting = put_in(store, f"{PASSPORT} Help.").id
    with store.write() as tx:
        found = figures.agreement(tx, lead, with_spans=True)
        assert (found.documents, found.verdict_kappa, found.span_documents) == (3, None, 0)
        assert figures.verdict_counts(tx, lead) == {
            who.id: {"escalate": 0, "needs_second_look": 0, "no_concern": 3} for who in (ana, ben)
        }
        (window,) = figures.drift_figures(tx, lead)
        # The model flagged two of the three that nobody was concerned about.
        assert (window.judgements, np.round(window.agreement.value or 0, 3)) == (3, 0.333)
        assert [one.item.document for one in suggest_next(tx, POLICY, lead)] == [waiting]
        first = list_all_decisions(tx, ana, filters=DecisionFilters(kind="verdict"), limit=4)
        assert (len(first.items), first.cursor is None) == (4, False)
        rest = list_all_decisions(tx, ana, filters=DecisionFilters(kind="verdict"), limit=4, cursor=first.cursor)
        assert (len(rest.items), rest.cursor) == (2, None)
        assert list_checks(tx, lead).items == ()
        assert show_masked(tx, waiting, actor=ana.id).masked
    exported = list(StoredReviews(store, actor=lead.id).iterate_reviewed())
    assert [one.verdict for one in exported] == ["no_concern"] * 3
    # One pseudonym for one person.
    assert len({one.reviewer for one in exported}) == 1


def test_deliveries_come_in_pages_and_go_with_their_webhook(store: Store, clock: Clock) -> None:
    with store.write() as tx:
        _, hook = add_webhook(tx, "https://hooks.example.org/", events=["document.created"], actor="usr-1")
        for number in range(5):
            emit(tx, "document.created", {"document": f"doc-{number}"})
    with store.write() as tx:
        first = page_deliveries(tx, webhook=hook.id, limit=3)
        second = page_deliveries(tx, webhook=hook.id, limit=3, cursor=first.cursor)
        assert len({one.id for one in (*first.items, *second.items)}) == 5
        assert second.cursor is None
        mark_delivered(tx, first.items[0].id, 200)
    clock.advance(days=1)
    with store.write() as tx:
        assert drop_delivered(tx, before=tx.now) == 1
        assert len(page_deliveries(tx, state="pending").items) == 4
        remove_webhook(tx, hook.id, actor="usr-1")
        assert page_deliveries(tx).items == ()
