"""Claims and the queue: order, leases, filters, second readers and check items, on both databases."""

from datetime import date

import pytest
from sqlalchemy import select

from service.review import checks, claims, decisions, exposure, intake, queue, views
from service.review.filters import Filters
from service.review.policy import ReviewPolicy
from service.store.documents import NewDocument, list_spans
from service.store.errors import ConflictError, NotAllowedError, RefusedError
from service.store.review_tables import claims as claims_table
from service.store.store import Store
from service.store.users import UserRecord
from tests.reviewing import (
    CALM,
    DEBT,
    OFFER,
    PASSPORT,
    POLICY,
    Clock,
    MakeStore,
    analyse,
    by_another_model,
    decide,
    new_document,
    person,
    put_in,
)


def take(store: Store, user: UserRecord, policy: ReviewPolicy = POLICY, **filters: object) -> str | None:
    with store.write() as tx:
        claim = claims.claim_next(tx, policy, user, filters=Filters(**filters))  # type: ignore[arg-type]
    return None if claim is None else claim.document


def listed(store: Store, user: UserRecord, policy: ReviewPolicy = POLICY, **given: object) -> list[views.ItemView]:
    with store.read() as tx:
        return list(queue.list_queue(tx, policy, user, **given).items)  # type: ignore[arg-type]


def test_more_urgent_item_comes_first_and_age_counts(store: Store, clock: Clock) -> None:
    anna = person(store, "anna")
    calm = put_in(store, CALM)
    first = [put_in(store, PASSPORT).id, put_in(store, OFFER).id]
    assert [item.document for item in listed(store, anna)][-1] == calm.id
    clock.advance(days=60)
    newer = put_in(store, PASSPORT)
    assert [item.document for item in listed(store, anna)][-1] == newer.id
    assert take(store, anna) in first


def test_two_people_never_get_the_same_item(store: Store) -> None:
    anna, ben = person(store, "anna"), person(store, "ben")
    stored = {put_in(store).id, put_in(store).id}
    assert {take(store, anna), take(store, ben)} == stored
    assert take(store, person(store, "cleo")) is None


def test_person_who_asks_again_gets_the_item_they_hold(store: Store, clock: Clock) -> None:
    anna = person(store, "anna")
    put_in(store), put_in(store)
    first = take(store, anna)
    clock.advance(minutes=10)
    assert take(store, anna) == first
    with store.read() as tx:
        assert tx.execute(select(claims_table.c.expires)).scalar_one() > clock.now


def test_expired_claim_goes_to_another_and_not_back(store: Store, clock: Clock) -> None:
    anna, ben = person(store, "anna"), person(store, "ben")
    document = put_in(store).id
    assert take(store, anna) == document
    clock.advance(minutes=POLICY.lease_minutes)
    assert take(store, ben) == document
    with store.write() as tx, pytest.raises(ConflictError, match="not held by user"):
        decisions.decide_document(tx, POLICY, anna, document, "escalate")
    with store.read() as tx:
        endings = tx.execute(select(claims_table.c.ending).order_by(claims_table.c.number)).scalars().all()
    assert endings == ["expired", None]


def test_late_verdict_counts_while_nobody_else_took_the_item(store: Store, clock: Clock) -> None:
    anna, document = person(store, "anna"), put_in(store).id
    take(store, anna)
    clock.advance(hours=3)
    with store.write() as tx:
        assert decisions.decide_document(tx, POLICY, anna, document, "escalate").state == "done"


def test_renewed_claim_holds_longer(store: Store, clock: Clock) -> None:
    anna, ben, document = person(store, "anna"), person(store, "ben"), put_in(store).id
    take(store, anna)
    clock.advance(minutes=POLICY.lease_minutes - 1)
    with store.write() as tx:
        claims.renew_claim(tx, POLICY, anna, document)
    clock.advance(minutes=POLICY.lease_minutes - 1)
    assert take(store, ben) is None


def test_released_item_is_free_at_once(store: Store) -> None:
    anna, ben, document = person(store, "anna"), person(store, "ben"), put_in(store).id
    take(store, anna)
    with store.write() as tx:
        claims.release_claim(tx, anna, document)
    assert take(store, ben) == document


def test_item_held_by_another_cannot_be_claimed_by_name(store: Store) -> None:
    anna, ben, document = person(store, "anna"), person(store, "ben"), put_in(store).id
    take(store, anna)
    with store.write() as tx, pytest.raises(ConflictError, match="held by another person until 12:15:00 UTC"):
        claims.claim_item(tx, POLICY, ben, document)


