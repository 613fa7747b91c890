"""Faults of a gateway and what becomes of them: real ``ib_async`` over TCP, the host's observer as the consumer.

A case begins with a healthy day.  Then the fault strikes, the observer asks on every second or so, and every answer is
held against the market behind the gateway: data must be true and fresh, anything else must be a reason.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import math
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.market_state import DELAYED, LIVE, MarketState
from magic8_companion.domain.trading_day import new_york_instant
from magic8_companion.engine.config import EngineConfig
from magic8_companion.engine.observer import MarketObserver
from magic8_companion.providers.ib.config import IBConfig
from magic8_companion.providers.ib.provider import IBProvider
from magic8_companion.testing.faults import Fault
from magic8_companion.testing.market import SimulatedGatewayMarket, tape_at
from magic8_companion.testing.scaled_clock import ScaledClock
from magic8_companion.testing.scenario import GatewaySettings, Scenario, Step
from magic8_companion.testing.server import SimulatedGateway

DAY = date(2025, 6, 26)
MARKET = SimulatedGatewayMarket()
BEGIN = time(11, 1)
DATA = "data"

CADENCE = 6.0
"""Seconds between questions: bars may not be asked for more often without breaking IB's rules."""

SOON = 15.0
SILENCE = 30.0


@dataclass(frozen=True, kw_only=True)
class Case:
    """One row of the table.

    ``limit`` is how long after the fault everything must be known again, or known to be unknown; ``reasons`` are those
    that may be published meanwhile; ``lasts`` is how long the fault lasts, ``recovers_within`` how long after its end
    data may take to be back.  ``looks`` checks each state that was observed after the fault.  ``state`` is what the
    provider must say of itself at the end.  ``fastest`` bounds the speed: 82 lines take 2 s of real time.
    """

    name: str
    faults: tuple[Fault, ...] = ()
    steps: tuple[Step, ...] = ()
    before_connect: bool = False
    reasons: frozenset[str] = frozenset()
    limit: float = SOON
    lasts: float = 0.0
    recovers: bool = True
    recovers_within: float = SOON
    chain: bool = False
    vix: bool = False
    delayed: bool = False
    looks: Callable[[MarketState], None] | None = None
    state: str = ""
    options: Mapping[str, float] = field(default_factory=dict)
    settings: GatewaySettings = field(default_factory=GatewaySettings)
    symbol: str = "SPY"
    fastest: float = math.inf


@dataclass(kw_only=True)
class Seen:
    """One answer: seconds after the fault when it was asked for and when it came."""

    asked: float
    came: float
    what: str
    detail: str = ""


@dataclass(kw_only=True)
class Outcome:
    """What became of a case."""

    case: Case
    answers: list[Seen] = field(default_factory=list)
    back_after: float | None = None
    problems: list[str] = field(default_factory=list)
    health: dict[str, object] = field(default_factory=dict)

    @property
    def first_unknown(self) -> Seen | None:
        """Return the first answer that was a reason."""
        return next((seen for seen in self.answers if seen.what != DATA), None)

    def text(self) -> str:
        """Return the outcome for people."""
        unknown = self.first_unknown
        if unknown is None:
            slowest = max(math.ceil(seen.came - seen.asked) for seen in self.answers)
            return "data throughout" if slowest <= 5 else f"data throughout, one answer after {slowest} s"
        on_error = f"`{unknown.what}` after {math.ceil(unknown.came)} s"
        return on_error if self.back_after is None else f"{on_error}, data again after {math.ceil(self.back_after)} s"


