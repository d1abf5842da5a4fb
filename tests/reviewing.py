"""What tests of the store and of review share: a clock to move, and people and documents to put in."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from threading import Lock
from typing import Protocol

from classifier.document import Analysis, Document, ModelInfo
from service.review import claims, decisions, intake
from service.review.policy import ReviewPolicy
from service.store.documents import DocumentRecord, NewDocument
from service.store.store import Store
from service.store.users import UserRecord, add_user
from tests.fakes import FakeAnalyzer

PASSPORT = 'The manager took my passport "for registration" and it is still in his safe. I want to go home.'
DEBT = "I came for harvest work. It goes up each week, whatever I pay back."
OFFER = "Girls wanted for hotel work abroad. 5,000 USD a month, we buy the ticket and the visa."
CALM = "We met on Tuesday to plan the garden; nobody holds their passports."
# Nothing is read twice and nothing is a check, unless a test says otherwise.
POLICY = ReviewPolicy(second_share=0, second_verdicts=frozenset(), check_share=0)


class Clock:
    """A clock that a test moves; it begins on a Monday noon."""

    def __init__(self) -> None:
        self.now = datetime(2030, 1, 7, 12, tzinfo=UTC)
        self._turn = Lock()

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        with self._turn:
            self.now += timedelta(**by)


class MakeStore(Protocol):
    """Opens the test's database with settings."""

    def __call__(self, *, chance: Callable[[], float] = ..., **settings: object) -> Store: ...


@cache
def analyse(text: str, *, language: str | None = None) -> Analysis:
    return FakeAnalyzer().analyze(Document(text, language=language))


def by_another_model(analysis: Analysis, probability: float) -> Analysis:
    """The same analysis from a second model that finds review that probable."""
    review = replace(analysis.review, probability=probability)
    return replace(analysis, model=ModelInfo("fake", "0.0.2", "e" * 64, "1.0"), review=review)


def new_document(text: str, **given: object) -> NewDocument:
    return NewDocument(text, analyse(text), **given)  # type: ignore[arg-type]  # a test's own names


def put_in(store: Store, text: str = PASSPORT, *, policy: ReviewPolicy = POLICY, **given: object) -> DocumentRecord:
    """Store a document and queue it."""
    with store.write() as tx:
        return intake.take_in(tx, policy, new_document(text, **given), submitted_by="key-test", queue=True)


def person(store: Store, name: str, role: str = "analyst") -> UserRecord:
    with store.write() as tx:
        return add_user(tx, name, role=role, actor="system")


def decide(
    store: Store, user: UserRecord, document_id: str, verdict: str = "escalate", *, policy: ReviewPolicy = POLICY
) -> str:
    """Claim a document and give a verdict; returns the state it is in afterwards."""
    with store.write() as tx:
        claims.claim_item(tx, policy, user, document_id)
        return decisions.decide_document(tx, policy, user, document_id, verdict, reason="As read.").state
