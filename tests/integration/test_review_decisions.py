"""Decisions: spans, verdicts, second readings, disputes, undo and clusters, on both databases."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from service.review import adjudication, bulk, claims, decisions
from service.review.decisions import SpanDecision
from service.review.policy import ReviewPolicy
from service.review.records import DecisionRecord
from service.review.undo import undo
from service.review.views import read_item
from service.store.access_tables import deliveries
from service.store.documents import list_spans
from service.store.errors import ConflictError, NotAllowedError, RefusedError
from service.store.review_tables import decisions as decisions_table
from service.store.store import Store
from service.store.users import UserRecord
from service.store.webhooks import add_webhook
from tests.reviewing import CALM, DEBT, PASSPORT, POLICY, Clock, MakeStore, decide, person, put_in

TWICE = ReviewPolicy(second_share=1, check_share=0)


@pytest.fixture
def anna(store: Store) -> UserRecord:
    return person(store, "anna")


@pytest.fixture
def ben(store: Store) -> UserRecord:
    return person(store, "ben")


@pytest.fixture
def lea(store: Store) -> UserRecord:
    return person(store, "lea", "lead")


@pytest.fixture
def document(store: Store) -> str:
    return put_in(store).id


def hold(store: Store, user: UserRecord, document: str) -> int:
    """Claim a document; returns the number of its first span."""
    with store.write() as tx:
        claims.claim_item(tx, POLICY, user, document)
        return list_spans(tx, document)[0].number


def on_span(store: Store, user: UserRecord, document: str, decision: SpanDecision) -> DecisionRecord:
    with store.write() as tx:
        return decisions.decide_span(tx, user, document, decision)


def state_of(store: Store, viewer: UserRecord, document: str) -> tuple[str, str | None]:
    with store.read() as tx:
        item = read_item(tx, POLICY, viewer, document)
    return item.state, item.verdict


@pytest.mark.parametrize(
    "build",
    [
        lambda span: SpanDecision("confirm", span=span),
        lambda span: SpanDecision("reject", span=span, reason="It is a copy at the hotel desk."),
        lambda span: SpanDecision("insufficient", span=span),
        lambda span: SpanDecision("change", span=span, start=0, end=9, reason="Too wide."),
        lambda span: SpanDecision("change", span=span, indicator="isolation", reason="Another one."),
        lambda _: SpanDecision("add", indicator="isolation", start=3, end=12, assertion="asserted"),
    ],
    ids=["confirm", "reject", "insufficient", "change ends", "change indicator", "add"],
)
def test_decision_on_a_span_is_kept_with_its_reason(
    store: Store, anna: UserRecord, document: str, build: Callable[[int], SpanDecision]
) -> None:
    decision = build(hold(store, anna, document))
    with store.write() as tx:
        made = decisions.decide_span(tx, anna, document, decision)
        kept = decisions.list_decisions(tx, anna, document)
    assert kept == [made]
    assert (made.kind, made.span, made.reason, made.round) == (decision.kind, decision.span, decision.reason, "first")
    if decision.start is not None:
        assert (made.start, made.end) == (decision.start, decision.end)


@pytest.mark.parametrize(
    ("build", "field"),
    [
        (lambda span: SpanDecision("reject", span=span), "reason"),
        (lambda span: SpanDecision("reject", span=span, reason="  \n"), "reason"),
        (lambda span: SpanDecision("change", span=span, start=0, end=5), "reason"),
        (lambda span: SpanDecision("change", span=span, reason="x"), "kind"),
        (lambda span: SpanDecision("change", span=span, start=5, end=5, reason="x"), "start"),
        (lambda span: SpanDecision("change", span=span, end=100_000, reason="x"), "start"),
        (lambda span: SpanDecision("confirm", span=span, start=0, end=5), "kind"),
        (lambda span: SpanDecision("confirm", span=span + 1_000), "span"),
        (lambda _: SpanDecision("confirm"), "span"),
        (lambda span: SpanDecision("add", span=span), "span"),
        (lambda _: SpanDecision("add", indicator="beauty", start=0, end=5, assertion="asserted"), "indicator"),
        (lambda _: SpanDecision("add", indicator="isolation", start=0, end=5, assertion="maybe"), "assertion"),
        (lambda _: SpanDecision("add", indicator="isolation", start=-1, end=5, assertion="asserted"), "start"),
        (lambda span: SpanDecision("praise", span=span), "kind"),
        (lambda span: SpanDecision("reject", span=span, reason="x" * 2_001), "reason"),
    ],
    ids=[
        "reject without reason",
        "reject with a blank reason",
        "change without reason",
        "change of nothing",
        "empty span",
        "beyond the text",
        "confirm with ends",
        "span of another document",
        "no span",
        "add with a span",
        "unknown indicator",
        "unknown assertion",
        "before the text",
        "unknown kind",
        "long reason",
    ],
)
def test_decision_that_cannot_be_is_refused(
    store: Store, anna: UserRecord, document: str, build: Callable[[int], SpanDecision], field: str
) -> None:
    decision = build(hold(store, anna, document))
    with store.write() as tx, pytest.raises(RefusedError, match=f"^{field}: "):
        decisions.decide_span(tx, anna, document, decision)


def test_only_the_holder_decides(store: Store, anna: UserRecord, ben: UserRecord, document: str) -> None:
    span = hold(store, anna, document)
    for user in (ben, person(store, "sam", "submitter")):
        with store.write() as tx, pytest.raises((ConflictError, NotAllowedError)):
            decisions.decide_span(tx, user, document, SpanDecision("confirm", span=span))


@pytest.mark.parametrize(
    ("words", "verdict", "needed"),
    [
        (PASSPORT, "escalate", False),
        (PASSPORT, "no_concern", True),
        (PASSPORT, "needs_second_look", True),
        (CALM, "no_concern", False),
        (CALM, "escalate", True),
    ],
)
def test_verdict_against_the_model_needs_a_reason(
    store: Store, anna: UserRecord, words: str, verdict: str, needed: bool
) -> None:
    document = put_in(store, words).id
    with store.write() as tx:
        claims.claim_item(tx, POLICY, anna, document)
        if not needed:
            decisions.decide_document(tx, POLICY, anna, document, verdict)
            return
        with pytest.raises(RefusedError, match=r"^reason: "):
            decisions.decide_document(tx, POLICY, anna, document, verdict)


def test_decided_item_cannot_be_decided_again(store: Store, anna: UserRecord, ben: UserRecord, document: str) -> None:
    decide(store, anna, document)
    for user in (anna, ben):
        with pytest.raises(ConflictError, match="is done"):
            decide(store, user, document)


@pytest.mark.parametrize("statement", ["UPDATE decisions SET verdict = 'no_concern'", "DELETE FROM decisions"])
def test_decision_is_never_changed(store: Store, anna: UserRecord, document: str, statement: str) -> None:
    decide(store, anna, document)
    with pytest.raises(DBAPIError, match="append-only"), store.write() as tx:
        tx.execute(text(statement))


class TestSecondReading:
    """A second person reads what the policy, the first verdict or chance asks for."""

    @pytest.mark.parametrize(
        ("policy", "verdict", "draw", "state"),
        [
            (POLICY, "escalate", 0.0, "done"),
            (ReviewPolicy(second_share=0.2), "no_concern", 0.1, "second"),
            (ReviewPolicy(second_share=0.2), "no_concern", 0.3, "done"),
            (ReviewPolicy(second_share=0), "escalate", 0.9, "second"),
            (ReviewPolicy(second_share=0), "needs_second_look", 0.9, "second"),
        ],
        ids=["never", "drawn", "not drawn", "escalated", "asked for"],
    )
    def test_is_asked_for(
        self, make_store: MakeStore, policy: ReviewPolicy, verdict: str, draw: float, state: str
    ) -> None:
        store = make_store(chance=lambda: draw)
        assert decide(store, person(store, "anna"), put_in(store).id, verdict, policy=policy) == state

    def test_is_by_another_person(self, store: Store, anna: UserRecord, ben: UserRecord, document: str) -> None:
        decide(store, anna, document, policy=TWICE)
        with store.write() as tx:
            assert claims.claim_next(tx, TWICE, anna) is None
            with pytest.raises(NotAllowedError, match="has read it before"):
                claims.claim_item(tx, TWICE, anna, document)
            claim = claims.claim_next(tx, TWICE, ben)
        assert claim is not None
        assert (claim.document, claim.round) == (document, "second")

    def test_does_not_know_the_first(self, store: Store, anna: UserRecord, ben: UserRecord, document: str) -> None:
        decide(store, anna, document, policy=TWICE)
        with store.read() as tx:
            assert decisions.list_decisions(tx, ben, document) == []
            assert read_item(tx, TWICE, ben, document).verdict is None
            assert len(decisions.list_decisions(tx, anna, document)) == 1

    @pytest.mark.parametrize(
        ("first", "second", "state"),
        [
            ("escalate", "escalate", "done"),
            ("no_concern", "no_concern", "done"),
            ("escalate", "no_concern", "adjudication"),
            ("needs_second_look", "escalate", "done"),
            ("needs_second_look", "needs_second_look", "adjudication"),
            ("escalate", "needs_second_look", "adjudication"),
        ],
    )
    def test_closes_what_both_say(
        self, store: Store, anna: UserRecord, ben: UserRecord, document: str, first: str, second: str, state: str
    ) -> None:
        decide(store, anna, document, first, policy=TWICE)
        assert decide(store, ben, document, second, policy=TWICE) == state
        if state == "done":
            assert state_of(store, anna, document) == ("done", second)


class TestDispute:
    """Two who do not agree leave it to a lead who has not read it."""

    @pytest.fixture
    def disputed(self, store: Store, anna: UserRecord, ben: UserRecord, document: str) -> str:
        span = hold(store, anna, document)
        on_span(store, anna, document, SpanDecision("confirm", span=span))
        decide(store, anna, document, "escalate", policy=TWICE)
        hold(store, ben, document)
        on_span(store, ben, document, SpanDecision("reject", span=span, reason="A copy."))
        decide(store, ben, document, "no_concern", policy=TWICE)
        return document

    def test_shows_both_sides(
        self, store: Store, anna: UserRecord, ben: UserRecord, lea: UserRecord, disputed: str
    ) -> None:
        with store.read() as tx:
            dispute = adjudication.read_dispute(tx, lea, disputed)
            span = list_spans(tx, disputed)[0].number
        assert (dispute.first.reviewer, dispute.first.verdict) == (anna.id, "escalate")
        assert (dispute.second.reviewer, dispute.second.verdict) == (ben.id, "no_concern")
        assert [one.kind for one in dispute.second.decisions] == ["reject", "verdict"]
        assert dispute.differing_spans == (span,)

    def test_is_decided_by_a_lead(self, store: Store, lea: UserRecord, disputed: str) -> None:
        with store.write() as tx:
            claim = claims.claim_next(tx, TWICE, lea)
            assert claim is None
        assert decide(store, lea, disputed, "escalate", policy=TWICE) == "done"
        assert state_of(store, lea, disputed) == ("done", "escalate")

    def test_needs_a_reason_and_an_answer(self, store: Store, lea: UserRecord, disputed: str) -> None:
        with store.write() as tx:
            claims.claim_item(tx, TWICE, lea, disputed)
        with store.write() as tx, pytest.raises(RefusedError, match=r"^reason: "):
            decisions.decide_document(tx, TWICE, lea, disputed, "escalate")
        with pytest.raises(RefusedError, match=r"^verdict: "), store.write() as tx:
            decisions.decide_document(tx, TWICE, lea, disputed, "needs_second_look", reason="Hard.")

    def test_is_not_for_analysts_nor_for_those_who_read_it(self, store: Store, disputed: str) -> None:
        with pytest.raises(NotAllowedError, match="role analyst"):
            decide(store, person(store, "cleo"), disputed, policy=TWICE)
        document, first = put_in(store).id, person(store, "max", "lead")
        decide(store, first, document, "escalate", policy=TWICE)
        decide(store, person(store, "dora"), document, "no_concern", policy=TWICE)
        with pytest.raises(NotAllowedError, match="has read it before"):
            decide(store, first, document, policy=TWICE)


class TestUndo:
    """An undo is a row of its own; what it takes back no longer counts."""

    def test_takes_back_the_newest_decision_on_a_span(self, store: Store, anna: UserRecord, document: str) -> None:
        span = hold(store, anna, document)
        on_span(store, anna, document, SpanDecision("confirm", span=span))
        on_span(store, anna, document, SpanDecision("insufficient", span=span))
        with store.write() as tx:
            undo(tx, POLICY, anna, document)
            kept = decisions.list_decisions(tx, anna, document)
        assert [(one.kind, one.undone) for one in kept] == [("confirm", False), ("insufficient", True), ("undo", False)]

    def test_of_a_verdict_gives_the_item_back(
        self, store: Store, anna: UserRecord, ben: UserRecord, document: str
    ) -> None:
        decide(store, anna, document)
        with store.write() as tx:
            undo(tx, POLICY, anna, document)
            held = claims.claim_next(tx, POLICY, anna)
            assert claims.claim_next(tx, POLICY, ben) is None
        assert held is not None
        assert held.document == document
        assert state_of(store, anna, document) == ("waiting", None)
        assert decide(store, anna, document, "no_concern") == "done"

    def test_of_a_second_verdict_leaves_the_first(
        self, store: Store, anna: UserRecord, ben: UserRecord, lea: UserRecord, document: str
    ) -> None:
        decide(store, anna, document, "escalate", policy=TWICE)
        decide(store, ben, document, "no_concern", policy=TWICE)
        with store.write() as tx:
            undo(tx, TWICE, ben, document)
        assert state_of(store, lea, document)[0] == "second"
        assert decide(store, ben, document, "escalate", policy=TWICE) == "done"

    def test_is_too_late_after_a_while(self, store: Store, clock: Clock, anna: UserRecord, document: str) -> None:
        decide(store, anna, document)
        clock.advance(minutes=POLICY.undo_minutes + 1)
        with store.write() as tx, pytest.raises(ConflictError, match="older than 30 minutes"):
            undo(tx, POLICY, anna, document)

    def test_is_too_late_once_somebody_has_gone_on(
        self, store: Store, anna: UserRecord, ben: UserRecord, document: str
    ) -> None:
        decide(store, anna, document, policy=TWICE)
        hold(store, ben, document)
        with store.write() as tx, pytest.raises(ConflictError, match="gone on"):
            undo(tx, TWICE, anna, document)

    def test_of_nothing_is_refused(self, store: Store, anna: UserRecord, ben: UserRecord, document: str) -> None:
        decide(store, anna, document)
        with store.write() as tx, pytest.raises(ConflictError, match="decided nothing"):
            undo(tx, POLICY, ben, document)

    def test_reaches_back_step_by_step(self, store: Store, anna: UserRecord, document: str) -> None:
        span = hold(store, anna, document)
        on_span(store, anna, document, SpanDecision("confirm", span=span))
        decide(store, anna, document)
        with store.write() as tx:
            undo(tx, POLICY, anna, document)
            undo(tx, POLICY, anna, document)
            kept = decisions.list_decisions(tx, anna, document)
            with pytest.raises(ConflictError, match="decided nothing"):
                undo(tx, POLICY, anna, document)
        assert [one.undone for one in kept] == [True, True, False, False]


class TestCluster:
    """One verdict for copies, by somebody who has one of them open."""

    @pytest.fixture
    def copies(self, store: Store) -> list[str]:
        return [put_in(store, f"{DEBT} Call 555-010{digit}.").id for digit in range(4)]

    def test_decides_every_copy_and_no_other(
        self, store: Store, anna: UserRecord, copies: list[str], document: str
    ) -> None:
        hold(store, anna, copies[0])
        with store.write() as tx:
            shown = bulk.list_cluster(tx, POLICY, anna, copies[0])
            done = bulk.decide_cluster(tx, POLICY, anna, copies, "no_concern", reason="One advert, copied.")
        assert shown[0].document == copies[0]
        assert {item.document for item in shown} == set(copies) == set(done.decided)
        assert {state_of(store, anna, copy) for copy in copies} == {("done", "no_concern")}
        assert state_of(store, anna, document) == ("waiting", None)
        with store.read() as tx:
            batches = set(tx.execute(select(decisions_table.c.batch)).scalars())
        assert batches == {done.batch}

    def test_leaves_out_what_others_hold_or_have_decided(
        self, store: Store, anna: UserRecord, ben: UserRecord, copies: list[str]
    ) -> None:
        hold(store, anna, copies[0])
        decide(store, ben, copies[2])
        hold(store, ben, copies[1])
        with store.write() as tx:
            done = bulk.decide_cluster(tx, POLICY, anna, copies, "escalate", reason="Copied.")
        assert set(done.decided) == {copies[0], copies[3]}
        assert done.skipped == {copies[1]: "held", copies[2]: "done"}

    def test_is_decided_from_one_of_its_documents(self, store: Store, anna: UserRecord, copies: list[str]) -> None:
        with store.write() as tx, pytest.raises(ConflictError, match="claim one of them"):
            bulk.decide_cluster(tx, POLICY, anna, copies, "escalate", reason="Copied.")

    def test_needs_a_reason(self, store: Store, anna: UserRecord, copies: list[str]) -> None:
        hold(store, anna, copies[0])
        with pytest.raises(RefusedError, match=r"^reason: "), store.write() as tx:
            bulk.decide_cluster(tx, POLICY, anna, copies, "escalate", reason="")

    def test_is_one_cluster(self, store: Store, anna: UserRecord, copies: list[str], document: str) -> None:
        hold(store, anna, document)
        with store.write() as tx, pytest.raises(RefusedError, match="more than one cluster"):
            bulk.decide_cluster(tx, POLICY, anna, [*copies, document], "escalate", reason="Copied.")

    def test_can_be_taken_back_one_by_one(self, store: Store, anna: UserRecord, copies: list[str]) -> None:
        hold(store, anna, copies[0])
        with store.write() as tx:
            bulk.decide_cluster(tx, POLICY, anna, copies, "escalate", reason="Copied.")
            undo(tx, POLICY, anna, copies[3])
        assert state_of(store, anna, copies[3])[0] == "waiting"
        assert state_of(store, anna, copies[2])[0] == "done"


def test_events_are_written_in_the_step_they_tell_of(store: Store, anna: UserRecord) -> None:
    with store.write() as tx:
        events = ["document.created", "document.decided", "document.reopened"]
        add_webhook(tx, "https://example.org/hook", events=events, actor="system")
    document = put_in(store).id
    decide(store, anna, document)
    with store.write() as tx:
        undo(tx, POLICY, anna, document)
    with store.read() as tx:
        rows = tx.execute(select(deliveries.c.event, deliveries.c.payload).order_by(deliveries.c.created)).all()
    assert sorted(row.event for row in rows) == sorted(events)
    assert all(document in row.payload and "manager" not in row.payload for row in rows)
