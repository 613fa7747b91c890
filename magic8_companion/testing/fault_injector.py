"""Start and end faults: by the scenario's triggers, by hand, and when their time is over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, time, timedelta
from typing import Final, Protocol, runtime_checkable

from magic8_companion.domain.errors import ConfigError
from magic8_companion.domain.trading_day import new_york_day, new_york_instant, next_session
from magic8_companion.testing.active_faults import ActiveFault, lasts
from magic8_companion.testing.faults import Fault
from magic8_companion.testing.scenario import Step, Trigger
from magic8_companion.testing.session import ClientSession
from magic8_companion.testing.streams import review_permissions
from magic8_companion.testing.world import World

_FARM_CODES: Final = {"data": (2103, 2104), "history": (2105, 2106)}
_LINK_LOST: Final = 1100
_UPDATES_FAILED: Final = 10182
_COMPETING: Final = 10197


class Listener(Protocol):
    """The part of the listening socket that faults control."""

    async def open(self) -> None:
        """Accept connections."""

    async def close(self) -> None:
        """Reject connections."""


@runtime_checkable
class JumpingClock(Protocol):
    """A clock on which a day can be skipped."""

    def jump_to(self, instant: datetime) -> None:
        """Go to a later instant at once."""


class FaultInjector:
    """Runs the steps of a scenario and the faults given by hand, on the loop of the gateway."""

    def __init__(self, world: World, sessions: set[ClientSession], listener: Listener, steps: tuple[Step, ...]) -> None:
        self._world, self._sessions, self._listener = world, sessions, listener
        self._began = world.now()
        self._steps = list(steps)
        if any(step.fault.name == "day_change" for step in steps):
            self._jumping_clock()
        self._begin: dict[str, Callable[[Fault], Awaitable[None]]] = {
            "silence": self._silence,
            "half_open": self._half_open,
            "drop": self._drop,
            "restart": self._restart,
            "link_lost": self._link_lost,
            "farm_broken": self._farm_broken,
            "competing_session": self._competing_session,
            "no_permission": self._permissions,
            "delayed_only": self._permissions,
            "notice": self._notice,
            "day_change": self._day_change,
            "clear": self._clear,
        }
        self._end: dict[str, Callable[[Fault], Awaitable[None]]] = {
            "silence": self._resume,
            "restart": self._listen_again,
            "link_lost": self._link_back,
            "farm_broken": self._farm_back,
        }

    async def inject(self, fault: Fault) -> None:
        """Start a fault now."""
        self._world.note(f"FAULT {fault}")
        if lasts(fault):
            self._world.active_faults.begin(fault, self._world.now())
        if action := self._begin.get(fault.name):
            await action(fault)

    async def clear(self, name: str) -> None:
        """End every fault of a name now."""
        await self._ended(self._world.active_faults.end(name))

    async def catch_up(self) -> None:
        """Run all actions that are due by the clock."""
        await self._ended(self._world.active_faults.end_due(self._world.now()))
        await self._run(self._is_due)
        self._world.do_due()

    async def on_request(self, kind: str) -> None:
        """Run all actions that a message triggers, before its answer."""
        counts = self._world.counts
        counts.requests[kind] += 1
        seen, messages = counts.requests[kind], counts.messages
        await self._run(
            lambda trigger: (
                (trigger.request == kind and trigger.number == seen)
                or (trigger.messages is not None and messages >= trigger.messages)
            )
        )

    async def _run(self, due: Callable[[Trigger], bool]) -> None:
        steps = [step for step in self._steps if due(step.at)]
        self._steps = [step for step in self._steps if step not in steps]
        for step in steps:
            await self.inject(step.fault)

    def _is_due(self, trigger: Trigger) -> bool:
        now = self._world.now()
        if trigger.seconds is not None:
            return now >= self._began + timedelta(seconds=trigger.seconds)
        return trigger.wall is not None and now >= first_at(trigger.wall, self._began)

    async def _ended(self, active_faults: list[ActiveFault]) -> None:
        for active_fault in active_faults:
            self._world.note(f"FAULT over: {active_fault.fault.name}")
            if action := self._end.get(active_fault.fault.name):
                await action(active_fault.fault)

    async def _silence(self, _: Fault) -> None:
        for session in self._sessions:
            session.muted = True

    async def _resume(self, _: Fault) -> None:
        for session in self._sessions:
            session.muted = False

    async def _half_open(self, _: Fault) -> None:
        for session in self._sessions:
            session.freeze()

    async def _drop(self, fault: Fault) -> None:
        for session in tuple(self._sessions):
            if fault.flag("reset"):
                session.abort()
            else:
                session.close()

    async def _restart(self, _: Fault) -> None:
        await self._listener.close()
        for session in tuple(self._sessions):
            session.abort()

    async def _listen_again(self, _: Fault) -> None:
        await self._listener.open()

    async def _link_lost(self, _: Fault) -> None:
        for session in self._started():
            session.system(_LINK_LOST)
            for request_id in session.bar_updates:
                session.error(request_id, _UPDATES_FAILED)
            session.bar_updates.clear()

    async def _link_back(self, fault: Fault) -> None:
        code = int(fault.number("returns"))
        for session in self._started():
            session.system(code)
            if code == 1101:
                session.release()
            for subscription in session.subscriptions.values():
                subscription.silent = fault.flag("silent")

    async def _farm_broken(self, fault: Fault) -> None:
        await self._send_notice(_FARM_CODES[fault.text("farm")][0])

    async def _farm_back(self, fault: Fault) -> None:
        await self._send_notice(_FARM_CODES[fault.text("farm")][1])

    async def _competing_session(self, _: Fault) -> None:
        for session in self._started():
            for request_id in session.subscriptions:
                session.error(request_id, _COMPETING)

    async def _permissions(self, _: Fault) -> None:
        for session in self._started():
            review_permissions(session)

    async def _notice(self, fault: Fault) -> None:
        await self._send_notice(int(fault.number("code")), fault.text("text"))

    async def _day_change(self, fault: Fault) -> None:
        session = next_session(new_york_day(self._world.now()))
        arrival = new_york_instant(session.day, time.fromisoformat(fault.text("time")))
        self._jumping_clock().jump_to(arrival)

    def _jumping_clock(self) -> JumpingClock:
        if not isinstance(self._world.clock, JumpingClock):
            raise ConfigError(["day_change needs a clock that can jump, such as ScaledClock"])
        return self._world.clock

    async def _clear(self, fault: Fault) -> None:
        await self.clear(fault.text("which"))

    async def _send_notice(self, code: int, text: str = "") -> None:
        for session in self._started():
            session.system(code, text)

    def _started(self) -> list[ClientSession]:
        return [session for session in self._sessions if session.started]


def first_at(wall: time, began: datetime) -> datetime:
    """Return the first instant with a New York wall time that is not before another instant."""
    day = new_york_day(began)
    instant = new_york_instant(day, wall)
    return instant if instant >= began else new_york_instant(day + timedelta(days=1), wall)
