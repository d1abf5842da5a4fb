"""An answer that a thread writes while it is sent: whole, or ended early, and never kept in memory."""

import asyncio
import threading
from typing import BinaryIO

import anyio
import anyio.lowlevel
import pytest
from starlette.types import Message

from classifier.errors import TellsignError
from service.desk.piping import PipedResponse


async def send_response(write: object, *, gone_after: int | None = None) -> list[Message]:
    """The messages of an answer; the client leaves after so many of them."""
    sent: list[Message] = []
    gone = anyio.Event()

    async def receive() -> Message:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)
        if gone_after is not None and len(sent) >= gone_after:
            gone.set()
            await anyio.lowlevel.checkpoint()

    response = PipedResponse(
        write,  # type: ignore[arg-type]  # each test's own
        limiter=anyio.CapacityLimiter(1),
        media_type="text/csv",
        headers={"X-Test": "1"},
    )
    await response({"type": "http"}, receive, send)
    return sent


def test_pieces_together_are_what_was_written() -> None:
    def write(stream: BinaryIO) -> None:
        stream.writelines(b"%04d" % number * 100 for number in range(1_000))

    sent = asyncio.run(send_response(write))
    assert sent[0]["status"] == 200
    assert (b"content-type", b"text/csv; charset=utf-8") in sent[0]["headers"]
    assert b"content-length" not in dict(sent[0]["headers"])
    body = b"".join(message["body"] for message in sent[1:])
    assert body == b"".join(b"%04d" % number * 100 for number in range(1_000))
    assert [message["more_body"] for message in sent[1:]] == [True] * (len(sent) - 2) + [False]
    assert len(sent) > 5


def test_nothing_written_is_an_empty_answer() -> None:
    sent = asyncio.run(send_response(lambda _: None))
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]


def test_refusal_before_the_first_piece_is_raised_and_nothing_sent() -> None:
    async def run() -> list[Message]:
        def write(_: BinaryIO) -> None:
            raise TellsignError("no key")

        with pytest.raises(TellsignError, match="no key"):
            await send_response(write)
        return []

    assert asyncio.run(run()) == []


def test_refusal_halfway_never_ends_the_answer_properly() -> None:
    sent: list[Message] = []

    async def run() -> None:
        def write(stream: BinaryIO) -> None:
            stream.write(b"x" * 200_000)
            raise TellsignError("no key")

        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            await anyio.sleep_forever()
            raise AssertionError

        response = PipedResponse(write, limiter=anyio.CapacityLimiter(1), media_type="text/csv", headers={})
        with pytest.raises(TellsignError):
            await response({"type": "http"}, receive, send)

    asyncio.run(run())
    assert all(message.get("more_body", True) for message in sent)


def test_client_that_leaves_ends_the_writing() -> None:
    ended = threading.Event()

    def write(stream: BinaryIO) -> None:
        try:
            while True:
                stream.write(b"x" * 100_000)
        finally:
            ended.set()

    sent = asyncio.run(send_response(write, gone_after=3))
    assert ended.is_set()
    assert all(message.get("more_body", True) for message in sent)
