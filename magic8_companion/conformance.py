"""Checks that a provider or a scorer of another package obeys its port.

Each returns one sentence per fault, and nothing for a part that the host can use::

    assert provider_faults(create(clock), clock, "SPX") == ()
    assert scorer_faults(MyScorer(RuleScorer())) == ()

The checks run their own event loop, so they cannot be called from a coroutine.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from magic8_companion.analysis import analyse
from magic8_companion.clocks import ReplayClock
from magic8_companion.domain.bars import Bars
from magic8_companion.domain.blend import published
from magic8_companion.domain.codes import DataStatus
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.option_chain import OptionChain
from magic8_companion.domain.scores import ScoreCard
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_companion.engine.config import EngineConfig
from magic8_companion.engine.digest import inputs_digest
from magic8_companion.engine.observer import MarketObserver
from magic8_companion.market_view import MarketView
from magic8_companion.ports import Clock, MarketData, Scorer
from magic8_companion.providers.simulated import SimulatedProvider

UNKNOWN_SYMBOL: Final = "NOSUCHSYMBOL"
EXAMPLE_TIME: Final = datetime(2025, 4, 9, 15, 0, 10, tzinfo=UTC)


def example_view(symbol: str = "SPX", at: datetime = EXAMPLE_TIME) -> MarketView:
    """Return the view of a simulated symbol, with bars, VIX, history and chain.

    >>> example_view().state.symbol
    'SPX'
    """
    clock = ReplayClock(at)
    config = EngineConfig(symbols=(symbol,), kill_switch_file=Path("KILL"))
    observer = MarketObserver(SimulatedProvider(clock), clock, config)
    return analyse(asyncio.run(observer.observe(symbol, with_chain=True)))


def scorer_faults(scorer: Scorer, view: MarketView | None = None) -> tuple[str, ...]:
    """Return what is wrong with a scorer, shown by scoring one view twice.

    Parameters
    ----------
    scorer
        What the factory of the entry point returns.
    view
        The view to score; by default a simulated one.
    """
    view = example_view() if view is None else view
    before = _view_digest(view)
    first, second = scorer.score(view), scorer.score(view)
    return tuple(_card_faults(first, second, view.state.symbol, changed=_view_digest(view) != before))


def _view_digest(view: MarketView) -> str:
    return inputs_digest(view.state) + repr(view)


def _card_faults(card: object, again: object, symbol: str, *, changed: bool) -> Iterator[str]:
    if changed:
        yield "score() changed the view; work on a copy"
    if not isinstance(card, ScoreCard) or not isinstance(again, ScoreCard):
        yield f"score() returned {type(card).__name__}; return a ScoreCard"
        return
    if card.symbol != symbol:
        yield f"the card is of {card.symbol!r}, the view of {symbol!r}"
    for kind, names in (("scores", set(card.scores)), ("rules", set(card.rules))):
        if names != set(BASE_STRATEGIES):
            yield f"{kind} are of {', '.join(sorted(names)) or 'nothing'}; they must be of {', '.join(BASE_STRATEGIES)}"
    for name, value in card.scores.items():
        if not (math.isfinite(value) and 0.0 <= value <= 100.0):
            yield f"{name}: the score {value} is outside 0..100"
        elif value != published(value):
            yield f"{name}: the score {value} has more than one digit; round it with domain.blend.published"
    if (card.scores, card.rules) != (again.scores, again.rules):
        yield "the same view got two different answers; a replayed day could not repeat"


def provider_faults(provider: MarketData, clock: Clock, symbol: str) -> tuple[str, ...]:
    """Return what is wrong with a provider; it is closed afterwards.

    Parameters
    ----------
    provider
        A new provider with the bars of ``symbol``.
    clock
        The clock that the provider got; it must stand within a session, at least five minutes after the open.
    symbol
        A symbol that the provider has.
    """
    return tuple(asyncio.run(_provider_faults(provider, clock, symbol)))


async def _provider_faults(provider: MarketData, clock: Clock, symbol: str) -> list[str]:
    faults = list(_declaration_faults(provider))
    for check in (_spot_faults, _bar_faults, _chain_faults):
        try:
            faults += await check(provider, clock, symbol)
        except DataUnavailable as refusal:
            faults.append(f"{symbol} is not available: {refusal}")
        except Exception as error:  # noqa: BLE001  # whatever it raises is a fault of the provider
            faults.append(f"{symbol}: {type(error).__name__} instead of DataUnavailable: {error}")
    faults += await _refusal_faults(provider, symbol)
    await provider.close()
    await provider.close()
    if provider.is_connected():
        faults.append("is_connected() is true after close()")
    return faults


def _declaration_faults(provider: MarketData) -> Iterator[str]:
    if not provider.name or provider.name != provider.name.strip().lower():
        yield f"the name {provider.name!r} must be in lower case without blanks at its ends"
    if provider.status not in set(DataStatus):
        yield f"the status {provider.status!r} is unknown; use one of {', '.join(DataStatus)}"
    if provider.loop_bound not in {True, False}:
        yield f"loop_bound is {provider.loop_bound!r}; it must be True or False"


async def _spot_faults(provider: MarketData, _: Clock, symbol: str) -> list[str]:
    spot = await provider.get_spot_price(symbol)
    return [] if math.isfinite(spot) and spot > 0 else [f"{symbol}: the spot {spot} is no price"]


async def _bar_faults(provider: MarketData, clock: Clock, symbol: str) -> list[str]:
    frame = await provider.get_historical_data(symbol, interval="5m", period="1d")
    bars = Bars.from_frame(frame)  # refuses everything that is not the canonical frame
    if not len(bars):
        return [f"{symbol}: the frame is empty; raise DataUnavailable"]
    late = bars.last_end > clock.now()
    return [f"{symbol}: the last bar ends at {bars.last_end}, after the clock's {clock.now()}"] if late else []


async def _chain_faults(provider: MarketData, clock: Clock, symbol: str) -> list[str]:
    try:
        envelope = await provider.get_option_chain(symbol)
    except DataUnavailable:
        return []  # a source without options is a source; tickets and gamma are then missing
    chain = OptionChain.from_envelope(envelope)
    faults = [] if chain.symbol == symbol else [f"{symbol}: the chain is of {chain.symbol}"]
    return faults + ([f"{symbol}: the chain is from the future: {chain.as_of}"] if chain.as_of > clock.now() else [])


async def _refusal_faults(provider: MarketData, symbol: str) -> list[str]:
    asked: dict[str, Callable[[], Awaitable[object]]] = {
        "the spot of an unknown symbol": lambda: provider.get_spot_price(UNKNOWN_SYMBOL),
        "bars of an unknown symbol": lambda: provider.get_historical_data(UNKNOWN_SYMBOL, "5m", "1d"),
        "the chain of an unknown symbol": lambda: provider.get_option_chain(UNKNOWN_SYMBOL),
        "an unknown interval": lambda: provider.get_historical_data(symbol, "7s", "1d"),
    }
    faults = []
    for what, ask in asked.items():
        try:
            await ask()
        except DataUnavailable:
            continue
        except Exception as error:  # noqa: BLE001  # as above
            faults.append(f"{what}: {type(error).__name__} instead of DataUnavailable")
        else:
            faults.append(f"{what}: an answer instead of DataUnavailable")
    return faults
