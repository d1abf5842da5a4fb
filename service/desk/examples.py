"""Invented documents to try the desk with: read by the model like any other, and gone when they are turned off."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from sqlalchemy import select

from classifier.document import Analysis, Document
from service.analysis_queue import AnalysisQueue
from service.desk.desk import Desk
from service.review.intake import take_in
from service.review.retention import erase_document
from service.store.document_tables import documents
from service.store.documents import NewDocument
from service.store.erasure import sweep
from service.store.store import Transaction

SOURCE = "example"
_ACTOR = "system"


@dataclass(frozen=True, slots=True)
class Example:
    """An invented document: its name, what it shows, its words."""

    name: str
    about: str
    text: str


@cache
def load_examples() -> tuple[Example, ...]:
    """All of them, in the order of the file."""
    data = resources.files("service.desk").joinpath("examples.toml").read_text(encoding="utf-8")
    return tuple(Example(**table) for table in tomllib.loads(data)["document"])


async def add_examples(desk: Desk, queue: AnalysisQueue) -> int:
    """Read the examples and put all of them in the queue of the desk; returns how many."""
    given = load_examples()
    outcomes = await queue.analyze([Document(example.text, id=example.name) for example in given])
    read = [(one, found) for one, found in zip(given, outcomes, strict=True) if isinstance(found, Analysis)]

    def take(tx: Transaction) -> int:
        for example, analysis in read:
            new = NewDocument(example.text, analysis, f"example-{example.name}", {"about": example.about}, SOURCE)
            # All of them, flagged or not: what is not flagged shows as much.
            take_in(tx, desk.policy, new, submitted_by=_ACTOR, queue=True)
        return len(read)

    return await desk.write(take)


async def remove_examples(desk: Desk) -> int:
    """Erase the words of all examples, which takes them out of the queue; returns how many there were."""
    there = await desk.read(_present)
    if there:
        await desk.write(lambda tx: _erase(tx, there))
        await desk.hash(lambda: sweep(desk.store))
    return len(there)


def _present(tx: Transaction) -> Sequence[str]:
    wanted = select(documents.c.id).where(documents.c.source == SOURCE, documents.c.erased_at.is_(None))
    return tx.execute(wanted).scalars().all()


def _erase(tx: Transaction, ids: Sequence[str]) -> None:
    for document_id in ids:
        erase_document(tx, document_id, actor=_ACTOR, why="request")
