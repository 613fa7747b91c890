"""Build the rows of the host contract from the lines of a chain, and count how complete they are.

IB's volatility, delta and gamma are used where IB sent them.  IB counts the time of SPY, QQQ and IWM options to 16:15,
when they stop trading, and the host counts it to the close, which settles them: a volatility s over T becomes s sqrt(T
/ T_host), which leaves price, delta and gamma as they are.  Missing values are computed from the option's own mid by
Black-Scholes; without a mid they stay missing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final

import numpy as np

from magic8_companion.domain.option_chain import OptionRow
from magic8_companion.options.black_scholes import CALL, PUT, greeks
from magic8_companion.options.expiry import years_of
from magic8_companion.options.implied_volatility import implied_volatility
from magic8_companion.options.products import Product
from magic8_companion.providers.ib.quotes import Greeks, MarketDataLine

_LEAST_SECONDS: Final = 1.0
_NO_GREEKS: Final = Greeks(volatility=None, delta=None, gamma=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionLines:
    """The two lines of one strike, None for an option that is not listed; ``interest`` by contract id."""

    strike: float
    call: MarketDataLine | None = None
    put: MarketDataLine | None = None
    interest: Mapping[int, int] = field(default_factory=dict)

    @property
    def lines(self) -> tuple[MarketDataLine, ...]:
        """Return the existing lines."""
        return tuple(line for line in (self.call, self.put) if line is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """Counts of the requested options by their state.

    ``answered`` have any value, ``priced`` have a valid bid or ask (a bid of 0 is valid), ``quoted`` have both;
    ``crossed`` had bid above ask and were blanked; ``own_greeks`` were computed here because IB sent none.
    """

    options: int
    answered: int
    priced: int
    quoted: int
    crossed: int
    greeks: int
    own_greeks: int
    open_interest: int

    def as_dict(self) -> dict[str, int]:
        """Return the counts."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Option:
    """The values of one option: points, contracts, and the model's Greeks."""

    bid: float | None = None
    ask: float | None = None
    crossed: bool = False
    answered: bool = False
    greeks: Greeks = _NO_GREEKS
    own_greeks: bool = False
    interest: int | None = None
    volume: int | None = None

    @property
    def mid(self) -> float:
        """Return the mid of a real bid and ask, else NaN."""
        return (self.bid + self.ask) / 2 if self.bid and self.ask else math.nan


def chain_rows(
    pairs: Sequence[OptionLines], spot: float, facts: Product, expiry: date, now: datetime, since: datetime
) -> tuple[tuple[OptionRow, ...], Completeness]:
    """Return the rows by strike and their completeness; quotes from before ``since`` are not used."""
    close_seconds = max(_LEAST_SECONDS, facts.seconds_left(expiry, now))
    trading_seconds = close_seconds + (facts.trades_until(expiry) - facts.settles_at(expiry)).total_seconds()
    stretch = math.sqrt(trading_seconds / close_seconds)
    calls = _filled([_read(pair.call, pair, since, stretch) for pair in pairs], pairs, spot, close_seconds, CALL)
    puts = _filled([_read(pair.put, pair, since, stretch) for pair in pairs], pairs, spot, close_seconds, PUT)
    rows = tuple(_row(pair.strike, call, put) for pair, call, put in zip(pairs, calls, puts, strict=True))
    options = [*calls, *puts]
    return rows, Completeness(
        options=len(options),
        answered=sum(option.answered for option in options),
        priced=sum(option.bid is not None or option.ask is not None for option in options),
        quoted=sum(option.bid is not None and option.ask is not None for option in options),
        crossed=sum(option.crossed for option in options),
        greeks=sum(option.greeks.gamma is not None for option in options),
        own_greeks=sum(option.own_greeks for option in options),
        open_interest=sum(option.interest is not None for option in options),
    )


def _read(line: MarketDataLine | None, pair: OptionLines, since: datetime, stretch: float) -> _Option:
    if line is None:
        return _Option()
    bid, ask = line.bid_ask(since)
    ask = ask or None  # an ask of 0 is not valid
    crossed = bid is not None and ask is not None and bid > ask
    model = line.greeks or _NO_GREEKS
    volatility = None if model.volatility is None else model.volatility * stretch
    return _Option(
        bid=None if crossed else bid,
        ask=None if crossed else ask,
        crossed=crossed,
        answered=line.answered("bid") or line.answered("ask") or line.greeks is not None,
        greeks=replace(model, volatility=volatility),
        interest=pair.interest.get(line.contract.con_id),
        volume=line.volume(),
    )


def _filled(
    options: Sequence[_Option], pairs: Sequence[OptionLines], spot: float, seconds: float, right: float
) -> list[_Option]:
    # completes IB's figures from the option's own volatility, all strikes at once
    strikes = np.array([pair.strike for pair in pairs])
    years = years_of(seconds)
    given = np.array([option.greeks.volatility or math.nan for option in options])
    own = implied_volatility([option.mid for option in options], spot, strikes, years, 0.0, right).vol
    vols = np.where(np.isnan(given), own, given)
    answer = greeks(spot, strikes, years, 0.0, vols, right)
    figures = zip(options, vols.tolist(), answer.delta.tolist(), answer.gamma.tolist(), strict=True)
    return [_with_own(option, *own_figures) for option, *own_figures in figures]


def _with_own(option: _Option, volatility: float, delta: float, gamma: float) -> _Option:
    model = option.greeks
    if None not in {model.volatility, model.delta, model.gamma} or math.isnan(volatility):
        return option
    completed = Greeks(
        volatility=model.volatility if model.volatility is not None else volatility,
        delta=model.delta if model.delta is not None else _known(delta),
        gamma=model.gamma if model.gamma is not None else _known(gamma),
    )
    return replace(option, greeks=completed, own_greeks=True)


def _row(strike: float, call: _Option, put: _Option) -> OptionRow:
    sides: dict[str, Any] = {}
    for name, option in (("call", call), ("put", put)):
        sides |= {
            f"{name}_oi": option.interest,
            f"{name}_iv": option.greeks.volatility,
            f"{name}_bid": option.bid,
            f"{name}_ask": option.ask,
            f"{name}_gamma": option.greeks.gamma,
            f"{name}_delta": option.greeks.delta,
            f"{name}_volume": option.volume,
        }
    return OptionRow(strike=strike, **sides)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
