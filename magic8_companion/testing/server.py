"""Run the simulated gateway: listen, keep sessions, and drive time.

All work runs on one event loop.  The gateway reads the clock at each message and in a heartbeat many times per second,
and never waits on it.  So any clock works, and no fault starts too late for a request.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Final, Self

from magic8_companion.ports import Clock
from magic8_companion.testing.conversation import Conversation
from magic8_companion.testing.fault_injector import FaultInjector
from magic8_companion.testing.faults import Fault
from magic8_companion.testing.history import update_bars
from magic8_companion.testing.market import GatewayMarket
from magic8_companion.testing.scenario import Scenario
from magic8_companion.testing.session import ClientSession
from magic8_companion.testing.streams import update_ticks
from magic8_companion.testing.world import Counts, LogLine, Violation, World

BEAT_SECONDS: Final = 0.02
TICK_SECONDS: Final = 0.25
DEFAULT_SCENARIO: Final = Scenario()


class SimulatedGateway:
    """A gateway on a local port for as long as the ``async with`` block lasts.

    Parameters
    ----------
    market
        Bars and chains; see ``market.SimulatedGatewayMarket`` and ``market.RecordedGatewayMarket``.
    clock
        The gateway's time.  Ticks are updated every ``tick_seconds`` of real time, at any speed of the clock.
    scenario
        Settings and faults.
    port
        0 takes a free one; see :attr:`port`.
    listener
        Called with each line of the log as it is written.
    """

    def __init__(
        self,
        market: GatewayMarket,
        clock: Clock,
        *,
        scenario: Scenario = DEFAULT_SCENARIO,
        host: str = "127.0.0.1",
        port: int = 0,
        tick_seconds: float = TICK_SECONDS,
        listener: Callable[[LogLine], None] | None = None,
    ) -> None:
        self._world = World(market, clock, scenario.settings, listener)
        self._host, self._port = host, port
        self._tick_seconds = tick_seconds
        self._sessions: set[ClientSession] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures: list[BaseException] = []
        self._server: asyncio.Server | None = None
        self._injector = FaultInjector(self._world, self._sessions, self, scenario.steps)
        self._beats: deque[float] = deque(maxlen=2)  # all earlier messages were read by the time before the last

    @property
    def port(self) -> int:
        """Return the listening port; it stays the same after a restart."""
        return self._port

    @property
    def listening(self) -> bool:
        """Return whether connections are accepted; False during a restart."""
        return self._server is not None

    @property
    def violations(self) -> Sequence[Violation]:
        """Return every rule that a client has broken, oldest first."""
        return tuple(self._world.violations)

    @property
    def log(self) -> Sequence[LogLine]:
        """Return the events, oldest first."""
        return tuple(self._world.log)

    @property
    def counts(self) -> Counts:
        """Return the numbers of the summary."""
        return self._world.counts

    @property
    def active_faults(self) -> tuple[str, ...]:
        """Return the names of the lasting faults that are on."""
        return self._world.active_faults.names()

    @property
    def client_ids(self) -> tuple[int, ...]:
        """Return the ids of the clients that are connected, ascending."""
        return tuple(sorted(item.client_id for item in self._sessions if item.client_id is not None and not item.ended))

    async def inject(self, fault: Fault) -> None:
        """Start a fault now."""
        await self._injector.inject(fault)

    async def clear(self, name: str) -> None:
        """End every fault of a name now."""
        await self._injector.clear(name)

    async def __aenter__(self) -> Self:
        await self.open()
        self._beats.extend([asyncio.get_running_loop().time()] * 2)
        self._start(self._beat())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
        for session in tuple(self._sessions):
            session.abort()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # the transports close their sockets in this turn of the loop
        if self._failures:
            raise self._failures[0]  # a broken gateway must not look like a well-behaved one

    async def open(self) -> None:
        """Accept connections (see ``fault_injector.Listener``)."""
        if self._server is not None:
            return
        self._server = await asyncio.start_server(self._accept, self._host, self._port)
        self._port = int(self._server.sockets[0].getsockname()[1])
        self._world.note(f"listens on {self._host}:{self._port}")

    async def close(self) -> None:
        """Reject connections (see ``fault_injector.Listener``)."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._world.counts.connections += 1
        session = ClientSession(self._world.counts.connections, self._world, writer)
        self._sessions.add(session)
        self._start(session.write_out())
        self._start(self._serve(session, reader))

    async def _serve(self, session: ClientSession, reader: asyncio.StreamReader) -> None:
        try:
            await Conversation(session, self._sessions, self._injector, self._looked_before).run(reader)
        finally:
            self._sessions.discard(session)
            session.release()
            session.close()

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        next_ticks = loop.time()
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            now = loop.time()
            self._beats.append(now)
            await self._injector.catch_up()
            if now >= next_ticks:
                next_ticks = now + self._tick_seconds
                self._world.counts.rounds += 1
                for session in self._sessions:
                    update_ticks(session)
                    update_bars(session)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()):
            self._failures.append(failure)
            self._world.note(f"INTERNAL ERROR {failure!r}")

    def _looked_before(self) -> float:
        return self._beats[0]
