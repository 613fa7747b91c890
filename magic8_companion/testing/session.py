"""Hold the state of one connection: client id, subscriptions and queued bytes."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from magic8_companion.testing.codes import SYSTEM, TEXTS, RequestRejected
from magic8_companion.testing.message_ids import Reply
from magic8_companion.testing.pacing import MessageRateCheck
from magic8_companion.testing.subscription import BarUpdates, Subscription
from magic8_companion.testing.wire import Field, frame
from magic8_companion.testing.world import World

_ERRORS_HAVE_JSON: Final = 166


class ClientSession:
    """The gateway's side of a connection.

    ``muted`` drops all messages; ``frozen`` simulates a peer that disappeared without closing.  No method waits: bytes
    are queued and :meth:`write_out` sends them.
    """

    def __init__(self, number: int, world: World, writer: asyncio.StreamWriter) -> None:
        self.number, self.world = number, world
        self.client_id: int | None = None
        self.version = 0
        self.market_data_type = 1
        self.muted = self.frozen = False
        self.rate = MessageRateCheck()
        self.subscriptions: dict[int, Subscription] = {}
        self.bar_updates: dict[int, BarUpdates] = {}
        self._writer = writer
        self._queue: deque[bytes] = deque()
        self._filled = asyncio.Event()
        self._closing = False

    @property
    def started(self) -> bool:
        """Return whether startApi was accepted."""
        return self.client_id is not None

    @property
    def ended(self) -> bool:
        """Return whether no more messages follow, because the connection ends or its peer has disappeared."""
        return self._closing or self.frozen

    def send(self, *fields: Field) -> None:
        """Queue a message."""
        if not self.muted and not self.ended:
            self._queue.append(frame(fields))
            self._filled.set()

    def error(self, request_id: int, code: int, text: str = "") -> None:
        """Queue an error under a request id (-1 = a system message)."""
        sentence = text or TEXTS[code]
        self.world.counts.errors[code] += 1
        self.world.note(f"-> {code} {sentence}" + (f" (request {request_id})" if request_id >= 0 else ""), self.number)
        json = ("",) if self.version >= _ERRORS_HAVE_JSON else ()
        self.send(Reply.ERROR, 2, request_id, code, sentence, *json)

    def system(self, code: int, text: str = "") -> None:
        """Queue a system message."""
        self.error(SYSTEM, code, text)

    def refuse(self, request_id: int, refused: RequestRejected) -> None:
        """Queue the error of a rejected request."""
        self.error(request_id, refused.code, refused.text)

    def release(self) -> None:
        """Drop every subscription and open request, and release the lines."""
        for _ in self.subscriptions:
            self.world.return_line()
        self.subscriptions.clear()
        self.bar_updates.clear()
        self.world.history.forget(self.number)

    def close(self) -> None:
        """Close the connection in good order, after the queued bytes."""
        self._closing = True
        self._filled.set()

    def abort(self) -> None:
        """Close the connection at once; queued bytes are lost, and an active peer sees a reset."""
        self._queue.clear()
        self.close()
        self._writer.transport.abort()

    def freeze(self) -> None:
        """Stop reading and writing; the socket stays open."""
        self.release()
        self.frozen = True
        transport = self._writer.transport
        if isinstance(transport, asyncio.ReadTransport):
            transport.pause_reading()

    async def write_out(self) -> None:
        """Send the queued bytes until the connection ends, in pieces if a fault requires it."""
        try:
            while self._queue or not self._closing:
                await self._filled.wait()
                self._filled.clear()
                while self._queue:
                    await self._write(b"".join(self._take()))
        except ConnectionError:
            pass  # the reading task notices it as well and ends the session
        except asyncio.CancelledError:
            self._writer.transport.abort()
            raise
        self._writer.close()

    def _take(self) -> list[bytes]:
        taken = list(self._queue)
        self._queue.clear()
        return taken

    async def _write(self, data: bytes) -> None:
        active_fault = self.world.active_faults.find("segments")
        size = int(active_fault.fault.number("size")) if active_fault else len(data)
        for start in range(0, len(data), size):
            if self._writer.is_closing():
                return
            self._writer.write(data[start : start + size])
            if active_fault:
                await asyncio.sleep(0)  # without a turn of the loop the pieces would be sent as one
        await self._writer.drain()