def test_item_that_was_never_queued_can_be_claimed_by_name(store: Store) -> None:
    anna = person(store, "anna")
    with store.write() as tx:
        document = intake.take_in(tx, POLICY, new_document(CALM), submitted_by="key-1").id
    assert take(store, anna) is None
    assert decide(store, anna, document, "no_concern") == "done"


@pytest.mark.parametrize(
    ("text", "language", "policy", "queued"),
    [
        (PASSPORT, None, POLICY, True),
        (CALM, None, POLICY, False),
        (CALM, None, ReviewPolicy(enqueue="all"), True),
        (CALM, "es", POLICY, True),
    ],
    ids=["flagged", "not flagged", "everything", "abstained"],
)
def test_what_is_queued(store: Store, text: str, language: str | None, policy: ReviewPolicy, queued: bool) -> None:
    with store.write() as tx:
        new = NewDocument(text, analyse(text, language=language))
        intake.take_in(tx, policy, new, submitted_by="key-1")
        assert queue.count_items(tx)["waiting"] == int(queued)


def test_submitter_reviews_nothing(store: Store) -> None:
    put_in(store)
    with pytest.raises(NotAllowedError, match="role submitter"):
        take(store, person(store, "sam", "submitter"))


def test_models_that_disagree_make_an_item_more_urgent(store: Store) -> None:
    anna, document = person(store, "anna"), put_in(store)
    before = listed(store, anna)[0].priority
    with store.write() as tx:
        probability = document.review_probability or 0
        policy = POLICY.model_copy(update={"weight_probability": 0.0})
        again = by_another_model(analyse(PASSPORT), probability - 0.5)
        intake.read_again(tx, policy, document.id, again, actor="system")
    after = listed(store, anna)[0].priority
    assert after - before == pytest.approx(0.5 * POLICY.weight_disagreement - probability)


def test_queue_page_by_page_is_the_whole_queue(store: Store) -> None:
    anna = person(store, "anna")
    stored = {put_in(store, text).id for text in (PASSPORT, CALM, OFFER, DEBT) * 3}
    seen: list[str] = []
    cursor = None
    while True:
        with store.read() as tx:
            page = queue.list_queue(tx, POLICY, anna, cursor=cursor, limit=5)
        seen += [item.document for item in page.items]
        if (cursor := page.cursor) is None:
            break
    assert len(seen) == len(stored)
    assert set(seen) == stored


@pytest.mark.parametrize("cursor", ["", "x", "W10", "WyJhIiwxXQ", "é", "A" * 500])
def test_cursor_that_no_list_gave_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(RefusedError, match=r"^cursor: "):
        listed(store, person(store, "anna"), cursor=cursor)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"indicator": "document_retention"}, {"passport", "calm"}),
        ({"indicator": "document_retention", "assertion": "asserted"}, {"passport"}),
        ({"context": "solicitation"}, {"offer"}),
        ({"language": "es"}, set()),
        ({"score_from": 0.5}, {"passport", "offer"}),
        ({"score_to": 0.5}, {"calm"}),
        ({"source": "upload"}, {"offer"}),
        ({"state": "done"}, set()),
    ],
    ids=lambda value: " ".join(map(str, value.values())) if isinstance(value, dict) else None,
)
def test_queue_is_narrowed(store: Store, filters: dict[str, object], expected: set[str]) -> None:
    anna = person(store, "anna")
    put_in(store, PASSPORT, external_id="passport")
    put_in(store, CALM, external_id="calm")
    put_in(store, OFFER, external_id="offer", source="upload")
    found = {item.external_id for item in listed(store, anna, filters=Filters(**filters))}  # type: ignore[arg-type]
    assert found == expected
    taken = take(store, anna, POLICY, **filters)
    assert (taken is not None) == bool(expected)


@pytest.mark.parametrize(
    ("filters", "field"),
    [
        ({"state": "lost"}, "state"),
        ({"verdict": "guilty"}, "verdict"),
        ({"assertion": "asserted"}, "assertion"),
        ({"score_from": 1.5}, "score_from"),
        ({"context": "a\x00"}, "context"),
    ],
    ids=["state", "verdict", "assertion alone", "score", "NUL"],
)
def test_filter_that_cannot_be_is_refused(store: Store, filters: dict[str, object], field: str) -> None:
    with pytest.raises(RefusedError, match=f"^{field}: "):
        listed(store, person(store, "anna"), filters=Filters(**filters))  # type: ignore[arg-type]


