"""Takes submitted documents in: analysed by the service's queue, stored in one step, once per request key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import anyio
import orjson
from fastapi import Request

from classifier.document import Analysis, Document
from service.answering import answer
from service.desk.bodies import parse
from service.desk.desk import Desk, desk_of
from service.desk.people import Person
from service.desk.schemas_documents import SubmissionsIn, SubmittedIn
from service.problems import ProblemError, document_problem, store_problem
from service.review.intake import take_in
from service.store.documents import DocumentRecord, NewDocument, read_document
from service.store.errors import RefusedError
from service.store.idempotency import Answered, Repeatable, Started, abandon, begin, finish
from service.store.resent import find_resent
from service.store.store import Transaction

ROUTE = "POST /v1/documents"


@dataclass(frozen=True, slots=True)
class Taken:
    """A document that is in the store; `existing`: it was there before."""

    record: DocumentRecord
    existing: bool


@dataclass(frozen=True, slots=True)
class NotTaken:
    """A document that is not: the submitter's name for it, and the problem document."""

    external_id: str | None
    problem: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Submission:
    """What became of a request: an entry a document, in order; `replayed`: the request was done before."""

    entries: tuple[Taken | NotTaken, ...]
    replayed: bool


def read_submitted(value: object, *, most: int) -> tuple[list[SubmittedIn], bool]:
    """What was submitted, and whether it was a list.

    Args:
        value: The body as JSON.
        most: Documents of one request.

    Raises:
        ProblemError: `invalid_request` or `too_many_documents`.
    """
    if not isinstance(value, dict) or "documents" not in value:
        return [parse(value, SubmittedIn)], False
    listed = value["documents"]
    if isinstance(listed, list) and len(listed) > most:
        raise ProblemError("too_many_documents", f"Allowed: at most {most} documents, got {len(listed)}")
    return parse(value, SubmissionsIn).documents, True


async def submit(
    request: Request, person: Person, submitted: Sequence[SubmittedIn], *, key: str | None = None, alone: bool = False
) -> Submission:
    """Analyse, store and queue documents; all that can be taken are taken in one step.

    Args:
        request: The request.
        person: Who sends them.
        submitted: The documents.
        key: The sender's own word for the request; the same request with it is done once.
        alone: Raise what is wrong with the only document instead of answering it as an entry.

    Raises:
        ProblemError: `overloaded`, `not_ready`, or with `alone` what is wrong.
        ConflictError: The key was used for another request, or the first one is still running.
        starlette.requests.ClientDisconnect: The client left; nothing was stored.
    """
    desk = desk_of(request)
    started = None
    if key is not None:
        body = orjson.dumps([one.model_dump() for one in submitted], option=orjson.OPT_SORT_KEYS)
        begun = await desk.write(lambda tx: begin(tx, Repeatable(person.user.id, ROUTE, key, body)))
        if isinstance(begun, Answered):
            return await desk.read(lambda tx: _repeat(tx, begun.answer))
        started = begun
    done = False
    try:
        entries = await _take_all(request, person, submitted, started=started, alone=alone)
        done = True
    finally:
        if started is not None and not done:
            # Also when the client has left: or the key would be taken until its lease ends.
            with anyio.CancelScope(shield=True):
                await desk.write(lambda tx: abandon(tx, started))
    return Submission(tuple(entries), replayed=False)


async def _take_all(
    request: Request, person: Person, submitted: Sequence[SubmittedIn], *, started: Started | None, alone: bool
) -> list[Taken | NotTaken]:
    desk = desk_of(request)
    documents = [Document(one.text, one.external_id, one.language) for one in submitted]
    outcomes = await answer(request, documents)

    def step(tx: Transaction) -> list[Taken | NotTaken]:
        entries: list[Taken | NotTaken] = []
        for one, outcome in zip(submitted, outcomes, strict=True):
            try:
                if not isinstance(outcome, Analysis):
                    raise document_problem(outcome)
                entries.append(_take(tx, desk, person, one, outcome))
            except (ProblemError, RefusedError) as error:
                # Refused before anything was written, so the others are not affected.
                if alone:
                    raise
                problem = store_problem(error) if isinstance(error, RefusedError) else error
                entries.append(NotTaken(one.external_id, problem.document()))
        if started is not None:
            finish(tx, started, {"entries": [_kept(entry) for entry in entries]})
        return entries

    return await desk.write(step)


def _take(tx: Transaction, desk: Desk, person: Person, one: SubmittedIn, analysis: Analysis) -> Taken:
    if one.external_id is not None:
        there = find_resent(tx, one.text, source=one.source, external_id=one.external_id)
        if there is not None:
            return Taken(there, existing=True)
    new = NewDocument(one.text, analysis, one.external_id, one.metadata or {}, one.source)
    return Taken(take_in(tx, desk.policy, new, submitted_by=person.user.id, queue=one.review or None), existing=False)


def _kept(entry: Taken | NotTaken) -> dict[str, Any]:
    if isinstance(entry, Taken):
        return {"document": entry.record.id, "existing": entry.existing}
    return {"external_id": entry.external_id, "problem": orjson.loads(orjson.dumps(entry.problem))}


def _repeat(tx: Transaction, kept: Mapping[str, Any]) -> Submission:
    """The answer of the first request, as the documents are now."""
    entries = [
        Taken(read_document(tx, entry["document"]), entry["existing"])
        if "document" in entry
        else NotTaken(entry["external_id"], entry["problem"])
        for entry in kept["entries"]
    ]
    return Submission(tuple(entries), replayed=True)
