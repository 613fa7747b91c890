"""Keep one connection open: connect, notice its end, back off, reconnect, until it is closed.

A heartbeat asks the gateway for its time every 10 s.  It detects a dead socket and a wrong clock.  Only fresh data
prove that data arrive.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, TypeVar

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.ports import Clock
from magic8_companion.providers.ib.budget import HistoryPacing
from magic8_companion.providers.ib.codes import NO_REQUEST, Effect, IBRefusal, effect_of, reason_of
from magic8_companion.providers.ib.config import IBConfig
from magic8_companion.providers.ib.connection_health import (
    CLOCK_SKEW,
    FINAL,
    NOT_CONNECTED,
    NOT_TRANSIENT,
    WAIT_FOR_RECONNECT,
    ConnectionHealth,
)
from magic8_companion.providers.ib.gateway import CannotConnect, Gateway, Opener, SessionOver
from magic8_companion.providers.ib.refusals import RefusalMemory
from magic8_companion.providers.ib.waiting import PARTICIPANT, Deadline, Notifier, until, within
from magic8_companion.steady_clock import SteadyClock

T = TypeVar("T")

HEARTBEAT: Final = timedelta(seconds=10)
LARGEST_SKEW: Final = timedelta(seconds=5)
INVALID_REQUEST: Final = "request_refused"

_HEARTBEAT_PATIENCE_SECONDS: Final = 4.0
_FIRST_PAUSE: Final = timedelta(seconds=1)
_LONGEST_PAUSE: Final = timedelta(seconds=15)
_OWN_GHOST: Final = timedelta(minutes=3)
_QUICK: Final = timedelta(seconds=2)
_HALF_SECOND: Final = timedelta(milliseconds=500)

_GOOD_NEWS: Final = frozenset(
    {
        Effect.LINK_BACK,
        Effect.LINK_BACK_EMPTY,
        Effect.QUOTES_REPAIRED,
        Effect.BARS_REPAIRED,
        Effect.CONTRACTS_REPAIRED,
    }
)

_log = logging.getLogger(__name__)


class Connection:
    """Keeps a connection open and sends requests on it.

    ``changed`` notifies waiting tasks: a connection opens or ends, or the gateway sends a message.  ``good_news``
    counts the events after which IB may answer a refused request: a new connection, the link or a farm is back.
    """

    def __init__(self, clock: Clock, options: IBConfig, opener: Opener) -> None:
        self._clock, self._steady = clock, SteadyClock(clock)
        self._options, self._opener = options, opener
        self.health = ConnectionHealth(self._steady.now())
        self.changed = Notifier()
        self.history = HistoryPacing()
        self.connects = 0
        self.good_news = 0
        self._gateway: Gateway | None = None
        self._life: asyncio.Task[None] | None = None
        self._ended_at: datetime | None = None
        self._last_error = ""
        self._invalid = RefusalMemory[str](clock, lambda: self.good_news)

    @property
    def open_gateway(self) -> Gateway | None:
        """Return the gateway while it is connected, even if IB's servers are not."""
        return None if self._gateway is None or self._gateway.is_over else self._gateway

    def start(self) -> None:
        """Start to connect; a second call does nothing, or raises the bug that ended the connection task."""
        if self._life is None:
            self.health = ConnectionHealth(self._steady.now())
            self._life = asyncio.get_running_loop().create_task(self._live())
        elif self._life.done() and not self._life.cancelled():
            self._life.result()

    async def close(self) -> None:
        """Close the connection in good order and stay closed."""
        if self._life is not None:
            self._life.cancel()
            await asyncio.gather(self._life, return_exceptions=True)
        if self._gateway is not None:
            await self._gateway.close()
            self._lost("closed")

    def drop(self, reason: str) -> None:
        """Close a useless connection and open the next one at once."""
        if (gateway := self.open_gateway) is not None:
            gateway.abort(reason)

    def on_fresh_tick(self) -> None:
        """Record a fresh quote."""
        if self.health.fresh_tick():
            self.changed.notify()

    def on_fresh_bar(self) -> None:
        """Record an up-to-date bar."""
        if self.health.fresh_bar():
            self.changed.notify()

    async def gateway(self, deadline: Deadline) -> Gateway:
        """Return the gateway as soon as it accepts requests.

        Raises
        ------
        DataUnavailable
            ``ib_disconnected``, ``client_id_in_use``, ``gateway_silent``, ``gateway_too_old`` or ``clock_skew``.
        """
        self.start()

        def ready() -> Gateway | None:
            issue = self.health.blocked
            if issue is None:
                return self.open_gateway
            if self._steady.now() - issue.since > WAIT_FOR_RECONNECT or issue.why in NOT_TRANSIENT:
                raise self.health.refusal(issue)
            return None

        if (issue := self.health.blocked) is not None:
            deadline = deadline.not_after(issue.since + WAIT_FOR_RECONNECT)
        found = await until(self._clock, deadline, self.changed, ready)
        if found is None:
            issue = self.health.blocked
            raise self.health.refusal(issue) if issue else DataUnavailable("ib_disconnected", "the connection ended")
        return found

    async def ask(self, what: str, request: Callable[[Gateway], Awaitable[T]], deadline: Deadline) -> T:
        """Return the answer to a request; repeat it on the next connection if this one ends meanwhile.

        Raises
        ------
        IBRefusal
            When IB answers with an error.
        DataUnavailable
            ``timeout``, ``request_refused`` (repeated only after a growing pause), or see :meth:`gateway`.
        """
        self._invalid.require_due(what)
        while True:
            gateway = await self.gateway(deadline)
            try:
                answer = await within(self._clock, deadline.seconds_left, request(gateway))
            except SessionOver:
                await asyncio.sleep(0)
            except TimeoutError as error:
                raise DataUnavailable("timeout", f"IB did not answer for {what}") from error
            except IBRefusal as refusal:
                if reason_of(refusal.code, refusal.text) == INVALID_REQUEST:
                    self._keep_invalid(what, refusal)
                raise
            else:
                self._invalid.forget(what)
                return answer

    async def _live(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                self._gateway = gateway = await self._opener(self._subscribe_events)
            except CannotConnect as error:
                if not self._try_again(error):
                    return
            else:
                begun = self._steady.now()
                await self._serve(gateway)
                if self._steady.now() - begun >= _LONGEST_PAUSE:
                    pause = _FIRST_PAUSE
            await self._steady.sleep_until(self._steady.now() + pause, PARTICIPANT)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _try_again(self, error: CannotConnect) -> bool:
        now = self._steady.now()
        # a gateway may keep our client id for a while after our connection broke
        ghost = self._ended_at is not None and now - self._ended_at < _OWN_GHOST
        final = error.why in FINAL and not ghost
        self.health.lost(error.why if final or error.why not in FINAL else NOT_CONNECTED, str(error), now)
        self.changed.notify()
        if str(error) != self._last_error:  # log repeated attempts once
            self._last_error = str(error)
            _log.log(logging.ERROR if final else logging.WARNING, "IB: %s", error)
        return not final

    async def _serve(self, gateway: Gateway) -> None:
        heart = asyncio.get_running_loop().create_task(self._beat(gateway))
        try:
            reason = await gateway.ended()
        except BaseException:
            gateway.abort("the host is stopping")
            raise
        finally:
            heart.cancel()
            await asyncio.gather(heart, return_exceptions=True)
        self._lost(reason)

    def _lost(self, reason: str) -> None:
        if self._gateway is not None:
            self._gateway, self._ended_at = None, self._steady.now()
            self.health.lost(
                NOT_CONNECTED, f"the connection to {self._options.address} ended: {reason}", self._ended_at
            )
            self.changed.notify()
            _log.info("Disconnected from IB: %s", reason)

    async def _beat(self, gateway: Gateway) -> None:
        introduced = False
        while not gateway.is_over:
            requested_at = self._steady.now()
            next_at = requested_at + HEARTBEAT
            try:
                at = await within(self._clock, _HEARTBEAT_PATIENCE_SECONDS, gateway.gateway_time())
            except SessionOver:
                return
            except TimeoutError:
                if gateway.last_message_at < requested_at:
                    gateway.abort("the socket is dead: the gateway does not answer")
                    return
            else:
                took = self._steady.now() - requested_at
                if took <= _QUICK:
                    self._compare_clocks(at + _HALF_SECOND, self._steady.wall_time_of(requested_at + took / 2))
                else:  # a slow answer or a suspended host proves nothing about clocks: repeat soon
                    next_at = min(next_at, self._steady.now() + _QUICK)
            if not introduced:
                introduced = True
                self._introduce()
            await self._steady.sleep_until(next_at, PARTICIPANT)

    def _introduce(self) -> None:
        self.connects += 1
        self.good_news += 1
        self._last_error = ""
        self.health.connected(self._steady.now())
        _log.info("Connected to IB %s (client %s)", self._options.address, self._options.client_id)
        self.changed.notify()

    def _compare_clocks(self, theirs: datetime, ours: datetime) -> None:
        skew = (theirs - ours).total_seconds()
        if abs(skew) <= LARGEST_SKEW.total_seconds():
            self.health.remove(CLOCK_SKEW)
            return
        side = "behind" if skew > 0 else "ahead of"
        self.health.add(
            CLOCK_SKEW,
            f"this machine's clock is {abs(skew):.0f} s {side} IB's: bar ends are uncertain; synchronize it (NTP)",
            self._steady.now(),
        )
        self.changed.notify()

    def _subscribe_events(self, request: int, code: int, text: str) -> None:
        effect = effect_of(code)
        if effect in {Effect.TOO_MANY_MESSAGES, Effect.TOO_MANY_LINES}:
            _log.error("IB sent %s %s: slowing down; please report this", code, text)
        elif request == NO_REQUEST and effect is not Effect.NOTHING:
            _log.log(
                logging.WARNING if code < 2000 or code in {2103, 2105, 2110, 2157} else logging.INFO, "IB: %s", text
            )
        if effect in _GOOD_NEWS:
            self.good_news += 1
        if request == NO_REQUEST or effect is Effect.COMPETING_SESSION:
            self.health.notice(effect, text, self._steady.now())
            self.changed.notify()

    def _keep_invalid(self, what: str, refusal: IBRefusal) -> None:
        sentence = f"IB rejected the request for {what}: {refusal.text}"
        is_new = self._invalid.keep(what, DataUnavailable(INVALID_REQUEST, sentence))
        _log.log(logging.ERROR if is_new else logging.INFO, "%s; please report this", sentence)