def test_heavy_items_are_counted_and_capped(store: Store, clock: Clock) -> None:
    policy = POLICY.model_copy(update={"heavy_indicators": frozenset({"document_retention"}), "heavy_cap_per_day": 1})
    anna = person(store, "anna")
    heavy = [put_in(store, PASSPORT, policy=policy).id for _ in range(2)]
    light = put_in(store, OFFER, policy=policy).id
    with store.write() as tx:
        claims.claim_item(tx, policy, anna, heavy[0])
        claims.release_claim(tx, anna, heavy[0])
    assert take(store, anna, policy) == light
    with store.write() as tx, pytest.raises(NotAllowedError, match="1 heavy items today"):
        claims.claim_item(tx, policy, anna, heavy[1])
    with store.read() as tx:
        assert exposure.exposure_of(tx, anna.id, date(2030, 1, 7)) == exposure.Exposure(items=2, heavy=1)
    clock.advance(days=1)
    with store.write() as tx:
        assert claims.claim_item(tx, policy, anna, heavy[1]).document == heavy[1]


class TestChecks:
    """Check items: hidden, done once by everybody, and never part of what others decide."""

    SHARE = POLICY.model_copy(update={"check_share": 0.2})

    @pytest.fixture
    def lead(self, store: Store) -> UserRecord:
        return person(store, "lea", "lead")

    @pytest.fixture
    def check(self, store: Store, lead: UserRecord) -> str:
        document = put_in(store).id
        with store.write() as tx:
            checks.make_check(tx, lead, document, verdict="escalate", indicators=("document_retention",))
        return document

    def test_looks_like_any_other_item_before_and_after(self, store: Store, check: str) -> None:
        anna, other = person(store, "anna"), put_in(store).id
        before = {item.document: item for item in listed(store, anna)}
        assert set(before) == {check, other}
        decide(store, anna, check)
        decide(store, anna, other)
        with store.read() as tx:
            after = {name: views.read_item(tx, POLICY, anna, name) for name in (check, other)}
        for seen in (before, after):
            hidden, plain = seen[check], seen[other]
            alike = ("state", "verdict", "reviewers", "decided", "flagged", "indicators", "holder", "queued", "heavy")
            assert {name: getattr(hidden, name) for name in alike} == {name: getattr(plain, name) for name in alike}
        assert listed(store, anna) == []

    def test_everybody_gets_it_once(self, store: Store, make_store: MakeStore, check: str) -> None:
        drawn = make_store(chance=lambda: 0.1)
        for name in ("anna", "ben"):
            user = person(store, name)
            assert take(drawn, user, self.SHARE) == check
            assert decide(store, user, check) == "done"
            assert take(drawn, user, self.SHARE) is None
            with store.write() as tx, pytest.raises(ConflictError, match="is done"):
                claims.claim_item(tx, POLICY, user, check)

    def test_is_given_only_when_it_is_drawn(self, store: Store, make_store: MakeStore, check: str) -> None:
        other = put_in(store).id
        assert take(make_store(chance=lambda: 0.5), person(store, "anna"), self.SHARE) == other
        assert check != other

    def test_answers_are_compared_with_the_known_one(self, store: Store, lead: UserRecord, check: str) -> None:
        right, wrong = person(store, "anna"), person(store, "ben")
        with store.write() as tx:
            claims.claim_item(tx, POLICY, right, check)
            span = list_spans(tx, check)[0].number
            decisions.decide_span(tx, right, check, decisions.SpanDecision("confirm", span=span))
            decisions.decide_document(tx, POLICY, right, check, "escalate")
        decide(store, wrong, check, "no_concern")
        with store.read() as tx:
            found = {one.reviewer: one for one in checks.check_accuracy(tx)}
            alone = checks.check_accuracy(tx, reviewer=lead.id)
        assert found[right.id] == checks.CheckAccuracy(right.id, 1, 1.0, 1.0)
        assert found[wrong.id] == checks.CheckAccuracy(wrong.id, 1, 0.0, 0.0)
        assert alone == []

    def test_shows_nobody_what_others_said(self, store: Store, lead: UserRecord, check: str) -> None:
        ben = person(store, "ben")
        decide(store, person(store, "anna"), check)
        with store.read() as tx:
            assert decisions.list_decisions(tx, ben, check) == []
            assert decisions.list_decisions(tx, lead, check) == []

    def test_is_made_by_leads_of_documents_nobody_decided_on(self, store: Store, lead: UserRecord) -> None:
        anna, document = person(store, "anna"), put_in(store).id
        with store.write() as tx, pytest.raises(NotAllowedError):
            checks.make_check(tx, anna, document, verdict="escalate", indicators=())
        decide(store, anna, document)
        with store.write() as tx, pytest.raises(ConflictError):
            checks.make_check(tx, lead, document, verdict="escalate", indicators=())

    def test_retired_one_is_given_to_nobody(self, store: Store, lead: UserRecord, check: str) -> None:
        with store.write() as tx:
            checks.retire_check(tx, lead, check)
        assert listed(store, person(store, "anna")) == []
