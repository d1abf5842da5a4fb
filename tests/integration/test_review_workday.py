"""A reader's day as the claims tell it, and the decision that can be taken back; on each kind of database."""

from datetime import timedelta

from service.review import claims, decisions, undo
from service.review.policy import ReviewPolicy
from service.review.wellness import WellnessSettings
from service.review.workday import count_day, newest_decision
from service.store.store import Store
from service.store.users import UserRecord
from tests.reviewing import CALM, DEBT, OFFER, PASSPORT, Clock, MakeStore, decide, person, put_in

POLICY = ReviewPolicy(
    second_share=0, second_verdicts=frozenset(), check_share=0, heavy_indicators=frozenset({"debt_bondage"})
)
WELLNESS = WellnessSettings(pause_minutes=10)


def read(store: Store, user: UserRecord, text: str) -> str:
    document = put_in(store, text, policy=POLICY)
    decide(store, user, document.id, policy=POLICY)
    return document.id


def test_day_counts_each_document_once_and_begins_anew_at_midnight(make_store: MakeStore, clock: Clock) -> None:
    store = make_store()
    ana, bo = person(store, "ana"), person(store, "bo")
    read(store, ana, DEBT)
    read(store, bo, OFFER)
    document = put_in(store, CALM, policy=POLICY)
    for _ in range(2):
        with store.write() as tx:
            claims.claim_item(tx, POLICY, ana, document.id)
        with store.write() as tx:
            claims.release_claim(tx, ana, document.id)
        clock.advance(minutes=1)
    with store.read() as tx:
        day = count_day(tx, ana.id, WELLNESS)
    assert (day.items, day.heavy, day.heavy_since_pause) == (2, 1, 1)
    clock.advance(hours=12)
    with store.read() as tx:
        assert count_day(tx, ana.id, WELLNESS).items == 0


def test_pause_that_was_taken_ends_what_has_gathered(make_store: MakeStore, clock: Clock) -> None:
    store = make_store()
    ana = person(store, "ana")
    read(store, ana, DEBT)
    clock.advance(minutes=2)
    paused = clock.now
    with store.read() as tx:
        assert count_day(tx, ana.id, WELLNESS, paused=paused).heavy_since_pause == 0
    clock.advance(minutes=2)
    read(store, ana, f"{DEBT} Again.")
    with store.read() as tx:
        day = count_day(tx, ana.id, WELLNESS, paused=paused)
        assert count_day(tx, ana.id, WELLNESS, paused=paused - timedelta(days=1)).heavy_since_pause == 2
    assert (day.heavy, day.heavy_since_pause) == (2, 1)
    assert day.reading_since == paused


def test_newest_decision_is_the_one_that_undo_takes_back(make_store: MakeStore) -> None:
    store = make_store()
    ana = person(store, "ana")
    with store.read() as tx:
        assert newest_decision(tx, ana.id) is None
    first, second = read(store, ana, PASSPORT), read(store, ana, CALM)
    read(store, person(store, "bo"), OFFER)
    for document in (second, first):
        with store.write() as tx:
            assert newest_decision(tx, ana.id) == document
            undo.undo(tx, POLICY, ana, document)
    with store.write() as tx:
        assert newest_decision(tx, ana.id) is None
        decisions.decide_document(tx, POLICY, ana, first, "escalate")
        assert newest_decision(tx, ana.id) == first
