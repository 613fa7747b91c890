"""Run the protocol of one connection: greeting, start, then one request at a time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.trading_day import NEW_YORK
from magic8_companion.testing.codes import SYSTEM, RequestRejected
from magic8_companion.testing.dispatch import HANDLERS, request_id_of, symbol_of
from magic8_companion.testing.fault_injector import FaultInjector
from magic8_companion.testing.faults import CONNECT
from magic8_companion.testing.message_ids import ORDERS, Request
from magic8_companion.testing.scenario import SPOKEN_VERSION
from magic8_companion.testing.session import ClientSession
from magic8_companion.testing.system import gateway_seconds
from magic8_companion.testing.wire import FieldReader, FrameReader, ProtocolError, read_hello, split

_READ_BYTES: Final = 65536
_POLL_SECONDS: Final = 0.02
_LOGGED_CHARACTERS: Final = 120
_RATE_STRIKES: Final = 3  # violations of the message rate after which a gateway disconnects
_NEEDS_LINK: Final = frozenset({Request.CONTRACT_DETAILS, Request.OPTION_PARAMETERS})


class Conversation:
    """Reads the messages of a session and dispatches them.

    ``looked_before`` returns when the gateway last looked for messages, in seconds of the loop.
    """

    def __init__(
        self,
        session: ClientSession,
        sessions: set[ClientSession],
        injector: FaultInjector,
        looked_before: Callable[[], float],
    ) -> None:
        self._session, self._sessions, self._injector = session, sessions, injector
        self._world = session.world
        self._looked_before = looked_before
        self._strikes = 0
        self._read_at = self._sent_after = 0.0

    async def run(self, reader: asyncio.StreamReader) -> None:
        """Process messages until either side ends the connection."""
        self._world.note("connected", self._session.number)
        await self._injector.catch_up()
        await self._injector.on_request(CONNECT)
        frames = FrameReader()
        try:
            while data := await reader.read(_READ_BYTES):
                self._read_at, self._sent_after = asyncio.get_running_loop().time(), self._looked_before()
                for payload in frames.feed(data):
                    if self._session.ended:
                        break
                    await self._take(payload)
        except ProtocolError as error:
            self._world.violate("protocol", str(error), self._session.number)
        except ConnectionError:
            pass
        finally:
            self._world.note("disconnected", self._session.number)

    async def _take(self, payload: bytes) -> None:
        if self._session.version:
            await self._message(split(payload))
        else:
            await self._greet(payload)

    async def _greet(self, payload: bytes) -> None:
        hello = read_hello(payload)
        while self._world.active_faults.find("two_factor"):
            await asyncio.sleep(_POLL_SECONDS)
        own = self._world.settings.server_version
        self._session.version = min(own, hello.maximum, SPOKEN_VERSION)
        wall = datetime.fromtimestamp(gateway_seconds(self._session), UTC).astimezone(NEW_YORK)
        self._session.send(self._session.version, f"{wall:%Y%m%d %H:%M:%S %Z}")
        text = f"supports {hello.minimum}..{hello.maximum}, the gateway {own}: version {self._session.version}"
        self._world.note(text, self._session.number)

    async def _message(self, fields: list[str]) -> None:
        world, session = self._world, self._session
        world.counts.messages += 1
        self._count_rate()
        await self._injector.catch_up()
        request = _request(fields)
        kind = request.kind if request else f"message {fields[0]}"
        await self._injector.on_request(kind)
        world.note(f"<- {kind} {','.join(fields[1:])[:_LOGGED_CHARACTERS]}", session.number)
        if session.ended:
            return
        if request is None:
            session.error(SYSTEM, 321, f"Error validating request. {kind} is not known here.")
        elif session.started or request is Request.START_API:
            self._answer(request, fields)

    def _answer(self, request: Request, fields: list[str]) -> None:
        active_faults, session = self._world.active_faults, self._session
        symbol, request_id = symbol_of(request, fields), request_id_of(request, fields)
        if active_faults.use("unanswered", request.kind, symbol):
            return
        if request in _NEEDS_LINK and active_faults.find("link_lost"):
            return
        if (fault := active_faults.use("refused", request.kind, symbol)) and request not in ORDERS:
            session.error(request_id, int(fault.number("code")), fault.text("text"))
            return
        if request is Request.START_API and self._id_in_use(fields):
            session.system(326)
            session.close()
            return
        try:
            HANDLERS[request](session, FieldReader(fields))
        except RequestRejected as refused:
            session.refuse(request_id, refused)
        except DataUnavailable as error:
            session.error(request_id, 200, str(error))
        except ProtocolError as error:
            self._world.violate("protocol", f"{request.kind}: {error}", session.number)
            session.error(request_id, 321, f"Error validating request. {error}")

    def _id_in_use(self, fields: list[str]) -> bool:
        if self._world.active_faults.find("client_id_in_use"):
            return True
        wanted = FieldReader(fields[2:3]).integer()
        others = (other for other in self._sessions if other is not self._session and not other.ended)
        return any(other.client_id == wanted for other in others)

    def _count_rate(self) -> None:
        session, counts = self._session, self._world.counts
        kept = session.rate.arrived(self._read_at, self._sent_after)
        counts.peak_rate = max(counts.peak_rate, session.rate.peak)
        if kept:
            return
        self._strikes += 1
        self._world.violate("message_rate", f"{session.rate.peak} messages within one second", session.number)
        session.system(100)
        if self._strikes >= _RATE_STRIKES:
            session.close()


def _request(fields: list[str]) -> Request | None:
    with contextlib.suppress(ValueError, IndexError):
        return Request(int(fields[0]))
    return None
