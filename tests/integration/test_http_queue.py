"""The queue in front of the one worker: nothing lost, nothing mixed, nobody starved, and a plain no when it is full."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from classifier.document import Analysis, Document
from classifier.errors import DocumentError
from service.analysis_queue import (
    TURN_DOCUMENTS,
    AnalysisFailedError,
    AnalysisQueue,
    NotReadyError,
    Outcome,
    QueueFullError,
)
from tests.fakes import BREAKS, FakeAnalyzer
from tests.serving import open_client

Scenario = Callable[[AnalysisQueue, FakeAnalyzer], Awaitable[Any]]


@asynccontextmanager
async def opened(analyzer: FakeAnalyzer, capacity: int) -> AsyncIterator[AnalysisQueue]:
    queue = AnalysisQueue(capacity=capacity)
    await queue.open(lambda: analyzer)
    yield queue
    await queue.close()


def run(scenario: Scenario, *, gate: threading.Event | None = None, capacity: int = 1_000) -> FakeAnalyzer:
    analyzer = FakeAnalyzer(gate=gate)

    async def main() -> None:
        async with opened(analyzer, capacity) as queue:
            await asyncio.wait_for(scenario(queue, analyzer), timeout=60)

    asyncio.run(main())
    return analyzer


def documents(count: int, name: str = "d") -> list[Document]:
    return [Document(f"{name} {position} is a text", f"{name}-{position}") for position in range(count)]


def ids(outcomes: list[Outcome]) -> list[str | None]:
    return [outcome.id if isinstance(outcome, Analysis) else None for outcome in outcomes]


async def until_entered(analyzer: FakeAnalyzer) -> None:
    """Wait until the worker is inside a turn; it stays there until the gate opens."""
    assert await asyncio.to_thread(analyzer.entered.wait, 30)


def test_answers_of_many_requests_are_never_mixed() -> None:
    async def scenario(queue: AnalysisQueue, _: FakeAnalyzer) -> None:
        sizes = [1, 7, 40, 1, 16, 17, 3, 1, 100, 2]
        lists = [documents(size, f"request{number}") for number, size in enumerate(sizes)]
        answers = await asyncio.gather(*(queue.analyze(entries) for entries in lists))
        assert [ids(answer) for answer in answers] == [[entry.id for entry in entries] for entries in lists]

    analyzer = run(scenario)
    assert len(analyzer.threads) == 1
    assert max(analyzer.turns) <= TURN_DOCUMENTS


def test_idle_worker_takes_a_single_text_at_once() -> None:
    async def scenario(queue: AnalysisQueue, _: FakeAnalyzer) -> None:
        for _turn in range(3):
            await queue.analyze(documents(1))

    assert run(scenario).turns == [1, 1, 1]


def test_requests_that_gather_during_a_turn_share_the_next() -> None:
    gate = threading.Event()

    async def scenario(queue: AnalysisQueue, analyzer: FakeAnalyzer) -> None:
        first = asyncio.create_task(queue.analyze(documents(1)))
        await until_entered(analyzer)
        rest = [asyncio.create_task(queue.analyze(documents(1, f"r{number}"))) for number in range(5)]
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(first, *rest)

    assert run(scenario, gate=gate).turns == [1, 5]


def test_single_text_ends_before_a_long_list_that_came_first() -> None:
    gate = threading.Event()
    finished: list[str] = []

    async def scenario(queue: AnalysisQueue, analyzer: FakeAnalyzer) -> None:
        async def ask(name: str, count: int) -> None:
            await queue.analyze(documents(count, name))
            finished.append(name)

        long = asyncio.create_task(ask("long", 256))
        await until_entered(analyzer)
        short = asyncio.create_task(ask("short", 1))
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(long, short)

    analyzer = run(scenario, gate=gate)
    assert finished == ["short", "long"]
    assert max(analyzer.turns) == TURN_DOCUMENTS


def test_long_texts_make_short_turns() -> None:
    async def scenario(queue: AnalysisQueue, _: FakeAnalyzer) -> None:
        await queue.analyze([Document("word " * 8_000, str(number)) for number in range(6)])

    assert run(scenario).turns == [1] * 6


def test_full_queue_refuses_and_takes_again_when_there_is_room() -> None:
    gate = threading.Event()

    async def scenario(queue: AnalysisQueue, analyzer: FakeAnalyzer) -> None:
        held = asyncio.create_task(queue.analyze(documents(10)))
        await until_entered(analyzer)
        with pytest.raises(QueueFullError):
            await queue.analyze(documents(1))
        assert queue.held == 10
        gate.set()
        assert len(await held) == 10
        assert queue.held == 0
        assert len(await queue.analyze(documents(10))) == 10

    run(scenario, gate=gate, capacity=10)


def test_cancelled_request_leaves_the_others_their_answers() -> None:
    gate = threading.Event()

    async def scenario(queue: AnalysisQueue, analyzer: FakeAnalyzer) -> None:
        leaving = asyncio.create_task(queue.analyze(documents(100, "leaving")))
        await until_entered(analyzer)
        staying = asyncio.create_task(queue.analyze(documents(20, "staying")))
        await asyncio.sleep(0)
        leaving.cancel()
        gate.set()
        assert ids(await staying) == [f"staying-{position}" for position in range(20)]
        assert leaving.cancelled()
        assert queue.held == 0

    analyzer = run(scenario, gate=gate)
    # The turn that ran when the client left was finished; the other 84 documents were never started.
    assert sum(analyzer.turns) == TURN_DOCUMENTS + 20


def test_document_that_breaks_the_analyzer_costs_only_its_own_answer() -> None:
    async def scenario(queue: AnalysisQueue, _: FakeAnalyzer) -> None:
        entries = [*documents(3, "before"), Document(BREAKS, "broken"), *documents(3, "after")]
        outcomes, neighbour = await asyncio.gather(queue.analyze(entries), queue.analyze(documents(1, "neighbour")))
        broken = [isinstance(outcome, AnalysisFailedError) for outcome in outcomes]
        assert broken == [False] * 3 + [True] + [False] * 3
        assert ids(neighbour) == ["neighbour-0"]

    run(scenario)


def test_document_error_is_an_outcome_like_any_other() -> None:
    async def scenario(queue: AnalysisQueue, _: FakeAnalyzer) -> None:
        outcomes = await queue.analyze([Document("a text"), Document(" ")])
        assert isinstance(outcomes[1], DocumentError)

    run(scenario)


def test_closing_finishes_what_was_accepted_and_takes_no_more() -> None:
    gate = threading.Event()
    analyzer = FakeAnalyzer(gate=gate)

    async def main() -> None:
        queue = AnalysisQueue(capacity=100)
        await queue.open(lambda: analyzer)
        accepted = asyncio.create_task(queue.analyze(documents(50)))
        await until_entered(analyzer)
        closing = asyncio.create_task(queue.close())
        await asyncio.sleep(0)
        assert not queue.ready
        with pytest.raises(NotReadyError):
            await queue.analyze(documents(1))
        gate.set()
        await closing
        assert len(await accepted) == 50

    asyncio.run(main())


def test_empty_list_is_answered_at_once() -> None:
    async def scenario(queue: AnalysisQueue, _: FakeAnalyzer) -> None:
        assert await queue.analyze([]) == []

    assert run(scenario).turns == []


def test_full_queue_is_503_with_retry_after() -> None:
    gate = threading.Event()
    analyzer = FakeAnalyzer(gate=gate)
    with open_client(analyzer, queue_documents=4, max_documents=4) as client:
        answers: list[int] = []
        held = threading.Thread(
            target=lambda: answers.append(
                client.post("/v1/analyze", json={"documents": [{"text": "held"}] * 4}).status_code
            )
        )
        held.start()
        assert analyzer.entered.wait(30)
        refused = client.post("/v1/analyze", json={"text": "one more"})
        gate.set()
        held.join(30)
        assert refused.status_code == 503
        assert refused.json()["type"] == "urn:tellsign:problem:overloaded"
        assert int(refused.headers["retry-after"]) >= 1
        assert answers == [200]
        assert client.post("/v1/analyze", json={"text": "one more"}).status_code == 200


def test_broken_analysis_is_500_alone_and_an_entry_in_a_list() -> None:
    with open_client() as client:
        alone = client.post("/v1/analyze", json={"text": BREAKS})
        assert alone.status_code == 500
        assert alone.json()["type"] == "urn:tellsign:problem:internal"
        listed = client.post("/v1/analyze", json={"documents": [{"text": "fine"}, {"text": BREAKS}]})
        assert listed.status_code == 200
        assert [entry.get("error", {}).get("status") for entry in listed.json()["analyses"]] == [None, 500]
        assert BREAKS not in alone.text + listed.text