async def play(case: Case, speed: float) -> Outcome:
    """Play a case on a clock that runs ``speed`` times as fast as real time."""
    clock = ScaledClock(new_york_instant(DAY, BEGIN), speed)
    outcome = Outcome(case=case)
    scenario = Scenario(settings=case.settings, steps=case.steps)
    async with SimulatedGateway(MARKET, clock, scenario=scenario, tick_seconds=1 / speed) as gateway:
        given = {"strikes_each_side": 5, "vix_attempts": int(case.vix), **case.options}
        options = IBConfig(port=gateway.port, **given)  # type: ignore[arg-type]  # the table's business
        provider = IBProvider(clock, options)
        try:
            await _suffer(case, outcome, gateway, provider, clock, speed)
        finally:
            outcome.health = dict(provider.health())
            await provider.close()
        outcome.problems += [f"rule broken: {item.kind} {item.text}" for item in gateway.violations]
    return outcome


async def _suffer(
    case: Case, outcome: Outcome, gateway: SimulatedGateway, provider: IBProvider, clock: ScaledClock, speed: float
) -> None:
    watcher = _Watcher(case, outcome, provider, clock, speed)
    if not case.before_connect:
        await watcher.healthy()
    for fault in case.faults:
        await gateway.inject(fault)
    watcher.begin()
    await watcher.look_until(max(case.limit, case.lasts))
    if case.recovers:
        await watcher.recover(max(case.limit, case.lasts) + case.recovers_within)
    watcher.judge()


class _Watcher:
    def __init__(self, case: Case, outcome: Outcome, provider: IBProvider, clock: ScaledClock, speed: float) -> None:
        self._case, self._outcome = case, outcome
        self._provider, self._clock = provider, clock
        self._speed = speed
        self._begun, self._struck = clock.now(), False
        self._new_observer()

    def _new_observer(self) -> None:
        # a new one for each question: what an observer remembers must not stand in for what IB says
        options = EngineConfig(
            symbols=(self._case.symbol,),
            kill_switch_file=Path("no such file"),
            bar_history_days=0,
            request_timeout_seconds=SOON / self._speed,
        )
        self._observer = MarketObserver(self._provider, self._clock, options)

    @property
    def seconds(self) -> float:
        """Return seconds since the fault."""
        return (self._clock.now() - self._begun).total_seconds()

    async def healthy(self) -> None:
        """See the day begin well."""
        for _ in range(5):
            await self._ask()
            if self._outcome.answers[-1].what == DATA:
                break
        if self._outcome.answers[-1].what != DATA:
            self._outcome.problems.append(f"was not healthy before: {self._outcome.answers[-1]}")
        self._outcome.answers.clear()

    def begin(self) -> None:
        """Count from now."""
        self._begun, self._struck = self._clock.now(), True

    async def look_until(self, seconds: float) -> None:
        """Ask again and again."""
        while self.seconds < seconds:
            asked = self.seconds
            await self._ask()
            await self._clock.sleep_until(self._begun + timedelta(seconds=asked + CADENCE), "watcher")

    def judge(self) -> None:
        """Check every answer."""
        case, answers = self._case, self._outcome.answers
        if case.recovers and answers[-1].what != DATA:
            self._problem(f"data did not come back: {answers[-1]}")
        if case.state and self._provider.health()["state"] != case.state:
            self._problem(f"the state is {self._provider.health()['state']}")
        for seen in answers:
            if seen.came - seen.asked > case.limit:
                self._problem(f"an answer took {seen.came - seen.asked:.1f} s: {seen}")
            if seen.what != DATA and seen.what not in case.reasons:
                self._problem(f"unexpected reason: {seen}")
        self._note_return()

    async def recover(self, until: float) -> None:
        """Ask until data are back."""
        while self._outcome.answers[-1].what != DATA and self.seconds < until:
            await self.look_until(self.seconds + 1)

    def _note_return(self) -> None:
        answers = self._outcome.answers
        broken = [place for place, seen in enumerate(answers) if seen.what != DATA]
        later = [seen for seen in answers[broken[-1] :] if seen.what == DATA] if broken else []
        self._outcome.back_after = later[0].came if later else None

    def _problem(self, text: str) -> None:
        self._outcome.problems.append(text)

    async def _ask(self) -> None:
        asked, case = self.seconds, self._case
        self._new_observer()
        try:
            state = await self._observer.observe(case.symbol, with_chain=case.chain)
        except DataUnavailable as refusal:
            self._outcome.answers.append(
                Seen(asked=asked, came=self.seconds, what=refusal.reason, detail=refusal.detail)
            )
            return
        self._outcome.answers.append(Seen(asked=asked, came=self.seconds, what=DATA, detail=state.data_status))
        for problem in untruths(state, self._clock.now(), delayed=case.delayed):
            self._problem(f"at {self.seconds:.1f} s: {problem}")
        if case.looks is not None and self._struck:
            self._look(case.looks, state)

    def _look(self, looks: Callable[[MarketState], None], state: MarketState) -> None:
        try:
            looks(state)
        except AssertionError as error:
            self._problem(f"{looks.__name__}: {error}")


