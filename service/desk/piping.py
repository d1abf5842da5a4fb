"""An answer that a thread writes while it is sent: however long it is, only a few pieces of it are in memory."""

import io
from collections.abc import Callable
from typing import BinaryIO, cast

import anyio
import anyio.from_thread
import anyio.to_thread
from anyio.abc import ObjectReceiveStream
from anyio.streams.memory import MemoryObjectSendStream
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from classifier.errors import TellsignError

_PIECE = 64 * 1024
_PIECES = 4
Write = Callable[[BinaryIO], None]


class PipedResponse(Response):
    """Sends what `write` writes.

    What goes wrong after the first piece ends the connection early, so that nobody takes a part for the whole.

    Args:
        write: Called in a thread with a stream to write to.
        limiter: How many such threads there may be.
        media_type: Of the content.
        headers: Further headers.
    """

    def __init__(
        self, write: Write, *, limiter: anyio.CapacityLimiter, media_type: str, headers: dict[str, str]
    ) -> None:
        # Not the base class's own: it would measure a body that is not there yet.
        self.status_code = 200
        self.media_type = media_type
        self.background = None
        self.init_headers(headers)
        self._write = write
        self._limiter = limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - its shape
        """Write and send side by side; a client that leaves ends both.

        Raises:
            TellsignError: As `write` raised it; before the first piece it can still be answered.
        """
        pieces, wanted = anyio.create_memory_object_stream[bytes](_PIECES)
        refused: list[TellsignError] = []
        async with anyio.create_task_group() as group:

            async def produce() -> None:
                async with pieces:
                    try:
                        await anyio.to_thread.run_sync(self._run, pieces, limiter=self._limiter)
                    except TellsignError as error:
                        refused.append(error)

            async def watch() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                # The thread finds nobody to give its next piece to.
                wanted.close()
                group.cancel_scope.cancel()

            group.start_soon(produce)
            group.start_soon(watch)
            async with wanted:
                started = await self._send_pieces(wanted, send)
            if not refused:
                await self._end(send, started=started)
            group.cancel_scope.cancel()
        if refused:
            raise refused[0]

    async def _send_pieces(self, wanted: ObjectReceiveStream[bytes], send: Send) -> bool:
        started = False
        async for piece in wanted:
            if not started:
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                started = True
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        return started

    async def _end(self, send: Send, *, started: bool) -> None:
        if not started:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _run(self, pieces: MemoryObjectSendStream[bytes]) -> None:
        pipe = _Pipe(pieces)
        try:
            self._write(cast(BinaryIO, pipe))
            pipe.flush()
        except anyio.BrokenResourceError:
            # The client has left; the block around says so.
            return


class _Pipe(io.RawIOBase):
    """A stream that gives what is written to it on, in pieces."""

    def __init__(self, pieces: MemoryObjectSendStream[bytes]) -> None:
        super().__init__()
        self._pieces = pieces
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        more = bytes(data)  # type: ignore[call-overload]  # bytes or alike
        self._held += more
        if len(self._held) >= _PIECE:
            self.flush()
        return len(more)

    def flush(self) -> None:
        if self._held:
            piece, self._held = bytes(self._held), bytearray()
            anyio.from_thread.run(self._pieces.send, piece)
