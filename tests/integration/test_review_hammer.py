"""Many hands on one queue, with claims that run out and a store that is opened again: nothing twice, nothing lost."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select

from service.review import claims, decisions
from service.review.audit import verify_audit
from service.review.policy import ReviewPolicy
from service.store.document_tables import documents
from service.store.errors import ConflictError
from service.store.review_tables import claims as claims_table
from service.store.review_tables import decisions as decisions_table
from service.store.review_tables import items
from service.store.store import Store
from service.store.users import UserRecord
from tests.reviewing import CALM, POLICY, Clock, MakeStore, person, put_in

ITEMS = 2_000


def fill(store: Store) -> None:
    """Copies of one stored document and of its place in the queue: rows, not analyses, are what is fought over."""
    put_in(store, CALM)
    with store.write() as tx:
        document = dict(tx.execute(select(documents)).mappings().one())
        item = dict(tx.execute(select(items)).mappings().one())
        copies = range(document["number"] + 1, document["number"] + ITEMS)
        rows = [document | {"number": number, "id": f"doc-{number}", "indexed": None} for number in copies]
        tx.execute(insert(documents), rows)
        tx.execute(insert(items), [item | {"document": number} for number in copies])


def work(open_again: Callable[[], Store], user: UserRecord, clock: Clock, *, steps: int, seed: int) -> Counter[str]:
    """Take items and decide them; forget some until the claim runs out, take a verdict on those all the same."""
    policy = ReviewPolicy(second_share=0, second_verdicts=frozenset(), check_share=0, lease_minutes=1)
    generator, store, done = random.Random(seed), open_again(), Counter[str]()
    forgotten: list[str] = []
    for _ in range(steps):
        claim = store.run(lambda tx: claims.claim_next(tx, policy, user))
        if claim is None:
            break
        if generator.random() < 0.05:
            forgotten.append(claim.document)
            clock.advance(minutes=2)
            continue
        claim_document = forgotten.pop() if forgotten and generator.random() < 0.3 else claim.document
        try:
            store.run(lambda tx, one=claim_document: decisions.decide_document(tx, policy, user, one, "no_concern"))  # type: ignore[misc]
            done["decided"] += 1
        except ConflictError:
            done["taken by another"] += 1
    return done


@pytest.mark.slow
def test_nothing_is_decided_twice_and_nothing_is_lost(make_store: MakeStore, clock: Clock) -> None:
    store = make_store()
    fill(store)
    people = [person(store, "anna"), person(store, "ben")]
    counted = Counter[str]()
    # Two bouts: after the first one every connection is closed, as when a server stops in the middle.
    for bout, steps in enumerate((ITEMS // 4, 10 * ITEMS)):
        with ThreadPoolExecutor(2) as pool:
            futures = [
                pool.submit(work, make_store, user, clock, steps=steps, seed=2 * bout + number)
                for number, user in enumerate(people)
            ]
            for future in futures:
                counted += future.result()
        store.close()
        clock.advance(minutes=5)
    with store.read() as tx:
        assert tx.execute(select(func.count()).where(items.c.state != "done")).scalar_one() == 0
        decided = tx.execute(select(decisions_table.c.document).where(decisions_table.c.kind == "verdict"))
        verdicts = Counter(decided.scalars())
        open_claims = tx.execute(select(func.count()).where(claims_table.c.ended.is_(None))).scalar_one()
        assert verify_audit(tx).problems == ()
    assert len(verdicts) == ITEMS == counted["decided"]
    assert set(verdicts.values()) == {1}
    assert open_claims == 0
    assert counted["taken by another"] > 0


def test_two_who_ask_at_the_same_moment_get_different_items(make_store: MakeStore) -> None:
    store = make_store()
    for _ in range(8):
        put_in(store, CALM)
    people = [person(store, f"p{number}") for number in range(8)]
    gate = threading.Barrier(len(people))

    def ask(user: UserRecord) -> str:
        gate.wait(timeout=30)
        claim = store.run(lambda tx: claims.claim_next(tx, POLICY, user))
        assert claim is not None
        return claim.document

    with ThreadPoolExecutor(len(people)) as pool:
        assert len(set(pool.map(ask, people))) == len(people)


def test_item_that_two_claim_by_name_goes_to_one(make_store: MakeStore) -> None:
    store = make_store()
    document = put_in(store, CALM).id
    people = [person(store, f"p{number}") for number in range(6)]
    gate = threading.Barrier(len(people))

    def ask(user: UserRecord) -> bool:
        gate.wait(timeout=30)
        try:
            store.run(lambda tx: claims.claim_item(tx, POLICY, user, document))
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(len(people)) as pool:
        assert sorted(pool.map(ask, people)) == [False] * 5 + [True]


def test_log_that_many_write_at_once_is_one_chain(make_store: MakeStore) -> None:
    store = make_store()

    def write(number: int) -> None:
        for step in range(10):
            store.run(lambda tx: tx.audit(f"usr-{number}", "document.read", f"doc-{step}"))  # noqa: B023 - runs at once

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(6)))
    with store.read() as tx:
        report = verify_audit(tx)
    assert (report.entries, report.problems) == (61, ())


def test_lease_is_what_the_policy_says(store: Store, clock: Clock) -> None:
    put_in(store)
    policy = POLICY.model_copy(update={"lease_minutes": 7.0})
    user = person(store, "anna")
    claim = store.run(lambda tx: claims.claim_next(tx, policy, user))
    assert claim is not None
    assert claim.expires - clock.now == timedelta(minutes=7)