def untruths(state: MarketState, now: datetime, *, delayed: bool) -> list[str]:
    """Return what a state claims that the market behind the gateway does not confirm."""
    found = []
    truth = MARKET.bars(state.symbol, state.session.day, state.session.day).between(state.session.open_at, now)
    if not np.isin(state.bars.close, truth.close).all() or len(truth) - len(state.bars) > 4:
        found.append("the bars are not those of the market")
    if state.data_status == LIVE and delayed:
        found.append("delayed data are called live")
    if state.data_status not in {LIVE, DELAYED}:
        found.append(f"the status is {state.data_status}")
    late = timedelta(minutes=15) if state.data_status == DELAYED else timedelta(0)
    path = [tape_at(MARKET, state.symbol, now - late - timedelta(seconds=age)).last for age in range(-3, 80, 9)]
    if not min(path) - 0.05 <= state.spot <= max(path) + 0.05:
        found.append(f"the spot {state.spot} is not of the last minute ({min(path)}..{max(path)})")
    return found


@dataclass(frozen=True, kw_only=True)
class Traces:
    """What a run has left behind that it should not: unhandled errors, threads, tasks."""

    errors: tuple[str, ...]
    threads: int
    tasks: int


async def play_all(cases: Sequence[Case], speed: float, at_once: int) -> tuple[dict[str, Outcome], Traces]:
    """Play cases side by side on this loop, and see what they leave behind."""
    errors: list[str] = []
    loop, before, turns = asyncio.get_running_loop(), frozenset(threading.enumerate()), asyncio.Semaphore(at_once)
    loop.set_exception_handler(lambda _, context: errors.append(str(context)))

    async def in_turn(case: Case) -> Outcome:
        async with turns:
            return await play(case, min(speed, case.fastest))

    with _heard_errors() as logged:
        outcomes = await asyncio.gather(*(in_turn(case) for case in cases))
        await _settle(before)
        gc.collect()  # an error that nobody has looked at is told when its task is collected
        await asyncio.sleep(0)
    traces = Traces(
        errors=(*errors, *logged),
        threads=len(_new_threads(before)),
        tasks=len(asyncio.all_tasks()) - 1,
    )
    return {outcome.case.name: outcome for outcome in outcomes}, traces


async def _settle(before: frozenset[threading.Thread]) -> None:
    # what was told to end needs a turn of the processor to do so
    with suppress(TimeoutError):
        async with asyncio.timeout(10):
            while _new_threads(before) or len(asyncio.all_tasks()) > 1:
                await asyncio.sleep(0.01)


def _new_threads(before: frozenset[threading.Thread]) -> list[threading.Thread]:
    # those of earlier tests may end meanwhile
    return [thread for thread in threading.enumerate() if thread not in before]


@contextmanager
def _heard_errors() -> Iterator[list[str]]:
    # exceptions that a library has caught and logged, and whatever asyncio complains about
    last_data_at: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info or record.name == "asyncio":
                last_data_at.append(f"{record.name}: {record.getMessage()}")

    listener = Listener(level=logging.WARNING)
    logging.getLogger().addHandler(listener)
    try:
        yield last_data_at
    finally:
        logging.getLogger().removeHandler(listener)
